// SPDX-License-Identifier: MIT
//! Threads in a library without the feature `threads`: nothing but the answer that there are none.

use crate::error::ENOTSUP;
use core::ffi::{c_int, c_void};
use core::sync::atomic::{AtomicU32, AtomicUsize};

/// `wrt_interrupt_t`.
#[repr(C)]
pub struct Interrupt {
    pub(crate) word: AtomicU32,
    pub(crate) waiting: AtomicUsize,
}

/// See wrt.h.
#[unsafe(no_mangle)]
pub extern "C" fn wrt_shared_size(_config: *const c_void) -> usize {
    0
}

/// See wrt.h.
#[unsafe(no_mangle)]
pub extern "C" fn wrt_shared_init(
    _buffer: *mut c_void,
    _bytes: usize,
    _config: *const c_void,
    _waiting: *const c_void,
    _out: *mut *mut c_void,
) -> c_int {
    ENOTSUP
}

/// See wrt.h.
#[unsafe(no_mangle)]
pub extern "C" fn wrt_share(_store: *mut c_void, _share: *mut c_void) -> c_int {
    ENOTSUP
}

/// See wrt.h.
#[unsafe(no_mangle)]
pub extern "C" fn wrt_unshare(_store: *mut c_void) -> c_int {
    ENOTSUP
}

/// See wrt.h.
#[unsafe(no_mangle)]
pub extern "C" fn wrt_shared_read(_shared: *const c_void, _address: u32, _to: *mut c_void, _bytes: usize) -> c_int {
    ENOTSUP
}

/// See wrt.h.
#[unsafe(no_mangle)]
pub extern "C" fn wrt_shared_write(_shared: *const c_void, _address: u32, _from: *const c_void, _bytes: usize) -> c_int {
    ENOTSUP
}

/// See wrt.h.
#[unsafe(no_mangle)]
pub extern "C" fn wrt_shared_notify(_shared: *mut c_void, _address: u32, _count: u32) -> u32 {
    0
}

/// See wrt.h.
#[unsafe(no_mangle)]
pub extern "C" fn wrt_shared_waiting(_shared: *mut c_void, _address: u32) -> u32 {
    0
}

/// See wrt.h.
#[unsafe(no_mangle)]
pub extern "C" fn wrt_wait_get(_store: *mut c_void, _out: *mut c_void) -> c_int {
    ENOTSUP
}

/// See wrt.h.
#[unsafe(no_mangle)]
pub extern "C" fn wrt_wait_answer(_store: *mut c_void, _answer: u32) -> c_int {
    ENOTSUP
}
