// SPDX-License-Identifier: MIT
//! Numeric operations that the loop calls instead of doing them inline: 64-bit ones that take many instructions, and
//! floats. Kept out of line so that the loop keeps its registers.

use crate::op::*;
use crate::run::{get64, set64};
#[cfg(feature = "wide-arithmetic")]
use crate::stack::Registers;
use crate::stack::{Window, register};
use wrt_foundation::Trap;
#[cfg(any(feature = "float", feature = "wide-arithmetic", wrt_quick))]
use wrt_instructions::num;

/// `i32`: popcnt; `i64`: bit counts, signed division, shifts. Where the loop is not to be quick also what it has itself there: `i32`:
/// division; `i64`: comparisons, unsigned division, rotation to the left, shifts by a constant.
#[inline(never)]
pub(crate) fn integer(fr: &mut Window, w: u32) -> Result<(), Trap> {
    let (op, a, b, c) = (w as u8, register(w >> 8), register(w >> 16), register(w >> 24));
    let x = get64(fr, b);
    if op >= 0x86 {
        // Shifts, those by a constant behind the others.
        let n = if !cfg!(wrt_quick) && op >= I64_SHL_I { c as u32 } else { fr[c] };
        set64(fr, a, shift(op, x, n));
        return Ok(());
    }
    let y = get64(fr, c);
    if op <= 0x70 {
        fr[a] = match op {
            0x69 => ones(x as u32),
            _ if cfg!(wrt_quick) => return Err(Trap::BadImage),
            ..=0x5a => compare(op, x, y).into(),
            _ => divide_narrow(op, x as u32, y as u32)?,
        };
        return Ok(());
    }
    let v = match op {
        0x79 => x.leading_zeros().into(),
        0x7a => x.trailing_zeros().into(),
        0x7b => ones(x as u32).wrapping_add(ones((x >> 32) as u32)).into(),
        _ => divide(op, x, y)?,
    };
    set64(fr, a, v);
    Ok(())
}

/// `i32.div_s`, `i32.div_u`, `i32.rem_s`, `i32.rem_u`, by their opcodes.
fn divide_narrow(op: u8, x: u32, y: u32) -> Result<u32, Trap> {
    if y == 0 {
        return Err(Trap::DivideByZero);
    }
    let v = match op {
        0x6d => (x as i32).checked_div(y as i32).map(|v| v as u32),
        0x6e => x.checked_div(y),
        0x6f => Some((x as i32).wrapping_rem(y as i32) as u32),
        _ => x.checked_rem(y),
    };
    v.ok_or(Trap::IntegerOverflow)
}

/// `i64.eqz` to `i64.ge_u`, by their opcodes.
fn compare(op: u8, x: u64, y: u64) -> bool {
    let (signed_x, signed_y) = (x as i64, y as i64);
    match op {
        0x50 => x == 0,
        0x51 => x == y,
        0x52 => x != y,
        0x53 => signed_x < signed_y,
        0x54 => x < y,
        0x55 => signed_x > signed_y,
        0x56 => x > y,
        0x57 => signed_x <= signed_y,
        0x58 => x <= y,
        0x59 => signed_x >= signed_y,
        _ => x >= y, // 0x5a
    }
}

/// Whether this is firmware for 32-bit processors.
const SMALL: bool = cfg!(all(target_os = "none", target_pointer_width = "32"));

/// `i64.shl`, `i64.shr_s`, `i64.shr_u`, `i64.rotl` and `i64.rotr`, by their opcodes, and shifts by a constant.
fn shift(op: u8, x: u64, n: u32) -> u64 {
    if SMALL {
        return shift_by_words(op, x, n);
    }
    match op {
        0x86 | I64_SHL_I => x.wrapping_shl(n),
        0x87 | I64_SHR_S_I => (x as i64).wrapping_shr(n) as u64,
        0x88 | I64_SHR_U_I => x.wrapping_shr(n),
        0x89 => x.rotate_left(n & 63),
        _ => x.rotate_right(n & 63),
    }
}

