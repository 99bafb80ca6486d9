// SPDX-License-Identifier: MIT
//! [`PageAllocator`]: pages for linear memories. One trait for both ways in which ports are written: several blocks that
//! may move when they grow (`…_pages`, required), and one region with a maximum that stays where it is (`allocate`, `grow`,
//! `protect`, `deallocate`, provided).
//!
//! A block is named by the address of its first page. Bytes are reached through [`PageAllocator::bytes`], which is safe.

use core::ptr::NonNull;
use wrt_foundation::{Error, ErrorKind, WrtResult};

/// Bytes of a page of WebAssembly (spec: core 4.2.8).
pub const WASM_PAGE_SIZE: usize = 65536;

/// What may be done with bytes. It is meant literally.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub enum Protection {
    /// Any access faults.
    None,
    /// Reading.
    Read,
    /// Reading and writing: what fresh pages have.
    ReadWrite,
}

/// What callers can rely on with one allocator; see [`PageAllocator::properties`].
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Properties {
    /// Every block begins at a multiple of it, a power of two; at least 16.
    pub alignment: usize,
    /// A block from `allocate` stays where it is when it grows up to its maximum.
    pub grow_in_place: bool,
    /// `protect` works in multiples of so many bytes; 0: it does not work.
    pub protect_granule: usize,
}

/// Pages of memory from a system, in blocks.
///
/// The five `…_pages` methods are a port; the others have defaults on top of them. To be of use to `wrt::Memory` a port
/// also overrides [`bytes`](PageAllocator::bytes).
///
/// Fresh pages, those of a grown tail too, are zero. A refusal changes nothing. Errors are
/// [`Memory`](ErrorKind::Memory) for a limit or a system without memory, [`Usage`](ErrorKind::Usage) for a block that
/// is not one or has another size, [`Platform`](ErrorKind::Platform) where the system says no for another reason, and
/// [`Unsupported`](ErrorKind::Unsupported).
pub trait PageAllocator: Send + Sync {
    /// A new block of `pages` pages, one at least; its first byte.
    ///
    /// # Errors
    /// `Memory`; `Usage` for no pages.
    fn allocate_pages(&mut self, pages: usize) -> Result<NonNull<u8>, Error>;

    /// Gives a block back: all its `pages`.
    ///
    /// # Errors
    /// `Usage`: no such block, or it has another number of pages.
    fn deallocate_pages(&mut self, ptr: NonNull<u8>, pages: usize) -> Result<(), Error>;

    /// Makes the block of `old_pages` have `new_pages`, not fewer; where it is now. What it held is kept.
    ///
    /// # Errors
    /// `Memory`; `Usage` as for `deallocate_pages` and when `new_pages` is less.
    fn grow_pages(&mut self, old_ptr: NonNull<u8>, old_pages: usize, new_pages: usize) -> Result<NonNull<u8>, Error>;

    /// Pages that callers hold now. Room that is only reserved does not count.
    fn allocated_pages(&self) -> usize;

    /// Most pages that callers may hold at once.
    fn max_pages(&self) -> usize;

    /// A region: a block of `initial_pages` that can grow to `maximum_pages`; where it is and its bytes.
    ///
    /// The default takes all that it can grow to at once, and counts it as allocated.
    ///
    /// # Errors
    /// `Memory`; `Usage`: a maximum below the initial size, or 0.
    fn allocate(&mut self, initial_pages: u32, maximum_pages: Option<u32>) -> WrtResult<(NonNull<u8>, usize)> {
        let most = room_of(initial_pages, maximum_pages)?;
        let ptr = self.allocate_pages(most)?;
        Ok((ptr, bytes_of(initial_pages as usize).ok_or(TOO_MANY)?))
    }

