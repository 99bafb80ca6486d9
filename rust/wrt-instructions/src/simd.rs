// SPDX-License-Identifier: MIT
//! What vector instructions compute (spec: core 4.3.5). A vector is its four cells, low first; lanes count from the low
//! end. Instructions are named by their number after the prefix 0xfd.
//!
//! **Few bodies.** An instruction is a function of one lane, mostly one of [`num`], under a loop over lanes of its shape.
//! Lanes of 8, 16 and 32 bits are `u32` there, sign-extended: that keeps signed and unsigned order alike, so that one
//! comparison serves three shapes; results are cut to the lane. On computers each loop is compiled for its function and
//! becomes vector instructions; on a microcontroller (`inline(never)` below) there is one loop per shape, which calls.
//!
//! NaNs are canonical as in [`num`]. Relaxed instructions choose as the deterministic profile does, see
//! [`strict`](crate::table::simd::strict).

use crate::num;
use crate::num::{i32_add, i32_mul, i32_shl, i32_shr_s, i32_sub, i64_add, i64_mul, i64_sub};

/// A vector: four cells, low first.
pub type V128 = [u32; 4];

/// Its bytes.
pub fn bytes(v: &V128) -> [u8; 16] {
    let mut b = [0; 16];
    for (to, cell) in b.as_chunks_mut().0.iter_mut().zip(v) {
        *to = cell.to_le_bytes();
    }
    b
}

/// The vector of these bytes.
pub fn cells(b: &[u8; 16]) -> V128 {
    let mut v = [0; 4];
    for (cell, from) in v.iter_mut().zip(b.as_chunks().0) {
        *cell = u32::from_le_bytes(*from);
    }
    v
}

/// Loops over the lanes of one shape: `$bytes` each, of signed type `$lane`, which functions see as a `$word`.
macro_rules! shape {
    ($name:ident $bytes:literal $lane:ident $word:ident) => {
        mod $name {
            use super::{V128, bytes, cells};

            fn get(b: &[u8; $bytes]) -> $word {
                $lane::from_le_bytes(*b) as $word
            }
            fn put(v: $word) -> [u8; $bytes] {
                (v as $lane).to_le_bytes()
            }
            /// Each lane through `f`.
            #[cfg_attr(target_os = "none", inline(never))]
            #[cfg_attr(not(target_os = "none"), inline(always))]
            pub(super) fn map(x: &V128, f: fn($word) -> $word) -> V128 {
                let mut r = bytes(x);
                for lane in r.as_chunks_mut().0 {
                    *lane = put(f(get(lane)));
                }
                cells(&r)
            }
            /// Lanes of `x` with lanes of `y` through `f`.
            #[cfg_attr(target_os = "none", inline(never))]
            #[cfg_attr(not(target_os = "none"), inline(always))]
            pub(super) fn zip(x: &V128, y: &V128, f: fn($word, $word) -> $word) -> V128 {
                let mut r = bytes(x);
                for (lane, other) in r.as_chunks_mut().0.iter_mut().zip(bytes(y).as_chunks().0) {
                    *lane = put(f(get(lane), get(other)));
                }
                cells(&r)
            }
            /// Lanes that are all ones where `f` is 1, and 0 where it is 0.
            #[cfg_attr(target_os = "none", inline(never))]
            #[cfg_attr(not(target_os = "none"), inline(always))]
            pub(super) fn compare(x: &V128, y: &V128, f: fn($word, $word) -> u32) -> V128 {
                let mut r = bytes(x);
                for (lane, other) in r.as_chunks_mut().0.iter_mut().zip(bytes(y).as_chunks().0) {
                    *lane = put(($word::from(f(get(lane), get(other)))).wrapping_neg());
                }
                cells(&r)
            }
            /// The same value in all lanes.
            pub(super) fn splat(v: $word) -> V128 {
                let mut r = [0; 16];
                r.as_chunks_mut().0.fill(put(v));
                cells(&r)
            }
            /// Lanes shifted by a count modulo their bits.
            pub(super) fn shift(x: &V128, count: u32, f: fn($word, $word) -> $word) -> V128 {
                zip(x, &splat((count & ($lane::BITS - 1)).into()), f)
            }
            /// A lane, sign-extended.
            pub(super) fn lane(x: &V128, i: u8) -> $word {
                bytes(x).as_chunks().0.get(i as usize).map_or(0, get)
            }
            /// Another value in one lane.
            pub(super) fn replace(x: &V128, i: u8, v: $word) -> V128 {
                let mut r = bytes(x);
                if let Some(lane) = r.as_chunks_mut().0.get_mut(i as usize) {
                    *lane = put(v);
                }
                cells(&r)
            }
            /// The sign of each lane, the first one's in bit 0.
            pub(super) fn bitmask(x: &V128) -> u32 {
                bytes(x).as_chunks().0.iter().rev().fold(0, |mask, lane| mask << 1 | (get(lane) >> ($word::BITS - 1)) as u32)
            }
            /// Whether no lane is 0.
            pub(super) fn all_true(x: &V128) -> u32 {
                bytes(x).as_chunks().0.iter().all(|lane| get(lane) != 0).into()
            }
        }
    };
}
shape! { i8x16 1 i8 u32 }
shape! { i16x8 2 i16 u32 }
shape! { i32x4 4 i32 u32 }
shape! { i64x2 8 i64 u64 }

