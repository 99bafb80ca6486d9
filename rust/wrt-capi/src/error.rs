// SPDX-License-Identifier: MIT
//! Return codes, and what went wrong last in a store.

use crate::call::inner_place;
use crate::store::{CStore, seen, sound_array};
use core::ffi::{c_char, c_int};
use wrt_foundation::{Feature, Trap};
#[cfg(not(feature = "loader"))]
use wrt_runtime::image::FEATURES;
use wrt_runtime::image::ImageError;
use wrt_runtime::link::Pool;
#[cfg(feature = "loader")]
use wrt_runtime::translate;
use wrt_runtime::{CallError, InstanceId, LinkError, StackId};

pub(crate) const OK: c_int = 0;
pub(crate) const EPAUSED: c_int = 1;
pub(crate) const EINTERRUPTED: c_int = 2;
pub(crate) const ESUSPENDED: c_int = 3;
#[cfg(any(test, feature = "threads"))]
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
    /// Notes an error and its sentence; gives the code.
    #[inline(never)]
    pub(crate) fn note_error(&mut self, error: LastError, text: Text) -> c_int {
        let code = error.code;
        self.error = LastError { message: text.get(), ..error };
        self.noted = true;
        code
    }
    /// Notes a number and a sentence.
    pub(crate) fn note(&mut self, code: c_int, at: u32, text: Text) -> c_int {
        self.note_error(LastError { at, ..LastError::plain(code) }, text)
    }
    /// Notes a trap.
    pub(crate) fn note_trap(&mut self, error: LastError) -> c_int {
        let text = Text::trap(error.trap);
        self.note_error(error, text)
    }
    /// Notes why there is no call.
    pub(crate) fn note_call(&mut self, e: CallError) -> c_int {
        match e {
            CallError::Trap(trap) => self.note_trap(LastError::of(trap)),
            _ => EINVAL,
        }
    }
    /// Notes what is wrong with an image.
    pub(crate) fn note_image(&mut self, e: ImageError) -> c_int {
        self.note(if e.is_unsupported() { ENOTSUP } else { EIMAGE }, 0, Text::image(e))
    }
    /// Notes why there is no instance.
    pub(crate) fn note_link(&mut self, e: LinkError) -> c_int {
        let (code, at, text) = match e {
            LinkError::Image(e) => return self.note_image(e),
            LinkError::UnknownImport(i) => (ENOENT, i, Text::note(Note::UnknownImport)),
            LinkError::IncompatibleImport(i) => (ETYPE, i, Text::note(Note::IncompatibleImport)),
            LinkError::NoRoom { what, bytes } => (ENOMEM, bytes, Text::pool(what)),
        };
        self.note(code, at, text)
    }
}

