// SPDX-License-Identifier: MIT
//! Every vector instruction against a reference that knows its name only: lanes as wide integers or as Rust's floats,
//! one at a time, on edge cases and random vectors.
#![cfg(all(feature = "simd", feature = "float"))]

use wrt_instructions::simd::{V128, bytes, cells, scalar, shuffle, vector};
use wrt_instructions::table::simd::{ALL, NUMBERS, name, row, strict};

const ROUNDS: u32 = 2000;

/// SplitMix64
struct Random(u64);
impl Random {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let z = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }
    /// Lanes of some width, each random or one where something may overflow.
    fn vector(&mut self) -> u128 {
        const EDGES: [i128; 12] =
            [0, 1, -1, 0x7f, 0x80, 0x7fff, 0x8000, 0x7fff_ffff, 0x8000_0000, i64::MAX as i128, i64::MIN as i128, 0x3ff0_0000_0000_0000];
        const FLOATS: [f32; 8] = [0.0, -0.5, 1.5, -2.5, f32::INFINITY, f32::MAX, -3e9, f32::NAN];
        let bits = 8 << (self.next() % 4);
        pack(
            bits,
            (0..128 / bits).map(|_| match self.next() % 4 {
                0 => EDGES[self.next() as usize % EDGES.len()],
                1 if bits == 32 => FLOATS[self.next() as usize % FLOATS.len()].to_bits().into(),
                1 if bits == 64 => f64::from(FLOATS[self.next() as usize % FLOATS.len()]).to_bits().into(),
                _ => self.next().into(),
            }),
        )
    }
}

fn vector_of(v: u128) -> V128 {
    cells(&v.to_le_bytes())
}
fn number_of(v: V128) -> u128 {
    u128::from_le_bytes(bytes(&v))
}

/// Lanes of `bits` bits from the low end, sign-extended or not.
fn lanes(bits: u32, v: u128, signed: bool) -> Vec<i128> {
    let lane = |i: u32| {
        let lane = (v >> (i * bits)) << (128 - bits);
        if signed { (lane as i128) >> (128 - bits) } else { (lane >> (128 - bits)) as i128 }
    };
    (0..128 / bits).map(lane).collect()
}
fn pack(bits: u32, lanes: impl IntoIterator<Item = i128>) -> u128 {
    let mask = u128::MAX >> (128 - bits);
    lanes.into_iter().zip(0..).fold(0, |v, (lane, i): (i128, u32)| v | (lane as u128 & mask) << (i * bits))
}

fn f32s(v: u128) -> Vec<f32> {
    lanes(32, v, false).into_iter().map(|b| f32::from_bits(b as u32)).collect()
}
fn f64s(v: u128) -> Vec<f64> {
    lanes(64, v, false).into_iter().map(|b| f64::from_bits(b as u64)).collect()
}
fn bits32(v: f32) -> i128 {
    if v.is_nan() { 0x7fc0_0000 } else { v.to_bits().into() }
}
fn bits64(v: f64) -> i128 {
    if v.is_nan() { 0x7ff8_0000_0000_0000 } else { v.to_bits().into() }
}

macro_rules! float_operation {
    ($f:ident $bits:ident $op:expr, $x:expr, $y:expr, $z:expr) => {{
        let (x, y, z): ($f, $f, $f) = ($x, $y, $z);
        let sign = (x.to_bits() >> (size_of::<$f>() * 8 - 1)) as i128;
        let without = |b: i128| b & !(1i128 << (size_of::<$f>() * 8 - 1));
        let less = |a: $f, b: $f| a < b || a == b && a.is_sign_negative();
        match $op {
            "abs" => without(x.to_bits().into()),
            "neg" => without(x.to_bits().into()) | (1 - sign) << (size_of::<$f>() * 8 - 1),
            "ceil" => $bits(x.ceil()),
            "floor" => $bits(x.floor()),
            "trunc" => $bits(x.trunc()),
            "nearest" => $bits(x.round_ties_even()),
            "sqrt" => $bits(x.sqrt()),
            "add" => $bits(x + y),
            "sub" => $bits(x - y),
            "mul" => $bits(x * y),
            "div" => $bits(x / y),
            "min" => $bits(if x.is_nan() || y.is_nan() {
                $f::NAN
            } else if less(x, y) {
                x
            } else {
                y
            }),
            "max" => $bits(if x.is_nan() || y.is_nan() {
                $f::NAN
            } else if less(x, y) {
                y
            } else {
                x
            }),
            "pmin" => (if y < x { y } else { x }).to_bits().into(),
            "pmax" => (if x < y { y } else { x }).to_bits().into(),
            "relaxed_madd" => $bits(x * y + z),
            "relaxed_nmadd" => $bits(-(x * y) + z),
            "eq" => -i128::from(x == y),
            "ne" => -i128::from(x != y),
            "lt" => -i128::from(x < y),
            "gt" => -i128::from(x > y),
            "le" => -i128::from(x <= y),
            "ge" => -i128::from(x >= y),
            _ => return None,
        }
    }};
}

