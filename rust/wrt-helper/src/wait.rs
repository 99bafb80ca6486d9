// SPDX-License-Identifier: MIT
//! Waiting and waking: wrt_helper.h, "waiting and waking". A place to wait at is the address of its byte, as for the
//! interpreter.

use crate::memory::{Memory, seen};
use crate::{EINVAL, status};
use core::ffi::{c_int, c_void};
use wrt_foundation::Trap;

#[cfg(any(feature = "std", feature = "port"))]
mod table {
    use crate::system::{Parking, parking};
    use crate::{ENOMEM, OK};
    use core::ffi::{c_int, c_void};
    use wrt_platform::{Parking as _, WaitTable, Waiter};

    type Entry = Waiter<<Parking as wrt_platform::Parking>::Parker>;
    /// `wrt_waits_t`.
    pub struct Waits(pub(super) WaitTable<'static, Parking>);

    // What WRT_WAITS_BYTES counts.
    const _: () = assert!(size_of::<Waits>() <= 128 && size_of::<Entry>() <= 256 && align_of::<Waits>() <= 8 && align_of::<Entry>() <= 8);

    /// Writes one to `buffer`, which is not NULL and aligned to 8.
    ///
    /// # Safety
    /// `buffer` has so many bytes, and nobody else uses them as long as the table serves.
    pub(super) unsafe fn init(buffer: *mut c_void, bytes: usize, waiters: u32, waits: &mut *mut Waits) -> c_int {
        let first = size_of::<Waits>().next_multiple_of(align_of::<Entry>());
        let need = (waiters as usize).checked_mul(size_of::<Entry>()).and_then(|n| n.checked_add(first));
        if need.is_none_or(|need| need > bytes) {
            return ENOMEM;
        }
        let entries = buffer.wrapping_byte_add(first).cast::<Entry>();
        for i in 0..waiters as usize {
            // SAFETY: inside the buffer by the comparison above, and aligned.
            unsafe { entries.add(i).write(Entry::default()) };
        }
        // SAFETY: all were written just now; the buffer serves them for as long as anybody uses the table.
        let entries = unsafe { core::slice::from_raw_parts(entries, waiters as usize) };
        let table = buffer.cast::<Waits>();
        // SAFETY: the buffer's start is aligned, and has room for it.
        unsafe { table.write(Waits(WaitTable::new(parking(), entries))) };
        *waits = table;
        OK
    }

    impl Waits {
        pub(super) fn now(&self) -> u64 {
            self.0.system().now_ns()
        }
    }
}
#[cfg(not(any(feature = "std", feature = "port")))]
mod table {
    use core::ffi::{c_int, c_void};

    /// `wrt_waits_t`: there is none.
    pub enum Waits {}

    /// Nothing to wait in.
    ///
    /// # Safety
    /// None is needed.
    pub(super) unsafe fn init(buffer: *mut c_void, bytes: usize, waiters: u32, waits: &mut *mut Waits) -> c_int {
        let _ = (buffer, bytes, waiters, waits);
        crate::ENOTSUP
    }
}
pub use table::Waits;

/// See wrt_helper.h.
///
/// # Safety
/// As there.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn wrt_waits_init(buffer: *mut c_void, bytes: usize, waiters: u32, waits: *mut *mut Waits) -> c_int {
    // SAFETY: NULL or the caller's, by the header.
    let Some(waits) = (unsafe { waits.as_mut() }) else { return EINVAL };
    *waits = core::ptr::null_mut();
    if buffer.is_null() || !buffer.cast::<u64>().is_aligned() || waiters == 0 {
        return EINVAL;
    }
    // SAFETY: by the header.
    unsafe { table::init(buffer, bytes, waiters, waits) }
}

/// Where `1 << log2` bytes are: aligned first, then inside, as the interpreter checks.
fn place(memory: &Memory, index: u64, offset: u64, log2: u32) -> Result<*mut u8, Trap> {
    const OUT: Trap = Trap::MemoryOutOfBounds;
    let address = index.checked_add(offset).ok_or(OUT)?;
    let n = 1u64 << log2;
    if address & (n - 1) != 0 {
        return Err(Trap::UnalignedAtomic);
    }
    Ok(memory.range(address, n)?.0)
}

/// Waits on memory that may be NULL; the result.
///
/// # Safety
/// By the header.
unsafe fn wait(memory: *const Memory, waits: *mut Waits, at: (u64, u64), wide: bool, expected: u64, timeout_ns: i64) -> Result<u32, Trap> {
    // SAFETY: the caller's promise.
    let memory = unsafe { seen(memory) }.ok_or(Trap::MemoryOutOfBounds)?;
    if !memory.is_shared() {
        return Err(Trap::NotShared);
    }
    let place = place(memory, at.0, at.1, if wide { 3 } else { 2 })?;
    // SAFETY: NULL or a table, by the header.
    let Some(waits) = (unsafe { waits.as_ref() }) else { return Err(Trap::CannotSuspend) };
    // SAFETY: a shared memory never moves or shrinks, so the place is inside and aligned until the memory is deleted.
    unsafe { wait_at(waits, place, wide, expected, timeout_ns) }
}

