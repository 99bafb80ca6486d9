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
#[cfg(feature = "threads")]
use wrt_runtime::image::MemoryType;
#[cfg(feature = "threads")]
use wrt_runtime::shared::{SharedMem, SharedRef};
use wrt_runtime::store::LinearMemory;
use wrt_runtime::{Extern, Store};

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
pub struct Memory(Of);

#[derive(Clone)]
enum Of {
    /// Handed on.
    Pages(Arc<Home>),
    /// Used by several threads at once.
    #[cfg(feature = "threads")]
    Shared(Arc<SharedMem<'static>>),
}

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
        Ok(Memory(Of::Pages(Arc::new(Home { pages, max: max_pages, region }))))
    }

    /// A memory of `initial_pages` zeroed pages of 64 KiB, of which there can be `max_pages`, that guests in several threads
    /// use at once: a module that imports it declares it `shared`, and each thread has an instance of its own. Space for
    /// all pages is taken now; on systems that give memory when it is touched it costs addresses only.
    ///
    /// ```
    /// # #[cfg(all(feature = "std", feature = "threads", feature = "loader"))]
    /// # fn main() -> wrt::WrtResult<()> {
    /// use wrt::prelude::*;
    ///
    /// let wasm = wat::parse_str(r#"(module
    ///     (import "env" "memory" (memory 1 1 shared))
    ///     (func (export "take") (result i32)
    ///         (drop (memory.atomic.wait32 (i32.const 0) (i32.const 0) (i64.const -1)))
    ///         (i32.atomic.load (i32.const 4)))
    ///     (func (export "put") (param i32)
    ///         (i32.atomic.store (i32.const 4) (local.get 0))
    ///         (i32.atomic.store (i32.const 0) (i32.const 1))
    ///         (drop (memory.atomic.notify (i32.const 0) (i32.const 1)))))"#).unwrap();
    /// let module = Module::from_bytes(&wasm)?;
    /// let memory = Memory::shared(1, 1)?;
    /// let guest = |module: Module, memory: &Memory| {
    ///     let mut imports = ImportMap::new();
    ///     imports.define_memory("env", "memory", memory);
    ///     ModuleInstance::new(module, imports)
    /// };
    /// let consumer = std::thread::spawn({
    ///     let (module, memory) = (module.clone(), memory.clone());
    ///     move || guest(module, &memory)?.invoke("take", &[])
    /// });
    /// guest(module, &memory)?.invoke("put", &[Value::I32(42)])?;
    /// assert_eq!(consumer.join().unwrap()?, Value::I32(42));
    /// # Ok(())
    /// # }
    /// # #[cfg(not(all(feature = "std", feature = "threads", feature = "loader")))]
    /// # fn main() {}
    /// ```
    ///
    /// # Errors
    /// [`Usage`](ErrorKind::Usage): the maximum is below the initial size or above 65536. [`Memory`](ErrorKind::Memory): the
    /// allocator has not so much.
    #[cfg(feature = "threads")]
    pub fn shared(initial_pages: u32, max_pages: u32) -> WrtResult<Memory> {
        if initial_pages > max_pages || max_pages > 1 << 16 {
            return Err(Error::new(ErrorKind::Usage, "a memory has at most 65536 pages, and no less than at first"));
        }
        let ty = MemoryType { shared: true, ..MemoryType::new(initial_pages, Some(max_pages)) };
        let memory = SharedMem::owned(&ty, usize::MAX).ok_or(Error::new(ErrorKind::Memory, "no room for the shared memory"))?;
        #[cfg(feature = "std")]
        let memory = memory.with_counted_waits(); // `threads` serves them
        Ok(Memory(Of::Shared(Arc::new(memory))))
    }

    /// The memory, if threads share it: it can be read, written, filled and copied while guests run.
    #[cfg(feature = "threads")]
    pub fn as_shared(&self) -> Option<&SharedMem<'static>> {
        if let Of::Shared(memory) = &self.0 { Some(memory) } else { None }
    }

    /// Wakes up to `count` guests that wait on address `at` of a shared memory, those first that have waited longest; how
    /// many.
    #[cfg(all(feature = "std", feature = "threads"))]
    pub fn notify(&self, at: u32, count: u32) -> u32 {
        self.as_shared().map_or(0, |memory| crate::threads::notify(memory, at as usize, count))
    }

    /// Guests that wait on address `at` of a shared memory now.
    #[cfg(all(feature = "std", feature = "threads"))]
    pub fn waiting(&self, at: u32) -> u32 {
        self.as_shared().map_or(0, |memory| crate::threads::waiting(memory, at as usize))
    }

    /// Its pages, also while its guest runs.
    pub fn size(&self) -> u32 {
        match &self.0 {
            Of::Pages(home) => home.pages.load(Ordering::Relaxed),
            #[cfg(feature = "threads")]
            Of::Shared(memory) => memory.pages(),
        }
    }

    /// Its declared maximum in pages.
    pub fn max(&self) -> Option<u32> {
        match &self.0 {
            Of::Pages(home) => home.max,
            #[cfg(feature = "threads")]
            Of::Shared(memory) => memory.max().and_then(|max| u32::try_from(max).ok()),
        }
    }

    /// Adds `pages` zeroed pages; the number before.
    ///
    /// # Errors
    /// [`Memory`](ErrorKind::Memory): beyond the maximum, or the system has none. [`Usage`](ErrorKind::Usage): it is in use.
    pub fn grow(&self, pages: u32) -> WrtResult<u32> {
        #[cfg(feature = "threads")]
        if let Of::Shared(memory) = &self.0 {
            return memory.grow(pages).ok_or(Error::new(ErrorKind::Memory, "beyond the maximum"));
        }
        let mut held = self.hold()?;
        held.add(pages)
    }

    /// What `use_it` makes of all bytes. The memory is in use meanwhile.
    ///
    /// # Errors
    /// [`Usage`](ErrorKind::Usage): it is in use, or threads share it.
    pub fn with<R>(&self, use_it: impl FnOnce(&mut [u8]) -> R) -> WrtResult<R> {
        Ok(use_it(self.hold()?.bytes()))
    }

    /// Copies the bytes from address `at` on out of it.
    ///
    /// # Errors
    /// [`Usage`](ErrorKind::Usage): out of bounds, or in use.
    pub fn read_into(&self, at: u32, to: &mut [u8]) -> WrtResult<()> {
        #[cfg(feature = "threads")]
        if let Of::Shared(memory) = &self.0 {
            return memory.read_into(at as usize, to).ok_or(OUTSIDE);
        }
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
        #[cfg(feature = "threads")]
        if let Of::Shared(memory) = &self.0 {
            return memory.write_from(at as usize, from).ok_or(OUTSIDE);
        }
        self.with(|bytes| {
            bytes.get_mut(at as usize..)?.get_mut(..from.len())?.copy_from_slice(from);
            Some(())
        })?
        .ok_or(OUTSIDE)
    }

    /// Whether `other` is a handle of the same memory.
    pub fn is(&self, other: &Memory) -> bool {
        match (&self.0, &other.0) {
            (Of::Pages(a), Of::Pages(b)) => Arc::ptr_eq(a, b),
            #[cfg(feature = "threads")]
            (Of::Shared(a), Of::Shared(b)) => Arc::ptr_eq(a, b),
            #[cfg(feature = "threads")]
            _ => false,
        }
    }

    fn hold(&self) -> WrtResult<Held> {
        match &self.0 {
            Of::Pages(home) => {
                let mut held = Held { home: home.clone(), here: None };
                if held.acquire() { Ok(held) } else { Err(IN_USE) }
            }
            #[cfg(feature = "threads")]
            Of::Shared(_) => Err(Error::new(ErrorKind::Usage, "threads share the memory, so it lends no slice")),
        }
    }

    /// Adds it to a store, which acquires it by itself.
    pub(crate) fn offer(&self, store: &mut Store<'static>) -> WrtResult<Extern<'static>> {
        match &self.0 {
            Of::Pages(home) => Ok(store.add_foreign_memory(Box::new(Held { home: home.clone(), here: None }))?),
            #[cfg(feature = "threads")]
            Of::Shared(memory) => Ok(store.add_shared_memory(SharedRef::Counted(memory.clone()))?),
        }
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
        Memory(Of::Pages(self.home.clone())).with(use_it).is_ok()
    }
    fn pages(&self) -> u32 {
        self.home.pages.load(Ordering::Relaxed)
    }
    fn max(&self) -> Option<u32> {
        self.home.max
    }
    fn grow(&mut self, delta: u32) -> Option<u32> {
        if self.here.is_some() { self.add(delta).ok() } else { Memory(Of::Pages(self.home.clone())).grow(delta).ok() }
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        self.release();
    }
}