/// What the instruction of this name makes of these operands; `None` if it has no vector as its result.
fn reference(name: &str, x: u128, y: u128, z: u128, lane: u8) -> Option<u128> {
    let (shape, op) = name.split_once('.')?;
    let relaxed = op.strip_prefix("relaxed_").unwrap_or(op);
    let (bits, float) = match shape {
        "i8x16" => (8, false),
        "i16x8" => (16, false),
        "i32x4" => (32, false),
        "i64x2" => (64, false),
        "f32x4" => (32, true),
        "f64x2" => (64, true),
        _ => {
            return Some(match op {
                "not" => !x,
                "and" => x & y,
                "andnot" => x & !y,
                "or" => x | y,
                "xor" => x ^ y,
                "bitselect" => x & z | y & !z,
                _ => return None,
            });
        }
    };
    let signed = !op.ends_with("_u") && !op.ends_with("_u_zero");
    let sat = |v: i128| match (signed, bits) {
        (true, _) => v.clamp(-1 << (bits - 1), (1 << (bits - 1)) - 1),
        _ => v.clamp(0, (1 << bits) - 1),
    };
    let cut = |v: f64, bits: u32| match v {
        v if v.is_nan() => 0,
        v if signed => (v.trunc() as i128).clamp(-1 << (bits - 1), (1 << (bits - 1)) - 1),
        v => (v.trunc() as i128).clamp(0, (1 << bits) - 1),
    };
    let half = |op: &str, bits: u32, v: u128| {
        let all = lanes(bits, v, signed);
        all[if op.contains("high") { all.len() / 2 } else { 0 }..][..all.len() / 2].to_vec()
    };
    let count = y as u32 % bits;
    let (xs, ys) = (lanes(bits, x, signed), lanes(bits, y, signed));
    let zip = |f: &dyn Fn(i128, i128) -> i128| pack(bits, xs.iter().zip(&ys).map(|(x, y)| f(*x, *y)));
    let map = |f: &dyn Fn(i128) -> i128| pack(bits, xs.iter().map(|x| f(*x)));
    // Conversions, whose operands have lanes of another kind.
    match relaxed {
        "splat" => return Some(pack(bits, std::iter::repeat_n(x as i128, 128 / bits as usize))),
        "replace_lane" => return Some(pack(bits, xs.iter().enumerate().map(|(i, x)| if i == lane.into() { y as i128 } else { *x }))),
        "swizzle" => return Some(pack(8, lanes(8, y, false).iter().map(|i| lanes(8, x, false).get(*i as usize).map_or(0, |b| *b)))),
        "laneselect" => return Some(x & z | y & !z),
        "trunc_sat_f32x4_s" | "trunc_sat_f32x4_u" | "trunc_f32x4_s" | "trunc_f32x4_u" => {
            return Some(pack(32, f32s(x).iter().map(|v| cut((*v).into(), 32))));
        }
        "trunc_sat_f64x2_s_zero" | "trunc_sat_f64x2_u_zero" | "trunc_f64x2_s_zero" | "trunc_f64x2_u_zero" => {
            return Some(pack(32, f64s(x).iter().map(|v| cut(*v, 32))));
        }
        "demote_f64x2_zero" => return Some(pack(32, f64s(x).iter().map(|v| bits32(*v as f32)))),
        "promote_low_f32x4" => return Some(pack(64, f32s(x)[..2].iter().map(|v| bits64((*v).into())))),
        "convert_i32x4_s" | "convert_i32x4_u" => return Some(map(&|v| bits32(v as f32))),
        "convert_low_i32x4_s" | "convert_low_i32x4_u" => {
            return Some(pack(64, lanes(32, x, signed)[..2].iter().map(|v| bits64(*v as f64))));
        }
        "dot_i16x8_s" | "dot_i8x16_i7x16_s" => {
            let products = lanes(bits / 2, x, true).into_iter().zip(lanes(bits / 2, y, true)).map(|(x, y)| x * y);
            let products: Vec<i128> = products.collect();
            let sums = products.chunks(2).map(|p| p[0] + p[1]);
            return Some(pack(bits, sums.map(|s| if bits == 16 { sat(s) } else { s })));
        }
        "dot_i8x16_i7x16_add_s" => {
            let dot = lanes(16, reference("i16x8.relaxed_dot_i8x16_i7x16_s", x, y, 0, 0)?, true);
            return Some(pack(32, dot.chunks(2).zip(lanes(32, z, true)).map(|(d, z)| d[0] + d[1] + z)));
        }
        _ => {}
    }
    if op.starts_with("narrow") {
        let wide = lanes(bits * 2, x, true).into_iter().chain(lanes(bits * 2, y, true));
        return Some(pack(bits, wide.map(sat)));
    }
    if op.starts_with("extend") {
        return Some(pack(bits, half(op, bits / 2, x)));
    }
    if op.starts_with("extmul") {
        return Some(pack(bits, half(op, bits / 2, x).iter().zip(half(op, bits / 2, y)).map(|(x, y)| x * y)));
    }
    if op.starts_with("extadd_pairwise") {
        return Some(pack(bits, lanes(bits / 2, x, signed).chunks(2).map(|p| p[0] + p[1])));
    }
    if float {
        let op = if matches!(op, "relaxed_min" | "relaxed_max") { relaxed } else { op };
        let lane = |i: usize| -> Option<i128> {
            Some(match bits {
                32 => float_operation!(f32 bits32 op, f32s(x)[i], f32s(y)[i], f32s(z)[i]),
                _ => float_operation!(f64 bits64 op, f64s(x)[i], f64s(y)[i], f64s(z)[i]),
            })
        };
        return Some(pack(bits, (0..128 / bits as usize).map(lane).collect::<Option<Vec<_>>>()?));
    }
    Some(match relaxed {
        "eq" => zip(&|x, y| -i128::from(x == y)),
        "ne" => zip(&|x, y| -i128::from(x != y)),
        "lt_s" | "lt_u" => zip(&|x, y| -i128::from(x < y)),
        "gt_s" | "gt_u" => zip(&|x, y| -i128::from(x > y)),
        "le_s" | "le_u" => zip(&|x, y| -i128::from(x <= y)),
        "ge_s" | "ge_u" => zip(&|x, y| -i128::from(x >= y)),
        "abs" => map(&i128::abs),
        "neg" => map(&|x| -x),
        "popcnt" => map(&|x| (x as u8).count_ones().into()),
        "shl" => map(&|x| x << count),
        "shr_s" | "shr_u" => map(&|x| x >> count),
        "add" => zip(&|x, y| x + y),
        "sub" => zip(&|x, y| x - y),
        "mul" => zip(&|x, y| x.wrapping_mul(y)),
        "add_sat_s" | "add_sat_u" => zip(&|x, y| sat(x + y)),
        "sub_sat_s" | "sub_sat_u" => zip(&|x, y| sat(x - y)),
        "min_s" | "min_u" => zip(&|x, y| x.min(y)),
        "max_s" | "max_u" => zip(&|x, y| x.max(y)),
        "avgr_u" => zip(&|x, y| (x + y + 1) / 2),
        "q15mulr_sat_s" | "q15mulr_s" => zip(&|x, y| sat((x * y + (1 << 14)) >> 15)),
        _ => return None,
    })
}

