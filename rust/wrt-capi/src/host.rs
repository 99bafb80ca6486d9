// SPDX-License-Identifier: MIT
//! Host functions: their tables, what they are called with, and how imports find them.

use crate::call::each;
use crate::store::CStore;
use core::ffi::{c_char, c_int, c_void};
use wrt_foundation::{ExternKind, ValType};
use wrt_runtime::image::{Image, Import, Text};
use wrt_runtime::stack::Run;
use wrt_runtime::{Extern, StackId};

/// `WRT_HOST_MAX_VALUES`: parameters or results of a host function, and parameters of a call from C.
pub(crate) const MAX_VALUES: usize = 16;
/// Entries of one table: its instance's number and the entry's make the number that the engine knows.
pub(crate) const MAX_HOSTS: usize = 1 << 16;

/// `wrt_host_fn_t`.
pub(crate) type HostFn = unsafe extern "C" fn(*mut Caller, *mut c_void, *mut u64) -> c_int;

/// `wrt_host_t`.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct Host {
    pub(crate) module: *const c_char,
    pub(crate) name: *const c_char,
    pub(crate) signature: *const c_char,
    pub(crate) call: Option<HostFn>,
    pub(crate) user: *mut c_void,
}

/// What is known of an instance besides what the engine knows.
pub(crate) struct Record {
    hosts: *const Host,
    count: usize,
    /// Its memory 0, or null after the guest has run. Kept, so that pointers into it which C holds stay good together.
    pub(crate) view: *mut u8,
    pub(crate) view_bytes: usize,
}

impl Default for Record {
    fn default() -> Record {
        Record::new(core::ptr::null(), 0)
    }
}

impl Record {
    /// `hosts` has `count` entries, at most [`MAX_HOSTS`], for as long as the store lives.
    pub(crate) fn new(hosts: *const Host, count: usize) -> Record {
        Record { hosts, count, view: core::ptr::null_mut(), view_bytes: 0 }
    }
    /// Entry `i`.
    pub(crate) fn host(&self, i: usize) -> Option<Host> {
        // SAFETY: within the table, which by wrt.h lives as long as the store.
        (i < self.count).then(|| unsafe { self.hosts.add(i).read() })
    }
}

/// `wrt_caller_t`: one host function at work. Lives on the driver's stack.
pub struct Caller {
    pub(crate) store: *mut CStore,
    pub(crate) instance: u32,
    pub(crate) stack: StackId,
    /// Host functions at work below this one.
    pub(crate) depth: u32,
    /// The stack as the guest left it.
    pub(crate) kept: Run,
    /// The function that it has called, while that is paused.
    pub(crate) paused: Option<u32>,
    pub(crate) outer: *mut Caller,
}

/// See wrt.h.
///
/// # Safety
/// As there: NULL, or what a host function was called with.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn wrt_caller_store(caller: *const Caller) -> *mut CStore {
    if caller.is_null() {
        return core::ptr::null_mut();
    }
    // SAFETY: by wrt.h.
    unsafe { (*caller).store }
}

/// See wrt.h.
///
/// # Safety
/// As there: NULL, or what a host function was called with.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn wrt_caller_instance(caller: *const Caller) -> u32 {
    if caller.is_null() {
        return 0;
    }
    // SAFETY: by wrt.h.
    unsafe { (*caller).instance }
}

/// What is left of a C string; NULL is an empty one.
struct Characters(*const c_char);

impl Characters {
    /// # Safety
    /// `text` is NULL, or ends with 0 and lives as long as this.
    unsafe fn new(text: *const c_char) -> Characters {
        Characters(if text.is_null() { c"".as_ptr() } else { text })
    }
    /// The next byte; 0 at the end, again and again.
    fn next(&mut self) -> u8 {
        // SAFETY: the text's end has not been passed.
        let byte = unsafe { self.0.read() } as u8;
        if byte != 0 {
            // SAFETY: after a byte that is not the last comes another one.
            self.0 = unsafe { self.0.add(1) };
        }
        byte
    }
}

/// Whether a text of an image is a C string.
///
/// # Safety
/// `c` is NULL, for an empty one, or ends with 0.
#[inline(never)]
pub(crate) unsafe fn is(text: Text<'_>, c: *const c_char) -> bool {
    // SAFETY: the caller's promise.
    let mut c = unsafe { Characters::new(c) };
    text.bytes().all(|byte| byte != 0 && c.next() == byte) && c.next() == 0
}

/// Whether `signature` is "(params)results" of these types.
///
/// # Safety
/// As [`is`].
unsafe fn signature_is(signature: *const c_char, params: &[u32], results: &[u32]) -> bool {
    // SAFETY: the caller's promise.
    let mut signature = unsafe { Characters::new(signature) };
    for (before, types) in [(b'(', params), (b')', results)] {
        if signature.next() != before || each(types).count() > MAX_VALUES {
            return false;
        }
        for ty in types {
            let letter = match ValType::from_bits(*ty) {
                ValType::I32 => b'i',
                ValType::I64 => b'I',
                ValType::F32 => b'f',
                ValType::F64 => b'F',
                ValType::EXTERNREF => b'x',
                ValType::FUNCREF => b'r',
                ValType::V128 if cfg!(feature = "simd") => b'v',
                _ => return false,
            };
            if signature.next() != letter {
                return false;
            }
        }
    }
    signature.next() == 0
}

/// What the table of instance number `instance` offers for an import of `image`: the first entry of that name and type.
/// Where there are only entries of another type, a number that no import matches.
pub(crate) fn resolve<'i>(record: &Record, instance: u32, image: Image<'i>, import: Import<'_>) -> Option<Extern<'i>> {
    if import.kind != ExternKind::Func {
        return None;
    }
    let want = image.func_type(import.index)?;
    // SAFETY: strings of a host table, by wrt.h.
    let named = |text: Text<'_>, c: *const c_char| unsafe { is(text, c) };
    let mut offer = None;
    for i in 0..record.count {
        let Some(host) = record.host(i) else { break };
        if host.call.is_none() || !named(import.module, host.module) || !named(import.name, host.name) {
            continue;
        }
        // SAFETY: as above.
        if unsafe { signature_is(host.signature, want.params, want.results) } {
            let index = instance << 16 | i as u32;
            return Some(Extern::Host { index, params: val_types(want.params), results: val_types(want.results) });
        }
        offer = Some(Extern::Host { index: u32::MAX, params: &[], results: &[] });
    }
    offer
}

/// The words of an image's type as the types they are.
fn val_types(words: &[u32]) -> &[ValType] {
    // SAFETY: a `ValType` is transparent over the word, and every word is one.
    unsafe { core::slice::from_raw_parts(words.as_ptr().cast(), words.len()) }
}
