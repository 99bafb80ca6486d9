// SPDX-License-Identifier: MIT
//! Return codes, and what went wrong last in a store.

use crate::store::CStore;
use core::ffi::{c_char, c_int};
use wrt_foundation::{Error, ErrorKind, Trap};
use wrt_runtime::LinkError;

pub(crate) const OK: c_int = 0;
pub(crate) const EPAUSED: c_int = 1;
pub(crate) const EINTERRUPTED: c_int = 2;
pub(crate) const ESUSPENDED: c_int = 3;
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

/// Why a function of the header fails.
pub(crate) struct Failure {
    code: c_int,
    host_code: i32,
    trap: u32,
    func: u32,
    offset: u32,
    at: u32,
    /// Another sentence than the code's or the trap's, or "".
    text: &'static str,
}

impl From<c_int> for Failure {
    fn from(code: c_int) -> Failure {
        Failure { code, host_code: 0, trap: 0, func: u32::MAX, offset: 0, at: 0, text: "" }
    }
}

impl From<Error> for Failure {
    fn from(e: Error) -> Failure {
        let code = match e.kind() {
            ErrorKind::Malformed => EMALFORMED,
            ErrorKind::Invalid => EINVALID,
            ErrorKind::Unlinkable => ENOENT,
            ErrorKind::Trap(trap) => return Failure::trap(trap),
            ErrorKind::Memory => ENOMEM,
            ErrorKind::Image => EIMAGE,
            ErrorKind::Unsupported => ENOTSUP,
            _ => EINVAL,
        };
        Failure { at: e.at(), text: e.message(), ..Failure::from(code) }
    }
}

impl From<LinkError> for Failure {
    fn from(e: LinkError) -> Failure {
        let incompatible = matches!(e, LinkError::IncompatibleImport(_));
        let failure = Failure::from(Error::from(e));
        if incompatible { Failure { code: ETYPE, ..failure } } else { failure }
    }
}

impl Failure {
    pub(crate) fn new(code: c_int, at: u32, text: &'static str) -> Failure {
        Failure { at, text, ..Failure::from(code) }
    }
    /// A trap; nowhere yet.
    pub(crate) fn trap(trap: Trap) -> Failure {
        Failure { trap: trap as u32, ..Failure::from(ETRAP) }
    }
    /// What the host function returned.
    pub(crate) fn by_host(self, host_code: c_int) -> Failure {
        Failure { host_code, ..self }
    }
    /// Function of its module, and words from its first one.
    pub(crate) fn in_func(self, func: Option<u32>, offset: u32) -> Failure {
        Failure { func: func.unwrap_or(u32::MAX), offset, ..self }
    }

    pub(crate) fn code(&self) -> c_int {
        self.code
    }
    /// Offset of the fault in the .wasm; 0 when it is another failure.
    pub(crate) fn fault_at(&self) -> u32 {
        if matches!(self.code, EMALFORMED | EINVALID | ENOTSUP) { self.at } else { 0 }
    }

    /// Writes it down in the store and gives the code.
    ///
    /// # Safety
    /// `store` is a store, and no reference to it is alive.
    pub(crate) unsafe fn record(self, store: *mut CStore) -> c_int {
        let Failure { code, host_code, trap, func, offset, at, text } = self;
        // SAFETY: the caller's promise. The message is reached through `store` itself, not through a reference that ends;
        // its length is cut to the room.
        unsafe {
            let message = match (text, trap) {
                ("", 0) => wrt_strerror(code),
                ("", trap) => wrt_trap_message(trap),
                _ => {
                    let kept = (&raw mut (*store).text).cast::<u8>();
                    let n = text.len().min(TEXT - 1);
                    kept.copy_from_nonoverlapping(text.as_ptr(), n);
                    kept.add(n).write(0);
                    kept.cast_const().cast()
                }
            };
            (*store).error = LastError { code, host_code, trap, func, offset, at, message };
        }
        code
    }
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

/// See wrt.h.
#[unsafe(no_mangle)]
pub extern "C" fn wrt_strerror(code: c_int) -> *const c_char {
    let text = match code {
        OK => c"done",
        EPAUSED => c"paused: the fuel is used up",
        EINTERRUPTED => c"paused: interrupted",
        ESUSPENDED => c"paused: a host function is not ready",
        ETRAP => c"the guest trapped",
        EINVAL => c"an argument is NULL, misaligned or out of range",
        EINVAL_HANDLE => c"a handle is stale or not of this store",
        ENOMEM => c"too little memory was given",
        ENOENT => c"no export of that name, or an import has no host function",
        ETYPE => c"arguments, results or an import have another type",
        EMALFORMED => c"not a WebAssembly module",
        EINVALID => c"the WebAssembly module is invalid",
        EIMAGE => c"a damaged, truncated, misaligned or foreign-version image",
        ENOTSUP => c"this build does not offer it",
        EBUSY => c"the stack is in use, or a host function called what it must not",
        _ => c"an unknown code",
    };
    text.as_ptr()
}

const fn terminated<const N: usize>(text: &str) -> [c_char; N] {
    let mut c = [0; N];
    let mut i = 0;
    while i < text.len() {
        c[i] = text.as_bytes()[i] as c_char;
        i += 1;
    }
    c
}

/// See wrt.h.
#[unsafe(no_mangle)]
pub extern "C" fn wrt_trap_message(trap: u32) -> *const c_char {
    macro_rules! message {
        ($($name:ident)*) => {$(
            if trap == Trap::$name as u32 {
                const TEXT: &str = Trap::$name.message();
                static C: [c_char; TEXT.len() + 1] = terminated(TEXT);
                return C.as_ptr();
            }
        )*};
    }
    message! {
        Unreachable MemoryOutOfBounds TableOutOfBounds UndefinedElement UninitializedElement IndirectCallTypeMismatch DivideByZero
        IntegerOverflow InvalidConversion StackExhausted BadImage Host CannotSuspend HostNesting Exit
    }
    if trap == 0 { c"no trap" } else { c"an unknown trap" }.as_ptr()
}
