// SPDX-License-Identifier: MIT
//! Calls: the driver with its C callbacks, results, pauses, fuel.
//!
//! A call from outside takes the first stack that no paused call is on; so paused calls lie on top of each other and the
//! newest goes on first. A call from a host function goes on the stack of its caller, above a barrier; what it leaves
//! there is cut when the host function returns. (`wrt_runtime::host` is the same for Rust; here no reference to the store
//! is alive while the host function runs.)

use crate::error::{
    EBUSY, EINTERRUPTED, EINVAL, EINVAL_HANDLE, ENOENT, ENOMEM, ENOTSUP, EPAUSED, ESUSPENDED, ETYPE, LastError, Note, OK, Text,
};
use crate::host::{Caller, Host, MAX_VALUES, is};
use crate::store::{CStore, attempt, sound, sound_array};
use core::ffi::{c_char, c_int};
use core::mem::MaybeUninit;
use wrt_foundation::{ExternKind, Ref, Trap, ValType};
use wrt_runtime::host::MAX_HOST_NESTING;
use wrt_runtime::stack::{Status, WINDOW};
use wrt_runtime::{Exit, Extern, InstanceId, Stack, StackId, run};

/// `wrt_val_t`.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct Val {
    pub(crate) ty: u32,
    pub(crate) of: u64,
}

/// Arguments and results of a host function.
type Slots = [u64; MAX_VALUES];

/// The type of each value of C that `types` make: a vector is two, its low half first.
#[cfg(feature = "simd")]
pub(crate) fn each(types: &[u32]) -> impl Iterator<Item = u32> {
    let times = |ty: u32| if ty == ValType::V128.bits() { 2 } else { 1 };
    types.iter().flat_map(move |ty| core::iter::repeat_n(*ty, times(*ty)))
}
#[cfg(not(feature = "simd"))]
pub(crate) fn each(types: &[u32]) -> impl Iterator<Item = u32> {
    types.iter().copied()
}

/// Cells of one value of C.
fn cells_of(ty: ValType) -> u32 {
    if cfg!(feature = "simd") { ty.cells().min(2) } else { ty.cells() }
}

/// The value of type `ty` at the front of `cells`, which are cut.
fn cut_value(ty: u32, cells: &mut &[u32]) -> Option<u64> {
    let (value, behind) = cells.split_at_checked(cells_of(ValType::from_bits(ty)) as usize)?;
    *cells = behind;
    let high = value.get(1).copied().unwrap_or(0);
    Some(u64::from(high) << 32 | u64::from(*value.first()?))
}

/// Puts the value of type `ty` into its cells from cell `at` on; the cell after them.
fn put_value(ty: ValType, slot: u64, cells: &mut [u32], at: u32) -> u32 {
    let end = at.wrapping_add(cells_of(ty));
    let mut rest = slot;
    for cell in cells.get_mut(at as usize..end as usize).unwrap_or(&mut []) {
        *cell = rest as u32;
        rest >>= 32;
    }
    end
}

/// Where a call runs.
#[derive(Clone, Copy)]
pub(crate) struct Place {
    pub(crate) stack: StackId,
    /// Host functions at work.
    pub(crate) depth: u32,
    /// The host function that calls, or null.
    caller: *mut Caller,
}

impl CStore {
    /// Where the next call from outside would run.
    pub(crate) fn free_place(&mut self) -> Result<Place, c_int> {
        if (self.open as usize) < self.calls.len() {
            return Ok(Place { stack: StackId(self.open), depth: 0, caller: core::ptr::null_mut() });
        }
        Err(if self.calls.is_empty() { self.note(ENOMEM, 4 * WINDOW as u32, Text::note(Note::StackSlots)) } else { EBUSY })
    }

    /// Whether `bits` can be passed to the guest as a `ty`.
    fn accepts(&self, ty: ValType, bits: u32) -> bool {
        let r = Ref::from_bits(bits);
        r.is_null() || !ty.is_ref() || if ty == ValType::EXTERNREF { r.as_host().is_some() } else { self.store.is_func(r) }
    }

