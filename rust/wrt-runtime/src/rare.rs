// SPDX-License-Identifier: MIT
//! What the loops leave to the whole store: calls between instances and of the host, returns from them, frames of many cells, atomic
//! operations that wait, and, in `bulk.rs`, all of memories and tables but loads and stores.

#[cfg(feature = "threads")]
use crate::atomic::{Atomic, Ended};
use crate::bulk::{memory, table};
use crate::op::*;
#[cfg(feature = "threads")]
use crate::run::get64;
#[cfg(any(feature = "gc", feature = "exceptions", feature = "function-references", feature = "tail-call"))]
use crate::run::replace_frame;
use crate::run::{Exit, paid, refill, stop};
use crate::stack::{BARRIER, CONTINUATION, Frame, INSTANCE, Run, Status, WASM, fill, window};
use crate::store::{HOST, NONE, STEP_ELEMENTS, Store};
use wrt_foundation::{Defined, Ref, Trap};

/// One rare operation on the whole store. False: `out` is set, leave the loop.
#[inline(never)]
pub(crate) fn rare(store: &mut Store<'_>, cells: &mut [u32], frames: &mut [Frame], run: &mut Run, w: u32, out: &mut Exit) -> bool {
    let go = match w as u8 {
        0 => Ok(true),
        CALL | CALL_FAR | CALL_INDIRECT | CALL_INDIRECT_FAR => call(store, cells, frames, run, w),
        #[cfg(feature = "tail-call")]
        RETURN_CALL => tail_call(store, cells, run, w),
        #[cfg(any(feature = "gc", feature = "exceptions", feature = "function-references", feature = "tail-call"))]
        EXTENDED => extended(store, cells, frames, run, w),
        #[cfg(feature = "threads")]
        SECOND if word_at(store, run, 1).is_ok_and(|w1| w1 as u16 >= second::ATOMIC) => atomic(store, cells, run, out),
        RETURN | RETURN1 | RETURN2 => {
            run.left = run.left.wrapping_sub((w >> 16) as i32);
            leave(frames, run, out)
        }
        _ => match window(cells, run.base) {
            Some(fr) => match w as u8 {
                MEMORY_SIZE..=MEMORY_GROW | MEMORY_COPY..=DATA_DROP | MEMORY_OTHER..=MEMORY_64 => memory(store, fr, run, w),
                ENTER_FAR => enter_far(store, cells, run),
                #[cfg(all(feature = "simd", feature = "multi-memory"))]
                SECOND => crate::bulk::vector_elsewhere(store, fr, run),
                _ => table(store, fr, run, w),
            }
            .map(|()| true),
            None => Err(Trap::StackExhausted),
        },
    };
    match go {
        Ok(true) if run.left < 0 && !paid(run) => stop(frames, run, out, Trap::BadImage),
        Ok(true) if run.left < 0 => refill(store, run, out) && (run.status != Status::Calling || host_call(store, run, out)),
        Ok(true) if run.status == Status::Calling => host_call(store, run, out),
        Ok(go) => go,
        Err(t) => stop(frames, run, out, t),
    }
}

/// Leaves with the host call that is paid for. Always false.
pub(crate) fn host_call(store: &Store<'_>, run: &mut Run, out: &mut Exit) -> bool {
    let target = store.locate(run.func, run.inst).and_then(|(inst, f)| store.target(inst, f));
    run.status = Status::Host;
    *out = Exit::HostCall { host: target.unwrap_or(NONE) & !HOST, func: run.func, args: run.args, instance: run.inst };
    false
}