/// Writes down that there is only a code, unless more has been noted; gives the code.
///
/// # Safety
/// `store` is a store, and no reference to it is alive.
pub(crate) unsafe fn record(store: *mut CStore, code: c_int) -> c_int {
    // SAFETY: the caller's promise.
    let s = unsafe { &mut *store };
    if !core::mem::take(&mut s.noted) {
        s.error = LastError { message: Text::code(code).get(), ..LastError::plain(code) };
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

/// A sentence, by its number in [`TEXTS`].
#[derive(Clone, Copy)]
pub(crate) struct Text(u16);

/// Return codes that this build can give, with their sentences.
const CODES: &[(c_int, &str)] = &[
    (OK, "done"),
    (EPAUSED, "paused: the fuel is used up"),
    (EINTERRUPTED, "paused: interrupted"),
    (ESUSPENDED, "paused: a host function is not ready"),
    #[cfg(feature = "threads")]
    (EWAITING, "paused: the guest asks something of other threads"),
    (ETRAP, "the guest trapped"),
    (EINVAL, "an argument is NULL, misaligned or out of range"),
    (EINVAL_HANDLE, "a handle is stale or not of this store"),
    (ENOMEM, "too little memory was given"),
    (ENOENT, "no such export, or no host function for an import"),
    (ETYPE, "values or an import have another type"),
    #[cfg(feature = "loader")]
    (EMALFORMED, "not a WebAssembly module"),
    #[cfg(feature = "loader")]
    (EINVALID, "the WebAssembly module is invalid"),
    (EIMAGE, "an image that is damaged or of another version"),
    (ENOTSUP, "this build does not offer it"),
    (EBUSY, "in use, or called from where it must not be"),
];

/// Traps that this build can have, from number 1 on.
const TRAPS: usize = if cfg!(feature = "threads") {
    Trap::NotShared as usize
} else if cfg!(any(feature = "gc", feature = "exceptions", feature = "function-references")) {
    Trap::HeapExhausted as usize
} else {
    Trap::Exit as usize
};

macro_rules! notes {
    ($($(#[$only:meta])? $name:ident $text:literal)*) => {
        /// What is noted beside a code.
        #[derive(Clone, Copy)]
        #[repr(u16)]
        pub(crate) enum Note { $($(#[$only])? $name,)* }
        const NOTES: &[&str] = &[$($(#[$only])? $text,)*];
    };
}

notes! {
    UnknownImport "unknown import"
    IncompatibleImport "incompatible import type"
    NumberOfValues "wrong number of values"
    ValueType "value of another type"
    NumberOfResults "wrong number of results"
    StackSlots "stack slots"
    NotAligned "image not aligned to 4 bytes"
    #[cfg(feature = "loader")] DoesNotFit "the image does not fit"
    #[cfg(feature = "threads")] NoParker "no thread can wait here: the port has no parker left"
    #[cfg(feature = "threads")] CannotPark "no thread can wait here: the port cannot, or not now"
    #[cfg(feature = "threads")] NotOfTheStore "no thread can wait: the memory is not the store's"
    #[cfg(feature = "threads")] ThreadSlots "thread slots of the shared memory"
}

/// All sentences of this build, in groups.
const GROUPS: [&[&str]; 6] = [
    &{
        let (mut texts, mut n) = (["an unknown code"; CODES.len() + 1], 0);
        while n < CODES.len() {
            texts[n] = CODES[n].1;
            n += 1;
        }
        texts
    },
    &{
        let (mut texts, mut n) = (["an unknown trap"; TRAPS + 2], 0);
        texts[0] = "no trap";
        while n < TRAPS {
            texts[Trap::ALL[n] as usize] = match Trap::ALL[n] {
                Trap::InvalidConversion if !cfg!(feature = "float") => "",
                trap => trap.message(),
            };
            n += 1;
        }
        texts
    },
    NOTES,
    &{
        let (mut texts, mut n) = ([""; Pool::ALL.len()], 0);
        while n < Pool::ALL.len() {
            texts[Pool::ALL[n] as usize] = Pool::ALL[n].name();
            n += 1;
        }
        texts
    },
    FAULTS,
    &{
        let (mut texts, mut n) = ([""; ImageError::OTHERS.len()], 0);
        while n < texts.len() {
            texts[n] = match ImageError::OTHERS[n] {
                ImageError::Endian if cfg!(target_endian = "little") => "",
                ImageError::Window if !cfg!(feature = "small-window") => "",
                e => e.message(),
            };
            n += 1;
        }
        texts
    },
];

/// Why a module is refused; at the end what a build may lack, in the order of [`Feature`].
#[cfg(feature = "loader")]
const FAULTS: &[&str] = &{
    let (mut texts, mut n) = ([""; translate::Fault::ALL.len()], 0);
    while n < translate::Fault::ALL.len() {
        texts[n] = translate::Fault::ALL[n].message();
        n += 1;
    }
    texts
};
/// What an image may need.
#[cfg(not(feature = "loader"))]
const FAULTS: &[&str] = &{
    let (mut texts, mut n) = ([""; Feature::ALL.len()], 0);
    while n < Feature::ALL.len() {
        let feature = Feature::ALL[n];
        if FEATURES & feature.bit() == 0 {
            texts[feature as usize] = feature.needs();
        }
        n += 1;
    }
    texts
};

/// The sentences one after the other, each with its NUL: a table of pointers would take four bytes of flash more for each.
static TEXTS: [u8; {
    let (mut bytes, mut g) = (0, 0);
    while g < GROUPS.len() {
        let mut n = 0;
        while n < GROUPS[g].len() {
            (bytes, n) = (bytes + GROUPS[g][n].len() + 1, n + 1);
        }
        g += 1;
    }
    bytes
}] = {
    let (mut all, mut at, mut g) = ([0; _], 0, 0);
    while g < GROUPS.len() {
        let mut n = 0;
        while n < GROUPS[g].len() {
            let (text, mut i) = (GROUPS[g][n].as_bytes(), 0);
            while i < text.len() {
                all[at] = text[i];
                (at, i) = (at + 1, i + 1);
            }
            (at, n) = (at + 1, n + 1);
        }
        g += 1;
    }
    all
};

/// The first sentence of a group.
const fn group(g: usize) -> u16 {
    if g == 0 { 0 } else { group(g - 1) + GROUPS[g - 1].len() as u16 }
}

impl Text {
    /// That of a code.
    pub(crate) fn code(code: c_int) -> Text {
        static NUMBERS: [i8; CODES.len()] = {
            let (mut codes, mut n) = ([0; _], 0);
            while n < CODES.len() {
                codes[n] = CODES[n].0 as i8;
                assert!(codes[n] as c_int == CODES[n].0);
                n += 1;
            }
            codes
        };
        Text(NUMBERS.iter().position(|c| c_int::from(*c) == code).unwrap_or(CODES.len()) as u16)
    }
    /// That of a trap.
    fn trap(trap: u32) -> Text {
        Text(const { group(1) } + trap.min(TRAPS as u32 + 1) as u16)
    }
    pub(crate) fn note(note: Note) -> Text {
        Text(const { group(2) } + note as u16)
    }
    fn pool(pool: Pool) -> Text {
        Text(const { group(3) } + pool as u16)
    }
    /// That of a module which is refused.
    #[cfg(feature = "loader")]
    pub(crate) fn fault(fault: translate::Fault) -> Text {
        Text(const { group(4) } + fault as u16)
    }
    fn image(e: ImageError) -> Text {
        const OTHERS: u16 = group(5);
        Text(match e {
            ImageError::Needs(feature) => OTHERS - Feature::ALL.len() as u16 + feature as u16,
            ImageError::Endian => OTHERS,
            ImageError::Magic => OTHERS + 1,
            ImageError::Version => OTHERS + 2,
            ImageError::Window => OTHERS + 3,
            ImageError::Truncated => OTHERS + 4,
            ImageError::Section => OTHERS + 5,
            ImageError::Sizes => OTHERS + 6,
            ImageError::Check => OTHERS + 7,
        })
    }
    /// For C.
    #[inline(never)]
    pub(crate) fn get(self) -> *const c_char {
        let (mut start, mut left) = (0, self.0);
        for (i, byte) in TEXTS.iter().enumerate() {
            if left == 0 {
                break;
            }
            if *byte == 0 {
                (start, left) = (i + 1, left - 1);
            }
        }
        // SAFETY: within the sentences: a number is that of one of them.
        unsafe { TEXTS.as_ptr().add(start).cast() }
    }
}

/// See wrt.h.
#[unsafe(no_mangle)]
pub extern "C" fn wrt_strerror(code: c_int) -> *const c_char {
    Text::code(code).get()
}

/// See wrt.h.
#[unsafe(no_mangle)]
pub extern "C" fn wrt_trap_message(trap: u32) -> *const c_char {
    Text::trap(trap).get()
}
