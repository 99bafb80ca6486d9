// SPDX-License-Identifier: MIT
//! Threads: memories that stores share, waiting and waking.
//!
//! What several threads reach at once is a [`CShared`] in the caller's buffer: its header, the entries of its wait table, its
//! words. All of it is atomics, or is only changed by who has an entry, so shared references to it are alive in all
//! threads. A store belongs to the thread that runs it; its [`Share`]s are the caller's memory too.

use crate::call::Place;
use crate::error::{EINVAL, ENOMEM, ENOTSUP, EWAITING, Note, OK, Text};
use crate::store::{CStore, attempt, sound};
use core::cell::UnsafeCell;
use core::ffi::{c_char, c_int, c_void};
use core::ptr::null_mut;
use core::sync::atomic::{AtomicU32, AtomicUsize, Ordering::SeqCst, fence};
use wrt_foundation::{Error, ErrorKind, ExternKind, Trap, WrtResult};
use wrt_platform::{Key, Parked, Parking, Stop, WaitOutcome, WaitTable, Waiter};
use wrt_runtime::image::{Import, Limit, MemoryType};
use wrt_runtime::shared::{SharedMem, SharedRef};
use wrt_runtime::{Exit, Extern, StackId};

/// `wrt_interrupt_t`.
#[repr(C)]
pub struct Interrupt {
    pub(crate) word: AtomicU32,
    /// The handle of the parker that the store's thread waits in, or 0.
    pub(crate) waiting: AtomicUsize,
}

/// `wrt_port_parker_t`: its first word is the handle that `wrt_port_interrupt()` takes.
#[repr(transparent)]
pub struct Parker(UnsafeCell<[usize; 29]>);

// SAFETY: Rust reads the handle only, in the thread that has readied the parker; else its address goes to the port.
unsafe impl Sync for Parker {}

impl Default for Parker {
    fn default() -> Parker {
        Parker(UnsafeCell::new([0; 29]))
    }
}

/// `wrt_waiting_t`.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct Waiting {
    pub(crate) now_ns: Option<unsafe extern "C" fn() -> u64>,
    pub(crate) lock: Option<unsafe extern "C" fn()>,
    pub(crate) unlock: Option<unsafe extern "C" fn()>,
    pub(crate) init: Option<unsafe extern "C" fn(*mut Parker) -> c_int>,
    pub(crate) park: Option<unsafe extern "C" fn(*mut Parker, u64) -> c_int>,
    pub(crate) unpark: Option<unsafe extern "C" fn(*mut Parker)>,
    pub(crate) done: Option<unsafe extern "C" fn(*mut Parker)>,
}

impl Waiting {
    fn is_whole(&self) -> bool {
        let Waiting { now_ns, lock, unlock, init, park, unpark, done } = self;
        let parkers = init.is_some() && park.is_some() && unpark.is_some() && done.is_some();
        parkers && now_ns.is_some() && lock.is_some() && unlock.is_some()
    }
}

/// `WRT_PORT_OK` and `WRT_PORT_ENOMEM`.
const PORT_OK: c_int = 0;
const PORT_ENOMEM: c_int = -12;

/// A port as the wait table wants it. All functions are there: see `wrt_shared_init`.
struct Port(*const Waiting);

// SAFETY: the table of functions is constant, by wrt.h.
unsafe impl Sync for Port {}

impl Port {
    fn table(&self) -> &Waiting {
        // SAFETY: by wrt.h it lives as long as the shared memory; without one no thread waits here (`CShared::waits`).
        unsafe { &*self.0 }
    }
}

