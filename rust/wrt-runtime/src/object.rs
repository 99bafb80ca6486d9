// SPDX-License-Identifier: MIT
//! Operations on structures, arrays, integers of 31 bits and exceptions (spec: core 4.6.4 to 4.6.6, 4.6.10), and where
//! an exception is caught.

use crate::bulk::{elems, item};
use crate::heap::{Allocation, ELEMENTS, EXCEPTION, EXHAUSTED, FIELDS};
use crate::image::{Bytes, Kind, MUTABLE, field_cells};
use crate::op::extended::*;
use crate::op::{self, DELEGATE, LEGACY_TRY};
use crate::stack::{BARRIER, CONTINUATION, Frame, INSTANCE, Run, Status, copy};
use crate::store::{STEP, Store};
use wrt_foundation::{Ref, Trap, ValType};

/// What an operation came to.
pub(crate) enum Step {
    /// It is done.
    Done,
    /// It is to be executed again.
    Again,
    /// It has set where to go on.
    Moved,
}

/// The frame's cells from cell `at` on.
fn frame(cells: &mut [u32], base: u32, at: u32) -> Result<&mut [u32], Trap> {
    cells.get_mut(base.wrapping_add(at) as usize..).ok_or(Trap::BadImage)
}

/// An operation of [`op::extended`] on objects, `w` its first word.
#[inline(never)]
pub(crate) fn object(store: &mut Store<'_>, cells: &mut [u32], frames: &[Frame], run: &mut Run, w: u32) -> Result<Step, Trap> {
    let inst = store.inst(run.inst)?;
    let number = (w >> 24) as u8;
    let ext = |i: u32| inst.image().words().get(run.pc.wrapping_add(i) as usize).copied().ok_or(Trap::BadImage);
    let (w1, w2) = (ext(1)?, ext(2)?);
    let kind = match number {
        ARRAY_NEW..=ARRAY_NEW_ELEM => w2 & 0xff,
        ARRAY_INIT_DATA | ARRAY_INIT_ELEM => w1 & 0xff,
        ARRAY_GET..=ARRAY_SET | ARRAY_FILL | ARRAY_COPY => w1,
        _ => op::FIELD_32,
    };
    if kind > op::FIELD_128 {
        return Err(Trap::BadImage);
    }
    let fr = frame(cells, run.base, w >> 8 & 0xffff)?;
    let (first, rest) = fr.split_first_mut().ok_or(Trap::BadImage)?;
    let r = Ref::from_bits(*first);
    match number {
        STRUCT_NEW | STRUCT_NEW_DEFAULT => return struct_new(store, fr, run, w1, number == STRUCT_NEW),
        STRUCT_GET..=STRUCT_SET => {
            let fields = store.heap.object_mut(r).ok_or(null(r, Trap::NullStructure))?.get_mut(FIELDS..).ok_or(Trap::BadImage)?;
            let field = fields.get_mut((w1 & 0xffff) as usize..).ok_or(Trap::BadImage)?;
            let kind = w1 >> 16;
            if number == STRUCT_SET {
                let value = *rest.first().ok_or(Trap::BadImage)?;
                match kind {
                    op::FIELD_8 => copy(field, &[value & 0xff]),
                    op::FIELD_16 => copy(field, &[value & 0xffff]),
                    _ => copy(part(field, kind)?, rest),
                }
            } else {
                let value = *field.first().ok_or(Trap::BadImage)?;
                match (kind, number) {
                    (op::FIELD_8, STRUCT_GET_S) => *first = value as i8 as u32,
                    (op::FIELD_16, STRUCT_GET_S) => *first = value as i16 as u32,
                    _ => copy(part(fr, kind)?, field),
                }
            }
        }
        ARRAY_NEW..=ARRAY_NEW_ELEM => return array_new(store, fr, run, w, w1, w2),
        ARRAY_GET..=ARRAY_SET => {
            let index = *rest.first().ok_or(Trap::BadImage)?;
            array_check(store, r, index, 1)?;
            let elements = store.heap.object_mut(r).and_then(|o| o.get_mut(ELEMENTS..)).ok_or(Trap::BadImage)?;
            if number == ARRAY_SET {
                put_element(elements, w1, index, rest.get(1..).ok_or(Trap::BadImage)?)?;
            } else {
                let value = element(elements, w1, index).ok_or(Trap::BadImage)?;
                match (w1, number) {
                    (op::FIELD_8, ARRAY_GET_S) => *first = value[0] as i8 as u32,
                    (op::FIELD_16, ARRAY_GET_S) => *first = value[0] as i16 as u32,
                    _ => copy(part(fr, w1)?, &value),
                }
            }
        }
        ARRAY_LEN => *first = length(store, r)?,
        ARRAY_FILL => return array_fill(store, fr, run, w1),
        ARRAY_COPY => return array_copy(store, fr, run, w1),
        ARRAY_INIT_DATA | ARRAY_INIT_ELEM => return array_init(store, fr, run, number == ARRAY_INIT_ELEM, w1),
        REF_TEST => *first = store.is_of_type(r, store.type_of(run.inst, ValType::from_bits(w1))).into(),
        REF_CAST => {
            if !store.is_of_type(r, store.type_of(run.inst, ValType::from_bits(w1))) {
                return Err(Trap::CastFailure);
            }
        }
        ANY_CONVERT => *first = r.internalize().bits(),
        EXTERN_CONVERT => *first = r.externalize().bits(),
        REF_I31 => *first = Ref::i31(*first as i32).bits(),
        I31_GET_S => *first = r.as_i31().ok_or(null(r, Trap::NullI31))? as u32,
        I31_GET_U => *first = r.as_i31().ok_or(null(r, Trap::NullI31))? as u32 & 0x7fff_ffff,
        THROW => {
            let exception = match exception(store, fr, run, w1)? {
                Some(exception) => exception,
                None => return Ok(Step::Again),
            };
            run.left = run.left.wrapping_sub(w2 as i32);
            return throw(store, cells, frames, run, exception);
        }
        THROW_REF => {
            if r.is_null() {
                return Err(Trap::NullException);
            }
            run.left = run.left.wrapping_sub(w1 as i32);
            return throw(store, cells, frames, run, r);
        }
        _ => return Err(Trap::BadImage),
    }
    Ok(Step::Done)
}

