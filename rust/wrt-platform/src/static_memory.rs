// SPDX-License-Identifier: MIT
//! Pages out of one buffer that the firmware has from the start; no heap, no system.
//!
//! Invariant: pages of the buffer that no block uses are zero. They are cleared when the allocator is made and when a
//! block is given back, so growing in place costs the same however many pages it adds.

use crate::memory::{Address, NO_BLOCK, NO_PAGES, NOT_ONE, OTHER_SIZE, SHRINKS, TOO_MANY, room_of};
use crate::{Error, ErrorKind, PageAllocator, Properties, WASM_PAGE_SIZE, WrtResult};
use core::marker::PhantomData;
use core::ops::Range;
use core::ptr::NonNull;
use wrt_foundation::bounded::BoundedVec;

/// Blocks that one [`StaticAllocator`] can have at once.
pub const BLOCKS: usize = 8;

/// In pages of the buffer.
#[derive(Clone, Copy, Debug)]
struct Block {
    first: usize,
    pages: usize,
    /// What it may grow to without asking, `pages` at least.
    room: usize,
}

/// Pages out of a buffer. Costs the buffer and some 200 bytes.
#[derive(Debug)]
pub struct StaticAllocator<'m> {
    base: Address,
    /// Whole pages from `base` on.
    total: usize,
    alignment: usize,
    max: usize,
    /// By `first`.
    blocks: BoundedVec<Block, BLOCKS>,
    buffer: PhantomData<&'m mut [u8]>,
}

/// How a [`StaticAllocator`] is made.
#[derive(Debug, Default)]
#[must_use]
pub struct StaticAllocatorBuilder<'m> {
    buffer: Option<&'m mut [u8]>,
    max: Option<usize>,
    alignment: Option<usize>,
}

impl<'m> StaticAllocatorBuilder<'m> {
    /// Nothing chosen yet; the buffer has to be.
    pub fn new() -> Self {
        Self::default()
    }
    /// Where the pages come from. What precedes the first aligned byte, and what is left after the last whole page, is
    /// not used.
    pub fn with_static_buffer(mut self, buffer: &'m mut [u8]) -> Self {
        self.buffer = Some(buffer);
        self
    }
    /// Most pages at once; as many as fit if it is not called.
    pub fn with_maximum_pages(mut self, pages: usize) -> Self {
        self.max = Some(pages);
        self
    }
    /// Alignment of the first page, a power of two; [`WASM_PAGE_SIZE`] if it is not called. The engine needs 16, and with
    /// so little no part of the buffer is lost.
    pub fn with_alignment(mut self, bytes: usize) -> Self {
        self.alignment = Some(bytes);
        self
    }
    /// The allocator. Clears the buffer.
    ///
    /// # Errors
    /// `Usage`: no buffer, or an alignment that is no power of two from 16 to [`WASM_PAGE_SIZE`]. `Memory`: fewer pages
    /// fit than asked for, or none.
    pub fn build(self) -> WrtResult<StaticAllocator<'m>> {
        let buffer = self.buffer.ok_or(Error::new(ErrorKind::Usage, "a buffer is needed"))?;
        let alignment = self.alignment.unwrap_or(WASM_PAGE_SIZE);
        if !alignment.is_power_of_two() || !(16..=WASM_PAGE_SIZE).contains(&alignment) {
            return Err(Error::new(ErrorKind::Usage, "alignment is a power of two from 16 to 65536"));
        }
        let skip = buffer.as_ptr().addr().wrapping_neg() & alignment.wrapping_sub(1);
        let usable = buffer.get_mut(skip..).unwrap_or(&mut []);
        let total = usable.len() / WASM_PAGE_SIZE;
        if total == 0 || self.max.is_some_and(|max| max > total) {
            let need = self.max.unwrap_or(1).saturating_mul(WASM_PAGE_SIZE).saturating_add(skip);
            let need = u32::try_from(need).unwrap_or(u32::MAX);
            return Err(Error::at_offset(ErrorKind::Memory, "the buffer is too small", need));
        }
        usable.fill(0);
        let base = Address(NonNull::from(usable).cast());
        Ok(StaticAllocator { base, total, alignment, max: self.max.unwrap_or(total), blocks: BoundedVec::new(), buffer: PhantomData })
    }
}