    /// Grows the region, which has `current_pages`, in place; returns `current_pages`.
    ///
    /// # Errors
    /// `Memory`; `Usage`: there is not exactly one block, or it has another size; the default, which cannot move it,
    /// returns `Unsupported` beyond what `allocate` took.
    fn grow(&mut self, current_pages: u32, additional_pages: u32) -> WrtResult<u32> {
        let new = (current_pages as usize).checked_add(additional_pages as usize).ok_or(TOO_MANY)?;
        if new > self.allocated_pages() {
            return Err(Error::new(ErrorKind::Unsupported, "this allocator grows with grow_pages, which may move the block"));
        }
        Ok(current_pages)
    }

    /// Sets what may be done with bytes of the region. While one of them may not be written, [`PageAllocator::bytes`]
    /// does not lend it, and growth over it is refused.
    ///
    /// # Errors
    /// `Unsupported` without an MMU or MPU, which is the default; `Usage`: outside of the region and what it can grow to,
    /// not in multiples of the granule, access to pages that it has not grown to, or not exactly one block; `Memory`: no
    /// protection region is left.
    fn protect(&mut self, offset: usize, size: usize, protection: Protection) -> WrtResult<()> {
        let _ = (offset, size, protection);
        Err(NO_PROTECTION)
    }

    /// Gives the region of `size` bytes back.
    ///
    /// # Errors
    /// As [`PageAllocator::deallocate_pages`].
    fn deallocate(&mut self, ptr: NonNull<u8>, size: usize) -> WrtResult<()> {
        let _ = size; // the default of `allocate` took the maximum
        self.deallocate_pages(ptr, self.allocated_pages())
    }

    /// What callers can rely on. The default is what the two guides to ports ask of each.
    fn properties(&self) -> Properties {
        Properties { alignment: WASM_PAGE_SIZE, grow_in_place: false, protect_granule: 0 }
    }

    /// The first `pages` pages of a block, which has so many at least. `None`: there is no such block, a page of it is not
    /// open for reading and writing, or (the default) this allocator lends no slices.
    fn bytes(&mut self, ptr: NonNull<u8>, pages: usize) -> Option<&mut [u8]> {
        let _ = (ptr, pages);
        None
    }
}

pub(crate) const TOO_MANY: Error = Error::new(ErrorKind::Memory, "page limit exceeded");
pub(crate) const NO_PAGES: Error = Error::new(ErrorKind::Usage, "a block has at least one page");
pub(crate) const NO_BLOCK: Error = Error::new(ErrorKind::Usage, "this allocator has no such block");
pub(crate) const OTHER_SIZE: Error = Error::new(ErrorKind::Usage, "the block has another number of pages");
pub(crate) const SHRINKS: Error = Error::new(ErrorKind::Usage, "a block does not shrink");
pub(crate) const NOT_ONE: Error = Error::new(ErrorKind::Usage, "there is not exactly one block");
pub(crate) const MAX_BELOW_MIN: Error = Error::new(ErrorKind::Usage, "the maximum is below the initial size");
pub(crate) const NO_PROTECTION: Error = Error::new(ErrorKind::Unsupported, "this allocator cannot protect memory");

/// Bytes of `pages` pages, if they can be addressed.
pub(crate) fn bytes_of(pages: usize) -> Option<usize> {
    pages.checked_mul(WASM_PAGE_SIZE).filter(|n| isize::try_from(*n).is_ok())
}

/// Pages that a region takes up when it has grown.
pub(crate) fn room_of(initial_pages: u32, maximum_pages: Option<u32>) -> WrtResult<usize> {
    match maximum_pages.unwrap_or(initial_pages) {
        most if most < initial_pages => Err(MAX_BELOW_MIN),
        0 => Err(NO_PAGES),
        most => Ok(most as usize),
    }
}

/// An address that may go to another thread.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Address(pub(crate) NonNull<u8>);

// SAFETY: it is compared and handed on; whoever reads or writes there has an unsafe block that says why it may.
unsafe impl Send for Address {}
// SAFETY: as for `Send`.
unsafe impl Sync for Address {}

impl core::fmt::Debug for dyn PageAllocator + '_ {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        write!(f, "PageAllocator({} of {} pages)", self.allocated_pages(), self.max_pages())
    }
}