/// Loops from lanes of `$bytes` to lanes twice as wide, and back.
macro_rules! width {
    ($name:ident $bytes:literal $lane:ident $word:ident => $wide_bytes:literal $wide_lane:ident $wide:ident) => {
        mod $name {
            use super::{V128, bytes, cells};

            fn get(b: &[u8; $bytes]) -> $word {
                $lane::from_le_bytes(*b) as $word
            }
            #[cfg_attr(not(feature = "float"), allow(dead_code))] // only floats of 64 bits become narrower
            fn wide(b: &[u8; $wide_bytes]) -> $wide {
                $wide_lane::from_le_bytes(*b) as $wide
            }
            /// The lower or upper half of the lanes through `f`.
            #[cfg_attr(target_os = "none", inline(never))]
            #[cfg_attr(not(target_os = "none"), inline(always))]
            pub(super) fn widen(x: &V128, upper: bool, f: fn($word) -> $wide) -> V128 {
                let (x, mut r) = (bytes(x), [0; 16]);
                let [low, high] = x.as_chunks::<8>().0 else { return [0; 4] };
                let half = if upper { high } else { low };
                for (to, from) in r.as_chunks_mut().0.iter_mut().zip(half.as_chunks().0) {
                    *to = (f(get(from)) as $wide_lane).to_le_bytes();
                }
                cells(&r)
            }
            /// The lanes of `x` and then of `y`, wide ones, through `f`.
            #[cfg_attr(not(feature = "float"), allow(dead_code))] // likewise
            #[cfg_attr(target_os = "none", inline(never))]
            #[cfg_attr(not(target_os = "none"), inline(always))]
            pub(super) fn narrow(x: &V128, y: &V128, f: fn($wide) -> $word) -> V128 {
                let (x, y, mut r) = (bytes(x), bytes(y), [0; 16]);
                for (to, from) in r.as_chunks_mut().0.iter_mut().zip(x.as_chunks().0.iter().chain(y.as_chunks().0)) {
                    *to = (f(wide(from)) as $lane).to_le_bytes();
                }
                cells(&r)
            }
        }
    };
}
width! { to_16 1 i8 u32 => 2 i16 u32 }
width! { to_32 2 i16 u32 => 4 i32 u32 }
width! { to_64 4 i32 u32 => 8 i64 u64 }

// ---- functions of one lane that `num` does not have ---------------------------------------------------------------

