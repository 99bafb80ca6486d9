// SPDX-License-Identifier: MIT
//! The guest's memory as C sees it: checked copies, and a plain address.
//!
//! Bytes are reached through one pointer per memory that is derived when the guest has stopped and serves until it runs
//! again. So an address from [`wrt_mem_base`] stays good while C reads and writes by other calls, through other instances that
//! import the memory too.

use crate::error::{EINVAL, OK};
use crate::store::{CStore, attempt};
use core::ffi::{c_int, c_void};
use core::ptr::null_mut;
use wrt_foundation::ExternKind;
use wrt_runtime::{Extern, InstanceId};

/// Memory 0 of an instance, if threads share it.
#[cfg(feature = "threads")]
fn shared(s: &CStore, handle: u32) -> Result<Option<&'static wrt_runtime::shared::SharedMem<'static>>, c_int> {
    match s.store.item(InstanceId(s.instance(handle)?), ExternKind::Memory, 0) {
        Some(Extern::Memory(slot)) => Ok(crate::threads::memory_of(s, slot)),
        _ => Ok(None),
    }
}

/// First byte and length of memory 0 of an instance; `None` without one.
fn view(s: &mut CStore, handle: u32) -> Result<Option<(*mut u8, usize)>, c_int> {
    let i = s.instance(handle)?;
    let record = s.records.get(i as usize).ok_or(EINVAL)?;
    if !record.view.is_null() {
        return Ok(Some((record.view, record.view_bytes)));
    }
    let memory_of = |s: &CStore, i: u32| match s.store.item(InstanceId(i), ExternKind::Memory, 0) {
        Some(Extern::Memory(slot)) => Some(slot),
        _ => None,
    };
    let Some(slot) = memory_of(s, i) else { return Ok(None) };
    // Without `linking` no memory is another instance's.
    let others = if cfg!(feature = "linking") { s.instances } else { 0 };
    let known = s.records.iter().zip(0..others).find(|(r, j)| !r.view.is_null() && memory_of(s, *j) == Some(slot));
    let view = match known {
        Some((r, _)) => (r.view, r.view_bytes),
        None => {
            let Some(mut memory) = s.store.memory(slot) else { return Ok(None) };
            let Some(bytes) = memory.as_mut_slice() else { return Ok(None) };
            (bytes.as_mut_ptr(), bytes.len())
        }
    };
    let record = s.records.get_mut(i as usize).ok_or(EINVAL)?;
    (record.view, record.view_bytes) = view;
    Ok(Some(view))
}

/// Where bytes [address, address + n) are.
fn range(s: &mut CStore, instance: u32, address: u32, n: usize) -> Result<*mut u8, c_int> {
    let (first, len) = view(s, instance)?.ok_or(EINVAL)?;
    let at = address as usize;
    // SAFETY: `at` is inside the memory or at its end.
    if at <= len && n <= len.wrapping_sub(at) { Ok(unsafe { first.add(at) }) } else { Err(EINVAL) }
}

/// Copies bytes that may overlap, which they hardly ever do: without `memmove`, that is 1.5 KB on Cortex-M.
///
/// # Safety
/// `from` can be read and `to` be written for `n` bytes.
#[inline(never)]
unsafe fn copy(from: *const u8, to: *mut u8, n: usize) {
    if from.addr().abs_diff(to.addr()) >= n {
        // SAFETY: the caller's promise, and they are apart.
        return unsafe { to.copy_from_nonoverlapping(from, n) };
    }
    for i in 0..n {
        let at = if to.addr() < from.addr() { i } else { n.wrapping_sub(i).wrapping_sub(1) };
        // SAFETY: the caller's promise. Volatile, or the compiler makes a `memmove` of it.
        unsafe { to.add(at).write_volatile(from.add(at).read()) };
    }
}

/// See wrt.h.
///
/// # Safety
/// As there.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn wrt_mem_read(store: *mut CStore, instance: u32, address: u32, to: *mut c_void, bytes: usize) -> c_int {
    let read = |store: *mut CStore| {
        #[cfg(feature = "threads")]
        // SAFETY: a store that nobody else uses during the call; by wrt.h the caller's bytes.
        if let Some(memory) = shared(unsafe { &*store }, instance)? {
            // SAFETY: as above.
            return if unsafe { crate::threads::read(memory, address, to, bytes) } == OK { Ok(OK) } else { Err(EINVAL) };
        }
        // SAFETY: a store that nobody else uses during the call.
        let from = range(unsafe { &mut *store }, instance, address, bytes)?;
        if bytes != 0 && to.is_null() {
            return Err(EINVAL);
        }
        if bytes != 0 {
            // SAFETY: inside the memory; the caller's bytes by wrt.h. They may overlap.
            unsafe { copy(from, to.cast(), bytes) };
        }
        Ok(OK)
    };
    // SAFETY: by wrt.h; no reference is left.
    unsafe { attempt(store, read) }
}

/// See wrt.h.
///
/// # Safety
/// As there.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn wrt_mem_write(store: *mut CStore, instance: u32, address: u32, from: *const c_void, bytes: usize) -> c_int {
    let write = |store: *mut CStore| {
        #[cfg(feature = "threads")]
        // SAFETY: a store that nobody else uses during the call; by wrt.h the caller's bytes.
        if let Some(memory) = shared(unsafe { &*store }, instance)? {
            // SAFETY: as above.
            return if unsafe { crate::threads::write(memory, address, from, bytes) } == OK { Ok(OK) } else { Err(EINVAL) };
        }
        // SAFETY: a store that nobody else uses during the call.
        let to = range(unsafe { &mut *store }, instance, address, bytes)?;
        if bytes != 0 && from.is_null() {
            return Err(EINVAL);
        }
        if bytes != 0 {
            // SAFETY: inside the memory; the caller's bytes by wrt.h. They may overlap.
            unsafe { copy(from.cast(), to, bytes) };
        }
        Ok(OK)
    };
    // SAFETY: by wrt.h; no reference is left.
    unsafe { attempt(store, write) }
}

/// See wrt.h.
///
/// # Safety
/// As there.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn wrt_mem_size(store: *mut CStore, instance: u32) -> usize {
    let mut size = 0;
    let measure = |store: *mut CStore| {
        #[cfg(feature = "threads")]
        // SAFETY: a store that nobody else uses during the call.
        if let Some(memory) = shared(unsafe { &*store }, instance)? {
            size = memory.len();
            return Ok(OK);
        }
        // SAFETY: a store that nobody else uses during the call.
        size = view(unsafe { &mut *store }, instance)?.map_or(0, |(_, bytes)| bytes);
        Ok(OK)
    };
    // SAFETY: by wrt.h; no reference is left.
    unsafe { attempt(store, measure) };
    size
}

/// See wrt.h.
///
/// # Safety
/// As there.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn wrt_mem_base(store: *mut CStore, instance: u32, address: u32, bytes: usize) -> *mut c_void {
    let mut base = null_mut();
    let find = |store: *mut CStore| {
        // SAFETY: a store that nobody else uses during the call.
        base = range(unsafe { &mut *store }, instance, address, bytes)?.cast();
        Ok(OK)
    };
    // SAFETY: by wrt.h; no reference is left.
    unsafe { attempt(store, find) };
    base
}