/// The trap for what is no object of the right kind: null, in an image that is not forged.
fn null(r: Ref, trap: Trap) -> Trap {
    if r.is_null() { trap } else { Trap::BadImage }
}

/// The cells of a value of this kind at the begin of `cells`.
fn part(cells: &mut [u32], kind: u32) -> Result<&mut [u32], Trap> {
    let n = match kind {
        op::FIELD_64 => 2,
        op::FIELD_128 => 4,
        _ => 1,
    };
    cells.get_mut(..n).ok_or(Trap::BadImage)
}

/// An object with `words` words after the words before its fields; `None`: the operation has to be executed again.
fn allocate(store: &mut Store<'_>, run: &mut Run, words: usize, ty: u32) -> Result<Option<Ref>, Trap> {
    match store.heap.allocate(words, ty) {
        Allocation::Block(r) => Ok(Some(r)),
        Allocation::More(cost) => {
            run.left = run.left.wrapping_sub(cost as i32);
            Ok(None)
        }
        Allocation::Collect => {
            run.status = Status::Collect;
            store.start_collection();
            Ok(None)
        }
        Allocation::Exhausted => Err(EXHAUSTED),
    }
}

// ---- structures ------------------------------------------------------------------------------------------------------

fn struct_new(store: &mut Store<'_>, fr: &mut [u32], run: &mut Run, ty: u32, given: bool) -> Result<Step, Trap> {
    let t = store.inst(run.inst)?.image().full_type(ty).filter(|t| t.kind == Kind::Struct).ok_or(Trap::BadImage)?;
    let size: u32 = t.first.iter().map(|f| field_cells(*f)).sum();
    let id = store.inst(run.inst)?.type_id(ty).ok_or(Trap::BadImage)?;
    let Some(r) = allocate(store, run, FIELDS.wrapping_add(size as usize), id)? else { return Ok(Step::Again) };
    run.left = run.left.wrapping_sub((size / 16) as i32);
    let Store { heap, insts, .. } = store;
    let image = insts.get(run.inst as usize).ok_or(Trap::BadImage)?.image();
    let fields = heap.object_mut(r).and_then(|o| o.get_mut(FIELDS..)).ok_or(Trap::BadImage)?;
    if given {
        let values = fr.get(..size as usize).ok_or(Trap::BadImage)?;
        copy(fields, values);
        let mut at = 0usize;
        for field in image.full_type(ty).map_or(&[][..], |t| t.first) {
            if let (mask @ 1.., Some(f)) = (packed_mask(*field), fields.get_mut(at)) {
                *f &= mask;
            }
            at = at.wrapping_add(field_cells(*field) as usize);
        }
    } else {
        crate::stack::fill(fields, 0);
    }
    *fr.first_mut().ok_or(Trap::BadImage)? = r.bits();
    Ok(Step::Done)
}