impl Parking for Port {
    type Parker = Parker;
    fn locked<R>(&self, work: impl FnOnce() -> R) -> R {
        let Waiting { lock, unlock, .. } = self.table();
        // SAFETY: functions of port.h, called as it says.
        unsafe { lock.map(|f| f()) };
        let result = work();
        // SAFETY: as above.
        unsafe { unlock.map(|f| f()) };
        result
    }
    fn now_ns(&self) -> u64 {
        // SAFETY: a function of port.h.
        self.table().now_ns.map_or(0, |f| unsafe { f() })
    }
    fn init(&self, parker: &Parker) -> WrtResult<()> {
        // SAFETY: a function of port.h; nobody else uses the parker.
        match self.table().init.map_or(ENOTSUP, |f| unsafe { f(parker as *const Parker as *mut Parker) }) {
            PORT_OK => Ok(()),
            PORT_ENOMEM => Err(Error::new(ErrorKind::Memory, "")),
            _ => Err(Error::new(ErrorKind::Unsupported, "")),
        }
    }
    fn park(&self, parker: &Parker, deadline_ns: u64) -> Parked {
        // SAFETY: a function of port.h; by the thread that has readied the parker.
        let ended = self.table().park.map_or(PORT_OK, |f| unsafe { f(parker as *const Parker as *mut Parker, deadline_ns) });
        if ended == PORT_OK { Parked::Unparked } else { Parked::TimedOut }
    }
    fn unpark(&self, parker: &Parker) {
        // SAFETY: a function of port.h; with the lock, on a parker in the table.
        unsafe { self.table().unpark.map(|f| f(parker as *const Parker as *mut Parker)) };
    }
    fn done(&self, parker: &Parker) {
        // SAFETY: a function of port.h; by the thread that has readied the parker, which is in no table.
        unsafe { self.table().done.map(|f| f(parker as *const Parker as *mut Parker)) };
    }
}

/// The wait of a store's thread can be stopped by its interrupt.
impl Stop<Parker> for Interrupt {
    fn asked(&self) -> bool {
        self.word.load(SeqCst) != 0
    }
    fn waits(&self, entry: Option<(u32, &Parker)>) {
        // SAFETY: by the thread that has readied the parker, which wrote the handle.
        let handle = entry.map_or(0, |(_, parker)| unsafe { parker.0.get().cast::<usize>().read() });
        self.waiting.store(handle, SeqCst);
        fence(SeqCst); // `wrt_interrupt()` sets the word, has such a fence, and then reads the handle
    }
}

/// For stores without an interrupt.
static NO_INTERRUPT: Interrupt = Interrupt { word: AtomicU32::new(0), waiting: AtomicUsize::new(0) };

/// `wrt_shared_config_t`.
#[repr(C)]
#[derive(Clone, Copy, Default)]
pub struct SharedConfig {
    pub(crate) pages: u32,
    pub(crate) max_pages: u32,
    pub(crate) memory_bytes: u32,
    pub(crate) threads: u16,
    pub(crate) page_log2: u8,
    pub(crate) zero: u8,
}

/// `wrt_shared_t`.
#[repr(C)]
pub struct CShared {
    /// [`MAGIC`].
    magic: u32,
    /// Stores that have it.
    stores: AtomicU32,
    /// As many there can be.
    threads: u32,
    waits: bool,
    memory: SharedMem<'static>,
    table: WaitTable<'static, Port>,
}

const MAGIC: u32 = u32::from_le_bytes(*b"WRTm");
const ALIGN: usize = 8;

const _: () = {
    assert!(size_of::<CShared>() <= crate::store::header("#define WRT_SIZE_SHARED "));
    assert!(size_of::<Waiter<Parker>>() <= crate::store::header("#define WRT_SIZE_WAITER "));
    assert!(align_of::<CShared>() <= ALIGN && align_of::<Waiter<Parker>>() <= ALIGN);
};

/// Where the parts of a shared memory stand: entries, words, the end; and how many words.
struct Layout {
    entries: usize,
    words: usize,
    count: usize,
    bytes: usize,
}

impl SharedConfig {
    fn ty(&self) -> MemoryType {
        let (min, max) = (Limit::from(self.pages), Some(Limit::from(self.max_pages)));
        MemoryType { is64: false, shared: true, page_log2: self.page_log2, min, max }
    }
    /// `None`: nonsense, or more than there can be.
    fn layout(&self) -> Option<Layout> {
        let sound = self.pages <= self.max_pages && matches!(self.page_log2, 0 | 16) && self.zero == 0 && self.threads > 0;
        let bytes = |pages: u32| usize::try_from(u64::from(pages) << u32::from(self.page_log2 & 31)).ok();
        let (first, most) = (bytes(self.pages)?, bytes(self.max_pages).unwrap_or(usize::MAX));
        let memory = if self.memory_bytes == 0 { most } else { most.min(self.memory_bytes as usize) };
        if !sound || memory < first {
            return None;
        }
        let entries = size_of::<CShared>().next_multiple_of(ALIGN);
        let words = entries.checked_add(usize::from(self.threads).checked_mul(size_of::<Waiter<Parker>>())?)?;
        let count = memory.div_ceil(4);
        let bytes = words.checked_add(count.checked_mul(4)?)?;
        (bytes <= isize::MAX as usize).then_some(Layout { entries, words, count, bytes })
    }
}

