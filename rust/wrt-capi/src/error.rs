// SPDX-License-Identifier: MIT
//! Return codes, and what went wrong last in a store.

use crate::call::inner_place;
use crate::store::{CStore, seen, sound_array};
use core::ffi::{c_char, c_int};
use wrt_foundation::Trap;
use wrt_runtime::image::ImageError;
use wrt_runtime::{CallError, InstanceId, LinkError, StackId};

pub(crate) const OK: c_int = 0;
pub(crate) const EPAUSED: c_int = 1;
pub(crate) const EINTERRUPTED: c_int = 2;
pub(crate) const ESUSPENDED: c_int = 3;
pub(crate) const EWAITING: c_int = 4;
pub(crate) const ETRAP: c_int = -1;
pub(crate) const EINVAL: c_int = -22;
pub(crate) const EINVAL_HANDLE: c_int = -9;
pub(crate) const ENOMEM: c_int = -12;
pub(crate) const ENOENT: c_int = -2;
pub(crate) const ETYPE: c_int = -71;
pub(crate) const EMALFORMED: c_int = -8;
pub(crate) const EINVALID: c_int = -74;
pub(crate) const EIMAGE: c_int = -84;
pub(crate) const ENOTSUP: c_int = -95;
pub(crate) const EBUSY: c_int = -16;

/// `wrt_error_t`.
#[repr(C)]
pub struct LastError {
    pub(crate) code: i32,
    pub(crate) host_code: i32,
    pub(crate) trap: u32,
    pub(crate) func: u32,
    pub(crate) offset: u32,
    pub(crate) at: u32,
    pub(crate) message: *const c_char,
}

/// Bytes for a message that is not in flash the way C wants it: 63 characters.
pub(crate) const TEXT: usize = 64;

impl LastError {
    /// A code, and nothing else to say. The message comes when it is recorded.
    pub(crate) const fn plain(code: c_int) -> LastError {
        LastError { code, host_code: 0, trap: 0, func: u32::MAX, offset: 0, at: 0, message: core::ptr::null() }
    }
    /// A trap; nowhere yet.
    pub(crate) fn of(trap: Trap) -> LastError {
        LastError { trap: trap as u32, ..LastError::plain(ETRAP) }
    }
}

/// The code for a kind of error.
#[cfg(feature = "loader")]
pub(crate) fn code_of(kind: wrt_foundation::ErrorKind) -> c_int {
    use wrt_foundation::ErrorKind;
    match kind {
        ErrorKind::Malformed => EMALFORMED,
        ErrorKind::Invalid => EINVALID,
        ErrorKind::Memory => ENOMEM,
        ErrorKind::Unsupported => ENOTSUP,
        _ => EINVAL,
    }
}

/// A function that fails gives its code; what else there is to say it notes in the store first.
impl CStore {
    /// Notes an error and a sentence, "" for that of the code or trap; gives the code.
    #[inline(never)]
    pub(crate) fn note_error(&mut self, error: LastError, text: &str) -> c_int {
        let room = self.text.iter_mut().take(TEXT - 1);
        let mut n = 0;
        for (to, from) in room.zip(text.bytes()) {
            to.write(from);
            n += 1;
        }
        if let Some(end) = self.text.get_mut(n) {
            end.write(0);
        }
        let code = error.code;
        self.error = error;
        code
    }
    /// Notes a number and a sentence.
    pub(crate) fn note(&mut self, code: c_int, at: u32, text: &str) -> c_int {
        self.note_error(LastError { at, ..LastError::plain(code) }, text)
    }
    /// Notes why there is no call.
    pub(crate) fn note_call(&mut self, e: CallError) -> c_int {
        match e {
            CallError::Trap(trap) => self.note_error(LastError::of(trap), ""),
            _ => EINVAL,
        }
    }
    /// Notes what is wrong with an image.
    pub(crate) fn note_image(&mut self, e: ImageError) -> c_int {
        self.note(if e.is_unsupported() { ENOTSUP } else { EIMAGE }, 0, e.message())
    }
    /// Notes why there is no instance.
    pub(crate) fn note_link(&mut self, e: LinkError) -> c_int {
        match e {
            LinkError::Image(e) => self.note_image(e),
            LinkError::UnknownImport(i) => self.note(ENOENT, i, "unknown import"),
            LinkError::IncompatibleImport(i) => self.note(ETYPE, i, "incompatible import type"),
            LinkError::NoRoom { what, bytes } => self.note(ENOMEM, bytes, what.name()),
        }
    }
}