/// A call that the loop does not do itself: of an import, through a table, or a wrong one.
#[inline(never)]
fn call(store: &Store<'_>, cells: &[u32], frames: &mut [Frame], run: &mut Run, w: u32) -> Result<bool, Trap> {
    let inst = store.inst(run.inst)?;
    let word = |i: u32| inst.code(run.pc.wrapping_add(i));
    let (a, w1) = ((w >> 8) as u8 as u32, word(1)?);
    let element = || {
        let at = (run.base as usize).wrapping_add((w >> 16) as u8 as usize);
        cells.get(at).copied().ok_or(Trap::BadImage)
    };
    let direct = || store.number(run.inst, w1).ok_or(Trap::BadImage);
    let (cost, len, cell, number) = match w as u8 {
        CALL => (w >> 16, 2, a, direct()),
        CALL_FAR => (w >> 16, 3, word(2)?, direct()),
        CALL_INDIRECT => (word(2)? >> 16, 3, a, indirect(store, run.inst, element()?, word(2)?, w1)),
        _ => (word(2)? >> 16, 4, word(3)?, indirect(store, run.inst, element()?, word(2)?, w1)),
    };
    run.left = run.left.wrapping_sub(cost.max(1) as i32);
    let (base, next) = (run.base.wrapping_add(cell), run.pc.wrapping_add(len));
    enter_number(store, cells, frames, run, number?, base, next)?;
    Ok(true)
}

/// Begins a call of function `number` whose frame starts at cell `base` and that goes on at `next`.
fn enter_number(
    store: &Store<'_>,
    cells: &[u32],
    frames: &mut [Frame],
    run: &mut Run,
    number: u32,
    base: u32,
    next: u32,
) -> Result<(), Trap> {
    let (to, f) = store.locate(number, run.inst).ok_or(Trap::BadImage)?;
    let inst = store.inst(to)?;
    if f < inst.imports {
        (run.status, run.func, run.args, run.next) = (Status::Calling, number, base, next);
        return Ok(());
    }
    let pc = inst.entry(f).ok_or(Trap::BadImage)?;
    if (base as usize).checked_add(crate::stack::WINDOW).is_none_or(|end| end > cells.len()) {
        return Err(Trap::StackExhausted);
    }
    let kept = frames.get_mut(run.depth as usize).ok_or(Trap::StackExhausted)?;
    *kept = Frame { pc: next, base: run.base, link: WASM | run.inst };
    run.depth = run.depth.wrapping_add(1);
    (run.pc, run.inst, run.base) = (pc, to, base);
    Ok(())
}

/// An operation of [`mod@extended`].
#[cfg(any(feature = "gc", feature = "exceptions", feature = "function-references", feature = "tail-call"))]
#[inline(never)]
fn extended(store: &mut Store<'_>, cells: &mut [u32], frames: &mut [Frame], run: &mut Run, w: u32) -> Result<bool, Trap> {
    use extended::*;
    let number = (w >> 24) as u8;
    match number {
        CALL_REF => {
            let (reference, cost) = (word_at(store, run, 1)?, word_at(store, run, 2)?);
            let number = function(frame_cell(cells, run, reference)?)?;
            run.left = run.left.wrapping_sub(cost.max(1) as i32);
            let base = run.base.wrapping_add(w >> 8 & 0xffff);
            let next = run.pc.wrapping_add(3);
            enter_number(store, cells, frames, run, number, base, next)?;
            return Ok(true);
        }
        RETURN_CALL_REF | RETURN_CALL_INDIRECT => return tail_call(store, cells, run, w),
        REF_AS_NON_NULL => {
            if frame_cell(cells, run, w >> 8 & 0xffff)? == 0 {
                return Err(Trap::NullReference);
            }
        }
        #[cfg(any(feature = "gc", feature = "exceptions"))]
        _ => match crate::object::object(store, cells, frames, run, w)? {
            crate::object::Step::Done => {}
            crate::object::Step::Again => return Ok(run.status != Status::Collect),
            crate::object::Step::Moved => return Ok(true),
        },
        #[cfg(not(any(feature = "gc", feature = "exceptions")))]
        _ => return Err(Trap::BadImage),
    }
    run.pc = run.pc.wrapping_add(extended_len(number));
    Ok(true)
}

