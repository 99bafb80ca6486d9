// SPDX-License-Identifier: MIT
//! Memory is given: [`Buf`] is a slice that the caller lent, or with `alloc` a vector that WRT owns. The engine sees
//! slices only, so there is one code path in all build modes.
//!
//! A vector of WRT's begins as zeros that the allocator has at hand: an operating system gives such pages when they are first
//! written, so a stack of a megabyte costs what is used of it.

use core::ops::{Deref, DerefMut};

/// Elements whose value with all bits zero is their default.
#[cfg(feature = "alloc")]
pub use bytemuck::Zeroable;

/// Elements whose value with all bits zero is their default: of no interest without an allocator.
#[cfg(not(feature = "alloc"))]
pub trait Zeroable {}
#[cfg(not(feature = "alloc"))]
impl<T> Zeroable for T {}

/// `n` elements with all bits zero; `None` when the allocator has no room.
#[cfg(feature = "alloc")]
pub fn zeroed<T: Zeroable>(n: usize) -> Option<alloc::vec::Vec<T>> {
    bytemuck::allocation::try_zeroed_slice_box(n).ok().map(Into::into)
}

/// Mutable elements: lent by the caller for `'m`, or owned.
#[derive(Debug)]
pub enum Buf<'m, T> {
    /// The caller's slice.
    Lent(&'m mut [T]),
    /// A vector of WRT's.
    #[cfg(feature = "alloc")]
    Own(alloc::vec::Vec<T>),
}

impl<T> Default for Buf<'_, T> {
    fn default() -> Self {
        Buf::Lent(&mut [])
    }
}

impl<T> Deref for Buf<'_, T> {
    type Target = [T];
    fn deref(&self) -> &[T] {
        match self {
            Buf::Lent(s) => s,
            #[cfg(feature = "alloc")]
            Buf::Own(v) => v,
        }
    }
}

impl<T> DerefMut for Buf<'_, T> {
    fn deref_mut(&mut self) -> &mut [T] {
        match self {
            Buf::Lent(s) => s,
            #[cfg(feature = "alloc")]
            Buf::Own(v) => v,
        }
    }
}

impl<'m, T: Zeroable> Buf<'m, T> {
    /// Cuts the first `n` elements off for good: a lent slice is split, an owned one gives a new vector of zeros.
    /// `None` when fewer than `n` are left.
    pub fn carve(&mut self, n: usize) -> Option<Buf<'m, T>> {
        match self {
            Buf::Lent(s) => {
                if n > s.len() {
                    return None;
                }
                let (head, tail) = core::mem::take(s).split_at_mut_checked(n)?;
                *s = tail;
                Some(Buf::Lent(head))
            }
            #[cfg(feature = "alloc")]
            Buf::Own(_) => Buf::owned(n),
        }
    }

    /// A new vector of `n` zeros; `None` when the allocator has no room.
    #[cfg(feature = "alloc")]
    pub fn owned(n: usize) -> Option<Buf<'m, T>> {
        zeroed(n).map(Buf::Own)
    }
}

impl<T: Clone + Default> Buf<'_, T> {
    /// Makes room for `n` elements if it is owned and shorter; tells whether `n` elements are there now.
    pub fn reserve(&mut self, n: usize) -> bool {
        match self {
            Buf::Lent(s) => n <= s.len(),
            #[cfg(feature = "alloc")]
            Buf::Own(v) => {
                if n > v.len() {
                    if v.try_reserve(n - v.len()).is_err() {
                        return false;
                    }
                    v.resize(n, T::default());
                }
                true
            }
        }
    }
}

/// Read-only elements that several stores may share: in flash, in a caller's buffer, or (`alloc`, on cores with
/// compare-and-swap) counted.
#[derive(Debug)]
pub enum Shared<'m, T: 'm> {
    /// Lent for `'m`; `'static` in flash.
    Ref(&'m [T]),
    /// Counted. A vector, so that nothing of its size is allocated to count it.
    #[cfg(all(feature = "alloc", target_has_atomic = "ptr"))]
    Arc(alloc::sync::Arc<alloc::vec::Vec<T>>),
}

impl<T> Clone for Shared<'_, T> {
    fn clone(&self) -> Self {
        match self {
            Shared::Ref(s) => Shared::Ref(s),
            #[cfg(all(feature = "alloc", target_has_atomic = "ptr"))]
            Shared::Arc(v) => Shared::Arc(v.clone()),
        }
    }
}

impl<T> Default for Shared<'_, T> {
    fn default() -> Self {
        Shared::Ref(&[])
    }
}

impl<T> Deref for Shared<'_, T> {
    type Target = [T];
    fn deref(&self) -> &[T] {
        match self {
            Shared::Ref(s) => s,
            #[cfg(all(feature = "alloc", target_has_atomic = "ptr"))]
            Shared::Arc(v) => v,
        }
    }
}
