// SPDX-License-Identifier: MIT
//! Pages from `mmap`: each block reserves addresses for all that it can grow to, without access and without memory, and
//! growing opens the next pages with `mprotect`. A block never moves, and fresh pages of an anonymous mapping are zero
//! (mmap(2)).
//!
//! Invariant of a block: bytes `..pages` are open for reading and writing except in `closed`; the rest of it and the
//! guards allow no access.

use crate::memory::{Address, NO_BLOCK, NO_PAGES, NOT_ONE, OTHER_SIZE, SHRINKS, TOO_MANY, bytes_of, room_of};
use crate::{Error, ErrorKind, PageAllocator, Properties, Protection, WASM_PAGE_SIZE, WrtResult};
use alloc::vec::Vec;
use core::ops::Range;
use core::ptr::NonNull;
use rustix::mm::{Advice, MapFlags, MprotectFlags, ProtFlags, madvise, mmap_anonymous, mprotect, munmap};

/// What the kernel would do with pages of a NUMA node.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub enum NumaPolicy {
    /// Only pages of the node.
    Bind,
    /// Pages of the node, others when it has none.
    Preferred,
    /// Pages of all nodes in turn.
    Interleave,
}

#[derive(Clone, Copy, Debug)]
struct Options {
    max: usize,
    guards: bool,
    populate: bool,
    transparent_huge: bool,
}

/// How a [`LinuxAllocator`] is made. What cannot be honoured is an error of [`build`](LinuxAllocatorBuilder::build).
#[derive(Clone, Debug)]
#[must_use]
pub struct LinuxAllocatorBuilder {
    options: Options,
    /// The first option asked for that this allocator does not have.
    refused: Option<&'static str>,
}

impl Default for LinuxAllocatorBuilder {
    fn default() -> Self {
        Self::new()
    }
}

impl LinuxAllocatorBuilder {
    /// No guards, nothing populated; 65536 pages (4 GiB) at most, 4096 (256 MiB) on 32-bit targets.
    pub fn new() -> Self {
        let max = if cfg!(target_pointer_width = "64") { 1 << 16 } else { 1 << 12 };
        let options = Options { max, guards: false, populate: false, transparent_huge: false };
        LinuxAllocatorBuilder { options, refused: None }
    }
    /// Most pages at once, over all blocks.
    pub fn with_maximum_pages(mut self, pages: usize) -> Self {
        self.options.max = pages;
        self
    }
    /// 64 KiB without access before each block and after what it can grow to.
    pub fn with_guard_pages(mut self, enable: bool) -> Self {
        self.options.guards = enable;
        self
    }
    /// Touches pages when they are handed out, so that the guest takes no page faults.
    pub fn with_populate(mut self, enable: bool) -> Self {
        self.options.populate = enable;
        self
    }
    /// Asks the kernel to use huge pages where it can (`MADV_HUGEPAGE`).
    pub fn with_transparent_huge_pages(mut self, enable: bool) -> Self {
        self.options.transparent_huge = enable;
        self
    }
    /// Pages from the pool of huge pages (`MAP_HUGETLB`): not offered, [`build`](Self::build) refuses.
    pub fn with_huge_pages(self, enable: bool) -> Self {
        self.refuse(enable, "MAP_HUGETLB is not offered; transparent huge pages are")
    }
    /// Least size of a huge page: not offered, [`build`](Self::build) refuses.
    pub fn with_minimum_huge_page_size(self, bytes: usize) -> Self {
        self.refuse(bytes > 0, "MAP_HUGETLB is not offered; transparent huge pages are")
    }
    /// Memory of one NUMA node: not offered, [`build`](Self::build) refuses.
    pub fn with_numa_node(self, node: u32) -> Self {
        let _ = node;
        self.refuse(true, "binding to a NUMA node is not offered")
    }
    /// How the node is meant: not offered, [`build`](Self::build) refuses.
    pub fn with_numa_binding(self, policy: NumaPolicy) -> Self {
        let _ = policy;
        self.refuse(true, "binding to a NUMA node is not offered")
    }
    /// Memory of the node that runs the thread: not offered, [`build`](Self::build) refuses.
    pub fn with_prefer_local(self, enable: bool) -> Self {
        self.refuse(enable, "binding to a NUMA node is not offered")
    }
    fn refuse(mut self, asked: bool, why: &'static str) -> Self {
        self.refused = self.refused.or(asked.then_some(why));
        self
    }
    /// The allocator. Maps nothing yet.
    ///
    /// # Errors
    /// `Unsupported`: an option that this allocator or this kernel does not have. `Memory`: so many pages cannot be
    /// addressed.
    pub fn build(self) -> WrtResult<LinuxAllocator> {
        if let Some(why) = self.refused {
            return Err(Error::new(ErrorKind::Unsupported, why));
        }
        let page = rustix::param::page_size();
        if !WASM_PAGE_SIZE.is_multiple_of(page) {
            return Err(Error::new(ErrorKind::Unsupported, "pages of this kernel are above 64 KiB"));
        }
        let two = WASM_PAGE_SIZE * 2;
        bytes_of(self.options.max).and_then(|n| n.checked_add(two)).filter(|n| isize::try_from(*n).is_ok()).ok_or(TOO_MANY)?;
        if self.options.transparent_huge {
            // A kernel without them says so for any mapping.
            Block::map(1, self.options)?;
        }
        Ok(LinuxAllocator { options: self.options, page, blocks: Vec::new() })
    }
}

