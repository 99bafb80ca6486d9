// SPDX-License-Identifier: MIT
//! Modules: instantiation of images in place, and with `loader` translation of .wasm files.

use crate::call::{Place, drive};
use crate::error::{EBUSY, EIMAGE, EINTERRUPTED, EINVAL, EINVALID, EMALFORMED, ENOTSUP, EPAUSED, Note, OK, Text};
#[cfg(feature = "linking")]
use crate::host::is;
use crate::host::{Host, MAX_HOSTS, Record, resolve};
#[cfg(feature = "linking")]
use crate::store::INDEX;
use crate::store::{CStore, Config, attempt, sound, sound_array};
use core::ffi::{c_char, c_int, c_void};
use wrt_foundation::{Shared, Trap};
#[cfg(feature = "linking")]
use wrt_runtime::InstanceId;
use wrt_runtime::image::{Image, ImageError, Import, Word};
use wrt_runtime::{Exit, Extern, Options, Store};

/// `wrt_loader_memory_t`.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct LoaderMemory {
    pub(crate) image: *mut u32,
    pub(crate) image_words: usize,
    pub(crate) scratch: *mut u32,
    pub(crate) scratch_words: usize,
}

/// The function in a [`Module`].
pub(crate) type LoadFn = unsafe extern "C" fn(*mut CStore, *const Module, *const LoaderMemory, *const Host, usize, *mut u32) -> c_int;

/// `wrt_module_t`.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct Module {
    pub(crate) data: *const c_void,
    pub(crate) bytes: u32,
    pub(crate) image_words: u32,
    pub(crate) scratch_words: u32,
    pub(crate) needs: Config,
    pub(crate) load: Option<LoadFn>,
}

/// `wrt_link_t`.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct Link {
    pub(crate) module: *const c_char,
    pub(crate) instance: u32,
}

/// What other instances offer. Without `linking` there is [`Nothing`] alone, and the compiler knows it. Each kind has a [`link`] of its own, so that who links no instances has nothing of it.
trait Offers {
    /// Whether all of them can be used.
    fn check(&self, s: &CStore) -> Result<(), c_int>;
    /// What they have for an import.
    fn find(&self, store: &Store<'_>, import: Import<'_>) -> Option<Extern<'static>>;
}

/// Nothing.
struct Nothing;

impl Offers for Nothing {
    fn check(&self, _: &CStore) -> Result<(), c_int> {
        Ok(())
    }
    fn find(&self, _: &Store<'_>, _: Import<'_>) -> Option<Extern<'static>> {
        None
    }
}

/// The exports of instances, whose handles have been checked.
#[cfg(feature = "linking")]
struct Exports<'c>(&'c [Link]);

#[cfg(feature = "linking")]
impl Offers for Exports<'_> {
    fn check(&self, s: &CStore) -> Result<(), c_int> {
        self.0.iter().try_for_each(|link| if link.module.is_null() { Err(EINVAL) } else { s.instance(link.instance).map(drop) })
    }
    fn find(&self, store: &Store<'_>, import: Import<'_>) -> Option<Extern<'static>> {
        // SAFETY: by wrt.h C strings.
        self.0.iter().filter(|link| unsafe { is(import.module, link.module) }).find_map(|link| {
            let instance = InstanceId(link.instance & INDEX);
            let export = store.image(instance)?.exports().find(|e| e.name.bytes().eq(import.name.bytes()))?;
            store.item(instance, export.kind, export.index)
        })
    }
}

/// Makes an instance and enters its initialiser: its handle and where that runs. Out of line, so that nothing of this is
/// on the C stack while the guest runs: 200 bytes less there for as many of flash.
#[inline(never)]
fn link(
    s: &mut CStore,
    image: Result<Image<'static>, ImageError>,
    needs: &Config,
    hosts: *const Host,
    host_count: usize,
    offers: &impl Offers,
) -> Result<(u32, Place), c_int> {
    let image = image.map_err(|e| s.note_image(e))?;
    if !sound_array(hosts, host_count) || host_count > MAX_HOSTS {
        return Err(EINVAL);
    }
    offers.check(s)?;
    let place = s.free_place()?;
    let memories = image.get(Word::Memories).saturating_sub(image.get(Word::ImportedMemories));
    let left = u32::try_from(s.store.memory_left()).unwrap_or(u32::MAX);
    // The last memory of the store gets what is left; those before it what was planned for them.
    let all = if u32::from(s.memories_left) <= memories { left } else { left.min(needs.memory_bytes) };
    let memory_reserve = Options::memory_reserve_within(&image, all);
    let options = Options { memory_reserve, table_reserve: 0 };

    let (number, record) = (s.instances, Record::new(hosts, host_count));
    #[cfg(feature = "threads")]
    let shares = s.shares;
    let instance = s
        .store
        .instantiate(
            Shared::Ref(image.words()),
            &mut |store, import| {
                #[cfg(feature = "threads")]
                if let Some(memory) = crate::threads::resolve(shares, &import) {
                    return Some(memory);
                }
                resolve(&record, number, image, import).or_else(|| offers.find(store, import))
            },
            &options,
        )
        .map_err(|e| s.note_link(e))?;
    if let Some(slot) = s.records.get_mut(number as usize) {
        *slot = record;
    }
    s.instances = number.wrapping_add(1);
    s.memories_left = u32::from(s.memories_left).saturating_sub(memories) as u16;
    let handle = s.instance_handle(number);
    s.store.enter_init(place.stack, instance).map_err(|e| s.note_call(e))?;
    Ok((handle, place))
}