    /// Enters function `number` with arguments of C's.
    ///
    /// # Safety
    /// There are `count` arguments.
    unsafe fn enter(&mut self, stack: StackId, number: u32, args: *const Val, count: usize) -> Result<(), c_int> {
        if count > MAX_VALUES {
            return Err(ENOTSUP);
        }
        // SAFETY: the caller's promise.
        let arg = |i: usize| unsafe { args.add(i).read() };
        let params = self.store.func_type(number).ok_or(EINVAL_HANDLE)?.params;
        if each(params).count() != count {
            return Err(self.note(ETYPE, 0, Text::note(Note::NumberOfValues)));
        }
        // Whether the first one that is wrong is so by its type.
        let wrong = each(params).enumerate().find_map(|(i, want)| {
            let (want, given) = (ValType::from_bits(want), arg(i));
            let (have, bits) = (ValType::from_bits(given.ty), given.of as u32);
            // Without typed references each type is the greatest of its kind.
            let typed = cfg!(feature = "function-references");
            if have != if typed { want.family() } else { want } {
                Some(true)
            } else if !self.accepts(want, bits) {
                Some(false)
            } else {
                (typed && !self.store.takes(number, want, have, Ref::from_bits(bits))).then_some(true)
            }
        });
        match wrong {
            Some(true) => return Err(self.note(ETYPE, 0, Text::note(Note::ValueType))),
            Some(false) => return Err(EINVAL_HANDLE),
            None => {}
        }
        let mut at = self.store.enter_cells(stack, number).map_err(|e| self.note_call(e))?;
        if let Some(stack) = self.store.stack_mut(stack) {
            for given in (0..count).map(arg) {
                at = put_value(ValType::from_bits(given.ty), given.of, &mut stack.cells, at);
            }
        }
        Ok(())
    }

    /// Whether function `number` gives `count` results.
    fn check_results(&mut self, number: u32, count: usize) -> Result<(), c_int> {
        let ty = self.store.func_type(number).ok_or(EINVAL_HANDLE)?;
        if each(ty.results).count() == count { Ok(()) } else { Err(self.note(ETYPE, 0, Text::note(Note::NumberOfResults))) }
    }

    /// Gives the results of function `number`, which is done, one by one.
    fn results(&self, stack: StackId, number: u32, mut put: impl FnMut(usize, Val)) -> Option<()> {
        let ty = self.store.func_type(number)?;
        let stack = self.store.stack(stack)?;
        let mut cells = stack.cells.get(stack.run.args as usize..)?;
        for (i, ty) in each(ty.results).enumerate() {
            put(i, Val { ty, of: cut_value(ty, &mut cells)? });
        }
        Some(())
    }

    /// Writes the arguments of the host call that `stack` waits for, and zeros after them.
    #[inline(never)]
    fn read_slots(&self, stack: StackId, slots: &mut MaybeUninit<Slots>) {
        let types = self.store.host_type(stack).map_or(&[][..], |ty| ty.params);
        let at = |stack: &Stack<'_>| stack.run.args as usize;
        let mut cells = self.store.stack(stack).and_then(|stack| stack.cells.get(at(stack)..)).unwrap_or(&[]);
        let mut types = each(types);
        for i in 0..MAX_VALUES {
            let value = types.next().and_then(|ty| cut_value(ty, &mut cells)).unwrap_or(0);
            // SAFETY: one of the slots.
            unsafe { slots.as_mut_ptr().cast::<u64>().add(i).write(value) };
        }
    }

    /// Answers the host call that `stack` waits for with the slots. `Err`: there is no such call, or a reference among
    /// them that is none.
    ///
    /// # Safety
    /// There are as many slots as the host function has results.
    unsafe fn answer(&mut self, stack: StackId, slots: *const u64) -> Result<(), c_int> {
        let mut at = self.store.stack(stack).ok_or(EINVAL)?.run.args;
        for i in 0.. {
            let types = self.store.host_type(stack).ok_or(EINVAL)?.results;
            let Some(ty) = each(types).nth(i).map(ValType::from_bits) else { break };
            // SAFETY: the caller's promise.
            let slot = unsafe { slots.add(i).read() };
            if !self.accepts(ty, slot as u32) {
                return Err(EINVAL_HANDLE);
            }
            let to = self.store.stack_mut(stack).ok_or(EINVAL)?;
            at = put_value(ty, slot, &mut to.cells, at);
        }
        self.store.host_done(stack);
        Ok(())
    }

    /// Writes down the trap that ended what ran on `stack`.
    pub(crate) fn trapped(&mut self, stack: StackId, trap: Trap) -> c_int {
        let host_code = if trap == Trap::Host { self.host_code } else { 0 };
        let mut error = LastError { host_code, ..LastError::of(trap) };
        if let Some((instance, pc)) = self.store.trap_word(stack)
            && let Some(image) = self.store.image(instance)
        {
            let (func, offset) = image.place_of(pc);
            (error.func, error.offset) = (func.unwrap_or(u32::MAX), offset);
        }
        self.note_trap(error)
    }