/// The bits of a field of 8 or 16 bits; 0 for all others.
fn packed_mask(field: u32) -> u32 {
    match field & !MUTABLE {
        0x78 => 0xff,
        0x77 => 0xffff,
        _ => 0,
    }
}

// ---- arrays ----------------------------------------------------------------------------------------------------------

fn length(store: &Store<'_>, r: Ref) -> Result<u32, Trap> {
    store.heap.length(r).ok_or(null(r, Trap::NullArray))
}
/// `n` elements from `at` on are within the array.
fn array_check(store: &Store<'_>, r: Ref, at: u32, n: u32) -> Result<(), Trap> {
    match at.checked_add(n) {
        Some(end) if end <= length(store, r)? => Ok(()),
        _ => {
            length(store, r)?;
            Err(Trap::ArrayOutOfBounds)
        }
    }
}
/// Words of `n` elements of this kind.
fn words_of(kind: u32, n: u32) -> u64 {
    ((n as u64) << kind).div_ceil(4)
}
/// Element `i`: its cells.
fn element(elements: &[u32], kind: u32, i: u32) -> Option<[u32; 4]> {
    let at = ((i as usize) << kind) / 4;
    let first = *elements.get(at)?;
    Some(match kind {
        op::FIELD_8 => [first >> (i % 4 * 8) & 0xff, 0, 0, 0],
        op::FIELD_16 => [first >> (i % 2 * 16) & 0xffff, 0, 0, 0],
        op::FIELD_32 => [first, 0, 0, 0],
        op::FIELD_64 => [first, *elements.get(at.checked_add(1)?)?, 0, 0],
        _ => *elements.get(at..)?.first_chunk()?,
    })
}
/// Sets element `i` to the cells of `value`.
fn put_element(elements: &mut [u32], kind: u32, i: u32, value: &[u32]) -> Result<(), Trap> {
    let at = ((i as usize) << kind) / 4;
    let first = *value.first().ok_or(Trap::BadImage)?;
    let into = elements.get_mut(at..).ok_or(Trap::BadImage)?;
    let word = into.first_mut().ok_or(Trap::BadImage)?;
    match kind {
        op::FIELD_8 => *word = *word & !(0xff << (i % 4 * 8)) | (first & 0xff) << (i % 4 * 8),
        op::FIELD_16 => *word = *word & !(0xffff << (i % 2 * 16)) | (first & 0xffff) << (i % 2 * 16),
        _ => copy(part(into, kind)?, value.get(..).ok_or(Trap::BadImage)?),
    }
    Ok(())
}
/// Elements that one step handles.
fn step_elements(kind: u32) -> u32 {
    ((STEP as u32) >> kind).max(1) / 4
}