#[cfg(not(any(feature = "std", feature = "port")))]
unsafe fn wait_at(waits: &Waits, _: *mut u8, _: bool, _: u64, _: i64) -> Result<u32, Trap> {
    match *waits {}
}
#[cfg(not(any(feature = "std", feature = "port")))]
fn notify_at(waits: &Waits, _: *mut u8, _: u32) -> u32 {
    match *waits {}
}

#[cfg(any(feature = "std", feature = "port"))]
fn key(place: *mut u8) -> wrt_platform::Key {
    wrt_platform::Key { memory: 0, offset: place.addr() as u64 }
}

/// # Safety
/// `place` is aligned memory of 4 bytes, or 8 if `wide`, until it returns.
#[cfg(any(feature = "std", feature = "port"))]
unsafe fn wait_at(waits: &Waits, place: *mut u8, wide: bool, expected: u64, timeout_ns: i64) -> Result<u32, Trap> {
    use core::sync::atomic::{AtomicU32, Ordering::SeqCst};
    let holds = || {
        // SAFETY: aligned to 4, and memory, by the caller's promise; others reach it by atomics.
        let word = |n: usize| unsafe { AtomicU32::from_ptr(place.cast::<u32>().add(n)).load(SeqCst) };
        #[cfg(target_has_atomic = "64")]
        if wide {
            // SAFETY: aligned to 8 then.
            return unsafe { core::sync::atomic::AtomicU64::from_ptr(place.cast()).load(SeqCst) } == expected;
        }
        // Half of a 64-bit store may be seen without the other: whoever makes it notifies behind it, and needs the lock for that.
        let high = if wide { word(1) } else { 0 };
        u64::from(word(0)) | u64::from(high) << 32 == expected
    };
    let deadline = match u64::try_from(timeout_ns) {
        Ok(ns) => waits.now().saturating_add(ns).min(wrt_platform::wait::FOREVER - 1),
        Err(_) => wrt_platform::wait::FOREVER,
    };
    let outcome = waits.0.wait(key(place), holds, deadline).map_err(|_| Trap::CannotSuspend)?;
    Ok(outcome.code())
}

#[cfg(any(feature = "std", feature = "port"))]
fn notify_at(waits: &Waits, place: *mut u8, count: u32) -> u32 {
    waits.0.notify(key(place), count)
}

/// Writes a result where the header says.
fn answer(answered: Result<u32, Trap>, result: *mut u32) -> u32 {
    status(answered.map(|value| {
        if !result.is_null() {
            // SAFETY: not NULL, so the caller's, by the header.
            unsafe { result.write(value) };
        }
    }))
}

/// See wrt_helper.h.
///
/// # Safety
/// As there.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn wrt_atomic_wait32(
    memory: *const Memory,
    waits: *mut Waits,
    index: u64,
    offset: u64,
    expected: u32,
    timeout_ns: i64,
    result: *mut u32,
) -> u32 {
    // SAFETY: by the header.
    answer(unsafe { wait(memory, waits, (index, offset), false, expected.into(), timeout_ns) }, result)
}

/// See wrt_helper.h.
///
/// # Safety
/// As there.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn wrt_atomic_wait64(
    memory: *const Memory,
    waits: *mut Waits,
    index: u64,
    offset: u64,
    expected: u64,
    timeout_ns: i64,
    result: *mut u32,
) -> u32 {
    // SAFETY: by the header.
    answer(unsafe { wait(memory, waits, (index, offset), true, expected, timeout_ns) }, result)
}

/// See wrt_helper.h.
///
/// # Safety
/// As there.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn wrt_atomic_notify(
    memory: *const Memory,
    waits: *mut Waits,
    index: u64,
    offset: u64,
    count: u32,
    woken: *mut u32,
) -> u32 {
    // SAFETY: by the header.
    let memory = unsafe { seen(memory) }.ok_or(Trap::MemoryOutOfBounds);
    let answered = memory.and_then(|memory| {
        let place = place(memory, index, offset, 2)?;
        // SAFETY: NULL or a table, by the header.
        let waits = unsafe { waits.as_ref() }.filter(|_| memory.is_shared());
        Ok(waits.map_or(0, |waits| notify_at(waits, place, count)))
    });
    answer(answered, woken)
}