/// Makes an instance and runs its initialiser.
///
/// # Safety
/// `store` is a store to which no reference is alive; `hosts` and `out` as wrt.h asks.
unsafe fn load(
    store: *mut CStore,
    image: Result<Image<'static>, ImageError>,
    needs: &Config,
    hosts: *const Host,
    host_count: usize,
    offers: &impl Offers,
    out: *mut u32,
) -> Result<c_int, c_int> {
    // SAFETY: the caller's promise; the reference ends before the guest runs.
    let (handle, place) = link(unsafe { &mut *store }, image, needs, hosts, host_count, offers)?;
    // SAFETY: no reference is left.
    let exit = unsafe { drive(store, place) };
    // SAFETY: host functions are over.
    let s = unsafe { &mut *store };
    s.ran_on(place);
    match exit {
        Exit::Done => {
            // SAFETY: sound, see `prepare`.
            unsafe { out.write(handle) };
            Ok(OK)
        }
        Exit::Trap(trap) => Err(s.trapped(place.stack, trap)),
        Exit::HostCall { .. } => {
            s.store.abort(place.stack, Trap::CannotSuspend);
            Err(s.trapped(place.stack, Trap::CannotSuspend))
        }
        #[cfg(feature = "threads")]
        Exit::Wait { .. } | Exit::Notify { .. } | Exit::Contended => {
            crate::threads::unserved(s, place.stack)?;
            crate::threads::forget_request(s);
            s.store.abort(place.stack, Trap::CannotSuspend);
            Err(s.trapped(place.stack, Trap::CannotSuspend))
        }
        exit => {
            s.store.abort(place.stack, Trap::Exit);
            Ok(if exit == Exit::Interrupted { EINTERRUPTED } else { EPAUSED })
        }
    }
}

/// What both ways of loading check first: the module, if nothing speaks against loading it now.
///
/// # Safety
/// `store` is a store; the pointers are as wrt.h asks, as long as the module is used.
unsafe fn prepare<'m>(store: *mut CStore, module: *const Module, out: *mut u32) -> Result<&'m Module, c_int> {
    if !sound(module) || !sound(out) {
        return Err(EINVAL);
    }
    // SAFETY: the caller's promise.
    if !unsafe { (*store).caller }.is_null() {
        return Err(EBUSY);
    }
    // SAFETY: aligned, not null, by wrt.h a module.
    Ok(unsafe { &*module })
}

/// Instantiates an image.
///
/// # Safety
/// As wrt.h says of `wrt_load_image()`.
unsafe fn load_image(
    store: *mut CStore,
    module: *const Module,
    hosts: *const Host,
    host_count: usize,
    offers: &impl Offers,
    out: *mut u32,
) -> c_int {
    let load_image = |store: *mut CStore| {
        // SAFETY: by wrt.h.
        let m = unsafe { prepare(store, module, out) }?;
        let (data, words) = (m.data.cast::<u32>(), (m.bytes / 4) as usize);
        if data.is_null() {
            return Err(EINVAL);
        }
        if !data.is_aligned() || m.bytes % 4 != 0 {
            // SAFETY: a store to which no reference is alive.
            return Err(unsafe { &mut *store }.note(EIMAGE, 0, Text::note(Note::NotAligned)));
        }
        // SAFETY: aligned, not null, and by wrt.h constant as long as the store lives.
        let words = unsafe { core::slice::from_raw_parts(data, words) };
        // SAFETY: by wrt.h; no reference is alive.
        unsafe { load(store, Image::new(words).and_then(Image::check), &m.needs, hosts, host_count, offers, out) }
    };
    // SAFETY: by wrt.h; no reference is left.
    unsafe { attempt(store, load_image) }
}