/// The same for firmware, where the compiler's shifts of 64 bits are 44 bytes each: all are one, 128 bits to the right.
fn shift_by_words(op: u8, x: u64, n: u32) -> u64 {
    let (high, low, n) = match op {
        0x86 | I64_SHL_I => (x >> 1, x << 63, !n),
        0x87 | I64_SHR_S_I => (((x as i64) >> 63) as u64, x, n),
        0x88 | I64_SHR_U_I => (0, x, n),
        0x89 => (x, x, n.wrapping_neg()),
        _ => (x, x, n),
    };
    let (low, middle, high, beyond) = (low as u32, (low >> 32) as u32, high as u32, (high >> 32) as u32);
    let (low, middle, high) = if n & 32 == 0 { (low, middle, high) } else { (middle, high, beyond) };
    let part = |low: u32, high: u32| low.wrapping_shr(n) | (high << 1).wrapping_shl(!n);
    u64::from(part(low, middle)) | u64::from(part(middle, high)) << 32
}

/// Once, for it is 50 bytes where the processor does not count bits.
#[inline(never)]
fn ones(v: u32) -> u32 {
    v.count_ones()
}

/// `i64.div_u` and `i64.rem_u`.
#[cfg(wrt_quick)]
pub(crate) mod unsigned {
    use super::*;

    macro_rules! functions {
        ($($name:ident)*) => {$(
            #[inline(never)]
            pub(crate) fn $name(fr: &mut Window, w: u32) -> Result<(), Trap> {
                let v = num::$name(get64(fr, register(w >> 16)), get64(fr, register(w >> 24)))?;
                set64(fr, register(w >> 8), v);
                Ok(())
            }
        )*};
    }
    functions! { i64_div_u i64_rem_u }
}

/// `i64.div_s`, `i64.div_u`, `i64.rem_s`, `i64.rem_u`, by their opcodes.
fn divide(op: u8, x: u64, y: u64) -> Result<u64, Trap> {
    if y == 0 {
        return Err(Trap::DivideByZero);
    }
    if SMALL {
        let (signed, remainder) = (op & 1 != 0, op > 0x80);
        let (x_below, y_below) = (signed && (x as i64) < 0, signed && (y as i64) < 0);
        let opposite = |v: u64, yes: bool| if yes { v.wrapping_neg() } else { v };
        let (q, r) = div_rem(opposite(x, x_below), opposite(y, y_below));
        return match (remainder, x_below != y_below) {
            (true, _) => Ok(opposite(r, x_below)),
            (false, false) if signed && q >> 63 != 0 => Err(Trap::IntegerOverflow),
            (false, below) => Ok(opposite(q, below)),
        };
    }
    Ok(match op {
        0x7f => (x as i64).checked_div(y as i64).ok_or(Trap::IntegerOverflow)? as u64,
        0x80 => x.checked_div(y).unwrap_or(0),
        0x81 => (x as i64).checked_rem(y as i64).unwrap_or(0) as u64,
        _ => x.checked_rem(y).unwrap_or(0),
    })
}

/// Quotient and remainder; `y` is not 0.
fn div_rem(x: u64, y: u64) -> (u64, u64) {
    if cfg!(wrt_quick) {
        let q = x.checked_div(y).unwrap_or(0);
        (q, x.wrapping_sub(q.wrapping_mul(y)))
    } else {
        div_rem_small(x, y)
    }
}

/// The same without the compiler's division of 64 bits, which is 750 bytes of a firmware and takes a third of the time: by less than
/// 2^16 in four steps of the processor's, by more bit by bit, at most 48.
fn div_rem_small(mut x: u64, y: u64) -> (u64, u64) {
    if y < 1 << 16 {
        let (y, mut r) = (y as u32, 0u32);
        for _ in 0..4 {
            r = r << 16 | (x >> 48) as u32;
            x = x << 16 | u64::from(r.checked_div(y).unwrap_or(0));
            r = r.checked_rem(y).unwrap_or(0);
        }
        return (x, r.into());
    }
    // The divisor, moved up to the dividend's highest bit and down again.
    let (mut d, mut q) = (y, 0);
    while d >> 63 == 0 && d < x {
        d <<= 1;
    }
    while d >= y {
        q <<= 1;
        if x >= d {
            x = x.wrapping_sub(d);
            q |= 1;
        }
        d >>= 1;
    }
    (q, x)
}

/// Sums, differences and products of floats, each by itself: to tell them from all that [`float`] does takes a fifth of their time
/// where floats are software.
#[cfg(all(feature = "float", wrt_quick, target_pointer_width = "32"))]
pub(crate) mod floats {
    use super::*;