impl<'m> StaticAllocator<'m> {
    /// As many aligned pages as fit into `buffer`, which is cleared.
    ///
    /// # Errors
    /// `Memory`: not one fits.
    pub fn new(buffer: &'m mut [u8]) -> WrtResult<StaticAllocator<'m>> {
        StaticAllocatorBuilder::new().with_static_buffer(buffer).build()
    }

    /// Pages `range` of the buffer, of those that there are.
    fn pages(&mut self, range: Range<usize>) -> &mut [u8] {
        let end = range.end.min(self.total);
        let first = range.start.min(end);
        let (at, n) = (first.wrapping_mul(WASM_PAGE_SIZE), end.wrapping_sub(first).wrapping_mul(WASM_PAGE_SIZE));
        // SAFETY: `base` is the start of `total` whole pages of a buffer that was lent mutably for 'm; build() checked the
        // size, and first <= end <= total. The slice borrows self, so there is no second one.
        unsafe { core::slice::from_raw_parts_mut(self.base.0.as_ptr().add(at), n) }
    }
    fn address(&self, page: usize) -> NonNull<u8> {
        // SAFETY: callers give the first page of a block, which is below `total`: within the buffer.
        unsafe { self.base.0.add(page.wrapping_mul(WASM_PAGE_SIZE)) }
    }
    fn find(&self, ptr: NonNull<u8>) -> WrtResult<(usize, Block)> {
        let found = self.blocks.iter().position(|b| self.address(b.first) == ptr).ok_or(NO_BLOCK)?;
        self.blocks.get(found).map(|b| (found, *b)).ok_or(NO_BLOCK)
    }
    fn find_sized(&self, ptr: NonNull<u8>, pages: usize) -> WrtResult<(usize, Block)> {
        self.find(ptr).and_then(|(i, b)| if b.pages == pages { Ok((i, b)) } else { Err(OTHER_SIZE) })
    }
    /// The only block, if it has `pages`.
    fn only(&self, pages: usize) -> WrtResult<(usize, Block)> {
        match *self.blocks {
            [b] if b.pages == pages => Ok((0, b)),
            [_] => Err(OTHER_SIZE),
            _ => Err(NOT_ONE),
        }
    }
    /// First of `room` free pages that follow each other.
    fn gap(&self, room: usize) -> Option<usize> {
        let mut at = 0usize;
        for b in self.blocks.iter() {
            if b.first.saturating_sub(at) >= room {
                return Some(at);
            }
            at = b.first.saturating_add(b.room);
        }
        (self.total.saturating_sub(at) >= room).then_some(at)
    }
    fn allow(&self, more: usize) -> WrtResult<()> {
        let new = self.allocated_pages().checked_add(more).filter(|n| *n <= self.max);
        new.map(|_| ()).ok_or(TOO_MANY)
    }
    fn add(&mut self, pages: usize, room: usize) -> WrtResult<NonNull<u8>> {
        self.allow(pages)?;
        let first = self.gap(room).ok_or(Error::new(ErrorKind::Memory, "no so many free pages follow each other"))?;
        self.blocks.push(Block { first, pages, room }).map_err(|_| Error::new(ErrorKind::Memory, "all blocks are in use"))?;
        self.blocks.sort_unstable_by_key(|b| b.first);
        Ok(self.address(first))
    }
    fn remove(&mut self, i: usize, b: Block) {
        self.pages(b.first..b.first.saturating_add(b.pages)).fill(0);
        let last = self.blocks.len().saturating_sub(1);
        self.blocks.swap(i, last);
        self.blocks.pop();
        self.blocks.sort_unstable_by_key(|b| b.first);
    }
    fn set(&mut self, i: usize, b: Block) {
        if let Some(slot) = self.blocks.get_mut(i) {
            *slot = b;
        }
    }
    /// Pages from `first` on that nobody but block `i` has a claim to.
    fn free_after(&self, i: usize, first: usize) -> usize {
        let end = self.blocks.get(i.saturating_add(1)).map_or(self.total, |next| next.first);
        end.saturating_sub(first)
    }
}

impl PageAllocator for StaticAllocator<'_> {
    fn allocate_pages(&mut self, pages: usize) -> Result<NonNull<u8>, Error> {
        if pages == 0 {
            return Err(NO_PAGES);
        }
        self.add(pages, pages)
    }
    fn deallocate_pages(&mut self, ptr: NonNull<u8>, pages: usize) -> Result<(), Error> {
        let (i, b) = self.find_sized(ptr, pages)?;
        self.remove(i, b);
        Ok(())
    }
    fn grow_pages(&mut self, old_ptr: NonNull<u8>, old_pages: usize, new_pages: usize) -> Result<NonNull<u8>, Error> {
        let (i, b) = self.find_sized(old_ptr, old_pages)?;
        self.allow(new_pages.checked_sub(old_pages).ok_or(SHRINKS)?)?;
        if new_pages <= self.free_after(i, b.first) {
            self.set(i, Block { pages: new_pages, room: b.room.max(new_pages), ..b });
            return Ok(old_ptr);
        }
        let first = self.gap(new_pages).ok_or(Error::new(ErrorKind::Memory, "no so many free pages follow each other"))?;
        let (from, to) = (b.first.min(first), b.first.max(first));
        let both = self.pages(from..to.saturating_add(new_pages));
        let (from, to) = if b.first < first { (0, to.wrapping_sub(from)) } else { (to.wrapping_sub(from), 0) };
        let n = old_pages.saturating_mul(WASM_PAGE_SIZE);
        let from = from.saturating_mul(WASM_PAGE_SIZE);
        both.copy_within(from..from.saturating_add(n), to.saturating_mul(WASM_PAGE_SIZE));
        self.pages(b.first..b.first.saturating_add(old_pages)).fill(0);
        self.set(i, Block { first, pages: new_pages, room: new_pages });
        self.blocks.sort_unstable_by_key(|b| b.first);
        Ok(self.address(first))
    }
    fn allocated_pages(&self) -> usize {
        self.blocks.iter().map(|b| b.pages).sum()
    }
    fn max_pages(&self) -> usize {
        self.max
    }
    fn allocate(&mut self, initial_pages: u32, maximum_pages: Option<u32>) -> WrtResult<(NonNull<u8>, usize)> {
        let room = room_of(initial_pages, maximum_pages)?;
        if room > self.max {
            return Err(TOO_MANY);
        }
        let pages = initial_pages as usize;
        Ok((self.add(pages, room)?, pages.saturating_mul(WASM_PAGE_SIZE)))
    }
    fn grow(&mut self, current_pages: u32, additional_pages: u32) -> WrtResult<u32> {
        let (i, b) = self.only(current_pages as usize)?;
        let pages = b.pages.checked_add(additional_pages as usize).filter(|n| *n <= b.room).ok_or(TOO_MANY)?;
        self.allow(additional_pages as usize)?;
        self.set(i, Block { pages, ..b });
        Ok(current_pages)
    }
    fn deallocate(&mut self, ptr: NonNull<u8>, size: usize) -> WrtResult<()> {
        let (i, b) = self.find(ptr)?;
        if b.pages.checked_mul(WASM_PAGE_SIZE) != Some(size) {
            return Err(OTHER_SIZE);
        }
        self.remove(i, b);
        Ok(())
    }
    fn properties(&self) -> Properties {
        Properties { alignment: self.alignment, grow_in_place: true, protect_granule: 0 }
    }
    fn bytes(&mut self, ptr: NonNull<u8>, pages: usize) -> Option<&mut [u8]> {
        let (_, b) = self.find(ptr).ok().filter(|(_, b)| pages <= b.pages)?;
        Some(self.pages(b.first..b.first.saturating_add(pages)))
    }
}