/// A block and its mapping, which is given back when it is dropped.
#[derive(Debug)]
struct Block {
    /// The mapping, guards included.
    map: Address,
    map_bytes: usize,
    base: Address,
    pages: usize,
    /// Pages that addresses are reserved for.
    room: usize,
    /// Bytes that may not be read and written freely lie in it.
    closed: Range<usize>,
}

fn platform(e: rustix::io::Errno, what: &'static str) -> Error {
    match e {
        rustix::io::Errno::NOMEM => Error::new(ErrorKind::Memory, "the kernel has no memory left"),
        _ => Error::new(ErrorKind::Platform, what),
    }
}

impl Block {
    /// Reserves `room` pages; none are open.
    fn map(room: usize, options: Options) -> WrtResult<Block> {
        let guard = if options.guards { WASM_PAGE_SIZE } else { 0 };
        let bytes = bytes_of(room).and_then(|n| n.checked_add(guard * 2)).ok_or(TOO_MANY)?;
        let asked = bytes.checked_add(WASM_PAGE_SIZE).ok_or(TOO_MANY)?;
        let flags = MapFlags::PRIVATE | MapFlags::NORESERVE;
        // SAFETY: the kernel chooses the address, so no other mapping changes.
        let start = unsafe { mmap_anonymous(core::ptr::null_mut(), asked, ProtFlags::empty(), flags) };
        let start = start.map_err(|e| platform(e, "mmap failed"))?.cast::<u8>();
        let before = start.addr().wrapping_neg() & (WASM_PAGE_SIZE - 1);
        let after = WASM_PAGE_SIZE - before;
        let map = start.wrapping_add(before);
        for (at, n) in [(start, before), (map.wrapping_add(bytes), after)] {
            if n > 0 {
                // SAFETY: the ends of the mapping made above, both whole pages because WASM_PAGE_SIZE and `start` are;
                // nobody knows them. If it fails they stay reserved, which does no harm.
                let _ = unsafe { munmap(at.cast(), n) };
            }
        }
        let null = Error::new(ErrorKind::Platform, "mmap gave address 0");
        let base = Address(NonNull::new(map.wrapping_add(guard)).ok_or(null.clone())?);
        let map = Address(NonNull::new(map).ok_or(null)?);
        let block = Block { map, map_bytes: bytes, base, pages: 0, room, closed: 0..0 };
        if options.transparent_huge {
            // SAFETY: it is our mapping, and the advice does not change what is in it.
            unsafe { madvise(map.0.as_ptr().cast(), bytes, Advice::LinuxHugepage) }
                .map_err(|_| Error::new(ErrorKind::Unsupported, "the kernel has no transparent huge pages"))?;
        }
        Ok(block)
    }