/// `array.new` and its kin. An array is allocated with no elements, then gets them step by step, its length being the
/// progress, so that what a collection meanwhile sees of it is always whole.
fn array_new(store: &mut Store<'_>, fr: &mut [u32], run: &mut Run, w: u32, ty: u32, w2: u32) -> Result<Step, Trap> {
    let number = (w >> 24) as u8;
    let (kind, index) = (w2 & 0xff, w2 >> 8);
    let value_cells = match kind {
        op::FIELD_64 => 2,
        op::FIELD_128 => 4,
        _ => 1,
    };
    // Where the length is given: after the value, or the segment's offset.
    let length_at = match number {
        ARRAY_NEW => value_cells,
        ARRAY_NEW_DEFAULT => 0,
        _ => 1usize,
    };
    if run.step == 0 {
        let n = if number == ARRAY_NEW_FIXED { index } else { *fr.get(length_at).ok_or(Trap::BadImage)? };
        if matches!(number, ARRAY_NEW_DATA | ARRAY_NEW_ELEM) {
            let from = *fr.first().ok_or(Trap::BadImage)?;
            segment_check(store, run.inst, number == ARRAY_NEW_ELEM, index, kind, from, n)?;
        }
        let size = usize::try_from(words_of(kind, n)).ok().and_then(|size| size.checked_add(ELEMENTS)).ok_or(EXHAUSTED)?;
        let id = store.inst(run.inst)?.type_id(ty).ok_or(Trap::BadImage)?;
        let Some(r) = allocate(store, run, size, id)? else { return Ok(Step::Again) };
        store.heap.set_length(r, 0);
        if number == ARRAY_NEW_FIXED {
            let elements = store.heap.object_mut(r).and_then(|o| o.get_mut(ELEMENTS..)).ok_or(Trap::BadImage)?;
            for i in 0..n {
                let value = fr.get((i as usize).wrapping_mul(value_cells)..).ok_or(Trap::BadImage)?;
                put_element(elements, kind, i, value)?;
            }
            run.left = run.left.wrapping_sub((n / 16) as i32);
            store.heap.set_length(r, n);
            *fr.first_mut().ok_or(Trap::BadImage)? = r.bits();
            return Ok(Step::Done);
        }
        *fr.get_mut(length_at).ok_or(Trap::BadImage)? = r.bits();
        // One more than is done, so that 0 stays "not begun"; the number of elements is kept by the block's size.
        run.step = n.wrapping_add(1);
    }
    let r = Ref::from_bits(*fr.get(length_at).ok_or(Trap::BadImage)?);
    let (done, n) = (length(store, r)?, run.step.wrapping_sub(1));
    let part = n.saturating_sub(done).min(step_elements(kind));
    if matches!(number, ARRAY_NEW_DATA | ARRAY_NEW_ELEM) {
        let elem = number == ARRAY_NEW_ELEM;
        let from = fr.first().ok_or(Trap::BadImage)?.wrapping_add(if elem { done } else { done << kind });
        copy_segment(store, run, elem, (index, kind), r, (done, from, part))?;
        return array_grown(store, fr, run, r, (done.wrapping_add(part), n), part);
    }
    let elements = store.heap.object_mut(r).and_then(|o| o.get_mut(ELEMENTS..)).ok_or(Trap::BadImage)?;
    let zero = [0; 4];
    let value = if number == ARRAY_NEW { fr.get(..value_cells).ok_or(Trap::BadImage)? } else { &zero };
    for i in done..done.wrapping_add(part) {
        put_element(elements, kind, i, value)?;
    }
    array_grown(store, fr, run, r, (done.wrapping_add(part), n), part)
}
/// A new array has `done` of its `n` elements, after a step of `part`.
fn array_grown(store: &mut Store<'_>, fr: &mut [u32], run: &mut Run, r: Ref, (done, n): (u32, u32), part: u32) -> Result<Step, Trap> {
    store.heap.set_length(r, done);
    run.left = run.left.wrapping_sub((part / 16) as i32);
    if done < n {
        return Ok(Step::Again);
    }
    run.step = 0;
    *fr.first_mut().ok_or(Trap::BadImage)? = r.bits();
    Ok(Step::Done)
}

