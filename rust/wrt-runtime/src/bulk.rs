// SPDX-License-Identifier: MIT
//! Operations on memories and tables of an instance: sizes, growth, bulk operations, segments, loads and stores of other memories than
//! the first; imported globals. What takes long is done in steps of [`STEP`] bytes or [`crate::store::STEP_ELEMENTS`], each charged, and each
//! leaves in its operands what is left to do.

use crate::image::{Bytes, Word};
use crate::op::*;
#[cfg(any(feature = "multi-memory", feature = "memory64", wrt_edge))]
use crate::run::beyond;
#[cfg(feature = "memory64")]
use crate::run::far_address;
use crate::run::{get64, set64};
#[cfg(any(feature = "multi-memory", feature = "memory64", wrt_edge))]
use crate::stack::Registers;
use crate::stack::{Run, Window, fill, fill_bytes, move_within, register};
#[cfg(any(feature = "multi-memory", feature = "memory64", wrt_edge))]
use crate::store::View;
use crate::store::{Growth, Instance, MemSlot, STEP, Store, Table};
use wrt_foundation::{Ref, Trap};

/// Whether operands of a bulk operation can have 64 bits.
const WIDE: bool = cfg!(feature = "memory64");

/// Three operands of a bulk operation, from cell `a` on; bit n of `wide`: operand n has 64 bits. What the target cannot
/// address becomes its largest address, which is out of bounds just the same.
#[inline(always)]
fn operands(fr: &Window, a: usize, wide: u32) -> [usize; 3] {
    if !WIDE || wide == 0 {
        return [fr[a] as usize, fr[a + 1] as usize, fr[a + 2] as usize];
    }
    let mut at = a;
    [0, 1, 2].map(|n| {
        let cell = |i: usize| fr.get(i).copied().unwrap_or(0);
        let (low, two) = (cell(at), wide >> n & 1 != 0);
        let upper = if two { cell(at.wrapping_add(1)) } else { 0 };
        at = at.wrapping_add(if two { 2 } else { 1 });
        usize::try_from(u64::from(low) | u64::from(upper) << 32).unwrap_or(usize::MAX)
    })
}

/// Sets them.
#[inline(always)]
fn set_operands(fr: &mut Window, a: usize, wide: u32, values: [usize; 3]) {
    if !WIDE || wide == 0 {
        [fr[a], fr[a + 1], fr[a + 2]] = values.map(|v| v as u32);
        return;
    }
    let mut cells = fr.get_mut(a..).unwrap_or(&mut []).iter_mut();
    for (n, v) in values.into_iter().enumerate() {
        cells.next().into_iter().for_each(|cell| *cell = v as u32);
        if wide >> n & 1 != 0 {
            cells.next().into_iter().for_each(|cell| *cell = (v as u64 >> 32) as u32);
        }
    }
}

/// What a bulk operation does.
#[derive(Clone, Copy, PartialEq)]
enum Bulk {
    /// Fills; the second operand is the value.
    Fill,
    /// Copies between two places.
    Apart,
    /// Copies within one, which may overlap.
    Within,
}

/// One step of the bulk operation `w` of two words, over `to` items and, unless it fills, from `from` items: bounds, cost,
/// progress in the operands. Where to, where from, how many.
#[inline(never)]
fn step(fr: &mut Window, run: &mut Run, w: u32, kind: Bulk, to: usize, from: usize) -> Result<[usize; 3], Trap> {
    let (log2, trap) = match w as u8 {
        MEMORY_COPY..=MEMORY_INIT => (0, Trap::MemoryOutOfBounds),
        _ => (2, Trap::TableOutOfBounds),
    };
    let a = register(w >> 8);
    let wide = match w as u8 {
        MEMORY_COPY..=MEMORY_INIT if WIDE => w >> 16 & 7,
        _ => 0,
    };
    let [dst, src, todo] = operands(fr, a, wide);
    let inside = |at: usize, len: usize| at.checked_add(todo).is_some_and(|end| end <= len);
    if !inside(dst, to) || kind != Bulk::Fill && !inside(src, from) {
        return Err(trap);
    }
    let n = todo.min(STEP >> log2);
    run.left = run.left.wrapping_sub((n >> (6 - log2)) as i32);
    let rest = todo.wrapping_sub(n);
    if rest == 0 {
        run.pc = run.pc.wrapping_add(2);
    }
    // An overlapping copy upward takes its last piece first, so that only the length changes.
    let back = kind == Bulk::Within && dst > src;
    let (on, off) = if back { (0, rest) } else { (n, 0) };
    let on_source = if kind == Bulk::Fill { 0 } else { on };
    set_operands(fr, a, wide, [dst.wrapping_add(on), src.wrapping_add(on_source), rest]);
    Ok([dst.wrapping_add(off), src.wrapping_add(off), n])
}