/// Completes what was noted of a failure, or writes down that there is only its code; gives the code.
///
/// # Safety
/// `store` is a store, and no reference to it is alive.
pub(crate) unsafe fn record(store: *mut CStore, code: c_int) -> c_int {
    // SAFETY: the caller's promise. The message is reached through `store` itself, not through a reference that ends.
    unsafe {
        if !(*store).error.message.is_null() {
            (*store).error = LastError::plain(code);
            (&raw mut (*store).text).cast::<u8>().write(0);
        }
        let text = (&raw const (*store).text).cast::<c_char>();
        (*store).error.message = match (text.read(), (*store).error.trap) {
            (0, 0) => wrt_strerror(code),
            (0, trap) => wrt_trap_message(trap),
            _ => text,
        };
    }
    code
}

/// See wrt.h.
///
/// # Safety
/// As there: NULL, or a store.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn wrt_last_error(store: *const CStore) -> *const LastError {
    if store.is_null() {
        return core::ptr::null();
    }
    // SAFETY: a store, by wrt.h.
    unsafe { &raw const (*store).error }
}

/// `wrt_frame_t`.
#[repr(C)]
pub struct CFrame {
    pub(crate) instance: u32,
    pub(crate) func: u32,
    pub(crate) offset: u32,
    pub(crate) from_host: u32,
}

/// See wrt.h.
///
/// # Safety
/// As there.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn wrt_backtrace(store: *const CStore, frames: *mut CFrame, capacity: usize) -> usize {
    // SAFETY: NULL or a store that nobody else uses during the call.
    let Some(s) = (unsafe { seen(store) }) else { return 0 };
    if !sound_array(frames, capacity) {
        return 0;
    }
    let stack = inner_place(s).map_or(StackId(s.last.into()), |place| place.stack);
    let mut trace = s.store.backtrace(stack);
    for i in 0..capacity {
        let Some(f) = trace.next() else { return i };
        let (instance, func) = (s.instance_handle(f.instance.0), f.func.unwrap_or(u32::MAX));
        let frame = CFrame { instance, func, offset: f.offset, from_host: f.from_host.into() };
        // SAFETY: sound for `capacity` of them.
        unsafe { frames.add(i).write(frame) };
    }
    capacity.saturating_add(trace.left())
}

/// See wrt.h.
///
/// # Safety
/// As there.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn wrt_func_name(store: *const CStore, instance: u32, func: u32, to: *mut c_char, bytes: usize) -> usize {
    if !sound_array(to, bytes) {
        return 0;
    }
    // SAFETY: NULL or a store that nobody else uses during the call.
    let name = unsafe { seen(store) }.and_then(|s| s.store.image(InstanceId(s.instance(instance).ok()?))?.func_name(func));
    let room = bytes.saturating_sub(1);
    let mut n = 0;
    for byte in name.into_iter().flat_map(|name| name.bytes()).take(room) {
        // SAFETY: sound for `bytes` characters, and this is not the last of them.
        unsafe { to.add(n).write(byte as c_char) };
        n += 1;
    }
    if bytes > 0 {
        // SAFETY: as above.
        unsafe { to.add(n).write(0) };
    }
    name.map_or(0, |name| name.len())
}

/// Texts, each with its NUL. A table of pointers would take four bytes of flash more for each.
struct Texts<const BYTES: usize>([u8; BYTES]);