    /// Notes where the last call from outside ran.
    pub(crate) fn ran_on(&mut self, place: Place) {
        if place.depth == 0 {
            self.last = place.stack.0 as u16; // there are no more, see `Config`
        }
    }

    /// Forgets where memories are: the guest is going to run.
    fn forget_views(&mut self) {
        for record in self.records.iter_mut().take(self.instances as usize) {
            record.view = core::ptr::null_mut();
        }
    }

    /// The host function number `index`.
    fn host(&self, index: u32) -> Option<Host> {
        self.records.get((index >> 16) as usize)?.host((index & 0xffff) as usize)
    }
}

/// Runs what was entered, with host calls, until something that only the caller can settle.
///
/// # Safety
/// `store` is a store, and no reference to it is alive.
pub(crate) unsafe fn drive(store: *mut CStore, place: Place) -> Exit {
    loop {
        // SAFETY: the caller's promise; the reference ends before the host function is called.
        let s = unsafe { &mut *store };
        s.forget_views();
        let exit = run(&mut s.store, place.stack, &mut s.fuel);
        #[cfg(feature = "threads")]
        let exit = match exit {
            Exit::Wait { .. } | Exit::Notify { .. } | Exit::Contended => match crate::threads::serve(s, place, exit) {
                None => continue,
                Some(exit) => exit,
            },
            exit => exit,
        };
        let Exit::HostCall { host, instance, .. } = exit else { return exit };
        // SAFETY: `s` is not used any more.
        let code = unsafe { call_host(store, place, host, instance) };
        // SAFETY: host functions are over.
        let s = unsafe { &mut *store };
        let trap = match code {
            OK => continue,
            ESUSPENDED if place.depth == 0 => return exit,
            ESUSPENDED => Trap::CannotSuspend,
            code => {
                s.host_code = code;
                Trap::Host
            }
        };
        return s.store.abort(place.stack, trap);
    }
}

/// Calls the host function number `index` for `instance` and answers with its results: what it returned, or why that is
/// no answer. Not inlined, so that its frame is on the C stack only while the host function is.
///
/// # Safety
/// As [`drive`].
#[inline(never)]
unsafe fn call_host(store: *mut CStore, place: Place, index: u32, instance: u32) -> c_int {
    let Place { stack, depth, .. } = place;
    // SAFETY: the caller's promise; the reference ends before the host function is called.
    let s = unsafe { &mut *store };
    let (Some(host), Some(at)) = (s.host(index), s.store.stack(stack)) else { return EINVAL };
    let Some(call) = host.call else { return EINVAL };
    let mut slots = MaybeUninit::<Slots>::uninit();
    s.read_slots(stack, &mut slots);
    let mut caller = Caller { store, instance: s.instance_handle(instance), stack, depth, kept: at.run, paused: None, outer: s.caller };
    let caller = &raw mut caller;
    s.caller = caller;

    // SAFETY: a function of the host table; wrt.h tells it what it may do. Nothing of the store is borrowed, and slots
    // and caller outlive the call.
    let code = unsafe { call(caller, host.user, slots.as_mut_ptr().cast()) };

    // SAFETY: as above.
    let s = unsafe { &mut *store };
    // SAFETY: the caller above; C has returned.
    s.caller = unsafe { (*caller).outer };
    // SAFETY: the caller above. It cuts what the host function left above its own frame.
    unsafe { restore(s, stack, caller) };
    if code != OK {
        return code;
    }
    // SAFETY: a host function has no more results than there are slots.
    unsafe { s.answer(stack, slots.as_ptr().cast()) }.err().unwrap_or(OK)
}

/// Runs the call of function `number` that was entered or is paused at `place`, and settles how it ended.
///
/// # Safety
/// As [`drive`]; `results` is sound for the results of the function.
unsafe fn go_on(store: *mut CStore, place: Place, number: u32, results: *mut Val) -> Result<c_int, c_int> {
    // SAFETY: the caller's promise.
    let exit = unsafe { drive(store, place) };
    // SAFETY: no reference is alive; host functions are over.
    let s = unsafe { &mut *store };
    s.ran_on(place);
    let ended = match exit {
        Exit::Done => {
            let put = |i: usize, val| {
                // SAFETY: one per result of the function.
                unsafe { results.add(i).write(val) }
            };
            s.results(place.stack, number, put).map(|()| OK).ok_or(EINVAL)
        }
        // After a nested call its frames stay for `wrt_backtrace`: whatever goes on with the stack restores it first.
        Exit::Trap(trap) => return Err(s.trapped(place.stack, trap)),
        Exit::Interrupted => return Ok(set_paused(s, place, number, EINTERRUPTED)),
        Exit::HostCall { .. } => return Ok(set_paused(s, place, number, ESUSPENDED)),
        #[cfg(feature = "threads")]
        Exit::Wait { .. } | Exit::Notify { .. } | Exit::Contended => {
            let code = crate::threads::unserved(s, place.stack)?;
            return Ok(set_paused(s, place, number, code));
        }
        _ => return Ok(set_paused(s, place, number, EPAUSED)),
    };
    // SAFETY: the place is the one that was driven.
    unsafe { restore(s, place.stack, place.caller) };
    ended
}

