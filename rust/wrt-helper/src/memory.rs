// SPDX-License-Identifier: MIT
//! Memories: wrt_helper.h, "memories".

use crate::system::{self, SystemRegion};
use crate::{EINVAL, ENOMEM, ENOTSUP, OK, code_of, status};
use core::cell::UnsafeCell;
use core::ffi::{c_int, c_void};
use core::mem::MaybeUninit;
use core::ptr::NonNull;
use core::sync::atomic::{AtomicPtr, AtomicU8, AtomicU32, AtomicUsize, Ordering::*};
use wrt_foundation::Trap;
use wrt_platform::WASM_PAGE_SIZE;

/// `WRT_MEMORY_64`.
pub(crate) const WIDE: u32 = 1;
/// `WRT_MEMORY_SHARED`.
pub(crate) const SHARED: u32 = 2;
/// `WRT_NO_MAXIMUM`.
pub(crate) const NO_MAXIMUM: u64 = u64::MAX;
/// `WRT_GROW_FAILED`.
pub(crate) const FAILED: u64 = u64::MAX;
/// Alignment of the first byte.
const ALIGNMENT: usize = 16;

/// `wrt_memory_type_t`.
#[derive(Clone, Copy)]
#[repr(C)]
pub struct Type {
    pub(crate) min_pages: u64,
    pub(crate) max_pages: u64,
    pub(crate) page_log2: u32,
    pub(crate) flags: u32,
}

/// `wrt_memory_t`.
#[repr(C)]
pub struct Memory {
    pub(crate) base: AtomicPtr<u8>,
    pub(crate) bytes: AtomicUsize,
    pub(crate) room: usize,
    pub(crate) max_pages: u64,
    pub(crate) page_log2: u32,
    pub(crate) flags: u32,
    /// 1: `source` is a `SystemRegion`.
    pub(crate) from_system: u32,
    pub(crate) reserved: u32,
    pub(crate) source: UnsafeCell<MaybeUninit<[u64; 16]>>,
}

const _: () = assert!(size_of::<SystemRegion>() <= size_of::<[u64; 16]>() && align_of::<SystemRegion>() <= align_of::<u64>());

/// A first byte of no bytes.
fn nowhere() -> *mut u8 {
    core::ptr::without_provenance_mut(ALIGNMENT)
}

/// Bytes of `pages` pages, if a memory of this type can have so many: the limits of WRT's interpreter.
fn bytes_of(pages: u64, page_log2: u32, flags: u32) -> Option<usize> {
    let most = if page_log2 == 16 && flags & WIDE == 0 { 1 << 16 } else { u64::from(u32::MAX) };
    let bytes = usize::try_from(pages).ok()?.checked_mul(1usize.checked_shl(page_log2)?)?;
    (pages <= most && isize::try_from(bytes).is_ok()).then_some(bytes)
}

impl Memory {
    pub(crate) fn is_shared(&self) -> bool {
        self.flags & SHARED != 0
    }
    pub(crate) fn len(&self) -> usize {
        self.bytes.load(Acquire)
    }
    /// Where `n` bytes from `address` on are.
    pub(crate) fn range(&self, address: u64, n: u64) -> Result<(*mut u8, usize), Trap> {
        const OUT: Trap = Trap::MemoryOutOfBounds;
        let (at, n) = (usize::try_from(address).map_err(|_| OUT)?, usize::try_from(n).map_err(|_| OUT)?);
        if at.checked_add(n).is_none_or(|end| end > self.len()) {
            return Err(OUT);
        }
        Ok((self.base.load(Relaxed).wrapping_add(at), n))
    }
    /// The owner of its pages.
    ///
    /// # Safety
    /// `from_system` is 1, and no other reference to it lives: one thread at a time uses the memory, or it is being deleted.
    #[allow(clippy::mut_from_ref)] // that is what the promise is about
    unsafe fn region(&self) -> &mut SystemRegion {
        // SAFETY: wrt_memory_new() has written one when it set `from_system`; the rest is the caller's promise.
        unsafe { &mut *self.source.get().cast::<SystemRegion>() }
    }

    fn grow(&self, delta: u64) -> Option<u64> {
        let larger = |old: usize| {
            let pages = (old as u64).checked_shr(self.page_log2)?.checked_add(delta)?;
            bytes_of(pages, self.page_log2, self.flags).filter(|n| pages <= self.max_pages && *n <= self.room)
        };
        let before = |old: usize| (old as u64).checked_shr(self.page_log2);
        if self.is_shared() {
            #[cfg(target_has_atomic = "ptr")]
            return self.bytes.fetch_update(AcqRel, Acquire, larger).ok().and_then(before);
            #[cfg(not(target_has_atomic = "ptr"))]
            return None;
        }
        let old = self.bytes.load(Relaxed);
        let new = larger(old)?;
        if self.from_system == 1 {
            // SAFETY: it is not shared, so by the header this thread alone uses it.
            let region = unsafe { self.region() };
            let have = region.pages();
            region.grow(pages_of(new)?.checked_sub(have)?).ok()?;
            self.base.store(region.as_mut_slice().as_mut_ptr(), Relaxed);
        } else {
            // SAFETY: `new` is at most `room`, the caller's buffer; it is not shared, so nobody else is there.
            unsafe { self.base.load(Relaxed).add(old).write_bytes(0, new.saturating_sub(old)) };
        }
        self.bytes.store(new, Release);
        before(old)
    }
}