/// A buffer of `N` bytes for a `static`, aligned to 64 KiB, that can be taken once; in place of `static mut`.
///
/// ```
/// use wrt_platform::{StaticAllocator, StaticRegion};
/// static PAGES: StaticRegion<{ 2 * wrt_platform::WASM_PAGE_SIZE }> = StaticRegion::new();
///
/// let allocator = StaticAllocator::new(PAGES.take().ok_or("taken")?)?;
/// assert!(PAGES.take().is_none());
/// # drop(allocator);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[cfg(target_has_atomic = "8")]
#[repr(align(65536))]
pub struct StaticRegion<const N: usize> {
    bytes: core::cell::UnsafeCell<[u8; N]>,
    taken: core::sync::atomic::AtomicBool,
}

#[cfg(target_has_atomic = "8")]
impl<const N: usize> StaticRegion<N> {
    /// Zeros that nobody has.
    #[allow(clippy::new_without_default)] // a default that cannot stand in a `static` would be of no use
    pub const fn new() -> Self {
        StaticRegion { bytes: core::cell::UnsafeCell::new([0; N]), taken: core::sync::atomic::AtomicBool::new(false) }
    }
    /// The bytes, the first time.
    #[allow(clippy::mut_from_ref)] // that is what it is for; `taken` keeps it single
    pub fn take(&'static self) -> Option<&'static mut [u8]> {
        if self.taken.swap(true, core::sync::atomic::Ordering::AcqRel) {
            return None;
        }
        // SAFETY: `taken` was false, so this is the first call and the only reference that there will ever be.
        Some(unsafe { &mut *self.bytes.get() })
    }
}

// SAFETY: the bytes are reached through `take` only, which gives them to one caller.
#[cfg(target_has_atomic = "8")]
unsafe impl<const N: usize> Sync for StaticRegion<N> {}