/// What bulk operations copy between.
trait Live {
    type Item: Copy;
    /// Whether a module of this build can have several.
    const SEVERAL: bool;
    fn live_items(&mut self) -> &mut [Self::Item];
}
impl Live for MemSlot<'_> {
    type Item = u8;
    const SEVERAL: bool = cfg!(feature = "multi-memory");
    fn live_items(&mut self) -> &mut [u8] {
        self.bytes()
    }
}
impl Live for Table<'_> {
    type Item = u32;
    const SEVERAL: bool = true;
    fn live_items(&mut self) -> &mut [u32] {
        self.live_mut()
    }
}

/// One step of `MEMORY_COPY` or `TABLE_COPY` between two slots.
fn copy_step<S: Live>(slots: &mut [S], to: usize, from: usize, fr: &mut Window, run: &mut Run, w: u32) -> Result<(), Trap> {
    if !S::SEVERAL {
        let items = slots.get_mut(to).ok_or(Trap::BadImage)?.live_items();
        let [dst, src, n] = step(fr, run, w, Bulk::Within, items.len(), items.len())?;
        return move_within(items, src, dst, n).ok_or(Trap::BadImage);
    }
    let mut len = |i: usize| slots.get_mut(i).map(|s| s.live_items().len()).ok_or(Trap::BadImage);
    let kind = if to == from { Bulk::Within } else { Bulk::Apart };
    let [dst, src, n] = step(fr, run, w, kind, len(to)?, len(from)?)?;
    let copied = match slots.split_at_mut_checked(to.max(from)) {
        None => None,
        Some((_, high)) if to == from => high.first_mut().and_then(|s| move_within(s.live_items(), src, dst, n)),
        Some((low, high)) => low.get_mut(to.min(from)).zip(high.first_mut()).and_then(|(low, high)| {
            let (to, from) = if to < from { (low, high) } else { (high, low) };
            copy_part(to.live_items(), dst, from.live_items(), src, n)
        }),
    };
    copied.ok_or(Trap::BadImage)
}

