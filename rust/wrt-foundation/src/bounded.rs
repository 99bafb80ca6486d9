// SPDX-License-Identifier: MIT
//! Collections with a fixed capacity, without an allocator.

use crate::{Error, ErrorKind, WrtResult};

/// A vector of at most `N` elements that lives where it stands: `N * size_of::<T>()` bytes and a length.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct BoundedVec<T, const N: usize = 64>(heapless::Vec<T, N>);

impl<T, const N: usize> BoundedVec<T, N> {
    /// An empty vector.
    pub const fn new() -> Self {
        BoundedVec(heapless::Vec::new())
    }
    /// An empty vector for at least `capacity` elements.
    ///
    /// # Errors
    /// [`ErrorKind::Memory`] when `capacity` is above `N`.
    pub fn with_capacity(capacity: usize) -> WrtResult<Self> {
        if capacity > N {
            return Err(Error::new(ErrorKind::Memory, "capacity above the bound of this vector"));
        }
        Ok(Self::new())
    }
    /// Appends `value`.
    ///
    /// # Errors
    /// [`ErrorKind::Memory`] when it is full.
    pub fn push(&mut self, value: T) -> WrtResult<()> {
        self.0.push(value).map_err(|_| Error::new(ErrorKind::Memory, "bounded vector is full"))
    }
    /// Removes and returns the last element.
    pub fn pop(&mut self) -> Option<T> {
        self.0.pop()
    }
    /// Removes all elements.
    pub fn clear(&mut self) {
        self.0.clear();
    }
}

impl<T, const N: usize> core::ops::Deref for BoundedVec<T, N> {
    type Target = [T];
    fn deref(&self) -> &[T] {
        &self.0
    }
}

impl<T, const N: usize> core::ops::DerefMut for BoundedVec<T, N> {
    fn deref_mut(&mut self) -> &mut [T] {
        &mut self.0
    }
}

/// A map of at most `N` entries (`N` a power of two), ordered by insertion.
pub type NoStdHashMap<K, V, const N: usize = 64> = heapless::index_map::FnvIndexMap<K, V, N>;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_full_vector_says_so() {
        let mut v = BoundedVec::<u8, 2>::with_capacity(2).unwrap();
        v.push(1).unwrap();
        v.push(2).unwrap();
        assert_eq!(v.push(3).unwrap_err().kind(), ErrorKind::Memory);
        assert_eq!(&v[..], [1, 2]);
        assert_eq!(v.pop(), Some(2));
        assert!(BoundedVec::<u8, 2>::with_capacity(3).is_err());
    }
}