/// Puts the stack back to where the guest called the host function `caller`, if that is one.
///
/// # Safety
/// `caller` is null, or its host function has not returned.
#[inline(never)]
unsafe fn restore(s: &mut CStore, stack: StackId, caller: *const Caller) {
    if !caller.is_null()
        && let Some(stack) = s.store.stack_mut(stack)
    {
        // SAFETY: the caller's promise; one is in the store, the other on the driver's stack. (An assignment is a `memmove`.)
        unsafe { (&raw mut stack.run).copy_from_nonoverlapping(&raw const (*caller).kept, 1) };
    }
}

/// The place of the host function that calls, if one does.
pub(crate) fn inner_place(s: &CStore) -> Option<Place> {
    let caller = s.caller;
    if caller.is_null() {
        return None;
    }
    // SAFETY: it is set while the host function is at work, and lives on the driver's stack meanwhile.
    let (stack, depth) = unsafe { ((*caller).stack, (*caller).depth) };
    Some(Place { stack, depth: depth.wrapping_add(1), caller })
}

/// The newest paused call: where, and which function.
fn paused(s: &CStore) -> Option<(Place, u32)> {
    if let Some(place) = inner_place(s) {
        // SAFETY: as in `inner_place`.
        return Some((place, unsafe { (*place.caller).paused }?));
    }
    let stack = s.open.checked_sub(1)?;
    let number = *s.calls.get(stack as usize)?;
    Some((Place { stack: StackId(stack), depth: 0, caller: core::ptr::null_mut() }, number))
}

/// The call of function `number` at `place` is the newest paused one; `code`.
fn set_paused(s: &mut CStore, place: Place, number: u32, code: c_int) -> c_int {
    if place.caller.is_null() {
        if let Some(call) = s.calls.get_mut(place.stack.0 as usize) {
            *call = number;
        }
        s.open = s.open.wrapping_add(1);
    } else {
        // SAFETY: as in `inner_place`.
        unsafe { (*place.caller).paused = Some(number) };
    }
    code
}

/// The newest paused call is paused no longer.
fn take_paused(s: &mut CStore, place: Place) {
    if place.caller.is_null() {
        s.open = s.open.saturating_sub(1);
    } else {
        // SAFETY: as in `inner_place`.
        unsafe { (*place.caller).paused = None };
    }
}

/// See wrt.h.
///
/// # Safety
/// As there.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn wrt_find_func(store: *mut CStore, instance: u32, name: *const c_char, out: *mut u32) -> c_int {
    let find = |store: *mut CStore| {
        // SAFETY: a store that nobody else uses during the call.
        let s = unsafe { &*store };
        let id = InstanceId(s.instance(instance)?);
        if name.is_null() || !sound(out) {
            return Err(EINVAL);
        }
        // SAFETY: by wrt.h a C string.
        let named = |text: wrt_runtime::image::Text<'_>| unsafe { is(text, name) };
        let export = s.store.image(id).and_then(|image| image.exports().find(|e| e.kind == ExternKind::Func && named(e.name)));
        let Some(Extern::Func(number)) = export.and_then(|e| s.store.item(id, ExternKind::Func, e.index)) else { return Err(ENOENT) };
        let handle = s.func_handle(number).ok_or(ENOTSUP)?;
        // SAFETY: aligned, not null, by wrt.h the caller's.
        unsafe { out.write(handle) };
        Ok(OK)
    };
    // SAFETY: by wrt.h; no reference is left.
    unsafe { attempt(store, find) }
}