/// Translates and instantiates a .wasm.
///
/// # Safety
/// As wrt.h says of `wrt_load_wasm()`.
unsafe fn load_wasm(
    store: *mut CStore,
    module: *const Module,
    memory: *const LoaderMemory,
    hosts: *const Host,
    host_count: usize,
    offers: &impl Offers,
    out: *mut u32,
) -> c_int {
    let load_wasm = |store: *mut CStore| {
        // SAFETY: by wrt.h.
        let m = unsafe { prepare(store, module, out) }?;
        // SAFETY: by wrt.h.
        let done = unsafe { translate(m.data.cast(), m.bytes as usize, memory) };
        // SAFETY: a store to which no reference is alive.
        let done = done.map_err(|(fault, _)| unsafe { &mut *store }.note(fault.code, fault.at, fault.text))?;
        // SAFETY: `translate` has checked and written them, and by wrt.h they stay as long as the store lives.
        let words = unsafe { core::slice::from_raw_parts((*memory).image.cast_const(), done.words as usize) };
        // SAFETY: by wrt.h; no reference is alive.
        unsafe { load(store, Image::new(words), &m.needs, hosts, host_count, offers, out) }
    };
    // SAFETY: by wrt.h; no reference is left.
    unsafe { attempt(store, load_wasm) }
}

/// See wrt.h.
///
/// # Safety
/// As there.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn wrt_load_image(
    store: *mut CStore,
    module: *const Module,
    _memory: *const LoaderMemory,
    hosts: *const Host,
    host_count: usize,
    out: *mut u32,
) -> c_int {
    // SAFETY: by wrt.h.
    unsafe { load_image(store, module, hosts, host_count, &Nothing, out) }
}

/// See wrt.h.
///
/// # Safety
/// As there.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn wrt_load_wasm(
    store: *mut CStore,
    module: *const Module,
    memory: *const LoaderMemory,
    hosts: *const Host,
    host_count: usize,
    out: *mut u32,
) -> c_int {
    // SAFETY: by wrt.h.
    unsafe { load_wasm(store, module, memory, hosts, host_count, &Nothing, out) }
}

/// The links of a call from C.
///
/// # Safety
/// `links` is as wrt.h asks for as long as the result is used.
#[cfg(feature = "linking")]
unsafe fn exports<'c>(links: *const Link, count: usize) -> Option<Exports<'c>> {
    if !sound_array(links, count) {
        return None;
    }
    // SAFETY: aligned, not null, by wrt.h the caller's; no elements need no pointer.
    let links = if count == 0 { &[] } else { unsafe { core::slice::from_raw_parts(links, count) } };
    Some(Exports(links))
}

/// The answer of a library without `linking`.
///
/// # Safety
/// `store` as wrt.h asks.
#[cfg(not(feature = "linking"))]
unsafe fn unsupported<T>(store: *mut CStore, _arguments: T) -> c_int {
    // SAFETY: by wrt.h.
    unsafe { attempt(store, |_| Err(ENOTSUP)) }
}

/// See wrt.h.
///
/// # Safety
/// As there.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn wrt_link_image(
    store: *mut CStore,
    module: *const Module,
    _memory: *const LoaderMemory,
    hosts: *const Host,
    host_count: usize,
    links: *const Link,
    link_count: usize,
    out: *mut u32,
) -> c_int {
    #[cfg(not(feature = "linking"))]
    // SAFETY: by wrt.h.
    return unsafe { unsupported(store, (module, hosts, host_count, links, link_count, out)) };
    #[cfg(feature = "linking")]
    // SAFETY: by wrt.h.
    unsafe {
        match exports(links, link_count) {
            Some(exports) => load_image(store, module, hosts, host_count, &exports, out),
            None => attempt(store, |_| Err(EINVAL)),
        }
    }
}

/// See wrt.h.
///
/// # Safety
/// As there.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn wrt_link_wasm(
    store: *mut CStore,
    module: *const Module,
    memory: *const LoaderMemory,
    hosts: *const Host,
    host_count: usize,
    links: *const Link,
    link_count: usize,
    out: *mut u32,
) -> c_int {
    #[cfg(not(feature = "linking"))]
    // SAFETY: by wrt.h.
    return unsafe { unsupported(store, (module, memory, hosts, host_count, links, link_count, out)) };
    #[cfg(feature = "linking")]
    // SAFETY: by wrt.h.
    unsafe {
        match exports(links, link_count) {
            Some(exports) => load_wasm(store, module, memory, hosts, host_count, &exports, out),
            None => attempt(store, |_| Err(EINVAL)),
        }
    }
}