fn same(a: u32) -> u32 {
    a
}
fn low_8(a: u32) -> u32 {
    a & 0xff
}
fn low_16(a: u32) -> u32 {
    a & 0xffff
}
fn abs(a: u32) -> u32 {
    (a as i32).unsigned_abs()
}
fn min_s(a: u32, b: u32) -> u32 {
    (a as i32).min(b as i32) as u32
}
fn max_s(a: u32, b: u32) -> u32 {
    (a as i32).max(b as i32) as u32
}
/// To the nearest number of 8 bits.
fn saturate_i8(a: u32) -> u32 {
    (a as i32).clamp(i8::MIN.into(), i8::MAX.into()) as u32
}
fn saturate_u8(a: u32) -> u32 {
    (a as i32).clamp(0, u8::MAX.into()) as u32
}
fn saturate_i16(a: u32) -> u32 {
    (a as i32).clamp(i16::MIN.into(), i16::MAX.into()) as u32
}
fn saturate_u16(a: u32) -> u32 {
    (a as i32).clamp(0, u16::MAX.into()) as u32
}
fn average(a: u32, b: u32) -> u32 {
    a.wrapping_add(b).wrapping_add(1) >> 1
}
fn q15mulr_sat_s(a: u32, b: u32) -> u32 {
    saturate_i16((i32_mul(a, b).wrapping_add(0x4000) as i32 >> 15) as u32)
}
/// Two lanes in one: the sum of both, signed or not; of products.
fn pair_8_s(a: u32) -> u32 {
    i32_add(a as i8 as u32, i32_shr_s(a, 8))
}
fn pair_8_u(a: u32) -> u32 {
    i32_add(low_8(a), low_8(a >> 8))
}
fn pair_16_s(a: u32) -> u32 {
    i32_add(a as i16 as u32, i32_shr_s(a, 16))
}
fn pair_16_u(a: u32) -> u32 {
    i32_add(low_16(a), a >> 16)
}
fn dot_16(a: u32, b: u32) -> u32 {
    i32_add(i32_mul(a as i16 as u32, b as i16 as u32), i32_mul(i32_shr_s(a, 16), i32_shr_s(b, 16)))
}
#[cfg(feature = "relaxed-simd")]
fn dot_8(a: u32, b: u32) -> u32 {
    saturate_i16(i32_add(i32_mul(a as i8 as u32, b as i8 as u32), i32_mul(i32_shr_s(a, 8), i32_shr_s(b, 8))))
}

// ---- instructions -------------------------------------------------------------------------------------------------

/// Bytes of `x` and `y` that `lanes` names: from 0 those of `x`, from 16 those of `y`, else 0.
pub fn shuffle(x: &V128, y: &V128, lanes: &V128) -> V128 {
    let (x, y, mut r) = (bytes(x), bytes(y), bytes(lanes));
    for lane in &mut r {
        let i = *lane as usize;
        *lane = x.get(i).or(y.get(i.wrapping_sub(16))).copied().unwrap_or(0);
    }
    cells(&r)
}

/// Half of the lanes, made twice as wide. Bit 0 of `how`: the upper half; bit 1: lanes are unsigned.
fn extend_8(how: u16, x: &V128) -> V128 {
    to_16::widen(x, how & 1 != 0, if how & 2 != 0 { low_8 } else { same })
}
fn extend_16(how: u16, x: &V128) -> V128 {
    to_32::widen(x, how & 1 != 0, if how & 2 != 0 { low_16 } else { same })
}
fn extend_32(how: u16, x: &V128) -> V128 {
    to_64::widen(x, how & 1 != 0, if how & 2 != 0 { num::i64_extend_i32_u } else { num::i64_extend_i32_s })
}