    macro_rules! functions {
        ($($f32:ident $f64:ident)*) => {$(
            #[inline(never)]
            pub(crate) fn $f32(fr: &mut Window, w: u32) {
                fr[register(w >> 8)] = num::$f32(fr[register(w >> 16)], fr[register(w >> 24)]);
            }
            #[inline(never)]
            pub(crate) fn $f64(fr: &mut Window, w: u32) {
                let v = num::$f64(get64(fr, register(w >> 16)), get64(fr, register(w >> 24)));
                set64(fr, register(w >> 8), v);
            }
        )*};
    }
    functions! { f32_add f64_add f32_sub f64_sub f32_mul f64_mul }
}

/// Floats: comparisons, arithmetic, conversions.
#[cfg(feature = "float")]
#[inline(never)]
pub(crate) fn float(fr: &mut Window, w: u32) -> Result<(), Trap> {
    use num::*;
    let (a, b, c) = (register(w >> 8), register(w >> 16), register(w >> 24));
    let (x, y) = (fr[b], fr[c]);
    let (xx, yy) = (get64(fr, b), get64(fr, c));
    enum V {
        Narrow(u32),
        Wide(u64),
    }
    use V::{Narrow, Wide};
    let v = match w as u8 {
        0x5b => Narrow(f32_eq(x, y)),
        0x5c => Narrow(f32_ne(x, y)),
        0x5d => Narrow(f32_lt(x, y)),
        0x5e => Narrow(f32_gt(x, y)),
        0x5f => Narrow(f32_le(x, y)),
        0x60 => Narrow(f32_ge(x, y)),
        0x61 => Narrow(f64_eq(xx, yy)),
        0x62 => Narrow(f64_ne(xx, yy)),
        0x63 => Narrow(f64_lt(xx, yy)),
        0x64 => Narrow(f64_gt(xx, yy)),
        0x65 => Narrow(f64_le(xx, yy)),
        0x66 => Narrow(f64_ge(xx, yy)),
        0x8b => Narrow(f32_abs(x)),
        0x8c => Narrow(f32_neg(x)),
        0x8d => Narrow(f32_ceil(x)),
        0x8e => Narrow(f32_floor(x)),
        0x8f => Narrow(f32_trunc(x)),
        0x90 => Narrow(f32_nearest(x)),
        0x91 => Narrow(f32_sqrt(x)),
        0x92 => Narrow(f32_add(x, y)),
        0x93 => Narrow(f32_sub(x, y)),
        0x94 => Narrow(f32_mul(x, y)),
        0x95 => Narrow(f32_div(x, y)),
        0x96 => Narrow(f32_min(x, y)),
        0x97 => Narrow(f32_max(x, y)),
        0x98 => Narrow(f32_copysign(x, y)),
        0x99 => Wide(f64_abs(xx)),
        0x9a => Wide(f64_neg(xx)),
        0x9b => Wide(f64_ceil(xx)),
        0x9c => Wide(f64_floor(xx)),
        0x9d => Wide(f64_trunc(xx)),
        0x9e => Wide(f64_nearest(xx)),
        0x9f => Wide(f64_sqrt(xx)),
        0xa0 => Wide(f64_add(xx, yy)),
        0xa1 => Wide(f64_sub(xx, yy)),
        0xa2 => Wide(f64_mul(xx, yy)),
        0xa3 => Wide(f64_div(xx, yy)),
        0xa4 => Wide(f64_min(xx, yy)),
        0xa5 => Wide(f64_max(xx, yy)),
        0xa6 => Wide(f64_copysign(xx, yy)),
        0xb2 => Narrow(f32_convert_i32_s(x)),
        0xb3 => Narrow(f32_convert_i32_u(x)),
        0xb4 => Narrow(f32_convert_i64_s(xx)),
        0xb5 => Narrow(f32_convert_i64_u(xx)),
        0xb6 => Narrow(f32_demote_f64(xx)),
        0xb7 => Wide(f64_convert_i32_s(x)),
        0xb8 => Wide(f64_convert_i32_u(x)),
        0xb9 => Wide(f64_convert_i64_s(xx)),
        0xba => Wide(f64_convert_i64_u(xx)),
        0xbb => Wide(f64_promote_f32(x)),
        I32_TRUNC_SAT_F32_S => Narrow(i32_trunc_sat_f32_s(x)),
        I32_TRUNC_SAT_F32_U => Narrow(i32_trunc_sat_f32_u(x)),
        I32_TRUNC_SAT_F64_S => Narrow(i32_trunc_sat_f64_s(xx)),
        I32_TRUNC_SAT_F64_U => Narrow(i32_trunc_sat_f64_u(xx)),
        I64_TRUNC_SAT_F32_S => Wide(i64_trunc_sat_f32_s(x)),
        I64_TRUNC_SAT_F32_U => Wide(i64_trunc_sat_f32_u(x)),
        I64_TRUNC_SAT_F64_S => Wide(i64_trunc_sat_f64_s(xx)),
        I64_TRUNC_SAT_F64_U => Wide(i64_trunc_sat_f64_u(xx)),
        0xa8 => Narrow(i32_trunc_f32_s(x)?),
        0xa9 => Narrow(i32_trunc_f32_u(x)?),
        0xaa => Narrow(i32_trunc_f64_s(xx)?),
        0xab => Narrow(i32_trunc_f64_u(xx)?),
        0xae => Wide(i64_trunc_f32_s(x)?),
        0xaf => Wide(i64_trunc_f32_u(x)?),
        0xb0 => Wide(i64_trunc_f64_s(xx)?),
        _ => Wide(i64_trunc_f64_u(xx)?), // 0xb1
    };
    match v {
        Narrow(v) => fr[a] = v,
        Wide(v) => set64(fr, a, v),
    }
    Ok(())
}

