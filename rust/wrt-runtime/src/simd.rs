// SPDX-License-Identifier: MIT
//! Vector operations, out of line: operands from the window, loads and stores; what is computed is in
//! `wrt_instructions::simd`. [`crate::op::second`] has their form.

use crate::op::second::ANY_MEMORY;
use crate::stack::{Registers, copy, register};
use crate::store::View;
use wrt_foundation::Trap;
use wrt_instructions::simd::{V128, bytes, cells, scalar, shuffle, vector as compute};

fn get(fr: &impl Registers, r: u32) -> V128 {
    let r = register(r);
    [fr.cell(r), fr.cell(r + 1), fr.cell(r + 2), fr.cell(r + 3)]
}

fn set(fr: &mut impl Registers, r: u32, [v0, v1, v2, v3]: V128) {
    let r = register(r);
    fr.set_cell(r, v0);
    fr.set_cell(r + 1, v1);
    fr.set_cell(r + 2, v2);
    fr.set_cell(r + 3, v3);
}

/// The operation that `code` begins with. How many words it has; 0: it is for [`load_or_store`] with another memory.
pub(crate) fn vector(fr: &mut impl Registers, mem: &mut [u8], shared: View<'_>, code: &[u32]) -> Result<usize, Trap> {
    let Some((&[w, w1], rest)) = code.split_first_chunk() else { return Err(Trap::BadImage) };
    let (n, a, b, c, d) = (w1 as u16, w >> 8, w >> 16, w >> 24, w1 >> 16);
    match n {
        0x00..=0x0b | 0x54..=0x5d => {
            return match rest {
                [_, memory, _, ..] if w1 & ANY_MEMORY != 0 && memory & 0xffff != 0 => {
                    if cfg!(feature = "multi-memory") {
                        Ok(0)
                    } else {
                        Err(Trap::BadImage)
                    }
                }
                _ => load_or_store(fr, mem, shared, code),
            };
        }
        0x0d => {
            let lanes = rest.first_chunk().ok_or(Trap::BadImage)?;
            set(fr, a, shuffle(&get(fr, b), &get(fr, c), lanes));
            return Ok(6);
        }
        _ => {}
    }
    let x = get(fr, b);
    if let Some(v) = compute(n, &x, &get(fr, c), &get(fr, d), d as u8) {
        set(fr, a, v);
        return Ok(2);
    }
    let v = scalar(n, &x, d as u8).ok_or(Trap::BadImage)?;
    match n {
        0x1d | 0x21 => fr.set_cell64(a as usize, v), // i64x2, f64x2.extract_lane
        _ => fr.set_cell(register(a), v as u32),
    }
    Ok(2)
}

/// The load or store that `code` begins with, in its memory. How many words it has.
pub(crate) fn load_or_store(fr: &mut impl Registers, mem: &mut [u8], shared: View<'_>, code: &[u32]) -> Result<usize, Trap> {
    let (&[w, w1, offset], rest) = code.split_first_chunk().ok_or(Trap::BadImage)?;
    let narrow = || (fr.cell(register(w >> 16)) as usize).checked_add(offset as usize);
    let (at, words) = match rest {
        &[memory, upper, ..] if w1 & ANY_MEMORY != 0 => (if memory >> 31 != 0 { wide_address(fr, w, offset, upper) } else { narrow() }, 5),
        _ => (narrow(), 3),
    };
    let (n, v, lane) = (w1 as u16, get(fr, w >> 24), (w1 >> 16) as u8);
    #[cfg(feature = "threads")]
    if let Some(shared) = shared {
        const OUT: Trap = Trap::MemoryOutOfBounds;
        let (at, mut bytes) = (at.ok_or(OUT)?, [0; 16]);
        let bytes = bytes.get_mut(..width(n)).unwrap_or(&mut []);
        shared.read_into(at, bytes).ok_or(OUT)?;
        match access(bytes, n, v, lane)? {
            Some(v) => set(fr, w >> 8, v),
            None => shared.write_from(at, bytes).ok_or(OUT)?,
        }
        return Ok(words);
    }
    let _ = shared;
    let mem = at.and_then(|at| mem.get_mut(at..)).ok_or(Trap::MemoryOutOfBounds)?;
    if let Some(v) = access(mem, n, v, lane)? {
        set(fr, w >> 8, v);
    }
    Ok(words)
}

#[cfg(feature = "memory64")]
use crate::run::far_address as wide_address;
#[cfg(not(feature = "memory64"))]
fn wide_address(_: &impl Registers, _: u32, _: u32, _: u32) -> Option<usize> {
    None
}

/// What loads do with the bytes that they have read, zeros above them: the number of an instruction for each from
/// `v128.load8x8_s` to `v128.load64_splat`.
const THEN: [u8; 10] = [0x87, 0x89, 0xa7, 0xa9, 0xc7, 0xc9, 0x0f, 0x10, 0x11, 0x12];

/// Bytes that load or store `n` accesses.
fn width(n: u16) -> usize {
    match n {
        0x00 | 0x0b => 16,
        0x07 => 1,
        0x08 => 2,
        0x09 | 0x5c => 4,
        0x54..=0x5b => 1 << (n & 3),
        _ => 8,
    }
}

/// Loads or stores at the front of `mem`; `v` is the vector operand, `lane` its lane. The result, unless it is a store.
fn access(mem: &mut [u8], n: u16, v: V128, lane: u8) -> Result<Option<V128>, Trap> {
    let len = width(n);
    let mem = mem.get_mut(..len).ok_or(Trap::MemoryOutOfBounds)?;
    let mut all = if matches!(n, 0x0b | 0x54..=0x5b) { bytes(&v) } else { [0; 16] };
    let part = all.get_mut((lane as usize).wrapping_mul(len)..).ok_or(Trap::BadImage)?;
    if matches!(n, 0x0b | 0x58..=0x5b) {
        copy(mem, part);
        return Ok(None);
    }
    copy(part, mem);
    let v = cells(&all);
    match THEN.get((n as usize).wrapping_sub(1)) {
        Some(then) => compute((*then).into(), &v, &v, &v, 0).map(Some).ok_or(Trap::BadImage),
        None => Ok(Some(v)),
    }
}