/// What instruction `n` with a result that is no vector makes of vector `x`: lane `i`, or whether lanes are true, in the
/// low bits of a `u64`. `None`: it is another instruction.
pub fn scalar(n: u16, x: &V128, i: u8) -> Option<u64> {
    let narrow = match n {
        0x15 => i8x16::lane(x, i),
        0x16 => low_8(i8x16::lane(x, i)),
        0x18 => i16x8::lane(x, i),
        0x19 => low_16(i16x8::lane(x, i)),
        0x1b | 0x1f => i32x4::lane(x, i),
        0x1d | 0x21 => return Some(i64x2::lane(x, i)),
        0x53 => x.iter().any(|cell| *cell != 0).into(),
        0x63 => i8x16::all_true(x),
        0x64 => i8x16::bitmask(x),
        0x83 => i16x8::all_true(x),
        0x84 => i16x8::bitmask(x),
        0xa3 => i32x4::all_true(x),
        0xa4 => i32x4::bitmask(x),
        0xc3 => i64x2::all_true(x),
        0xc4 => i64x2::bitmask(x),
        _ => return None,
    };
    Some(narrow.into())
}

/// What instruction `n` makes of vectors; of operands that are none the low cells are set. `i` is the lane of those that
/// have one. `None`: the result is no vector, or the instruction is about memory, or there is no such one.
pub fn vector(n: u16, x: &V128, y: &V128, z: &V128, i: u8) -> Option<V128> {
    let count = y[0];
    Some(match n {
        0x0e => shuffle(x, &[0; 4], &i8x16::map(y, |i| if i < 16 { i } else { 0xff })),
        0x0f => i8x16::splat(x[0]),
        0x10 => i16x8::splat(x[0]),
        0x11 | 0x13 => [x[0]; 4],
        0x12 | 0x14 => [x[0], x[1], x[0], x[1]],
        0x17 => i8x16::replace(x, i, y[0]),
        0x1a => i16x8::replace(x, i, y[0]),
        0x1c | 0x20 => i32x4::replace(x, i, y[0]),
        0x1e | 0x22 => i64x2::replace(x, i, y[0] as u64 | (y[1] as u64) << 32),

        0x23 => i8x16::compare(x, y, num::i32_eq),
        0x24 => i8x16::compare(x, y, num::i32_ne),
        0x25 => i8x16::compare(x, y, num::i32_lt_s),
        0x26 => i8x16::compare(x, y, num::i32_lt_u),
        0x27 => i8x16::compare(x, y, num::i32_gt_s),
        0x28 => i8x16::compare(x, y, num::i32_gt_u),
        0x29 => i8x16::compare(x, y, num::i32_le_s),
        0x2a => i8x16::compare(x, y, num::i32_le_u),
        0x2b => i8x16::compare(x, y, num::i32_ge_s),
        0x2c => i8x16::compare(x, y, num::i32_ge_u),
        0x2d => i16x8::compare(x, y, num::i32_eq),
        0x2e => i16x8::compare(x, y, num::i32_ne),
        0x2f => i16x8::compare(x, y, num::i32_lt_s),
        0x30 => i16x8::compare(x, y, num::i32_lt_u),
        0x31 => i16x8::compare(x, y, num::i32_gt_s),
        0x32 => i16x8::compare(x, y, num::i32_gt_u),
        0x33 => i16x8::compare(x, y, num::i32_le_s),
        0x34 => i16x8::compare(x, y, num::i32_le_u),
        0x35 => i16x8::compare(x, y, num::i32_ge_s),
        0x36 => i16x8::compare(x, y, num::i32_ge_u),
        0x37 => i32x4::compare(x, y, num::i32_eq),
        0x38 => i32x4::compare(x, y, num::i32_ne),
        0x39 => i32x4::compare(x, y, num::i32_lt_s),
        0x3a => i32x4::compare(x, y, num::i32_lt_u),
        0x3b => i32x4::compare(x, y, num::i32_gt_s),
        0x3c => i32x4::compare(x, y, num::i32_gt_u),
        0x3d => i32x4::compare(x, y, num::i32_le_s),
        0x3e => i32x4::compare(x, y, num::i32_le_u),
        0x3f => i32x4::compare(x, y, num::i32_ge_s),
        0x40 => i32x4::compare(x, y, num::i32_ge_u),
        0xd6 => i64x2::compare(x, y, num::i64_eq),
        0xd7 => i64x2::compare(x, y, num::i64_ne),
        0xd8 => i64x2::compare(x, y, num::i64_lt_s),
        0xd9 => i64x2::compare(x, y, num::i64_gt_s),
        0xda => i64x2::compare(x, y, num::i64_le_s),
        0xdb => i64x2::compare(x, y, num::i64_ge_s),

        0x4d => i32x4::map(x, |a| !a),
        0x4e => i32x4::zip(x, y, |a, b| a & b),
        0x4f => i32x4::zip(x, y, |a, b| a & !b),
        0x50 => i32x4::zip(x, y, |a, b| a | b),
        0x51 => i32x4::zip(x, y, |a, b| a ^ b),
        // v128.bitselect: where `z` has a 1, of `x`, else of `y`
        0x52 => i32x4::zip(y, &i32x4::zip(&i32x4::zip(x, y, |a, b| a ^ b), z, |a, b| a & b), |a, b| a ^ b),

        0x60 => i8x16::map(x, abs),
        0x61 => i8x16::map(x, u32::wrapping_neg),
        0x62 => i8x16::map(x, |a| low_8(a).count_ones()),
        0x65 => to_16::narrow(x, y, saturate_i8),
        0x66 => to_16::narrow(x, y, saturate_u8),
        0x6b => i8x16::shift(x, count, i32_shl),
        0x6c => i8x16::shift(x, count, i32_shr_s),
        0x6d => i8x16::shift(x, count, |a, n| num::i32_shr_u(low_8(a), n)),
        0x6e => i8x16::zip(x, y, i32_add),
        0x6f => i8x16::zip(x, y, |a, b| saturate_i8(i32_add(a, b))),
        0x70 => i8x16::zip(x, y, |a, b| saturate_u8(i32_add(low_8(a), low_8(b)))),
        0x71 => i8x16::zip(x, y, i32_sub),
        0x72 => i8x16::zip(x, y, |a, b| saturate_i8(i32_sub(a, b))),
        0x73 => i8x16::zip(x, y, |a, b| saturate_u8(i32_sub(low_8(a), low_8(b)))),
        0x76 => i8x16::zip(x, y, min_s),
        0x77 => i8x16::zip(x, y, Ord::min),
        0x78 => i8x16::zip(x, y, max_s),
        0x79 => i8x16::zip(x, y, Ord::max),
        0x7b => i8x16::zip(x, y, |a, b| average(low_8(a), low_8(b))),
        0x7c => i16x8::map(x, pair_8_s),
        0x7d => i16x8::map(x, pair_8_u),
        0x7e => i32x4::map(x, pair_16_s),
        0x7f => i32x4::map(x, pair_16_u),

        0x80 => i16x8::map(x, abs),
        0x81 => i16x8::map(x, u32::wrapping_neg),
        0x82 => i16x8::zip(x, y, q15mulr_sat_s),
        0x85 => to_32::narrow(x, y, saturate_i16),
        0x86 => to_32::narrow(x, y, saturate_u16),
        0x8b => i16x8::shift(x, count, i32_shl),
        0x8c => i16x8::shift(x, count, i32_shr_s),
        0x8d => i16x8::shift(x, count, |a, n| num::i32_shr_u(low_16(a), n)),
        0x8e => i16x8::zip(x, y, i32_add),
        0x8f => i16x8::zip(x, y, |a, b| saturate_i16(i32_add(a, b))),
        0x90 => i16x8::zip(x, y, |a, b| saturate_u16(i32_add(low_16(a), low_16(b)))),
        0x91 => i16x8::zip(x, y, i32_sub),
        0x92 => i16x8::zip(x, y, |a, b| saturate_i16(i32_sub(a, b))),
        0x93 => i16x8::zip(x, y, |a, b| saturate_u16(i32_sub(low_16(a), low_16(b)))),
        0x95 => i16x8::zip(x, y, i32_mul),
        0x96 => i16x8::zip(x, y, min_s),
        0x97 => i16x8::zip(x, y, Ord::min),
        0x98 => i16x8::zip(x, y, max_s),
        0x99 => i16x8::zip(x, y, Ord::max),
        0x9b => i16x8::zip(x, y, |a, b| average(low_16(a), low_16(b))),
        0x87..=0x8a => extend_8(n - 0x87, x),
        0x9c..=0x9f => i16x8::zip(&extend_8(n - 0x9c, x), &extend_8(n - 0x9c, y), i32_mul),

        0xa0 => i32x4::map(x, abs),
        0xa1 => i32x4::map(x, u32::wrapping_neg),
        0xab => i32x4::shift(x, count, i32_shl),
        0xac => i32x4::shift(x, count, i32_shr_s),
        0xad => i32x4::shift(x, count, num::i32_shr_u),
        0xae => i32x4::zip(x, y, i32_add),
        0xb1 => i32x4::zip(x, y, i32_sub),
        0xb5 => i32x4::zip(x, y, i32_mul),
        0xb6 => i32x4::zip(x, y, min_s),
        0xb7 => i32x4::zip(x, y, Ord::min),
        0xb8 => i32x4::zip(x, y, max_s),
        0xb9 => i32x4::zip(x, y, Ord::max),
        0xba => i32x4::zip(x, y, dot_16),
        0xa7..=0xaa => extend_16(n - 0xa7, x),
        0xbc..=0xbf => i32x4::zip(&extend_16(n - 0xbc, x), &extend_16(n - 0xbc, y), i32_mul),

        0xc0 => i64x2::map(x, |a| (a as i64).unsigned_abs()),
        0xc1 => i64x2::map(x, u64::wrapping_neg),
        0xcb => i64x2::shift(x, count, num::i64_shl),
        0xcc => i64x2::shift(x, count, num::i64_shr_s),
        0xcd => i64x2::shift(x, count, num::i64_shr_u),
        0xce => i64x2::zip(x, y, i64_add),
        0xd1 => i64x2::zip(x, y, i64_sub),
        0xd5 => i64x2::zip(x, y, i64_mul),
        0xc7..=0xca => extend_32(n - 0xc7, x),
        0xdc..=0xdf => i64x2::zip(&extend_32(n - 0xdc, x), &extend_32(n - 0xdc, y), i64_mul),

        #[cfg(feature = "relaxed-simd")]
        0x112 => i16x8::zip(x, y, dot_8),
        #[cfg(feature = "relaxed-simd")]
        0x113 => i32x4::zip(&i32x4::map(&i16x8::zip(x, y, dot_8), pair_16_s), z, i32_add),
        _ => return float(n, x, y, z),
    })
}