/// The same for results that are no vectors.
fn scalar_reference(name: &str, x: u128, lane: u8) -> Option<u64> {
    let (shape, op) = name.split_once('.')?;
    let bits = match shape {
        "i8x16" => 8,
        "i16x8" => 16,
        "i32x4" | "f32x4" => 32,
        "i64x2" | "f64x2" => 64,
        _ => return (op == "any_true").then_some((x != 0).into()),
    };
    let cells = |v: i128| if bits == 64 { v as u64 } else { v as u32 as u64 };
    Some(match op {
        "extract_lane" | "extract_lane_s" => cells(lanes(bits, x, true)[lane as usize]),
        "extract_lane_u" => cells(lanes(bits, x, false)[lane as usize]),
        "all_true" => lanes(bits, x, false).iter().all(|lane| *lane != 0).into(),
        "bitmask" => lanes(bits, x, true).iter().enumerate().fold(0, |mask, (i, lane)| mask | u64::from(*lane < 0) << i),
        _ => return None,
    })
}

#[test]
fn instructions_do_what_their_names_say() {
    let mut random = Random(1);
    let mut checked = 0;
    for &n in ALL.iter().filter(|n| **n < NUMBERS) {
        let name = name(n).unwrap().0;
        let row = row(n).unwrap();
        let most = match row.imm {
            wrt_instructions::table::Imm::None => 1,
            wrt_instructions::table::Imm::Lane(lanes) => lanes,
            _ => continue, // of memory, `v128.const`, and the shuffle below
        };
        for _ in 0..ROUNDS {
            let [x, y, z] = [(); 3].map(|()| random.vector());
            let lane = random.next() as u8 % most;
            let [a, b, c] = [x, y, z].map(vector_of);
            match reference(name, x, y, z, lane) {
                Some(expected) => {
                    let got = number_of(vector(strict(n), &a, &b, &c, lane).unwrap());
                    assert_eq!(got, expected, "{name} {x:#034x} {y:#034x} {z:#034x} {lane}: {got:#034x}, not {expected:#034x}");
                    assert_eq!(scalar(n, &a, lane), None);
                }
                None => {
                    let expected = scalar_reference(name, x, lane);
                    assert!(expected.is_some(), "{name}");
                    assert_eq!(scalar(n, &a, lane), expected, "{name} {x:#034x} {lane}");
                    assert_eq!(vector(n, &a, &b, &c, lane), None);
                }
            }
        }
        checked += 1;
    }
    assert_eq!(checked, 256 - 24);
}