/// Why there is no translation.
struct Fault {
    code: c_int,
    at: u32,
    text: Text,
}

impl From<c_int> for Fault {
    fn from(code: c_int) -> Fault {
        Fault { code, at: 0, text: Text::code(code) }
    }
}

/// What a translation took, or would take as far as is known.
#[derive(Clone, Copy, Default)]
struct Took {
    words: u32,
    scratch_words: u32,
}

#[cfg(not(feature = "loader"))]
unsafe fn translate(_: *const u8, _: usize, _: *const LoaderMemory) -> Result<Took, (Fault, Took)> {
    Err((ENOTSUP.into(), Took::default()))
}

/// Translates into the caller's memory.
///
/// # Safety
/// The pointers are as wrt.h asks.
#[cfg(feature = "loader")]
unsafe fn translate(wasm: *const u8, bytes: usize, memory: *const LoaderMemory) -> Result<Took, (Fault, Took)> {
    use crate::error::code_of;
    use wrt_runtime::translate::{TranslateError, Translated, translate};
    let nothing = Took::default();
    if !sound(memory) {
        return Err((EINVAL.into(), nothing));
    }
    // SAFETY: aligned, not null, by wrt.h the caller's.
    let m = unsafe { *memory };
    let ranges =
        [(wasm.addr(), bytes), (m.image.addr(), m.image_words.saturating_mul(4)), (m.scratch.addr(), m.scratch_words.saturating_mul(4))];
    let apart =
        |a: (usize, usize), b: (usize, usize)| a.1 == 0 || b.1 == 0 || a.0 >= b.0.saturating_add(b.1) || b.0 >= a.0.saturating_add(a.1);
    let [code, image, scratch] = ranges;
    let sound = sound_array(wasm, bytes) && sound_array(m.image, m.image_words) && sound_array(m.scratch, m.scratch_words);
    if !sound || !apart(code, image) || !apart(code, scratch) || !apart(image, scratch) {
        return Err((EINVAL.into(), nothing));
    }
    // SAFETY: aligned, not null, apart from each other, by wrt.h the caller's alone.
    let (code, image, scratch) = unsafe { (array(wasm, bytes), array_mut(m.image, m.image_words), array_mut(m.scratch, m.scratch_words)) };
    let took = |t: Translated| Took { words: t.words, scratch_words: t.scratch_words };
    translate(code, scratch, image).map(took).map_err(|e| {
        let (text, known) = match e {
            TranslateError::Output(t) => (Text::note(Note::DoesNotFit), took(t)),
            TranslateError::Module(e) => (Text::fault(e.fault), Took { scratch_words: e.scratch_words, ..nothing }),
        };
        let e = wrt_foundation::Error::from(e);
        (Fault { code: code_of(e.kind()), at: e.at(), text }, known)
    })
}

/// # Safety
/// `p` is sound for `n` elements that have been written and that nobody changes for `'a`.
#[cfg(feature = "loader")]
unsafe fn array<'a, T>(p: *const T, n: usize) -> &'a [T] {
    // SAFETY: the caller's promise; no elements need no pointer.
    if n == 0 { &[] } else { unsafe { core::slice::from_raw_parts(p, n) } }
}

/// # Safety
/// `p` is sound for `n` elements that have been written and that nobody else uses for `'a`.
#[cfg(feature = "loader")]
unsafe fn array_mut<'a, T>(p: *mut T, n: usize) -> &'a mut [T] {
    // SAFETY: the caller's promise; no elements need no pointer.
    if n == 0 { &mut [] } else { unsafe { core::slice::from_raw_parts_mut(p, n) } }
}

/// See wrt.h.
///
/// # Safety
/// As there.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn wrt_translate(
    wasm: *const u8,
    bytes: usize,
    memory: *const LoaderMemory,
    words: *mut u32,
    scratch: *mut u32,
    at: *mut u32,
) -> c_int {
    // SAFETY: by wrt.h.
    let (code, took, offset) = match unsafe { translate(wasm, bytes, memory) } {
        Ok(took) => (OK, took, 0),
        // The offset of the fault in the .wasm, if it is one.
        Err((fault, took)) => (fault.code, took, if matches!(fault.code, EMALFORMED | EINVALID | ENOTSUP) { fault.at } else { 0 }),
    };
    for (to, value) in [(words, took.words), (scratch, took.scratch_words), (at, offset)] {
        if sound(to) {
            // SAFETY: aligned, not null, by wrt.h the caller's.
            unsafe { to.write(value) };
        }
    }
    code
}