    fn open(&self, range: Range<usize>, access: MprotectFlags) -> WrtResult<()> {
        if range.is_empty() {
            return Ok(());
        }
        let at = self.base.0.as_ptr().wrapping_add(range.start);
        // SAFETY: callers stay within `room` of this block. Slices of it borrow the allocator, which is borrowed mutably
        // now, so none exists whose access could be taken away.
        unsafe { mprotect(at.cast(), range.end - range.start, access) }.map_err(|e| platform(e, "mprotect failed"))
    }

    fn grow(&mut self, new: usize, options: Options, page: usize) -> WrtResult<()> {
        if new > self.room {
            return Err(TOO_MANY);
        }
        let added = self.pages * WASM_PAGE_SIZE..new * WASM_PAGE_SIZE;
        if self.closed.start < added.end && added.start < self.closed.end {
            return Err(Error::new(ErrorKind::Usage, "a protected page is in the way"));
        }
        self.open(added.clone(), MprotectFlags::READ | MprotectFlags::WRITE)?;
        if options.populate {
            for at in added.step_by(page) {
                // SAFETY: open for writing since the call above, unknown to anybody else, and zero already.
                unsafe { self.base.0.as_ptr().add(at).write_volatile(0) };
            }
        }
        self.pages = new;
        Ok(())
    }

    fn protect(&mut self, range: Range<usize>, protection: Protection) -> WrtResult<()> {
        let access = match protection {
            Protection::None => MprotectFlags::empty(),
            Protection::Read => MprotectFlags::READ,
            Protection::ReadWrite => MprotectFlags::READ | MprotectFlags::WRITE,
        };
        let most = if protection == Protection::None { self.room } else { self.pages };
        if range.end > most * WASM_PAGE_SIZE {
            return Err(Error::new(ErrorKind::Usage, "outside of the region"));
        }
        self.open(range.clone(), access)?;
        let closed = &mut self.closed;
        if protection != Protection::ReadWrite {
            *closed = if Range::is_empty(closed) { range } else { closed.start.min(range.start)..closed.end.max(range.end) };
        } else if range.start <= closed.start {
            closed.start = closed.start.max(range.end).min(closed.end);
        } else if range.end >= closed.end {
            closed.end = closed.end.min(range.start).max(closed.start);
        } // in the middle: what is left on both sides stays closed, and this with it until they are opened
        Ok(())
    }
}

impl Drop for Block {
    fn drop(&mut self) {
        // SAFETY: exactly the mapping that `map` made; the block was its only owner. Should it fail, addresses leak.
        let _ = unsafe { munmap(self.map.0.as_ptr().cast(), self.map_bytes) };
    }
}

/// Pages from `mmap`. Everything is given back when it is dropped.
#[derive(Debug)]
pub struct LinuxAllocator {
    options: Options,
    /// Bytes of a page of the kernel.
    page: usize,
    blocks: Vec<Block>,
}

impl LinuxAllocator {
    /// At most `max_pages`, no options.
    ///
    /// # Errors
    /// As [`LinuxAllocatorBuilder::build`].
    pub fn new(max_pages: usize) -> WrtResult<LinuxAllocator> {
        LinuxAllocatorBuilder::new().with_maximum_pages(max_pages).build()
    }

    fn add(&mut self, pages: usize, room: usize) -> WrtResult<NonNull<u8>> {
        self.allow(pages)?;
        self.blocks.try_reserve(1).map_err(|_| Error::new(ErrorKind::Memory, "no memory for the list of blocks"))?;
        let mut block = Block::map(room, self.options)?;
        block.grow(pages, self.options, self.page)?;
        let base = block.base.0;
        self.blocks.push(block);
        Ok(base)
    }
    fn allow(&self, more: usize) -> WrtResult<()> {
        let new = self.allocated_pages().checked_add(more).filter(|n| *n <= self.options.max);
        new.map(|_| ()).ok_or(TOO_MANY)
    }
    fn find(&mut self, ptr: NonNull<u8>, pages: usize) -> WrtResult<usize> {
        let i = self.blocks.iter().position(|b| b.base.0 == ptr).ok_or(NO_BLOCK)?;
        if self.blocks.get(i).is_some_and(|b| b.pages == pages) { Ok(i) } else { Err(OTHER_SIZE) }
    }
    fn grow_block(&mut self, i: usize, new: usize) -> WrtResult<()> {
        let (options, page) = (self.options, self.page);
        self.blocks.get_mut(i).ok_or(NO_BLOCK)?.grow(new, options, page)
    }
    fn only(&mut self) -> WrtResult<&mut Block> {
        match &mut *self.blocks {
            [b] => Ok(b),
            _ => Err(NOT_ONE),
        }
    }
}

