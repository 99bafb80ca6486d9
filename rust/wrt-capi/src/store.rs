// SPDX-License-Identifier: MIT
//! The store of C: what stands at the start of the caller's buffer, its size, its making, and its handles.
//!
//! **Handles** are `generation << 21 | function << 20 | index`. The generation is 1..=2047; a store made where one stood
//! before has the next one, any other begins with one made of its address. So the handles of the 2046 stores before it in
//! the same buffer are refused, if nothing else has used the buffer's first 8 bytes in between; those of a store elsewhere
//! are refused unless the two generations happen to meet.

use crate::carver::{ALIGN, Layout};
use crate::error::{EINVAL, EINVAL_HANDLE, ENOMEM, LastError, OK, record, wrt_strerror};
use crate::host::{Caller, Record};
use crate::threads::Interrupt;
#[cfg(feature = "threads")]
use crate::threads::Share;
use core::ffi::{c_int, c_void};
use wrt_foundation::Shared;
use wrt_runtime::stack::{Frame, WINDOW};
use wrt_runtime::store::{Instance, MemSlot, Table, TypeSource};
use wrt_runtime::{Stack, Store};

/// `wrt_config_t`.
#[repr(C)]
#[derive(Clone, Copy, Default)]
pub struct Config {
    pub(crate) instances: u16,
    pub(crate) memories: u16,
    pub(crate) tables: u16,
    pub(crate) types: u16,
    pub(crate) stacks: u16,
    pub(crate) frames: u16,
    pub(crate) cells: u32,
    pub(crate) words: u32,
    pub(crate) memory_bytes: u32,
    pub(crate) heap_bytes: u32,
}

/// `wrt_store_t`.
#[repr(C)]
pub struct CStore {
    /// [`MAGIC`].
    magic: u32,
    generation: u32,
    pub(crate) store: Store<'static>,
    /// The newest host function at work, or null.
    pub(crate) caller: *mut Caller,
    pub(crate) fuel: i64,
    pub(crate) error: LastError,
    /// Host functions and memory of each instance.
    pub(crate) records: &'static mut [Record],
    /// Function of each stack's call.
    pub(crate) calls: &'static mut [u32],
    /// What the host function returned that failed last.
    pub(crate) host_code: c_int,
    /// Calls that are paused: on the stacks below this number.
    pub(crate) open: u32,
    /// Instances made.
    pub(crate) instances: u32,
    /// Memory slots that are not taken.
    pub(crate) memories_left: u16,
    /// The stack of the last call from outside.
    pub(crate) last: u16,
    /// The error has been noted while the failure is on its way to C.
    pub(crate) noted: bool,
    /// What stops it, or null.
    #[cfg(feature = "threads")]
    pub(crate) interrupt: *const Interrupt,
    /// Memories that it shares with others, newest first.
    #[cfg(feature = "threads")]
    pub(crate) shares: *mut Share,
}

const MAGIC: u32 = u32::from_le_bytes(*b"WRTs");
const GENERATIONS: u32 = (1 << 11) - 1;
const INDEX_BITS: u32 = 20;
/// Set in the handle of a function.
const FUNC: u32 = 1 << INDEX_BITS;
/// The bits of a handle that are an index.
pub(crate) const INDEX: u32 = FUNC - 1;

/// The number that wrt.h defines for this pointer width: its first definition is for 64 bits, its second for 32.
pub(crate) const fn header(define: &str) -> usize {
    header_nth(define, if size_of::<usize>() == 8 { 0 } else { 1 })
}

/// The number of a definition in wrt.h, after `skip` others.
const fn header_nth(define: &str, mut skip: u32) -> usize {
    let (text, define) = (include_bytes!("../include/wrt.h"), define.as_bytes());
    let mut at = 0;
    loop {
        let mut n = 0;
        while n < define.len() && text[at + n] == define[n] {
            n += 1;
        }
        if n == define.len() {
            if skip == 0 {
                break;
            }
            skip -= 1;
        }
        at += 1;
    }
    at += define.len();
    let mut value = 0;
    while text[at].is_ascii_digit() {
        value = value * 10 + (text[at] - b'0') as usize;
        at += 1;
    }
    value
}