/// All methods on what `self` points to.
macro_rules! forward {
    () => {
        fn allocate_pages(&mut self, pages: usize) -> Result<NonNull<u8>, Error> {
            (**self).allocate_pages(pages)
        }
        fn deallocate_pages(&mut self, ptr: NonNull<u8>, pages: usize) -> Result<(), Error> {
            (**self).deallocate_pages(ptr, pages)
        }
        fn grow_pages(&mut self, old_ptr: NonNull<u8>, old_pages: usize, new_pages: usize) -> Result<NonNull<u8>, Error> {
            (**self).grow_pages(old_ptr, old_pages, new_pages)
        }
        fn allocated_pages(&self) -> usize {
            (**self).allocated_pages()
        }
        fn max_pages(&self) -> usize {
            (**self).max_pages()
        }
        fn allocate(&mut self, initial_pages: u32, maximum_pages: Option<u32>) -> WrtResult<(NonNull<u8>, usize)> {
            (**self).allocate(initial_pages, maximum_pages)
        }
        fn grow(&mut self, current_pages: u32, additional_pages: u32) -> WrtResult<u32> {
            (**self).grow(current_pages, additional_pages)
        }
        fn protect(&mut self, offset: usize, size: usize, protection: Protection) -> WrtResult<()> {
            (**self).protect(offset, size, protection)
        }
        fn deallocate(&mut self, ptr: NonNull<u8>, size: usize) -> WrtResult<()> {
            (**self).deallocate(ptr, size)
        }
        fn properties(&self) -> Properties {
            (**self).properties()
        }
        fn bytes(&mut self, ptr: NonNull<u8>, pages: usize) -> Option<&mut [u8]> {
            (**self).bytes(ptr, pages)
        }
    };
}

impl<A: PageAllocator + ?Sized> PageAllocator for &mut A {
    forward!();
}

#[cfg(feature = "alloc")]
impl<A: PageAllocator + ?Sized> PageAllocator for alloc::boxed::Box<A> {
    forward!();
}

/// A port that knows regions only: the four methods, meaning what they mean in [`PageAllocator`]. [`FromRegion`] makes a
/// `PageAllocator` of it.
pub trait RegionAllocator: Send + Sync {
    /// As [`PageAllocator::allocate`].
    ///
    /// # Errors
    /// As there.
    fn allocate(&mut self, initial_pages: u32, maximum_pages: Option<u32>) -> WrtResult<(NonNull<u8>, usize)>;
    /// As [`PageAllocator::grow`].
    ///
    /// # Errors
    /// As there.
    fn grow(&mut self, current_pages: u32, additional_pages: u32) -> WrtResult<u32>;
    /// As [`PageAllocator::protect`].
    ///
    /// # Errors
    /// As there.
    fn protect(&mut self, offset: usize, size: usize, protection: Protection) -> WrtResult<()>;
    /// As [`PageAllocator::deallocate`].
    ///
    /// # Errors
    /// As there.
    fn deallocate(&mut self, ptr: NonNull<u8>, size: usize) -> WrtResult<()>;
    /// As [`PageAllocator::bytes`].
    fn bytes(&mut self, ptr: NonNull<u8>, pages: usize) -> Option<&mut [u8]> {
        let _ = (ptr, pages);
        None
    }
}

/// A [`RegionAllocator`] as a [`PageAllocator`] with one block.
#[derive(Debug)]
pub struct FromRegion<R> {
    region: R,
    max_pages: usize,
    properties: Properties,
    /// The block: where, its pages, its maximum.
    block: Option<(Address, usize, usize)>,
}

impl<R: RegionAllocator> FromRegion<R> {
    /// An allocator of at most `max_pages`. `alignment` and `protect_granule` are what `region` keeps to.
    pub fn new(region: R, max_pages: u32, alignment: usize, protect_granule: usize) -> FromRegion<R> {
        let properties = Properties { alignment, grow_in_place: true, protect_granule };
        FromRegion { region, max_pages: max_pages as usize, properties, block: None }
    }