/// Pages of the system that hold `bytes`.
fn pages_of(bytes: usize) -> Option<u32> {
    u32::try_from(bytes.div_ceil(WASM_PAGE_SIZE)).ok()
}

/// Type, checked: bytes at first and at most.
fn sizes(ty: &Type) -> Option<(usize, usize)> {
    let Type { min_pages, max_pages, page_log2, flags } = *ty;
    if !matches!(page_log2, 0 | 16) || flags & !(WIDE | SHARED) != 0 || max_pages < min_pages {
        return None;
    }
    if max_pages == NO_MAXIMUM {
        let first = bytes_of(min_pages, page_log2, flags)?;
        return (flags & SHARED == 0).then_some((first, usize::MAX));
    }
    // A maximum may be more than there are addresses for; 32-bit memories of the standard's pages have 65,536 at most.
    if page_log2 == 16 && flags & WIDE == 0 && max_pages > 1 << 16 {
        return None;
    }
    Some((bytes_of(min_pages, page_log2, flags)?, bytes_of(max_pages, page_log2, flags).unwrap_or(usize::MAX)))
}

/// A pointer's object, if it is one.
fn sound<T>(pointer: *const T) -> bool {
    !pointer.is_null() && pointer.is_aligned()
}

/// See wrt_helper.h.
///
/// # Safety
/// As there.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn wrt_memory_new(memory: *mut Memory, ty: *const Type, buffer: *mut c_void, limit: usize) -> c_int {
    if !sound(memory) || !sound(ty) {
        return EINVAL;
    }
    // SAFETY: not NULL and aligned; the caller's by the header.
    let ty = unsafe { ty.read() };
    let Some((first, most)) = sizes(&ty) else { return EINVAL };
    let shared = ty.flags & SHARED != 0;
    if shared && cfg!(not(target_has_atomic = "ptr")) {
        return ENOTSUP;
    }
    let room = most.min(limit).min(isize::MAX as usize);
    if first > room {
        return ENOMEM;
    }
    let mut made = Memory {
        base: AtomicPtr::new(nowhere()),
        bytes: AtomicUsize::new(first),
        room,
        max_pages: ty.max_pages,
        page_log2: ty.page_log2,
        flags: ty.flags,
        from_system: 0,
        reserved: 0,
        source: UnsafeCell::new(MaybeUninit::zeroed()),
    };
    let buffer = buffer.cast::<u8>();
    if let Some(start) = NonNull::new(buffer) {
        if start.addr().get() % ALIGNMENT != 0 {
            return EINVAL;
        }
        // SAFETY: at most `limit`, the size of the caller's buffer. Growth of a shared one clears nothing.
        unsafe { buffer.write_bytes(0, if shared { room } else { first }) };
        made.base = AtomicPtr::new(buffer);
    } else if room > 0 {
        let Some(first_pages) = pages_of(if shared { room } else { first }) else { return ENOMEM };
        // Whole pages only, so that growth to `room` is inside of what is reserved.
        let Some(most_pages) = pages_of(room) else { return ENOMEM };
        let mut region = match system::region(first_pages, most_pages) {
            Ok(region) => region,
            Err(e) => return code_of(&e),
        };
        if first_pages > 0 {
            made.base = AtomicPtr::new(region.as_mut_slice().as_mut_ptr());
        }
        made.from_system = 1;
        // SAFETY: large enough and aligned, by the assertion above; it is moved there and nowhere else.
        unsafe { made.source.get().cast::<SystemRegion>().write(region) };
    }
    // SAFETY: not NULL and aligned; the caller's by the header.
    unsafe { memory.write(made) };
    OK
}

/// See wrt_helper.h.
///
/// # Safety
/// As there.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn wrt_memory_delete(memory: *mut Memory) {
    if !sound(memory) {
        return;
    }
    // SAFETY: a memory that nobody else uses any more, by the header.
    let m = unsafe { &mut *memory };
    if core::mem::replace(&mut m.from_system, 0) == 1 {
        // SAFETY: wrt_memory_new() wrote one there, and `from_system` has just been cleared: it is dropped once.
        unsafe { m.source.get().cast::<SystemRegion>().drop_in_place() };
    }
    (m.base, m.bytes, m.room) = (AtomicPtr::new(nowhere()), AtomicUsize::new(0), 0);
}