/// `wrt_wait_t`.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct Wait {
    pub(crate) kind: u32,
    pub(crate) count: u32,
    pub(crate) shared: *mut CShared,
    pub(crate) address: u64,
    pub(crate) expected: u64,
    pub(crate) timeout_ns: i64,
}

/// `WRT_WAIT32`, `WRT_WAIT64`, `WRT_NOTIFY`, `WRT_YIELD`.
const WAIT32: u32 = 1;
const WAIT64: u32 = 2;
const NOTIFY: u32 = 3;
const YIELD: u32 = 4;

/// `wrt_share_t`.
#[repr(C)]
pub struct Share {
    pub(crate) shared: *mut CShared,
    pub(crate) module: *const c_char,
    pub(crate) name: *const c_char,
    next: *mut Share,
    slot: u32,
    /// Why a wait could not begin, or 0.
    failed: c_int,
    /// The end of the wait that is or was going on.
    until: u64,
    wait: Wait,
}

/// The shares of a store, newest first.
fn shares(s: &CStore) -> impl Iterator<Item = *mut Share> {
    let mut at = s.shares;
    core::iter::from_fn(move || {
        let this = at;
        if this.is_null() {
            return None;
        }
        // SAFETY: by wrt.h a share lives as long as its store.
        at = unsafe { (*this).next };
        Some(this)
    })
}