/// `i64.add128` and its like: operations of the second page.
#[cfg(feature = "wide-arithmetic")]
pub(crate) fn wide(fr: &mut impl Registers, code: &[u32]) -> Result<usize, Trap> {
    use num::*;
    let Some(&[w, w1]) = code.first_chunk() else { return Err(Trap::BadImage) };
    let get = |shift: u32| fr.cell64((w >> shift) as usize);
    let (x, y) = (get(16), get(24));
    let high = |shift: u32| fr.cell64((w1 >> shift) as usize);
    let (low, high) = match w1 as u16 & 0x1f {
        0x13 => i64_add128(x, y, high(16), high(24)),
        0x14 => i64_sub128(x, y, high(16), high(24)),
        0x15 => i64_mul_wide_s(x, y),
        _ => i64_mul_wide_u(x, y),
    };
    let a = register(w >> 8);
    fr.set_cell64(a, low);
    fr.set_cell(a + 2, high as u32);
    fr.set_cell(a + 3, (high >> 32) as u32);
    Ok(2)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn division_without_the_compilers() {
        let edges = [0u64, 1, 2, 9, 10, 0xffff, 0x1_0000, 0x1_0001, 0xffff_ffff, 1 << 32, (1 << 32) + 1, 1 << 48, i64::MAX as u64, 1 << 63];
        let near = |e: u64| [e.wrapping_sub(1), e, e.wrapping_add(1), e.wrapping_mul(0x9e37_79b9_7f4a_7c15)];
        for x in edges.into_iter().flat_map(near) {
            for y in edges.into_iter().flat_map(near).filter(|y| *y != 0) {
                assert_eq!(div_rem_small(x, y), (x / y, x % y), "{x} / {y}");
                assert_eq!(div_rem(x, y), (x / y, x % y), "{x} / {y}");
            }
        }
    }

    #[test]
    fn shifts_by_words() {
        for x in [0, 1, 0x8000_0000, 0x1_2345_6789_abcd, 0xfedc_ba98_7654_3210, 1 << 63, u64::MAX] {
            for n in (0..130).chain([u32::MAX, u32::MAX - 31]) {
                for op in [0x86, 0x87, 0x88, 0x89, 0x8a, I64_SHL_I, I64_SHR_S_I, I64_SHR_U_I] {
                    assert_eq!(shift_by_words(op, x, n), shift(op, x, n), "{op:#x} {x:#x} {n}");
                }
            }
        }
    }

    #[test]
    fn comparisons_by_their_opcodes() {
        let numbers = [0u64, 1, 2, i64::MAX as u64, 1 << 63, (1 << 63) + 1, u64::MAX];
        for (x, y) in numbers.iter().flat_map(|x| numbers.map(|y| (*x, y))) {
            let (signed_x, signed_y) = (x as i64, y as i64);
            let want = [
                x == 0,
                x == y,
                x != y,
                signed_x < signed_y,
                x < y,
                signed_x > signed_y,
                x > y,
                signed_x <= signed_y,
                x <= y,
                signed_x >= signed_y,
                x >= y,
            ];
            assert_eq!([0x50, 0x51, 0x52, 0x53, 0x54, 0x55, 0x56, 0x57, 0x58, 0x59, 0x5a].map(|op| compare(op, x, y)), want, "{x} {y}");
        }
    }
}
