// SPDX-License-Identifier: MIT
//! One linear memory in pages of an allocator.

use crate::memory::{Address, MAX_BELOW_MIN, TOO_MANY, bytes_of};
use crate::{Error, ErrorKind, PageAllocator, WrtResult};

/// A block of an allocator that grows and is given back when it is dropped. It owns the allocator, which may be a
/// `&mut` or a `Box`. What it lends is checked, so that a wrong allocator shows as an error or a short slice.
#[derive(Debug)]
pub struct Region<A: PageAllocator> {
    allocator: A,
    /// None as long as there are no pages.
    block: Option<Address>,
    pages: usize,
    max: usize,
}

impl<A: PageAllocator> Region<A> {
    /// `initial` pages that can become `max`; `None`: as many as the allocator can give, 65536 at most.
    ///
    /// # Errors
    /// `Usage`: `max` below `initial`. `Memory`: the allocator cannot give so many. `Unsupported`: it lends no slices.
    pub fn new(allocator: A, initial: u32, max: Option<u32>) -> WrtResult<Region<A>> {
        let most = max.unwrap_or(1 << 16);
        if most < initial {
            return Err(MAX_BELOW_MIN);
        }
        let free = allocator.max_pages().saturating_sub(allocator.allocated_pages());
        let most = if max.is_none() { (most as usize).min(free) } else { most as usize };
        if most > free || initial as usize > most {
            return Err(TOO_MANY);
        }
        let mut region = Region { allocator, block: None, pages: 0, max: most };
        if most > 0 && region.allocator.properties().grow_in_place {
            let (ptr, _) = region.allocator.allocate(initial, Some(u32::try_from(most).map_err(|_| TOO_MANY)?))?;
            (region.block, region.pages) = (Some(Address(ptr)), initial as usize);
        } else {
            region.set_pages(initial as usize)?;
        }
        region.lends()?;
        Ok(region)
    }

    fn lends(&mut self) -> WrtResult<()> {
        if self.as_mut_slice().len() != bytes_of(self.pages).ok_or(TOO_MANY)? {
            return Err(Error::new(ErrorKind::Unsupported, "this allocator does not lend its pages as a slice"));
        }
        Ok(())
    }

    fn set_pages(&mut self, new: usize) -> WrtResult<()> {
        if new > self.pages {
            let ptr = match self.block {
                Some(Address(ptr)) => self.allocator.grow_pages(ptr, self.pages, new)?,
                None => self.allocator.allocate_pages(new)?,
            };
            (self.block, self.pages) = (Some(Address(ptr)), new);
        }
        Ok(())
    }

    /// Adds `delta` zeroed pages; the number before. The bytes may be elsewhere afterwards.
    ///
    /// # Errors
    /// `Memory`: beyond the maximum, or the system has none. Others of the allocator. `Unsupported`: it has grown, and the
    /// allocator does not lend the pages.
    pub fn grow(&mut self, delta: u32) -> WrtResult<u32> {
        let old = self.pages;
        let new = old.checked_add(delta as usize).filter(|n| *n <= self.max).ok_or(TOO_MANY)?;
        self.set_pages(new)?;
        self.lends()?;
        u32::try_from(old).map_err(|_| TOO_MANY)
    }

    /// Its pages.
    pub fn pages(&self) -> u32 {
        u32::try_from(self.pages).unwrap_or(u32::MAX)
    }
    /// The most that it can have.
    pub fn max_pages(&self) -> u32 {
        u32::try_from(self.max).unwrap_or(u32::MAX)
    }
    /// Its bytes.
    pub fn as_mut_slice(&mut self) -> &mut [u8] {
        let Some(Address(ptr)) = self.block else { return &mut [] };
        let n = self.pages.saturating_mul(crate::WASM_PAGE_SIZE);
        self.allocator.bytes(ptr, self.pages).and_then(|b| b.get_mut(..n)).unwrap_or(&mut [])
    }
    /// The allocator.
    pub fn allocator(&self) -> &A {
        &self.allocator
    }
}

impl<A: PageAllocator> Drop for Region<A> {
    fn drop(&mut self) {
        if let Some(Address(ptr)) = self.block.take() {
            // A region may have grown to no pages yet; `deallocate` takes bytes.
            let _ = match bytes_of(self.pages) {
                Some(size) if self.allocator.properties().grow_in_place => self.allocator.deallocate(ptr, size),
                _ => self.allocator.deallocate_pages(ptr, self.pages),
            };
        }
    }
}