/// Word `i` of the operation at hand.
#[cfg(any(feature = "gc", feature = "exceptions", feature = "function-references", feature = "tail-call", feature = "threads"))]
fn word_at(store: &Store<'_>, run: &Run, i: u32) -> Result<u32, Trap> {
    store.inst(run.inst)?.code(run.pc.wrapping_add(i))
}
/// The frame's cell `i`.
#[cfg(any(feature = "gc", feature = "exceptions", feature = "function-references", feature = "tail-call"))]
fn frame_cell(cells: &[u32], run: &Run, i: u32) -> Result<u32, Trap> {
    cells.get(run.base.wrapping_add(i) as usize).copied().ok_or(Trap::BadImage)
}
/// The function that a reference is.
#[cfg(any(feature = "gc", feature = "exceptions", feature = "function-references", feature = "tail-call"))]
fn function(r: u32) -> Result<u32, Trap> {
    Ref::from_bits(r).as_func().ok_or(if r == 0 { Trap::NullFunction } else { Trap::BadImage })
}

/// A tail call that the loop does not do itself.
#[cfg(any(feature = "gc", feature = "exceptions", feature = "function-references", feature = "tail-call"))]
#[inline(never)]
fn tail_call(store: &Store<'_>, cells: &mut [u32], run: &mut Run, w: u32) -> Result<bool, Trap> {
    use extended::*;
    let (w1, w2) = (word_at(store, run, 1)?, word_at(store, run, 2)?);
    let from = w >> 8 & 0xffff;
    let (number, cost, k) = match (w as u8, (w >> 24) as u8) {
        (RETURN_CALL, _) => (store.number(run.inst, w1).ok_or(Trap::BadImage)?, w >> 16, w2),
        (_, RETURN_CALL_REF) => (function(frame_cell(cells, run, w1 & 0xffff)?)?, w2, from | w1 & 0xffff_0000),
        _ => {
            let w3 = word_at(store, run, 3)?;
            let element = frame_cell(cells, run, w3 & 0xffff)?;
            (indirect(store, run.inst, element, w2, w1)?, w2 >> 16, from | w3 & 0xffff_0000)
        }
    };
    let (to, f) = store.locate(number, run.inst).ok_or(Trap::BadImage)?;
    let inst = store.inst(to)?;
    run.left = run.left.wrapping_sub(cost.max(1) as i32);
    replace_frame(cells, run.base, k).ok_or(Trap::StackExhausted)?;
    if f < inst.imports {
        (run.status, run.func, run.args, run.next) = (Status::Calling, number, run.base, NONE);
        return Ok(true);
    }
    (run.pc, run.inst) = (inst.entry(f).ok_or(Trap::BadImage)?, to);
    Ok(true)
}

/// The function that element `i` of table `table & 0xffff` refers to, if it has type `ty` of `inst`.
fn indirect(store: &Store<'_>, inst: u32, i: u32, table: u32, ty: u32) -> Result<u32, Trap> {
    let slot = store.table_slot(inst, table & 0xffff)?;
    let r = store.tables.get(slot).and_then(|t| t.live().get(i as usize)).ok_or(Trap::UndefinedElement)?;
    if *r == 0 {
        return Err(Trap::UninitializedElement);
    }
    let number = Ref::from_bits(*r).as_func().ok_or(Trap::IndirectCallTypeMismatch)?;
    let have = store.func_type_id(number, inst).ok_or(Trap::BadImage)?;
    let want = store.inst(inst)?.type_id(ty).ok_or(Trap::BadImage)?;
    if have == want || (cfg!(feature = "function-references") && store.descends(have, want)) {
        return Ok(number);
    }
    Err(Trap::IndirectCallTypeMismatch)
}