/// What the store shares for an import.
pub(crate) fn resolve(mut share: *mut Share, import: &Import<'_>) -> Option<Extern<'static>> {
    while import.kind == ExternKind::Memory && !share.is_null() {
        // SAFETY: by wrt.h a share lives as long as its store, and so do its C strings.
        unsafe {
            let named = |text: wrt_runtime::image::Text<'_>, c: *const c_char| crate::host::is(text, c);
            if named(import.module, (*share).module) && named(import.name, (*share).name) {
                return Some(Extern::Memory((*share).slot));
            }
            share = (*share).next;
        }
    }
    None
}

/// The memory of a slot, if the store shares it.
pub(crate) fn memory_of(s: &CStore, slot: u32) -> Option<&'static SharedMem<'static>> {
    // SAFETY: shares and what they share live as long as the store.
    shares(s).find(|share| unsafe { (**share).slot } == slot).map(|share| unsafe { &(*(*share).shared).memory })
}

/// Serves what the guest asks of other threads; `None`: it can go on. Out of line, so that it costs the C stack nothing
/// while the guest runs.
#[inline(never)]
pub(crate) fn serve(s: &mut CStore, place: Place, exit: Exit) -> Option<Exit> {
    let stack = place.stack;
    let slot = match exit {
        Exit::Wait { memory, .. } | Exit::Notify { memory, .. } => Some(memory),
        _ => None,
    };
    // SAFETY: a share of this store; only its thread uses it.
    let mine = |share: &*mut Share| slot.is_none_or(|slot| unsafe { (**share).slot } == slot);
    let Some(share) = shares(s).find(mine) else { return Some(exit) };
    // SAFETY: as above; what is shared is only ever referred to as shared.
    let shared = unsafe { &*(*share).shared };
    // SAFETY: as above.
    let share = unsafe { &mut *share };
    share.failed = 0;
    if !shared.waits {
        if place.depth > 0 {
            return Some(s.store.abort(stack, Trap::CannotSuspend));
        }
        share.wait = request(share.shared, exit);
        return Some(exit);
    }
    let table = &shared.table;
    // SAFETY: by wrt.h it lives as long as the store.
    let interrupt = unsafe { s.interrupt.as_ref() }.unwrap_or(&NO_INTERRUPT);
    let place_of = |offset: usize| Key { memory: 0, offset: offset as u64 };
    let ended = match exit {
        Exit::Notify { offset, count, .. } => {
            s.store.answer_thread(stack, table.notify(place_of(offset), count));
            return None;
        }
        Exit::Wait { offset, expected, wide, timeout_ns, again, .. } => {
            if !again {
                share.until = table.deadline(timeout_ns);
            }
            table.wait_or_stop(place_of(offset), || shared.memory.holds(offset, wide, expected), share.until, interrupt)
        }
        // Whose holder may have a lower priority: sleep as short as the system can.
        _ => table.wait_or_stop(Key { memory: 1, offset: stack.0.into() }, || true, table.deadline(1), interrupt),
    };
    match (ended, exit) {
        (Ok(None), _) => return Some(Exit::Interrupted),
        (Ok(Some(outcome)), Exit::Wait { .. }) => s.store.answer_thread(stack, WaitOutcome::code(outcome)),
        (Ok(_), _) => {}
        (Err(e), _) => {
            share.failed = if e.kind() == ErrorKind::Memory { ENOMEM } else { ENOTSUP };
            return Some(exit);
        }
    }
    None
}

/// What the caller is asked for.
fn request(shared: *mut CShared, exit: Exit) -> Wait {
    let nothing = Wait { kind: YIELD, count: 0, shared, address: 0, expected: 0, timeout_ns: 0 };
    match exit {
        Exit::Wait { offset, expected, wide, timeout_ns, .. } => {
            let kind = if wide { WAIT64 } else { WAIT32 };
            Wait { kind, address: offset as u64, expected, timeout_ns, ..nothing }
        }
        Exit::Notify { offset, count, .. } => Wait { kind: NOTIFY, count, address: offset as u64, ..nothing },
        _ => nothing,
    }
}

/// What becomes of a call that left with what [`serve`] did not settle: [`EWAITING`], or the failure that ends it.
pub(crate) fn unserved(s: &mut CStore, stack: StackId) -> Result<c_int, c_int> {
    // SAFETY: shares of this store; only its thread uses them.
    let failed = shares(s).find_map(|share| unsafe { ((*share).failed != 0).then_some((*share).failed) });
    // SAFETY: as above.
    let asked = shares(s).any(|share| unsafe { (*share).wait.kind != 0 });
    match failed {
        None if asked => return Ok(EWAITING),
        Some(ENOMEM) => _ = s.note(ENOMEM, 0, Text::note(Note::NoParker)),
        Some(_) => _ = s.note(ENOTSUP, 0, Text::note(Note::CannotPark)),
        None => _ = s.note(ENOTSUP, 0, Text::note(Note::NotOfTheStore)),
    }
    s.store.abort(stack, Trap::Exit);
    forget_request(s);
    Err(if failed == Some(ENOMEM) { ENOMEM } else { ENOTSUP })
}

/// The share whose request the newest paused call waits for.
fn asked(s: &CStore) -> Option<*mut Share> {
    let stack = StackId(s.open.checked_sub(1)?);
    let waits = s.store.stack(stack)?.waits_for_threads();
    // SAFETY: shares of this store; only its thread uses them.
    let share = shares(s).find(|share| unsafe { (**share).wait.kind != 0 })?;
    // SAFETY: as above.
    (waits || unsafe { (*share).wait.kind } == YIELD).then_some(share)
}

/// The call that asked goes on, or is over.
pub(crate) fn forget_request(s: &CStore) {
    for share in shares(s) {
        // SAFETY: shares of this store; only its thread uses them.
        unsafe { ((*share).wait.kind, (*share).failed) = (0, 0) };
    }
}

/// A shared memory to use.
///
/// # Safety
/// `shared` is NULL or what wrt.h asks for.
unsafe fn known<'a>(shared: *const CShared) -> Option<&'a CShared> {
    // SAFETY: aligned and not null, and by wrt.h a shared memory.
    unsafe { if sound(shared) && (*shared).magic == MAGIC { Some(&*shared) } else { None } }
}

/// See wrt.h.
///
/// # Safety
/// As there: NULL, or a configuration.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn wrt_shared_size(config: *const SharedConfig) -> usize {
    if !sound(config) {
        return 0;
    }
    // SAFETY: aligned, not null, by wrt.h a configuration.
    unsafe { &*config }.layout().map_or(0, |layout| layout.bytes)
}