/// See wrt.h.
///
/// # Safety
/// As there.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn wrt_call(
    store: *mut CStore,
    func: u32,
    args: *const Val,
    arg_count: usize,
    results: *mut Val,
    result_count: usize,
) -> c_int {
    let call = |store: *mut CStore| {
        // SAFETY: a store that nobody else uses; the reference ends before the guest runs.
        let s = unsafe { &mut *store };
        if !sound_array(args, arg_count) || !sound_array(results, result_count) {
            return Err(EINVAL);
        }
        let number = s.func(func)?;
        s.check_results(number, result_count)?;
        let place = match inner_place(s) {
            Some(place) if place.depth >= MAX_HOST_NESTING => return Err(s.note_trap(LastError::of(Trap::HostNesting))),
            Some(place) => place,
            None => s.free_place()?,
        };
        if !place.caller.is_null() {
            take_paused(s, place);
            // SAFETY: the host function that calls is at work.
            unsafe { restore(s, place.stack, place.caller) };
        }
        // SAFETY: sound for `arg_count` values.
        unsafe { s.enter(place.stack, number, args, arg_count) }?;
        // SAFETY: `s` is not used any more; `results` is sound for as many as the function gives.
        unsafe { go_on(store, place, number, results) }
    };
    // SAFETY: by wrt.h; no reference is left.
    unsafe { attempt(store, call) }
}

/// See wrt.h.
///
/// # Safety
/// As there.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn wrt_resume(store: *mut CStore, results: *mut Val, result_count: usize) -> c_int {
    let resume = |store: *mut CStore| {
        // SAFETY: a store that nobody else uses; the reference ends before the guest runs.
        let s = unsafe { &mut *store };
        if !sound_array(results, result_count) {
            return Err(EINVAL);
        }
        let (place, number) = paused(s).ok_or(EINVAL)?;
        s.check_results(number, result_count)?;
        if s.store.stack(place.stack).is_some_and(|stack| stack.run.status == Status::Host) {
            return Ok(ESUSPENDED);
        }
        take_paused(s, place);
        #[cfg(feature = "threads")]
        crate::threads::forget_request(s);
        // SAFETY: as in `wrt_call`.
        unsafe { go_on(store, place, number, results) }
    };
    // SAFETY: by wrt.h; no reference is left.
    unsafe { attempt(store, resume) }
}

/// See wrt.h.
///
/// # Safety
/// As there.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn wrt_answer(store: *mut CStore, results: *const u64, result_count: usize) -> c_int {
    let answer = |store: *mut CStore| {
        // SAFETY: a store that nobody else uses during the call.
        let s = unsafe { &mut *store };
        let (place, _) = paused(s).filter(|(place, _)| place.caller.is_null()).ok_or(EINVAL)?;
        let waits = s.store.stack(place.stack).is_some_and(|stack| stack.run.status == Status::Host);
        let count = s.store.host_type(place.stack).map_or(0, |ty| each(ty.results).count());
        if !waits || !sound_array(results, result_count) || result_count != count {
            return Err(EINVAL);
        }
        // SAFETY: sound for `result_count` slots, one per result.
        unsafe { s.answer(place.stack, results) }?;
        Ok(OK)
    };
    // SAFETY: by wrt.h; no reference is left.
    unsafe { attempt(store, answer) }
}

/// See wrt.h.
///
/// # Safety
/// As there.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn wrt_cancel(store: *mut CStore) -> c_int {
    let cancel = |store: *mut CStore| {
        // SAFETY: a store that nobody else uses during the call.
        let s = unsafe { &mut *store };
        let (place, _) = paused(s).ok_or(EINVAL)?;
        take_paused(s, place);
        #[cfg(feature = "threads")]
        crate::threads::forget_request(s);
        if place.caller.is_null() {
            s.store.abort(place.stack, Trap::Exit);
        }
        // SAFETY: the host function that calls, if any, is at work.
        unsafe { restore(s, place.stack, place.caller) };
        Ok(OK)
    };
    // SAFETY: by wrt.h; no reference is left.
    unsafe { attempt(store, cancel) }
}

/// See wrt.h.
///
/// # Safety
/// As there.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn wrt_set_fuel(store: *mut CStore, fuel: i64) -> c_int {
    let set = |store: *mut CStore| {
        // SAFETY: a store that nobody else uses during the call.
        let s = unsafe { &mut *store };
        if fuel < 0 {
            return Err(EINVAL);
        }
        s.fuel = fuel.saturating_add(s.fuel.min(0));
        Ok(OK)
    };
    // SAFETY: by wrt.h; no reference is left.
    unsafe { attempt(store, set) }
}

/// See wrt.h.
///
/// # Safety
/// As there: NULL, or a store.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn wrt_fuel(store: *const CStore) -> i64 {
    if !sound(store) {
        return 0;
    }
    // SAFETY: a store, by wrt.h.
    unsafe { (*store).fuel }
}