const _: () = {
    // Two definitions for each pointer width: for a library without objects, and with them.
    let objects = cfg!(feature = "function-references") as u32;
    let nth = if size_of::<usize>() == 8 { objects } else { 2 + objects };
    assert!(size_of::<CStore>() <= header_nth("#define WRT_SIZE_STORE ", nth));
    let instance = size_of::<Instance<'_>>() - wrt_runtime::store::THREADED_BYTES; // of a workspace's other crates
    assert!(instance + size_of::<Record>() <= header("#define WRT_SIZE_INSTANCE "));
    assert!(size_of::<MemSlot<'_>>() <= header("#define WRT_SIZE_MEMORY "));
    assert!(size_of::<Table<'_>>() <= header("#define WRT_SIZE_TABLE "));
    assert!(size_of::<TypeSource>() <= header_nth("#define WRT_SIZE_TYPE ", nth));
    assert!(size_of::<Stack<'_>>() + size_of::<u32>() <= header("#define WRT_SIZE_STACK "));
    assert!(
        size_of::<Frame>() == 12 && WINDOW == header_nth("#define WRT_WINDOW_CELLS ", if cfg!(feature = "small-window") { 0 } else { 1 })
    );
    assert!(align_of::<CStore>() <= ALIGN);
};

impl CStore {
    fn handle(&self, kind: u32, index: u32) -> Option<u32> {
        (index < FUNC).then_some(self.generation << (INDEX_BITS + 1) | kind | index)
    }
    fn index(&self, kind: u32, handle: u32) -> Result<u32, c_int> {
        let index = handle & INDEX;
        if self.handle(kind, index) == Some(handle) { Ok(index) } else { Err(EINVAL_HANDLE) }
    }
    /// Handle of an instance; a configuration has fewer than there are numbers.
    pub(crate) fn instance_handle(&self, index: u32) -> u32 {
        self.handle(0, index).unwrap_or(0)
    }
    /// Handle of a function of the store; `None` for numbers from 2^20 on.
    pub(crate) fn func_handle(&self, number: u32) -> Option<u32> {
        self.handle(FUNC, number)
    }
    /// The instance of a handle.
    pub(crate) fn instance(&self, handle: u32) -> Result<u32, c_int> {
        self.index(0, handle).and_then(|i| if i < self.instances { Ok(i) } else { Err(EINVAL_HANDLE) })
    }
    /// The function of a handle; the engine says whether there is one of that number.
    pub(crate) fn func(&self, handle: u32) -> Result<u32, c_int> {
        self.index(FUNC, handle)
    }
}

/// Whether `p` is aligned and not null.
pub(crate) fn sound<T>(p: *const T) -> bool {
    !p.is_null() && p.is_aligned()
}

/// Whether `n` elements from `p` on can be accessed; no elements need no pointer.
pub(crate) fn sound_array<T>(p: *const T, n: usize) -> bool {
    n == 0 || (sound(p) && n.checked_mul(size_of::<T>()).is_some_and(|bytes| bytes <= isize::MAX as usize))
}

/// Does something with a store and records what fails.
///
/// # Safety
/// `store` is NULL or what wrt.h asks for, and `work` leaves no reference to it behind.
pub(crate) unsafe fn attempt(store: *mut CStore, work: impl FnOnce(*mut CStore) -> Result<c_int, c_int>) -> c_int {
    // SAFETY: it is aligned and not null, and by wrt.h a store.
    if !sound(store) || unsafe { (*store).magic } != MAGIC {
        return EINVAL;
    }
    match work(store) {
        Ok(code) => code,
        // SAFETY: a store; `work` is over and its references with it.
        Err(code) => unsafe { record(store, code) },
    }
}

/// A store to look at, without a word about what fails.
///
/// # Safety
/// `store` is NULL or what wrt.h asks for, and nobody changes it for `'a`.
pub(crate) unsafe fn seen<'a>(store: *const CStore) -> Option<&'a CStore> {
    // SAFETY: aligned and not null, and by wrt.h a store.
    unsafe { if sound(store) && (*store).magic == MAGIC { Some(&*store) } else { None } }
}

/// See wrt.h.
#[unsafe(no_mangle)]
pub extern "C" fn wrt_version() -> u32 {
    const VERSION: u32 = header_nth("#define WRT_API_VERSION ", 0) as u32;
    VERSION
}

/// See wrt.h.
///
/// # Safety
/// As there: NULL, or a configuration.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn wrt_store_size(config: *const Config) -> usize {
    if !sound(config) {
        return 0;
    }
    // SAFETY: aligned, not null, by wrt.h a configuration.
    let bytes = Layout::of(unsafe { &*config }).bytes;
    if bytes == usize::MAX { 0 } else { bytes }
}

/// See wrt.h.
///
/// # Safety
/// As there.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn wrt_store_init(
    buffer: *mut c_void,
    bytes: usize,
    config: *const Config,
    interrupt: *mut Interrupt,
    out: *mut *mut CStore,
    need: *mut usize,
) -> c_int {
    if !sound(config) {
        return EINVAL;
    }
    // SAFETY: aligned, not null, by wrt.h a configuration.
    let config = unsafe { *config };
    let layout = Layout::of(&config);
    if sound(need) {
        // SAFETY: aligned, not null, by wrt.h a `size_t` of the caller's.
        unsafe { need.write(layout.bytes) };
    }
    let store = buffer.cast::<CStore>();
    if !sound(out) || !sound(buffer.cast::<u64>()) || !sound(store) || !interrupt.is_aligned() {
        return EINVAL;
    }
    if layout.bytes > bytes.min(isize::MAX as usize) {
        return ENOMEM;
    }

    // SAFETY: the buffer is aligned, has room for the layout, and by wrt.h its bytes have been written before and are
    // used by nobody else. Its first words are read before anything is written.
    unsafe {
        let generation = match (*store).magic {
            MAGIC => (*store).generation,
            _ => ((buffer.addr() >> 3) as u32).wrapping_mul(0x9e37_79b9) >> INDEX_BITS,
        };
        let parts = layout.make(buffer.cast());
        let mut engine = Store::new(parts.store);
        if let Some(word) = interrupt.as_ref::<'static>() {
            engine.set_interrupt(Shared::Ref(core::slice::from_ref(&word.word)));
        }
        store.write(CStore {
            magic: MAGIC,
            generation: generation % GENERATIONS + 1,
            store: engine,
            fuel: i64::MAX,
            error: LastError { message: wrt_strerror(OK), ..LastError::plain(OK) },
            records: parts.records,
            calls: parts.calls,
            caller: core::ptr::null_mut(),
            host_code: 0,
            open: 0,
            instances: 0,
            memories_left: config.memories,
            last: 0,
            noted: false,
            #[cfg(feature = "threads")]
            interrupt,
            #[cfg(feature = "threads")]
            shares: core::ptr::null_mut(),
        });
        out.write(store);
    }
    OK
}
