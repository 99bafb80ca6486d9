// SPDX-License-Identifier: MIT
//! `wrt/port.h` as a page allocator and a [`Parking`]: what an RTOS's `port.c` defines, for programs that link one. The
//! declarations below are compared with the header by `tests/port_header.rs`.

use crate::memory::{FromRegion, RegionAllocator, WASM_PAGE_SIZE, bytes_of, room_of};
use crate::wait::{FOREVER, Parked, Parking};
use crate::{Error, ErrorKind, Protection, WrtResult};
use core::cell::UnsafeCell;
use core::ffi::{c_int, c_void};
use core::ptr::{NonNull, null_mut};

/// `wrt_port_parker_t`.
#[repr(C)]
pub struct PortParker(UnsafeCell<[usize; 29]>);

// SAFETY: only functions of the port touch it, which are made for one thread to park and others to unpark.
unsafe impl Sync for PortParker {}
// SAFETY: nothing is in it between `done` and the next `init`.
unsafe impl Send for PortParker {}

impl core::fmt::Debug for PortParker {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str("PortParker")
    }
}
impl Default for PortParker {
    fn default() -> Self {
        PortParker(UnsafeCell::new([0; 29]))
    }
}

// The declarations of port.h.
unsafe extern "C" {
    fn wrt_port_reserve(bytes: usize, alignment: usize, base: *mut *mut c_void) -> c_int;
    fn wrt_port_commit(base: *mut c_void, from: usize, to: usize) -> c_int;
    fn wrt_port_release(base: *mut c_void, bytes: usize) -> c_int;
    fn wrt_port_now_ns() -> u64;
    fn wrt_port_lock();
    fn wrt_port_unlock();
    fn wrt_port_parker_init(parker: *mut PortParker) -> c_int;
    fn wrt_port_park(parker: *mut PortParker, deadline_ns: u64) -> c_int;
    fn wrt_port_unpark(parker: *mut PortParker);
    fn wrt_port_parker_done(parker: *mut PortParker);
}

const ENOTSUP: c_int = -95;
const EINVAL: c_int = -22;
const ETIMEDOUT: c_int = -116;

fn checked(code: c_int) -> WrtResult<()> {
    match code {
        0 => Ok(()),
        ENOTSUP => Err(Error::new(ErrorKind::Unsupported, "the port does not offer it")),
        EINVAL => Err(Error::new(ErrorKind::Usage, "the port refuses the argument")),
        _ => Err(Error::new(ErrorKind::Memory, "the port has no room left")),
    }
}

/// One region of the port's memory: reserved whole, committed as it grows.
#[derive(Debug, Default)]
pub struct PortRegion {
    block: Option<Block>,
}

#[derive(Debug)]
struct Block {
    base: crate::memory::Address,
    pages: usize,
    room: usize,
}

/// Pages of the port for one memory.
pub type PortAllocator = FromRegion<PortRegion>;

/// An allocator of at most `max_pages` pages, in one block.
pub fn allocator(max_pages: u32) -> PortAllocator {
    FromRegion::new(PortRegion::default(), max_pages, 16, 0)
}

/// Opens pages `old..new` of a block.
fn commit(base: NonNull<u8>, old: usize, new: usize) -> WrtResult<()> {
    let most = Error::new(ErrorKind::Memory, "page limit exceeded");
    let (Some(from), Some(to)) = (bytes_of(old), bytes_of(new)) else { return Err(most) };
    if from == to {
        return Ok(());
    }
    // SAFETY: `base` is what wrt_port_reserve() gave for at least `to` bytes, and all before `from` is committed.
    checked(unsafe { wrt_port_commit(base.as_ptr().cast(), from, to) })
}