/// Returns to the frame on top: of another instance, a barrier or a continuation.
pub(crate) fn leave(frames: &[Frame], run: &mut Run, out: &mut Exit) -> Result<bool, Trap> {
    let top = run.depth.wrapping_sub(1);
    let f = *frames.get(top as usize).ok_or(Trap::BadImage)?;
    let results = run.base;
    let kind = f.link & !INSTANCE;
    if kind > CONTINUATION {
        return Err(Trap::BadImage);
    }
    (run.depth, run.pc, run.base, run.inst) = (top, f.pc, f.base, f.link & INSTANCE);
    match kind {
        BARRIER => (run.status, run.args, *out) = (Status::Idle, results, Exit::Done),
        CONTINUATION => (run.status, run.args, *out) = (Status::Step, results, Exit::Step { tag: f.pc }),
        _ => return Ok(true),
    }
    Ok(false)
}

/// `ENTER_FAR`: clears up to [`crate::store::STEP`] bytes of the locals at once.
#[inline(always)]
fn enter_far(store: &Store<'_>, cells: &mut [u32], run: &mut Run) -> Result<(), Trap> {
    let inst = store.inst(run.inst)?;
    let (need, span) = (inst.code(run.pc.wrapping_add(1))?, inst.code(run.pc.wrapping_add(2))?);
    let frame = cells.get_mut(run.base as usize..).ok_or(Trap::StackExhausted)?;
    if need as usize > frame.len() {
        return Err(Trap::StackExhausted);
    }
    let todo = (span >> 16).saturating_sub(run.step);
    let n = todo.min(STEP_ELEMENTS as u32);
    let at = (span & 0xffff).wrapping_add(run.step) as usize;
    fill(frame.get_mut(at..at.wrapping_add(n as usize)).ok_or(Trap::BadImage)?, 0);
    run.left = run.left.wrapping_sub(n as i32 / 16);
    run.step = run.step.wrapping_add(n);
    if n == todo {
        run.step = 0;
        run.pc = run.pc.wrapping_add(3);
    }
    Ok(())
}

/// An atomic operation on another memory than the first, one that waits or wakes, or one that the loop did not get done.
#[cfg(feature = "threads")]
#[inline(never)]
fn atomic(store: &mut Store<'_>, cells: &mut [u32], run: &mut Run, out: &mut Exit) -> Result<bool, Trap> {
    use wrt_instructions::table::atomic::{NOTIFY, WAIT64};
    let code = store.inst(run.inst)?.atomic_code(run.pc)?;
    let fr = window(cells, run.base).ok_or(Trap::StackExhausted)?;
    let op = Atomic::new(fr, &code).ok_or(Trap::BadImage)?;
    let again = core::mem::take(&mut run.func) == NONE; // see `begin`
    let slot = store.memory_slot(run.inst, op.memory)?;
    let (mem, shared) = store.mems.get_mut(slot).ok_or(Trap::BadImage)?.view();
    let next = run.pc.wrapping_add(op.words);
    match op.access(fr, mem, shared)? {
        Ended::Done => {
            run.pc = next;
            return Ok(true);
        }
        Ended::Contended => {
            *out = Exit::Contended;
            return Ok(false);
        }
        Ended::Other => {}
    }
    let memory = slot as u32;
    let known = if op.n == NOTIFY {
        let offset = op.address(2, shared.map_or(mem.len(), |m| m.len()))?;
        *out = Exit::Notify { memory, offset, count: fr[op.x] };
        // Nobody waits on a memory that is not shared.
        if shared.is_none() { Some(0) } else { None }
    } else {
        let shared = shared.ok_or(Trap::NotShared)?;
        let wide = op.n == WAIT64;
        let offset = op.address(if wide { 3 } else { 2 }, shared.len())?;
        let expected = if wide { get64(fr, op.x) } else { fr[op.x].into() };
        *out = Exit::Wait { memory, offset, expected, wide, timeout_ns: get64(fr, op.y) as i64, again };
        if shared.holds(offset, wide, expected) { None } else { Some(1) }
    };
    if let Some(known) = known {
        (fr[op.a], run.pc) = (known, next);
        return Ok(true);
    }
    (run.status, run.args, run.next) = (Status::Waiting, run.base.wrapping_add(op.a as u32), next);
    Ok(false)
}