/// See wrt.h.
///
/// # Safety
/// As there.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn wrt_shared_init(
    buffer: *mut c_void,
    bytes: usize,
    config: *const SharedConfig,
    waiting: *const Waiting,
    out: *mut *mut CShared,
) -> c_int {
    let shared = buffer.cast::<CShared>();
    // SAFETY: NULL or by wrt.h a table.
    let whole = waiting.is_null() || (waiting.is_aligned() && unsafe { (*waiting).is_whole() });
    if !sound(config) || !sound(out) || !sound(buffer.cast::<u64>()) || !sound(shared) || !whole {
        return EINVAL;
    }
    // SAFETY: aligned, not null, by wrt.h a configuration.
    let config = unsafe { *config };
    let Some(layout) = config.layout() else { return EINVAL };
    if bytes < layout.bytes {
        return ENOMEM;
    }
    // SAFETY: the buffer is aligned, has room for the layout, has been written before and is used by nobody else.
    unsafe {
        let entries = buffer.byte_add(layout.entries).cast::<Waiter<Parker>>();
        for i in 0..usize::from(config.threads) {
            entries.add(i).write(Waiter::default());
        }
        let entries = core::slice::from_raw_parts(entries.cast_const(), config.threads.into());
        let words = core::slice::from_raw_parts(buffer.byte_add(layout.words).cast::<AtomicU32>().cast_const(), layout.count);
        let Some(memory) = SharedMem::new(words, &config.ty()) else { return EINVAL };
        shared.write(CShared {
            magic: MAGIC,
            stores: AtomicU32::new(0),
            threads: config.threads.into(),
            waits: !waiting.is_null(),
            memory,
            table: WaitTable::new(Port(waiting), entries),
        });
        out.write(shared);
    }
    OK
}

/// See wrt.h.
///
/// # Safety
/// As there.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn wrt_share(store: *mut CStore, share: *mut Share) -> c_int {
    let add = |store: *mut CStore| {
        // SAFETY: a store that nobody else uses during the call.
        let s = unsafe { &mut *store };
        if !sound(share) {
            return Err(EINVAL);
        }
        // SAFETY: aligned, not null, by wrt.h the caller's.
        let Share { shared, module, name, .. } = unsafe { &*share };
        // SAFETY: by wrt.h a shared memory, which lives as long as the store.
        let Some(known) = (unsafe { known::<'static>(*shared) }) else { return Err(EINVAL) };
        if module.is_null() || name.is_null() || shares(s).any(|other| other == share) {
            return Err(EINVAL);
        }
        // A second name of the same memory.
        // SAFETY: shares of this store.
        let had = shares(s).find_map(|other| unsafe { ((*other).shared == *shared).then_some((*other).slot) });
        let slot = match had {
            Some(slot) => slot,
            None => {
                let more = |n: u32| (n < known.threads).then(|| n.wrapping_add(1));
                if known.stores.fetch_update(SeqCst, SeqCst, more).is_err() {
                    return Err(s.note(ENOMEM, known.threads, Text::note(Note::ThreadSlots)));
                }
                match s.store.add_shared_memory(SharedRef::Lent(&known.memory)) {
                    Ok(Extern::Memory(slot)) => slot,
                    other => {
                        known.stores.fetch_sub(1, SeqCst);
                        return Err(other.err().map_or(EINVAL, |e| s.note_link(e)));
                    }
                }
            }
        };
        if had.is_none() {
            s.memories_left = s.memories_left.saturating_sub(1);
        }
        // SAFETY: aligned, not null, by wrt.h the caller's and now the store's.
        unsafe {
            let wait = Wait { kind: 0, count: 0, shared: *shared, address: 0, expected: 0, timeout_ns: 0 };
            share.write(Share { shared: *shared, module: *module, name: *name, next: s.shares, slot, failed: 0, until: 0, wait });
        }
        s.shares = share;
        Ok(OK)
    };
    // SAFETY: by wrt.h; no reference is left.
    unsafe { attempt(store, add) }
}

/// See wrt.h.
///
/// # Safety
/// As there.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn wrt_unshare(store: *mut CStore) -> c_int {
    let leave = |store: *mut CStore| {
        // SAFETY: a store that nobody else uses during the call.
        let s = unsafe { &mut *store };
        let mut slots = u32::MAX;
        // Names of one memory follow each other in no order: count each slot once, the highest first.
        loop {
            // SAFETY: shares of this store.
            let next = shares(s).filter(|share| unsafe { (**share).slot } < slots).max_by_key(|share| unsafe { (**share).slot });
            let Some(share) = next else { break };
            // SAFETY: as above; what it shares lives as long as the store.
            unsafe {
                slots = (*share).slot;
                (*(*share).shared).stores.fetch_sub(1, SeqCst);
            }
        }
        s.shares = null_mut();
        Ok(OK)
    };
    // SAFETY: by wrt.h; no reference is left.
    unsafe { attempt(store, leave) }
}