impl RegionAllocator for PortRegion {
    fn allocate(&mut self, initial_pages: u32, maximum_pages: Option<u32>) -> WrtResult<(NonNull<u8>, usize)> {
        let room = room_of(initial_pages, maximum_pages)?;
        let (pages, bytes) = (initial_pages as usize, bytes_of(room).ok_or(Error::new(ErrorKind::Memory, "page limit exceeded"))?);
        let mut start = null_mut();
        // SAFETY: the function of the port's header, with its arguments in their ranges.
        checked(unsafe { wrt_port_reserve(bytes, 16, &mut start) })?;
        let base = NonNull::new(start.cast::<u8>()).ok_or(Error::new(ErrorKind::Platform, "the port gave address 0"))?;
        // Dropping it gives the range back.
        let block = Block { base: crate::memory::Address(base), pages, room };
        commit(base, 0, pages)?;
        self.block = Some(block);
        Ok((base, pages.saturating_mul(WASM_PAGE_SIZE)))
    }
    fn grow(&mut self, current_pages: u32, additional_pages: u32) -> WrtResult<u32> {
        let refused = Error::new(ErrorKind::Usage, "the block has another number of pages");
        let Some(block) = self.block.as_mut().filter(|b| b.pages == current_pages as usize) else { return Err(refused) };
        let new = block.pages.checked_add(additional_pages as usize).filter(|n| *n <= block.room);
        let new = new.ok_or(Error::new(ErrorKind::Memory, "page limit exceeded"))?;
        commit(block.base.0, block.pages, new)?;
        block.pages = new;
        Ok(current_pages)
    }
    fn protect(&mut self, offset: usize, size: usize, protection: Protection) -> WrtResult<()> {
        let _ = (offset, size, protection);
        Err(Error::new(ErrorKind::Unsupported, "this allocator cannot protect memory"))
    }
    fn deallocate(&mut self, ptr: NonNull<u8>, size: usize) -> WrtResult<()> {
        let is_it = |b: &Block| b.base.0 == ptr && bytes_of(b.pages) == Some(size);
        match self.block.take_if(|b| is_it(b)) {
            Some(_) => Ok(()),
            None => Err(Error::new(ErrorKind::Usage, "this allocator has no such block")),
        }
    }
    fn bytes(&mut self, ptr: NonNull<u8>, pages: usize) -> Option<&mut [u8]> {
        let block = self.block.as_ref().filter(|b| b.base.0 == ptr && pages <= b.pages)?;
        // SAFETY: committed and zeroed by the port, which nobody else has; the slice borrows the allocator.
        Some(unsafe { core::slice::from_raw_parts_mut(block.base.0.as_ptr(), bytes_of(pages)?) })
    }
}

impl Drop for Block {
    fn drop(&mut self) {
        // SAFETY: what wrt_port_reserve() gave, and nobody reaches it any more. Should it fail, the range leaks.
        let _ = unsafe { wrt_port_release(self.base.0.as_ptr().cast(), bytes_of(self.room).unwrap_or(0)) };
    }
}

/// What a [`WaitTable`](crate::WaitTable) takes from the port.
#[derive(Clone, Copy, Debug, Default)]
pub struct PortParking;

impl Parking for PortParking {
    type Parker = PortParker;

    fn locked<R>(&self, work: impl FnOnce() -> R) -> R {
        struct Unlock;
        impl Drop for Unlock {
            fn drop(&mut self) {
                // SAFETY: this thread took the lock.
                unsafe { wrt_port_unlock() };
            }
        }
        // SAFETY: not recursive: the table calls it once at a time.
        unsafe { wrt_port_lock() };
        let _unlock = Unlock;
        work()
    }
    fn now_ns(&self) -> u64 {
        // SAFETY: it has no conditions.
        unsafe { wrt_port_now_ns() }
    }
    fn init(&self, parker: &PortParker) -> WrtResult<()> {
        // SAFETY: memory of a parker where none is; the table gives each entry to one thread at a time.
        checked(unsafe { wrt_port_parker_init(parker.0.get().cast()) })
    }
    fn park(&self, parker: &PortParker, deadline_ns: u64) -> Parked {
        const _: () = assert!(FOREVER == u64::MAX); // WRT_PORT_FOREVER
        // SAFETY: a parker that this thread has readied.
        match unsafe { wrt_port_park(parker.0.get().cast(), deadline_ns) } {
            ETIMEDOUT => Parked::TimedOut,
            _ => Parked::Unparked,
        }
    }
    fn unpark(&self, parker: &PortParker) {
        // SAFETY: under the lock, a parker that is in the table.
        unsafe { wrt_port_unpark(parker.0.get().cast()) };
    }
    fn done(&self, parker: &PortParker) {
        // SAFETY: the thread that readied it, and it is out of the table.
        unsafe { wrt_port_parker_done(parker.0.get().cast()) };
    }
}