    /// The block, if that is `ptr` and has `pages`.
    fn find(&self, ptr: NonNull<u8>, pages: usize) -> WrtResult<usize> {
        let (_, have, most) = self.block.filter(|b| b.0.0 == ptr).ok_or(NO_BLOCK)?;
        if have == pages { Ok(most) } else { Err(OTHER_SIZE) }
    }
    fn grow_to(&mut self, old: usize, new: usize, most: usize) -> WrtResult<()> {
        if new > most {
            return Err(TOO_MANY);
        }
        let narrow = |n: usize| u32::try_from(n).map_err(|_| TOO_MANY);
        self.region.grow(narrow(old)?, narrow(new.saturating_sub(old))?)?;
        if let Some(block) = &mut self.block {
            block.1 = new;
        }
        Ok(())
    }
}

impl<R: RegionAllocator> PageAllocator for FromRegion<R> {
    fn allocate_pages(&mut self, pages: usize) -> Result<NonNull<u8>, Error> {
        let most = u32::try_from(self.max_pages).map_err(|_| TOO_MANY)?;
        let pages = u32::try_from(pages).ok().filter(|n| *n <= most).ok_or(TOO_MANY)?;
        if pages == 0 {
            return Err(NO_PAGES);
        }
        Ok(self.allocate(pages, Some(most))?.0)
    }
    fn deallocate_pages(&mut self, ptr: NonNull<u8>, pages: usize) -> Result<(), Error> {
        self.find(ptr, pages)?;
        self.region.deallocate(ptr, bytes_of(pages).ok_or(OTHER_SIZE)?)?;
        self.block = None;
        Ok(())
    }
    fn grow_pages(&mut self, old_ptr: NonNull<u8>, old_pages: usize, new_pages: usize) -> Result<NonNull<u8>, Error> {
        let most = self.find(old_ptr, old_pages)?;
        if new_pages < old_pages {
            return Err(SHRINKS);
        }
        self.grow_to(old_pages, new_pages, most)?;
        Ok(old_ptr)
    }
    fn allocated_pages(&self) -> usize {
        self.block.map_or(0, |b| b.1)
    }
    fn max_pages(&self) -> usize {
        self.max_pages
    }
    fn allocate(&mut self, initial_pages: u32, maximum_pages: Option<u32>) -> WrtResult<(NonNull<u8>, usize)> {
        let most = room_of(initial_pages, maximum_pages)?;
        if self.block.is_some() || most > self.max_pages {
            return Err(TOO_MANY);
        }
        let (ptr, size) = self.region.allocate(initial_pages, maximum_pages)?;
        self.block = Some((Address(ptr), initial_pages as usize, most));
        Ok((ptr, size))
    }
    fn grow(&mut self, current_pages: u32, additional_pages: u32) -> WrtResult<u32> {
        let (_, have, most) = self.block.ok_or(NOT_ONE)?;
        if have != current_pages as usize {
            return Err(OTHER_SIZE);
        }
        self.grow_to(have, have.saturating_add(additional_pages as usize), most)?;
        Ok(current_pages)
    }
    fn protect(&mut self, offset: usize, size: usize, protection: Protection) -> WrtResult<()> {
        self.region.protect(offset, size, protection)
    }
    fn deallocate(&mut self, ptr: NonNull<u8>, size: usize) -> WrtResult<()> {
        let pages = size.checked_div(WASM_PAGE_SIZE).filter(|_| size.is_multiple_of(WASM_PAGE_SIZE)).ok_or(OTHER_SIZE)?;
        self.deallocate_pages(ptr, pages)
    }
    fn properties(&self) -> Properties {
        self.properties
    }
    fn bytes(&mut self, ptr: NonNull<u8>, pages: usize) -> Option<&mut [u8]> {
        self.block.filter(|b| b.0.0 == ptr && pages <= b.1)?;
        self.region.bytes(ptr, pages)
    }
}