/// One step of `MEMORY_COPY` where one or both are shared.
#[cfg(feature = "threads")]
#[inline(never)]
fn copy_shared(slots: &mut [MemSlot<'_>], to: usize, from: usize, fr: &mut Window, run: &mut Run, w: u32) -> Result<(), Trap> {
    let mut len = |i: usize| match slots.get_mut(i).map(MemSlot::view) {
        Some((_, Some(shared))) => Ok(shared.len()),
        Some((bytes, None)) => Ok(bytes.len()),
        None => Err(Trap::BadImage),
    };
    let kind = if to == from { Bulk::Within } else { Bulk::Apart };
    let [dst, src, n] = step(fr, run, w, kind, len(to)?, len(from)?)?;
    let copied = match slots.get_disjoint_mut([to, from]) {
        Ok([to, from]) => match (to.view(), from.view()) {
            ((_, Some(to)), (bytes, None)) => bytes.get(src..).and_then(|b| b.get(..n)).and_then(|b| to.write_from(dst, b)),
            ((bytes, None), (_, Some(from))) => part(bytes, dst, n).and_then(|b| from.read_into(src, b)),
            ((_, Some(to)), (_, Some(from))) => to.copy_from(dst, from, src, n),
            _ => None,
        },
        Err(_) => slots.get(to).and_then(MemSlot::shared).and_then(|m| m.copy(src, dst, n)),
    };
    copied.ok_or(Trap::BadImage)
}

/// Operations on memories. Those that take long do [`STEP`] bytes and are executed again.
#[inline(never)]
pub(crate) fn memory(store: &mut Store<'_>, fr: &mut Window, run: &mut Run, w: u32) -> Result<(), Trap> {
    let k = store.inst(run.inst)?.code(run.pc.wrapping_add(1))?;
    let a = register(w >> 8);
    if w as u8 == DATA_DROP {
        drop_segment(store, run.inst, k, Word::Datas)?;
        run.pc = run.pc.wrapping_add(2);
        return Ok(());
    }
    let slot = store.memory_slot(
        run.inst,
        match w as u8 {
            MEMORY_SIZE | MEMORY_GROW | MEMORY_FILL => k,
            MEMORY_COPY => k & 0xffff,
            _ => w >> 16,
        },
    )?;
    if w as u8 == MEMORY_COPY {
        let from = if MemSlot::SEVERAL { store.memory_slot(run.inst, k >> 16)? } else { slot };
        #[cfg(feature = "threads")]
        if [slot, from].iter().any(|i| store.mems.get(*i).is_some_and(MemSlot::is_shared)) {
            return copy_shared(&mut store.mems, slot, from, fr, run, w);
        }
        return copy_step(&mut store.mems, slot, from, fr, run, w);
    }
    if w as u8 == MEMORY_GROW {
        let wide = WIDE && w >> 16 & 1 != 0;
        let delta = if wide { u32::try_from(get64(fr, a)).ok() } else { Some(fr[a]) };
        let growth = match delta {
            Some(delta) => store.memory_grow_step(slot, delta)?,
            None => Growth::Failed,
        };
        let old = match growth {
            Growth::Grown(old) => old.into(),
            Growth::Failed => u64::MAX,
            Growth::More(n) => {
                run.left = run.left.wrapping_sub((n / 64) as i32);
                return Ok(());
            }
        };
        if wide {
            set64(fr, a, old);
        } else {
            fr[a] = old as u32;
        }
        run.pc = run.pc.wrapping_add(2);
        return Ok(());
    }
    let slot = store.mems.get_mut(slot).ok_or(Trap::BadImage)?;
    match w as u8 {
        MEMORY_SIZE => fr[a] = slot.pages(),
        #[cfg(feature = "threads")]
        MEMORY_FILL if slot.is_shared() => {
            let mem = slot.shared().ok_or(Trap::BadImage)?;
            let [at, value, n] = step(fr, run, w, Bulk::Fill, mem.len(), 0)?;
            return mem.fill(at, value as u8, n).ok_or(Trap::BadImage);
        }
        MEMORY_FILL => {
            let mem = slot.bytes();
            let [at, value, n] = step(fr, run, w, Bulk::Fill, mem.len(), 0)?;
            fill_bytes(part(mem, at, n).ok_or(Trap::BadImage)?, value as u8);
            return Ok(());
        }
        MEMORY_INIT => {
            let (segment, w) = if WIDE { (k & 0x7fff_ffff, w & 0xffff | k >> 31 << 16) } else { (k, w) };
            let inst = store.insts.get(run.inst as usize).ok_or(Trap::BadImage)?;
            let (words, size) = match inst.is_dropped(elems(inst).wrapping_add(segment)) {
                true => (&[][..], 0),
                false => inst.image().data(segment).ok_or(Trap::BadImage)?,
            };
            let (mem, shared) = slot.view();
            #[cfg(feature = "threads")]
            if let Some(shared) = shared {
                let [dst, src, n] = step(fr, run, w, Bulk::Apart, shared.len(), size as usize)?;
                for (i, byte) in (0..n).zip(Bytes::new(words, src)) {
                    shared.write_from(dst.wrapping_add(i), &[byte]).ok_or(Trap::BadImage)?;
                }
                return Ok(());
            }
            let _ = shared;
            let [dst, src, n] = step(fr, run, w, Bulk::Apart, mem.len(), size as usize)?;
            for (to, byte) in part(mem, dst, n).ok_or(Trap::BadImage)?.iter_mut().zip(Bytes::new(words, src)) {
                *to = byte;
            }
            return Ok(());
        }
        #[cfg(feature = "multi-memory")]
        MEMORY_OTHER => {
            let (mem, shared) = slot.view();
            let offset = store.insts.get(run.inst as usize).ok_or(Trap::BadImage)?.code(run.pc.wrapping_add(2))?;
            let at = (fr[register(k >> 16)] as usize).checked_add(offset as usize);
            access(mem, shared, fr, k, at)?;
            run.pc = run.pc.wrapping_add(1); // it is of three words
        }
        #[cfg(feature = "memory64")]
        MEMORY_64 => {
            let (mem, shared) = slot.view();
            let inst = store.insts.get(run.inst as usize).ok_or(Trap::BadImage)?;
            let word = |n| inst.code(run.pc.wrapping_add(n));
            let (inner, offset) = (word(2)?, word(3)?);
            let at = far_address(fr, inner, offset, k);
            access(mem, shared, fr, inner, at)?;
            run.pc = run.pc.wrapping_add(2); // it is of four words
        }
        _ => return Err(Trap::BadImage),
    }
    run.pc = run.pc.wrapping_add(2);
    Ok(())
}

/// `n` elements from `at` on.
fn part<T>(all: &mut [T], at: usize, n: usize) -> Option<&mut [T]> {
    all.get_mut(at..)?.get_mut(..n)
}

fn copy_part<T: Copy>(to: &mut [T], dst: usize, from: &[T], src: usize, n: usize) -> Option<()> {
    if cfg!(target_os = "none") && size_of::<T>() == 4 {
        // As in `move_within`.
        for i in 0..n {
            *to.get_mut(dst.wrapping_add(i))? = *from.get(src.wrapping_add(i))?;
        }
        return Some(());
    }
    crate::stack::copy(to.get_mut(dst..)?.get_mut(..n)?, from.get(src..)?.get(..n)?);
    Some(())
}

/// A load or store, word `w` of the loop's, of the bytes from `at` on of any memory.
#[cfg(any(feature = "multi-memory", feature = "memory64", wrt_edge))]
#[inline(never)]
pub(crate) fn access(mem: &mut [u8], shared: View<'_>, fr: &mut impl Registers, w: u32, at: Option<usize>) -> Result<(), Trap> {
    let (a, op) = (register(w >> 8), w as u8);
    let n = match op {
        0x2c | 0x2d | 0x30 | 0x31 | 0x3a => 1,
        0x2e | 0x2f | 0x32 | 0x33 | 0x3b => 2,
        0x29 | 0x2b | 0x37 | 0x39 => 8,
        0x28..=0x3b => 4,
        _ => return Err(Trap::BadImage),
    };
    let is_store = op >= 0x36;
    let at = at.ok_or(Trap::MemoryOutOfBounds)?;
    let Some(bytes) = mem.get_mut(at..).and_then(|m| m.get_mut(..n)) else { return beyond(shared, fr, w, at) };
    if is_store {
        crate::stack::copy(bytes, &fr.cell64(a).to_le_bytes());
        return Ok(());
    }
    let v = bytes.iter().rev().fold(0, |v: u64, byte| v << 8 | u64::from(*byte));
    let free = 64u32.wrapping_sub((n as u32).wrapping_mul(8));
    let v = match op {
        0x2c | 0x2e | 0x30 | 0x32 | 0x34 => (v.wrapping_shl(free) as i64).wrapping_shr(free) as u64,
        _ => v,
    };
    match op {
        0x29 | 0x2b | 0x30..=0x35 => fr.set_cell64(a, v),
        _ => fr.set_cell(a, v as u32),
    }
    Ok(())
}

/// A load or store of a vector in another memory than the first.
#[cfg(all(feature = "simd", feature = "multi-memory"))]
#[inline(never)]
pub(crate) fn vector_elsewhere(store: &mut Store<'_>, fr: &mut Window, run: &mut Run) -> Result<(), Trap> {
    let mut code = [0; 5];
    for (n, word) in code.iter_mut().enumerate() {
        *word = store.inst(run.inst)?.code(run.pc.wrapping_add(n as u32))?;
    }
    let (mem, shared) = store.mem_mut(run.inst, code[3] & 0xffff)?.view();
    run.pc = run.pc.wrapping_add(crate::simd::load_or_store(fr, mem, shared, &code)? as u32);
    Ok(())
}

/// Element segments of `inst`: the bits of data segments come after theirs.
pub(crate) fn elems(inst: &Instance<'_>) -> u32 {
    inst.image().get(Word::Elems)
}

/// Drops segment `i`; `all` is the header's word with the number of such segments.
fn drop_segment(store: &mut Store<'_>, inst: u32, i: u32, all: Word) -> Result<(), Trap> {
    let inst = store.inst_mut(inst)?;
    if i >= inst.image().get(all) {
        return Err(Trap::BadImage);
    }
    let bit = if all == Word::Elems { i } else { elems(inst).wrapping_add(i) };
    inst.drop_segment(bit).ok_or(Trap::BadImage)
}

/// The reference that an item of an element segment stands for.
pub(crate) fn item(store: &mut Store<'_>, inst: u32, item: u32) -> Result<u32, Trap> {
    match item & 3 {
        0 => Ok(0),
        1 => store.number(inst, item >> 2).map(|n| Ref::func(n).bits()).ok_or(Trap::BadImage),
        2 => store.global_cells(inst, item >> 2)?.first().copied().ok_or(Trap::BadImage),
        _ => store.inst_mut(inst)?.globals(item >> 2).and_then(|cells| cells.first().copied()).ok_or(Trap::BadImage),
    }
}

/// Operations on tables, imported globals and function references. Those that take long do [`crate::store::STEP_ELEMENTS`] and are
/// executed again.
#[inline(never)]
pub(crate) fn table(store: &mut Store<'_>, fr: &mut Window, run: &mut Run, w: u32) -> Result<(), Trap> {
    const OUT: Trap = Trap::TableOutOfBounds;
    let k = store.inst(run.inst)?.code(run.pc.wrapping_add(1))?;
    let (a, b) = (register(w >> 8), register(w >> 16));
    match w as u8 {
        GLOBAL_GET_X => {
            let cells = store.global_cells(run.inst, k)?;
            copy_part(fr, a, cells, 0, b).ok_or(Trap::BadImage)?;
        }
        GLOBAL_SET_X => {
            let cells = store.global_cells(run.inst, k)?;
            copy_part(cells, 0, fr, a, b).ok_or(Trap::BadImage)?;
        }
        REF_FUNC => fr[a] = store.number(run.inst, k).map(|n| Ref::func(n).bits()).ok_or(Trap::BadImage)?,
        ELEM_DROP => drop_segment(store, run.inst, k, Word::Elems)?,
        TABLE_COPY => {
            let (to, from) = (store.table_slot(run.inst, k & 0xffff)?, store.table_slot(run.inst, k >> 16)?);
            return copy_step(&mut store.tables, to, from, fr, run, w);
        }
        TABLE_INIT => {
            let slot = store.table_slot(run.inst, w >> 16)?;
            let inst = store.inst(run.inst)?;
            let items = if inst.is_dropped(k) { 0 } else { inst.image().elem(k).ok_or(Trap::BadImage)?.len() };
            let len = store.tables.get(slot).ok_or(Trap::BadImage)?.live().len();
            let [dst, src, n] = step(fr, run, w, Bulk::Apart, len, items)?;
            for i in 0..n {
                let segment = store.inst(run.inst)?.image().elem(k).unwrap_or(&[]);
                let word = *segment.get(src.wrapping_add(i)).ok_or(OUT)?;
                let value = item(store, run.inst, word)?;
                let t = store.tables.get_mut(slot).ok_or(Trap::BadImage)?.live_mut();
                *t.get_mut(dst.wrapping_add(i)).ok_or(OUT)? = value;
            }
            return Ok(());
        }
        _ => {
            let t = store.table_at(run.inst, k)?;
            match w as u8 {
                TABLE_GET => fr[a] = *t.live_mut().get(fr[b] as usize).ok_or(OUT)?,
                TABLE_SET => *t.live_mut().get_mut(fr[a] as usize).ok_or(OUT)? = fr[b],
                TABLE_SIZE => fr[a] = t.len,
                TABLE_GROW => match t.grow_step(fr[a + 1], fr[a]) {
                    Growth::Grown(old) => fr[a] = old,
                    Growth::Failed => fr[a] = u32::MAX,
                    Growth::More(n) => {
                        run.left = run.left.wrapping_sub((n / 64) as i32);
                        return Ok(());
                    }
                },
                TABLE_FILL => {
                    let (t, value) = (t.live_mut(), fr[a + 1]);
                    let [at, _, n] = step(fr, run, w, Bulk::Fill, t.len(), 0)?;
                    fill(part(t, at, n).ok_or(Trap::BadImage)?, value);
                    return Ok(());
                }
                _ => return Err(Trap::BadImage),
            }
        }
    }
    run.pc = run.pc.wrapping_add(2);
    Ok(())
}