/// `array.fill`: array, index, value, length.
fn array_fill(store: &mut Store<'_>, fr: &mut [u32], run: &mut Run, kind: u32) -> Result<Step, Trap> {
    let [r, at] = *fr.first_chunk().ok_or(Trap::BadImage)?;
    let value_cells = part(fr.get_mut(2..).ok_or(Trap::BadImage)?, kind)?.len();
    let n_at = value_cells.wrapping_add(2);
    let n = *fr.get(n_at).ok_or(Trap::BadImage)?;
    let r = Ref::from_bits(r);
    array_check(store, r, at, n)?;
    let some = n.min(step_elements(kind));
    let elements = store.heap.object_mut(r).and_then(|o| o.get_mut(ELEMENTS..)).ok_or(Trap::BadImage)?;
    let value = fr.get(2..n_at).ok_or(Trap::BadImage)?;
    for i in at..at.wrapping_add(some) {
        put_element(elements, kind, i, value)?;
    }
    run.left = run.left.wrapping_sub((some / 16) as i32);
    advance(fr, &[1], n_at, n, some)
}
/// Keeps the progress of a step of `some` of `n` items in the operands: `positions` move on.
fn advance(fr: &mut [u32], positions: &[usize], n_at: usize, n: u32, some: u32) -> Result<Step, Trap> {
    for at in positions {
        let position = fr.get_mut(*at).ok_or(Trap::BadImage)?;
        *position = position.wrapping_add(some);
    }
    *fr.get_mut(n_at).ok_or(Trap::BadImage)? = n.wrapping_sub(some);
    Ok(if some == n { Step::Done } else { Step::Again })
}
/// `array.copy`: array and index to, array and index from, length.
fn array_copy(store: &mut Store<'_>, fr: &mut [u32], run: &mut Run, kind: u32) -> Result<Step, Trap> {
    let [to, dst, from, src, n] = *fr.first_chunk().ok_or(Trap::BadImage)?;
    let (to, from) = (Ref::from_bits(to), Ref::from_bits(from));
    length(store, to)?;
    length(store, from)?;
    array_check(store, to, dst, n)?;
    array_check(store, from, src, n)?;
    let some = n.min(step_elements(kind));
    // An overlapping copy upward takes its last piece first, so that only the length changes.
    let back = to == from && dst > src;
    let off = if back { n.wrapping_sub(some) } else { 0 };
    let mut one = |i: u32| {
        let i = i.wrapping_add(off);
        let elements = store.heap.object(from).and_then(|o| o.get(ELEMENTS..)).ok_or(Trap::BadImage)?;
        let value = element(elements, kind, src.wrapping_add(i)).ok_or(Trap::BadImage)?;
        let elements = store.heap.object_mut(to).and_then(|o| o.get_mut(ELEMENTS..)).ok_or(Trap::BadImage)?;
        put_element(elements, kind, dst.wrapping_add(i), &value)
    };
    if back {
        (0..some).rev().try_for_each(&mut one)?;
    } else {
        (0..some).try_for_each(&mut one)?;
    }
    run.left = run.left.wrapping_sub((some / 16) as i32);
    advance(fr, if back { &[] } else { &[1, 3] }, 4, n, some)
}
/// Whether `n` elements from `from` on are within a segment.
fn segment_check(store: &Store<'_>, inst: u32, elem: bool, index: u32, kind: u32, from: u32, n: u32) -> Result<(), Trap> {
    let inst = store.inst(inst)?;
    if elem {
        let len = inst.image().elem(index).ok_or(Trap::BadImage)?.len();
        let len = if inst.is_dropped(index) { 0 } else { len };
        let end = (from as u64).wrapping_add(n as u64);
        return if end <= len as u64 { Ok(()) } else { Err(Trap::TableOutOfBounds) };
    }
    let (_, len) = inst.image().data(index).ok_or(Trap::BadImage)?;
    let len = if inst.is_dropped(elems(inst).wrapping_add(index)) { 0 } else { len };
    let end = (from as u64).wrapping_add((n as u64) << kind);
    if end <= len as u64 { Ok(()) } else { Err(Trap::MemoryOutOfBounds) }
}
/// Elements `to.0..` of array `r` = those of a segment from `to.1` on, `to.2` of them. They have been checked.
fn copy_segment(
    store: &mut Store<'_>,
    run: &Run,
    elem: bool,
    (index, kind): (u32, u32),
    r: Ref,
    (at, from, n): (u32, u32, u32),
) -> Result<(), Trap> {
    for i in 0..n {
        let value = if elem {
            let word = store.inst(run.inst)?.image().elem(index).unwrap_or(&[]).get(from.wrapping_add(i) as usize).copied();
            [item(store, run.inst, word.ok_or(Trap::BadImage)?)?, 0, 0, 0]
        } else {
            let (words, _) = store.inst(run.inst)?.image().data(index).ok_or(Trap::BadImage)?;
            let mut bytes = Bytes::new(words, (from as usize).wrapping_add((i as usize) << kind));
            let mut value = [0u32; 4];
            for b in 0..1u32 << kind {
                let byte = bytes.next().ok_or(Trap::BadImage)?;
                if let Some(w) = value.get_mut((b / 4) as usize) {
                    *w |= u32::from(byte) << (b % 4 * 8);
                }
            }
            value
        };
        let elements = store.heap.object_mut(r).and_then(|o| o.get_mut(ELEMENTS..)).ok_or(Trap::BadImage)?;
        put_element(elements, kind, at.wrapping_add(i), &value)?;
    }
    Ok(())
}
/// `array.init_data` and `array.init_elem`: array, index, offset in the segment, length.
fn array_init(store: &mut Store<'_>, fr: &mut [u32], run: &mut Run, elem: bool, w1: u32) -> Result<Step, Trap> {
    let [r, at, from, n] = *fr.first_chunk().ok_or(Trap::BadImage)?;
    let (kind, index) = (w1 & 0xff, w1 >> 8);
    let r = Ref::from_bits(r);
    array_check(store, r, at, n)?;
    segment_check(store, run.inst, elem, index, kind, from, n)?;
    let some = n.min(step_elements(kind));
    copy_segment(store, run, elem, (index, kind), r, (at, from, some))?;
    run.left = run.left.wrapping_sub((some / 16) as i32);
    let bytes = if elem { some } else { some << kind };
    let position = fr.get_mut(2).ok_or(Trap::BadImage)?;
    *position = position.wrapping_add(bytes);
    advance(fr, &[1], 3, n, some)
}