/// A memory; `None`: NULL.
///
/// # Safety
/// `memory` is NULL, or was made by `wrt_memory_new`.
pub(crate) unsafe fn seen<'a>(memory: *const Memory) -> Option<&'a Memory> {
    // SAFETY: the caller's promise; what changes in it is atomic or in a cell.
    unsafe { memory.as_ref() }
}

/// See wrt_helper.h.
///
/// # Safety
/// As there.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn wrt_memory_bytes(memory: *const Memory) -> usize {
    // SAFETY: by the header.
    unsafe { seen(memory) }.map_or(0, Memory::len)
}

/// See wrt_helper.h.
///
/// # Safety
/// As there.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn wrt_memory_pages(memory: *const Memory) -> u64 {
    // SAFETY: by the header.
    unsafe { seen(memory) }.map_or(0, |m| (m.len() as u64).checked_shr(m.page_log2).unwrap_or(0))
}

/// See wrt_helper.h.
///
/// # Safety
/// As there.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn wrt_memory_grow(memory: *mut Memory, delta: u64) -> u64 {
    // SAFETY: by the header.
    unsafe { seen(memory) }.and_then(|m| m.grow(delta)).unwrap_or(FAILED)
}

/// See wrt_helper.h.
///
/// # Safety
/// As there.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn wrt_memory_copy(to: *const Memory, to_address: u64, from: *const Memory, from_address: u64, n: u64) -> u32 {
    const OUT: Trap = Trap::MemoryOutOfBounds;
    // SAFETY: by the header.
    let (to, from) = unsafe { (seen(to), seen(from)) };
    let copied = to.zip(from).ok_or(OUT).and_then(|(to, from)| {
        let (target, n) = to.range(to_address, n)?;
        let (source, _) = from.range(from_address, n as u64)?;
        // SAFETY: both are `n` bytes inside. What is not shared is used by this thread only.
        unsafe {
            if to.is_shared() || from.is_shared() {
                copy_shared(target, source, n);
            } else {
                target.copy_from(source, n);
            }
        }
        Ok(())
    });
    status(copied)
}

/// See wrt_helper.h.
///
/// # Safety
/// As there.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn wrt_memory_fill(memory: *const Memory, address: u64, value: u32, n: u64) -> u32 {
    // SAFETY: by the header.
    let filled = unsafe { seen(memory) }.ok_or(Trap::MemoryOutOfBounds).and_then(|m| {
        let (target, n) = m.range(address, n)?;
        // SAFETY: `n` bytes inside. What is not shared is used by this thread only.
        unsafe {
            if m.is_shared() {
                fill_shared(target, value as u8, n);
            } else {
                target.write_bytes(value as u8, n);
            }
        }
        Ok(())
    });
    status(filled)
}

/// `core::ptr::copy` where other threads read and write too: as atomics, words where both places allow it.
///
/// # Safety
/// `n` bytes at both places are memory for as long as it takes.
unsafe fn copy_shared(to: *mut u8, from: *const u8, n: usize) {
    let back = from.addr() < to.addr();
    let words = to.addr() % 4 == from.addr() % 4;
    let head = if words { from.align_offset(4).min(n) } else { n };
    let tail = head.saturating_add(n.saturating_sub(head) / 4 * 4);
    // SAFETY: below `n`, which the caller promises. Atomics need no more than that.
    let byte = |i: usize| unsafe {
        let v = AtomicU8::from_ptr(from.cast_mut().add(i)).load(Relaxed);
        AtomicU8::from_ptr(to.add(i)).store(v, Relaxed);
    };
    // SAFETY: as above, and both are multiples of 4 behind `head`.
    let word = |i: usize| unsafe {
        let v = AtomicU32::from_ptr(from.cast_mut().add(i).cast()).load(Relaxed);
        AtomicU32::from_ptr(to.add(i).cast()).store(v, Relaxed);
    };
    if back {
        (tail..n).rev().for_each(byte);
        (head..tail).step_by(4).rev().for_each(word);
        (0..head).rev().for_each(byte);
    } else {
        (0..head).for_each(byte);
        (head..tail).step_by(4).for_each(word);
        (tail..n).for_each(byte);
    }
}

/// `write_bytes` where other threads read and write too.
///
/// # Safety
/// As for `copy_shared`.
unsafe fn fill_shared(to: *mut u8, value: u8, n: usize) {
    let head = to.align_offset(4).min(n);
    let tail = head.saturating_add(n.saturating_sub(head) / 4 * 4);
    for i in (0..head).chain(tail..n) {
        // SAFETY: below `n`, which the caller promises.
        unsafe { AtomicU8::from_ptr(to.add(i)).store(value, Relaxed) };
    }
    for i in (head..tail).step_by(4) {
        // SAFETY: as above, and a multiple of 4.
        unsafe { AtomicU32::from_ptr(to.add(i).cast()).store(u32::from_ne_bytes([value; 4]), Relaxed) };
    }
}