impl PageAllocator for LinuxAllocator {
    fn allocate_pages(&mut self, pages: usize) -> Result<NonNull<u8>, Error> {
        if pages == 0 {
            return Err(NO_PAGES);
        }
        self.allow(pages)?;
        self.add(pages, self.options.max)
    }
    fn deallocate_pages(&mut self, ptr: NonNull<u8>, pages: usize) -> Result<(), Error> {
        let i = self.find(ptr, pages)?;
        self.blocks.swap_remove(i);
        Ok(())
    }
    fn grow_pages(&mut self, old_ptr: NonNull<u8>, old_pages: usize, new_pages: usize) -> Result<NonNull<u8>, Error> {
        let i = self.find(old_ptr, old_pages)?;
        self.allow(new_pages.checked_sub(old_pages).ok_or(SHRINKS)?)?;
        self.grow_block(i, new_pages)?;
        Ok(old_ptr)
    }
    fn allocated_pages(&self) -> usize {
        self.blocks.iter().map(|b| b.pages).sum()
    }
    fn max_pages(&self) -> usize {
        self.options.max
    }
    fn allocate(&mut self, initial_pages: u32, maximum_pages: Option<u32>) -> WrtResult<(NonNull<u8>, usize)> {
        let room = room_of(initial_pages, maximum_pages)?;
        if room > self.options.max {
            return Err(TOO_MANY);
        }
        let pages = initial_pages as usize;
        Ok((self.add(pages, room)?, pages * WASM_PAGE_SIZE))
    }
    fn grow(&mut self, current_pages: u32, additional_pages: u32) -> WrtResult<u32> {
        let pages = self.only()?.pages;
        if pages != current_pages as usize {
            return Err(OTHER_SIZE);
        }
        self.allow(additional_pages as usize)?;
        self.grow_block(0, pages.saturating_add(additional_pages as usize))?;
        Ok(current_pages)
    }
    fn protect(&mut self, offset: usize, size: usize, protection: Protection) -> WrtResult<()> {
        let page = self.page;
        let end = offset.checked_add(size).filter(|end| offset.is_multiple_of(page) && end.is_multiple_of(page));
        let end = end.ok_or(Error::new(ErrorKind::Usage, "not whole pages of the kernel"))?;
        self.only()?.protect(offset..end, protection)
    }
    fn deallocate(&mut self, ptr: NonNull<u8>, size: usize) -> WrtResult<()> {
        if !size.is_multiple_of(WASM_PAGE_SIZE) {
            return Err(OTHER_SIZE);
        }
        self.deallocate_pages(ptr, size / WASM_PAGE_SIZE)
    }
    fn properties(&self) -> Properties {
        Properties { alignment: WASM_PAGE_SIZE, grow_in_place: true, protect_granule: self.page }
    }
    fn bytes(&mut self, ptr: NonNull<u8>, pages: usize) -> Option<&mut [u8]> {
        let b = self.blocks.iter().find(|b| b.base.0 == ptr && pages <= b.pages)?;
        let n = pages * WASM_PAGE_SIZE;
        if b.closed.start < n && b.closed.end > b.closed.start {
            return None;
        }
        // SAFETY: the first pages of a block are mapped, open for reading and writing (they end before `closed`) and
        // were zero at first. The block owns them, and the slice borrows the allocator, so there is no second one and
        // nothing can be unmapped or closed meanwhile.
        Some(unsafe { core::slice::from_raw_parts_mut(ptr.as_ptr(), n) })
    }
}