// ---- exceptions ------------------------------------------------------------------------------------------------------

/// A new exception with tag `tag` of the running instance and the values at the begin of `fr`.
fn exception(store: &mut Store<'_>, fr: &mut [u32], run: &mut Run, tag: u32) -> Result<Option<Ref>, Trap> {
    let (id, ty) = store.inst(run.inst)?.tag(tag).ok_or(Trap::BadImage)?;
    let types = store.type_by_id(ty).ok_or(Trap::BadImage)?.first;
    let size: u32 = types.iter().map(|t| ValType::from_bits(*t).cells()).sum();
    let Some(r) = allocate(store, run, ELEMENTS.wrapping_add(size as usize), EXCEPTION | ty)? else { return Ok(None) };
    store.heap.set_length(r, id);
    let values = store.heap.object_mut(r).and_then(|o| o.get_mut(ELEMENTS..)).ok_or(Trap::BadImage)?;
    copy(values, fr.get(..size as usize).ok_or(Trap::BadImage)?);
    Ok(Some(r))
}

/// Goes on where `exception`, thrown at `run.pc`, is caught: in this frame or, when it has no handler, in one under it.
fn throw(store: &mut Store<'_>, cells: &mut [u32], frames: &[Frame], run: &mut Run, exception: Ref) -> Result<Step, Trap> {
    let mut at = (run.inst, run.pc, run.base);
    let mut depth = run.depth;
    let thrown_at = (run.inst, run.pc);
    loop {
        if let Some(clause) = handler(store, at.0, at.1, store.heap.length(exception).ok_or(Trap::BadImage)?) {
            (run.inst, run.base, run.depth, run.pc) = (at.0, at.2, depth, clause.pc);
            let object = store.heap.object(exception).ok_or(Trap::BadImage)?;
            let ty = object.get(2).copied().unwrap_or(0) & !EXCEPTION;
            let types = store.type_by_id(ty).map_or(&[][..], |t| t.first);
            let size: u32 = types.iter().map(|t| ValType::from_bits(*t).cells()).sum();
            let values = object.get(ELEMENTS..).and_then(|v| v.get(..size as usize)).ok_or(Trap::BadImage)?;
            let mut to = frame(cells, run.base, clause.cell)?;
            if LEGACY && clause.exception == Exception::First {
                let (first, rest) = to.split_first_mut().ok_or(Trap::BadImage)?;
                *first = exception.bits();
                to = rest;
            }
            let mut n = 0;
            if clause.values {
                copy(to, values);
                n = values.len();
            }
            if clause.exception == Exception::Last {
                *to.get_mut(n).ok_or(Trap::BadImage)? = exception.bits();
            }
            run.left = run.left.wrapping_sub((size / 16) as i32);
            return Ok(Step::Moved);
        }
        depth = depth.wrapping_sub(1);
        let f = frames.get(depth as usize).ok_or(Trap::BadImage)?;
        if matches!(f.link & !INSTANCE, BARRIER | CONTINUATION) {
            // Nobody catches it; it stays where it was thrown.
            (run.inst, run.pc) = thrown_at;
            return Err(Trap::UncaughtException);
        }
        // A call returns to the word after it.
        at = (f.link & INSTANCE, f.pc.wrapping_sub(1), f.base);
        run.left = run.left.wrapping_sub(1);
    }
}