/// See wrt.h.
///
/// # Safety
/// As there.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn wrt_shared_read(shared: *const CShared, address: u32, to: *mut c_void, bytes: usize) -> c_int {
    // SAFETY: by wrt.h.
    let Some(shared) = (unsafe { known(shared) }) else { return EINVAL };
    // SAFETY: by wrt.h the caller's bytes.
    unsafe { read(&shared.memory, address, to, bytes) }
}

/// See wrt.h.
///
/// # Safety
/// As there.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn wrt_shared_write(shared: *const CShared, address: u32, from: *const c_void, bytes: usize) -> c_int {
    // SAFETY: by wrt.h.
    let Some(shared) = (unsafe { known(shared) }) else { return EINVAL };
    // SAFETY: by wrt.h the caller's bytes.
    unsafe { write(&shared.memory, address, from, bytes) }
}

/// Copies out of a shared memory.
///
/// # Safety
/// `to` is NULL or can be written for `bytes`.
pub(crate) unsafe fn read(memory: &SharedMem<'_>, address: u32, to: *mut c_void, bytes: usize) -> c_int {
    if (bytes != 0 && to.is_null()) || bytes > isize::MAX as usize {
        return EINVAL;
    }
    // SAFETY: the caller's promise; no bytes need no pointer.
    let to = if bytes == 0 { &mut [] } else { unsafe { core::slice::from_raw_parts_mut(to.cast::<u8>(), bytes) } };
    memory.read_into(address as usize, to).map_or(EINVAL, |()| OK)
}

/// Copies into a shared memory.
///
/// # Safety
/// `from` is NULL or can be read for `bytes`.
pub(crate) unsafe fn write(memory: &SharedMem<'_>, address: u32, from: *const c_void, bytes: usize) -> c_int {
    if (bytes != 0 && from.is_null()) || bytes > isize::MAX as usize {
        return EINVAL;
    }
    // SAFETY: the caller's promise; no bytes need no pointer.
    let from = if bytes == 0 { &[] } else { unsafe { core::slice::from_raw_parts(from.cast::<u8>(), bytes) } };
    memory.write_from(address as usize, from).map_or(EINVAL, |()| OK)
}

/// See wrt.h.
///
/// # Safety
/// As there.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn wrt_shared_notify(shared: *mut CShared, address: u32, count: u32) -> u32 {
    // SAFETY: by wrt.h.
    let Some(shared) = (unsafe { known(shared) }).filter(|shared| shared.waits) else { return 0 };
    shared.table.notify(Key { memory: 0, offset: address.into() }, count)
}

/// See wrt.h.
///
/// # Safety
/// As there.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn wrt_shared_waiting(shared: *mut CShared, address: u32) -> u32 {
    // SAFETY: by wrt.h.
    let Some(shared) = (unsafe { known(shared) }).filter(|shared| shared.waits) else { return 0 };
    shared.table.waiting(Key { memory: 0, offset: address.into() })
}

/// See wrt.h.
///
/// # Safety
/// As there.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn wrt_wait_get(store: *mut CStore, out: *mut Wait) -> c_int {
    let get = |store: *mut CStore| {
        // SAFETY: a store that nobody else uses during the call.
        let share = asked(unsafe { &*store }).ok_or(EINVAL)?;
        if !sound(out) {
            return Err(EINVAL);
        }
        // SAFETY: a share of this store; `out` is aligned, not null, by wrt.h the caller's.
        unsafe { out.write((*share).wait) };
        Ok(OK)
    };
    // SAFETY: by wrt.h; no reference is left.
    unsafe { attempt(store, get) }
}

/// See wrt.h.
///
/// # Safety
/// As there.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn wrt_wait_answer(store: *mut CStore, answer: u32) -> c_int {
    let give = |store: *mut CStore| {
        // SAFETY: a store that nobody else uses during the call.
        let s = unsafe { &mut *store };
        let share = asked(s).ok_or(EINVAL)?;
        // SAFETY: a share of this store.
        let kind = unsafe { (*share).wait.kind };
        if kind == YIELD || (kind != NOTIFY && answer > 2) {
            return Err(EINVAL);
        }
        s.store.answer_thread(StackId(s.open.wrapping_sub(1)), answer);
        forget_request(s);
        Ok(OK)
    };
    // SAFETY: by wrt.h; no reference is left.
    unsafe { attempt(store, give) }
}