/// The same for instructions on floats.
#[cfg(feature = "float")]
fn float(n: u16, x: &V128, y: &V128, z: &V128) -> Option<V128> {
    use num::*;
    let _ = z; // of relaxed instructions only
    Some(match n {
        0x41 => i32x4::compare(x, y, f32_eq),
        0x42 => i32x4::compare(x, y, f32_ne),
        0x43 => i32x4::compare(x, y, f32_lt),
        0x44 => i32x4::compare(x, y, f32_gt),
        0x45 => i32x4::compare(x, y, f32_le),
        0x46 => i32x4::compare(x, y, f32_ge),
        0x47 => i64x2::compare(x, y, f64_eq),
        0x48 => i64x2::compare(x, y, f64_ne),
        0x49 => i64x2::compare(x, y, f64_lt),
        0x4a => i64x2::compare(x, y, f64_gt),
        0x4b => i64x2::compare(x, y, f64_le),
        0x4c => i64x2::compare(x, y, f64_ge),

        0x5e => to_64::narrow(x, &[0; 4], f32_demote_f64),
        0x5f => to_64::widen(x, false, f64_promote_f32),
        0xf8 => i32x4::map(x, i32_trunc_sat_f32_s),
        0xf9 => i32x4::map(x, i32_trunc_sat_f32_u),
        0xfa => i32x4::map(x, f32_convert_i32_s),
        0xfb => i32x4::map(x, f32_convert_i32_u),
        0xfc => to_64::narrow(x, &[0; 4], i32_trunc_sat_f64_s),
        0xfd => to_64::narrow(x, &[0; 4], i32_trunc_sat_f64_u),
        0xfe => to_64::widen(x, false, f64_convert_i32_s),
        0xff => to_64::widen(x, false, f64_convert_i32_u),

        0x67 => i32x4::map(x, f32_ceil),
        0x68 => i32x4::map(x, f32_floor),
        0x69 => i32x4::map(x, f32_trunc),
        0x6a => i32x4::map(x, f32_nearest),
        0xe0 => i32x4::map(x, f32_abs),
        0xe1 => i32x4::map(x, f32_neg),
        0xe3 => i32x4::map(x, f32_sqrt),
        0xe4 => i32x4::zip(x, y, f32_add),
        0xe5 => i32x4::zip(x, y, f32_sub),
        0xe6 => i32x4::zip(x, y, f32_mul),
        0xe7 => i32x4::zip(x, y, f32_div),
        0xe8 => i32x4::zip(x, y, f32_min),
        0xe9 => i32x4::zip(x, y, f32_max),
        0xea => i32x4::zip(x, y, |a, b| if f32_lt(b, a) != 0 { b } else { a }),
        0xeb => i32x4::zip(x, y, |a, b| if f32_lt(a, b) != 0 { b } else { a }),

        0x74 => i64x2::map(x, f64_ceil),
        0x75 => i64x2::map(x, f64_floor),
        0x7a => i64x2::map(x, f64_trunc),
        0x94 => i64x2::map(x, f64_nearest),
        0xec => i64x2::map(x, f64_abs),
        0xed => i64x2::map(x, f64_neg),
        0xef => i64x2::map(x, f64_sqrt),
        0xf0 => i64x2::zip(x, y, f64_add),
        0xf1 => i64x2::zip(x, y, f64_sub),
        0xf2 => i64x2::zip(x, y, f64_mul),
        0xf3 => i64x2::zip(x, y, f64_div),
        0xf4 => i64x2::zip(x, y, f64_min),
        0xf5 => i64x2::zip(x, y, f64_max),
        0xf6 => i64x2::zip(x, y, |a, b| if f64_lt(b, a) != 0 { b } else { a }),
        0xf7 => i64x2::zip(x, y, |a, b| if f64_lt(a, b) != 0 { b } else { a }),

        // Rounded twice, as the deterministic profile has it.
        #[cfg(feature = "relaxed-simd")]
        0x105 => i32x4::zip(&i32x4::zip(x, y, f32_mul), z, f32_add),
        #[cfg(feature = "relaxed-simd")]
        0x106 => i32x4::zip(z, &i32x4::zip(x, y, f32_mul), f32_sub),
        #[cfg(feature = "relaxed-simd")]
        0x107 => i64x2::zip(&i64x2::zip(x, y, f64_mul), z, f64_add),
        #[cfg(feature = "relaxed-simd")]
        0x108 => i64x2::zip(z, &i64x2::zip(x, y, f64_mul), f64_sub),
        _ => return None,
    })
}

#[cfg(not(feature = "float"))]
fn float(_: u16, _: &V128, _: &V128, _: &V128) -> Option<V128> {
    None
}