impl<const BYTES: usize> Texts<BYTES> {
    const fn new(texts: &[&str]) -> Texts<BYTES> {
        let (mut all, mut at, mut n) = ([0; BYTES], 0, 0);
        while n < texts.len() {
            let mut i = 0;
            while i < texts[n].len() {
                all[at] = texts[n].as_bytes()[i];
                (at, i) = (at + 1, i + 1);
            }
            (at, n) = (at + 1, n + 1);
        }
        assert!(at == BYTES);
        Texts(all)
    }
    /// Text `n`, or the last.
    fn nth(&'static self, n: usize) -> *const c_char {
        nth(&self.0, n)
    }
}

#[inline(never)]
fn nth(texts: &'static [u8], mut n: usize) -> *const c_char {
    let mut start = 0;
    for (i, byte) in texts.iter().enumerate() {
        if n == 0 {
            break;
        }
        if *byte == 0 && i + 1 < texts.len() {
            (start, n) = (i + 1, n - 1);
        }
    }
    // SAFETY: within the texts.
    unsafe { texts.as_ptr().add(start).cast() }
}

/// Their bytes.
const fn bytes_of(texts: &[&str]) -> usize {
    let (mut bytes, mut n) = (0, 0);
    while n < texts.len() {
        (bytes, n) = (bytes + texts[n].len() + 1, n + 1);
    }
    bytes
}

/// See wrt.h.
#[unsafe(no_mangle)]
pub extern "C" fn wrt_strerror(code: c_int) -> *const c_char {
    const ALL: [(c_int, &str); 16] = [
        (OK, "done"),
        (EPAUSED, "paused: the fuel is used up"),
        (EINTERRUPTED, "paused: interrupted"),
        (ESUSPENDED, "paused: a host function is not ready"),
        (EWAITING, "paused: the guest asks something of other threads"),
        (ETRAP, "the guest trapped"),
        (EINVAL, "an argument is NULL, misaligned or out of range"),
        (EINVAL_HANDLE, "a handle is stale or not of this store"),
        (ENOMEM, "too little memory was given"),
        (ENOENT, "no export of that name, or an import has no host function"),
        (ETYPE, "arguments, results or an import have another type"),
        (EMALFORMED, "not a WebAssembly module"),
        (EINVALID, "the WebAssembly module is invalid"),
        (EIMAGE, "a damaged, truncated, misaligned or foreign-version image"),
        (ENOTSUP, "this build does not offer it"),
        (EBUSY, "the stack is in use, or a host function called what it must not"),
    ];
    const SPLIT: ([i8; 16], [&str; 17]) = {
        let (mut codes, mut texts, mut n) = ([0; 16], ["an unknown code"; 17], 0);
        while n < 16 {
            (codes[n], texts[n]) = (ALL[n].0 as i8, ALL[n].1);
            assert!(codes[n] as c_int == ALL[n].0);
            n += 1;
        }
        (codes, texts)
    };
    static CODES: [i8; 16] = SPLIT.0;
    static TEXTS: Texts<{ bytes_of(&SPLIT.1) }> = Texts::new(&SPLIT.1);
    TEXTS.nth(CODES.iter().position(|c| c_int::from(*c) == code).unwrap_or(CODES.len()))
}

/// See wrt.h.
#[unsafe(no_mangle)]
pub extern "C" fn wrt_trap_message(trap: u32) -> *const c_char {
    const ALL: &[&str] = &{
        let mut texts = ["an unknown trap"; TRAPS + 2];
        texts[0] = "no trap";
        let mut n = 0;
        while n < TRAPS {
            texts[Trap::ALL[n] as usize] = Trap::ALL[n].message();
            n += 1;
        }
        texts
    };
    static TEXTS: Texts<{ bytes_of(ALL) }> = Texts::new(ALL);
    TEXTS.nth(trap as usize)
}

/// Those that this build can have, from number 1 on.
const TRAPS: usize = if cfg!(feature = "threads") {
    Trap::NotShared as usize
} else if cfg!(any(feature = "gc", feature = "exceptions", feature = "function-references")) {
    Trap::HeapExhausted as usize
} else {
    Trap::Exit as usize
};