#[test]
fn shuffles_take_bytes_of_both() {
    let (x, y) = (vector_of(0x0f0e_0d0c_0b0a_0908_0706_0504_0302_0100), vector_of(0x1f1e_1d1c_1b1a_1918_1716_1514_1312_1110));
    let lanes = vector_of(0x1f00_1001_0f11_0203_0405_0607_1808_0910);
    assert_eq!(shuffle(&x, &y, &lanes), lanes);
    assert_eq!(number_of(shuffle(&x, &y, &vector_of(0x20ff))) & 0xffff, 0);
}

#[test]
#[cfg(feature = "wide-arithmetic")]
fn wide_arithmetic_agrees_with_128_bits() {
    use wrt_instructions::num::*;
    let mut random = Random(2);
    for _ in 0..ROUNDS {
        let [x, y] = [(); 2].map(|()| random.vector());
        let halves = |v: u128| (v as u64, (v >> 64) as u64);
        let ((a, b), (c, d)) = (halves(x), halves(y));
        assert_eq!(i64_add128(a, b, c, d), halves(x.wrapping_add(y)));
        assert_eq!(i64_sub128(a, b, c, d), halves(x.wrapping_sub(y)));
        assert_eq!(i64_mul_wide_u(a, c), halves(u128::from(a) * u128::from(c)));
        assert_eq!(i64_mul_wide_s(a, c), halves((i128::from(a as i64) * i128::from(c as i64)) as u128));
    }
}
