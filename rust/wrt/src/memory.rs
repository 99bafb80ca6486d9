// SPDX-License-Identifier: MIT
//! A linear memory of the host's, in pages of an allocator, that instances import.
//!
//! The bytes are one value that is handed on ([`Loan`]): an instance has them while it runs, the host in the calls below.
//! So the loop works on a plain slice, and two who want them at once is an error, never a race.

use alloc::boxed::Box;
use alloc::sync::Arc;
use core::sync::atomic::{AtomicU32, Ordering};
use wrt_foundation::{Error, ErrorKind, WrtResult};
use wrt_platform::{Loan, PageAllocator, Region};
use wrt_runtime::store::LinearMemory;

type Pages = Region<Box<dyn PageAllocator>>;

/// A linear memory. Cloning gives another handle of the same memory; handles may go to other threads.
///
/// A guest sees it when its module imports it ([`ImportMap::define_memory`](crate::ImportMap::define_memory)), and so may
/// several. While one of them runs, others find it in use: their calls are [`Paused`](ErrorKind::Paused) and can be
/// resumed. A host function is called between two runs, so it may use the handle.
///
/// ```
/// # #[cfg(all(target_os = "linux", feature = "platform-linux"))]
/// # fn main() -> wrt::WrtResult<()> {
/// use wrt::platform::LinuxAllocatorBuilder;
/// use wrt::prelude::*;
///
/// let allocator = LinuxAllocatorBuilder::new().with_maximum_pages(100).with_guard_pages(true).build()?;
/// let memory = Memory::new(allocator, 10, Some(50))?;
/// assert_eq!(memory.size(), 10);
/// assert_eq!(memory.grow(5)?, 10);
/// assert_eq!(memory.size(), 15);
/// assert!(memory.grow(36).is_err());
/// # Ok(())
/// # }
/// # #[cfg(not(all(target_os = "linux", feature = "platform-linux")))]
/// # fn main() {}
/// ```
#[derive(Clone)]
pub struct Memory(Arc<Home>);

struct Home {
    pages: AtomicU32,
    /// As declared.
    max: Option<u32>,
    region: Loan<Pages>,
}

const IN_USE: Error = Error::new(ErrorKind::Usage, "the memory is in use: its guest runs, or a call of `with` is open");
const OUTSIDE: Error = Error::new(ErrorKind::Usage, "outside of the memory");

impl Memory {
    /// A memory of `initial_pages` zeroed pages of 64 KiB that can grow to `max_pages`. Without a maximum it grows as far
    /// as the allocator has pages, and only modules that ask for no maximum can import it.
    ///
    /// # Errors
    /// [`Usage`](ErrorKind::Usage): the maximum is below the initial size or above 65536. [`Memory`](ErrorKind::Memory): the
    /// allocator has not so many pages. [`Unsupported`](ErrorKind::Unsupported): it lends no slices
    /// ([`PageAllocator::bytes`]).
    pub fn new(allocator: impl PageAllocator + 'static, initial_pages: u32, max_pages: Option<u32>) -> WrtResult<Memory> {
        if max_pages.unwrap_or(initial_pages) > 1 << 16 {
            return Err(Error::new(ErrorKind::Usage, "a memory has at most 65536 pages"));
        }
        let allocator: Box<dyn PageAllocator> = Box::new(allocator);
        let region = Region::new(allocator, initial_pages, max_pages)?;
        let (pages, region) = (AtomicU32::new(initial_pages), Loan::new(region));
        Ok(Memory(Arc::new(Home { pages, max: max_pages, region })))
    }

    /// Its pages, also while its guest runs.
    pub fn size(&self) -> u32 {
        self.0.pages.load(Ordering::Relaxed)
    }

    /// Its declared maximum in pages.
    pub fn max(&self) -> Option<u32> {
        self.0.max
    }

    /// Adds `pages` zeroed pages; the number before.
    ///
    /// # Errors
    /// [`Memory`](ErrorKind::Memory): beyond the maximum, or the system has none. [`Usage`](ErrorKind::Usage): it is in use.
    pub fn grow(&self, pages: u32) -> WrtResult<u32> {
        let mut held = self.hold()?;
        held.add(pages)
    }

    /// What `use_it` makes of all bytes. The memory is in use meanwhile.
    ///
    /// # Errors
    /// [`Usage`](ErrorKind::Usage): it is in use.
    pub fn with<R>(&self, use_it: impl FnOnce(&mut [u8]) -> R) -> WrtResult<R> {
        Ok(use_it(self.hold()?.bytes()))
    }

    /// Copies the bytes from address `at` on out of it.
    ///
    /// # Errors
    /// [`Usage`](ErrorKind::Usage): out of bounds, or in use.
    pub fn read_into(&self, at: u32, to: &mut [u8]) -> WrtResult<()> {
        self.with(|bytes| {
            to.copy_from_slice(bytes.get(at as usize..)?.get(..to.len())?);
            Some(())
        })?
        .ok_or(OUTSIDE)
    }

    /// Copies bytes into it, from address `at` on.
    ///
    /// # Errors
    /// [`Usage`](ErrorKind::Usage): out of bounds, or in use.
    pub fn write_from(&self, at: u32, from: &[u8]) -> WrtResult<()> {
        self.with(|bytes| {
            bytes.get_mut(at as usize..)?.get_mut(..from.len())?.copy_from_slice(from);
            Some(())
        })?
        .ok_or(OUTSIDE)
    }

    /// Whether `other` is a handle of the same memory.
    pub fn is(&self, other: &Memory) -> bool {
        Arc::ptr_eq(&self.0, &other.0)
    }

    fn hold(&self) -> WrtResult<Held> {
        let mut held = Held { home: self.0.clone(), here: None };
        if held.acquire() { Ok(held) } else { Err(IN_USE) }
    }

    /// For a store, which acquires it by itself.
    pub(crate) fn offer(&self) -> Box<dyn LinearMemory> {
        Box::new(Held { home: self.0.clone(), here: None })
    }
}

impl core::fmt::Debug for Memory {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_struct("Memory").field("size", &self.size()).field("max", &self.max()).finish()
    }
}

/// One who may have got hold of the bytes; they go home when it is dropped.
struct Held {
    home: Arc<Home>,
    here: Option<Pages>,
}

impl Held {
    fn add(&mut self, pages: u32) -> WrtResult<u32> {
        let region = self.here.as_mut().ok_or(IN_USE)?;
        let grown = region.grow(pages);
        self.home.pages.store(region.pages(), Ordering::Relaxed);
        grown
    }
}

impl LinearMemory for Held {
    fn acquire(&mut self) -> bool {
        self.here = self.here.take().or_else(|| self.home.region.take());
        self.here.is_some()
    }
    fn release(&mut self) {
        if let Some(region) = self.here.take() {
            // It was taken from there, so there is room for it.
            let _ = self.home.region.put(region);
        }
    }
    fn bytes(&mut self) -> &mut [u8] {
        self.here.as_mut().map_or(&mut [], Region::as_mut_slice)
    }
    fn with(&self, use_it: &mut dyn FnMut(&mut [u8])) -> bool {
        Memory(self.home.clone()).with(use_it).is_ok()
    }
    fn pages(&self) -> u32 {
        self.home.pages.load(Ordering::Relaxed)
    }
    fn max(&self) -> Option<u32> {
        self.home.max
    }
    fn grow(&mut self, delta: u32) -> Option<u32> {
        if self.here.is_some() { self.add(delta).ok() } else { Memory(self.home.clone()).grow(delta).ok() }
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        self.release();
    }
}