/// Whether there is the old encoding of exceptions.
const LEGACY: bool = cfg!(feature = "legacy-exceptions");

/// Whether a clause wants the exception itself, and where.
#[derive(PartialEq)]
enum Exception {
    No,
    /// Before the values.
    First,
    /// After them.
    Last,
}

/// What a clause does.
struct Clause {
    /// Where it goes on.
    pc: u32,
    /// The frame's cell for what it takes.
    cell: u32,
    /// Whether it takes the values.
    values: bool,
    exception: Exception,
}

/// The innermost clause around word `pc` that catches exceptions with tag `tag`.
fn handler(store: &Store<'_>, inst: u32, pc: u32, tag: u32) -> Option<Clause> {
    let inst = store.insts.get(inst as usize)?;
    let image = inst.image();
    let all = image.handlers();
    let word = |at: u32| image.words().get(at as usize).copied();
    let catches = |wanted: Option<u32>| wanted.is_none_or(|wanted| inst.tag(wanted).is_some_and(|(id, _)| id == tag));
    let mut at = *all.get(all.partition_point(|at| *at <= pc).checked_sub(1)?)?;
    // Each lies after the one around it.
    while at != 0 {
        let words = word(at)? >> 16;
        let (mut enclosing, first, end) = (word(at.checked_add(2)?)?, word(at.checked_add(3)?)?, word(at.checked_add(4)?)?);
        let clauses = at.checked_add(6)?;
        if pc >= first && pc < end {
            if LEGACY && words == LEGACY_TRY {
                let mut clause = word(clauses)?;
                if clause & DELEGATE != 0 {
                    enclosing = clause & !DELEGATE;
                } else {
                    // Each lies after the one before.
                    let mut before = at;
                    while clause > before {
                        let (what, cell, next) =
                            (word(clause.checked_add(2)?)?, word(clause.checked_add(3)?)?, word(clause.checked_add(4)?)?);
                        let wanted = what.checked_sub(1);
                        if catches(wanted) {
                            let pc = clause.checked_add(5)?;
                            return Some(Clause { pc, cell, values: wanted.is_some(), exception: Exception::First });
                        }
                        (before, clause) = (clause, next);
                    }
                }
            } else {
                for i in 0..words.checked_sub(4)? / 3 {
                    let clause = clauses.checked_add(i.wrapping_mul(3))?;
                    let (what, pc, cell) = (word(clause)?, word(clause.checked_add(1)?)?, word(clause.checked_add(2)?)?);
                    let wanted = (what & !(1 << 31)).checked_sub(1);
                    if catches(wanted) {
                        let exception = if what >> 31 != 0 { Exception::Last } else { Exception::No };
                        return Some(Clause { pc, cell, values: wanted.is_some(), exception });
                    }
                }
            }
        }
        at = if enclosing < at { enclosing } else { 0 };
    }
    None
}
