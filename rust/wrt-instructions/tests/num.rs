// SPDX-License-Identifier: MIT
//! The numeric functions against edge values from the specification and against Rust's operators.
#![cfg(feature = "float")]

use wrt_foundation::Trap::{DivideByZero, IntegerOverflow, InvalidConversion};
use wrt_instructions::num::*;
use wrt_instructions::table;

/// Numbers from a fixed seed, many of them near the edges (xorshift64*).
struct Numbers(u64);

impl Numbers {
    fn bits(&mut self) -> u64 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        self.0.wrapping_mul(0x2545_f491_4f6c_dd1d)
    }
    fn u64(&mut self) -> u64 {
        const EDGES: [u64; 8] = [0, 1, !0, 1 << 63, !0 >> 1, 0xffff_ffff, 1 << 31, !0 << 31];
        let v = self.bits();
        match v >> 61 {
            0 => EDGES[v as usize % 8],
            1 => v & 0xff,
            2 => v >> (v & 63),
            _ => v,
        }
    }
    fn u32(&mut self) -> u32 {
        let v = self.u64();
        if v & 0x100 == 0 { v as u32 } else { (v >> 32) as u32 }
    }
    fn f32(&mut self) -> u32 {
        const EDGES: [f32; 8] = [0.0, -0.0, f32::INFINITY, f32::NEG_INFINITY, f32::NAN, 1.0, f32::MIN_POSITIVE, f32::MAX];
        let v = self.bits();
        match v >> 62 {
            0 => EDGES[v as usize % 8].to_bits(),
            1 => (v as i8 as f32 / 4.0).to_bits(),
            2 => ((v as i64 >> (v & 63)) as f32).to_bits(),
            _ => v as u32,
        }
    }
    fn f64(&mut self) -> u64 {
        let v = self.bits();
        match v >> 62 {
            0 => match self.f32() {
                nan if f32::from_bits(nan).is_nan() => v | 0x7ff0 << 48,
                other => (f32::from_bits(other) as f64).to_bits(),
            },
            1 => (v as i8 as f64 / 4.0).to_bits(),
            2 => ((v as i64 >> (v & 63)) as f64).to_bits(),
            _ => v,
        }
    }
}

const ROUNDS: u32 = 100_000;
const NAN_32: u32 = 0x7fc0_0000;
const NAN_64: u64 = 0x7ff8_0000_0000_0000;
/// Signalling and quiet NaNs of both signs with payloads.
const NANS_32: [u32; 4] = [0x7f80_0001, 0xff80_0001, 0x7fc0_1234, 0xffff_ffff];
const NANS_64: [u64; 4] = [0x7ff0_0000_0000_0001, 0xfff0_0000_0000_0001, 0x7ff8_1234_0000_0000, !0];

#[test]
fn every_numeric_row_of_the_table_has_its_function() {
    let source = include_str!("../src/num.rs");
    let numeric = table::ALL.iter().filter(|op| matches!(**op, 0x45..=0xc4 | 0xfc00..=0xfc07));
    let names: Vec<_> = numeric.map(|op| table::name(*op).unwrap().0.replace('.', "_")).collect();
    assert_eq!(names.len(), 136);
    for name in names {
        assert!(source.split([' ', '(']).any(|word| word == name), "{name}");
    }
}

#[test]
fn integer_edges() {
    let (min32, min64) = (1u32 << 31, 1u64 << 63);
    assert_eq!(i32_div_s(min32, !0), Err(IntegerOverflow));
    assert_eq!(i64_div_s(min64, !0), Err(IntegerOverflow));
    assert_eq!(i32_rem_s(min32, !0), Ok(0));
    assert_eq!(i64_rem_s(min64, !0), Ok(0));
    for a in [0, 1, min32, !0] {
        for f in [i32_div_s, i32_div_u, i32_rem_s, i32_rem_u] {
            assert_eq!(f(a, 0), Err(DivideByZero));
        }
    }
    for a in [0, 1, min64, !0] {
        for f in [i64_div_s, i64_div_u, i64_rem_s, i64_rem_u] {
            assert_eq!(f(a, 0), Err(DivideByZero));
        }
    }
    assert_eq!((i32_div_s(-7i32 as u32, 2), i32_rem_s(-7i32 as u32, 2)), (Ok(-3i32 as u32), Ok(-1i32 as u32)));
    assert_eq!((i64_div_s(-7i64 as u64, 2), i64_rem_s(-7i64 as u64, 2)), (Ok(-3i64 as u64), Ok(-1i64 as u64)));
    assert_eq!((i32_clz(0), i32_ctz(0), i32_popcnt(!0), i32_clz(1), i32_ctz(min32)), (32, 32, 32, 31, 31));
    assert_eq!((i64_clz(0), i64_ctz(0), i64_popcnt(!0), i64_clz(1), i64_ctz(min64)), (64, 64, 64, 63, 63));
    assert_eq!((i32_shl(1, 33), i32_shr_u(min32, 63), i32_shr_s(min32, 31), i32_rotl(min32, 33)), (2, 1, !0, 1));
    assert_eq!((i64_shl(1, 65), i64_shr_u(min64, 127), i64_shr_s(min64, 63), i64_rotl(min64, 65)), (2, 1, !0, 1));
    assert_eq!((i64_shl(1, 1 << 40), i64_rotr(1, (1 << 40) + 1)), (1, min64));
    assert_eq!((i32_extend8_s(0x1280), i32_extend16_s(0x12_8000)), (0xffff_ff80, 0xffff_8000));
    assert_eq!((i64_extend8_s(0x1280), i64_extend16_s(0x12_8000)), (!0x7f, !0x7fff));
    assert_eq!((i64_extend32_s(0x12_8000_0000), i64_extend_i32_s(min32)), (!0 << 31, !0 << 31));
    assert_eq!((i64_extend_i32_u(!0), i32_wrap_i64(0x1_0000_0002)), (0xffff_ffff, 2));
}

macro_rules! integers_agree_with_rust {
    ($test:ident $u:ident $s:ident: $eqz:ident $eq:ident $ne:ident $lt_s:ident $lt_u:ident $gt_s:ident $gt_u:ident
     $le_s:ident $le_u:ident $ge_s:ident $ge_u:ident $add:ident $sub:ident $mul:ident $div_s:ident $div_u:ident
     $rem_s:ident $rem_u:ident $and:ident $or:ident $xor:ident $shl:ident $shr_s:ident $shr_u:ident $rotl:ident
     $rotr:ident $clz:ident $ctz:ident $popcnt:ident) => {
        #[test]
        fn $test() {
            let mut numbers = Numbers(1);
            for _ in 0..ROUNDS {
                let (a, b) = (numbers.$u(), numbers.$u());
                let (x, y) = (a as $s, b as $s);
                let (wide_x, wide_y) = (x as i128, y as i128);
                let compared = [
                    $eq(a, b),
                    $ne(a, b),
                    $lt_s(a, b),
                    $lt_u(a, b),
                    $gt_s(a, b),
                    $gt_u(a, b),
                    $le_s(a, b),
                    $le_u(a, b),
                    $ge_s(a, b),
                    $ge_u(a, b),
                    $eqz(a),
                ];
                let expected = [a == b, a != b, x < y, a < b, x > y, a > b, x <= y, a <= b, x >= y, a >= b, a == 0];
                assert_eq!(compared, expected.map(u32::from), "{a:#x} {b:#x}");
                assert_eq!($add(a, b), (wide_x + wide_y) as $u);
                assert_eq!($sub(a, b), (wide_x - wide_y) as $u);
                assert_eq!($mul(a, b), (a as u128).wrapping_mul(b as u128) as $u);
                assert_eq!(($and(a, b), $or(a, b), $xor(a, b)), (a & b, a | b, a ^ b));
                if b == 0 {
                    continue;
                }
                assert_eq!($div_u(a, b), Ok(a / b));
                assert_eq!($rem_u(a, b), Ok(a % b));
                assert_eq!($rem_s(a, b), Ok((wide_x % wide_y) as $u));
                let quotient = $s::try_from(wide_x / wide_y).map(|q| q as $u).map_err(|_| IntegerOverflow);
                assert_eq!($div_s(a, b), quotient);
                let n = (b % $u::BITS as $u) as u32;
                assert_eq!(($shl(a, b), $shr_s(a, b), $shr_u(a, b)), (a << n, (x >> n) as $u, a >> n));
                assert_eq!(($rotl(a, b), $rotr(a, b)), (a.rotate_left(n), a.rotate_right(n)));
                let zeros = (0..$u::BITS).rev().take_while(|i| a >> i & 1 == 0).count();
                assert_eq!($clz(a) as usize, zeros);
                let zeros = (0..$u::BITS).take_while(|i| a >> i & 1 == 0).count();
                assert_eq!($ctz(a) as usize, zeros);
                assert_eq!($popcnt(a), (0..$u::BITS).map(|i| a >> i & 1).sum::<$u>());
            }
        }
    };
}

integers_agree_with_rust! { i32_agrees_with_rust u32 i32: i32_eqz i32_eq i32_ne i32_lt_s i32_lt_u i32_gt_s i32_gt_u
i32_le_s i32_le_u i32_ge_s i32_ge_u i32_add i32_sub i32_mul i32_div_s i32_div_u i32_rem_s i32_rem_u i32_and i32_or
i32_xor i32_shl i32_shr_s i32_shr_u i32_rotl i32_rotr i32_clz i32_ctz i32_popcnt }
integers_agree_with_rust! { i64_agrees_with_rust u64 i64: i64_eqz i64_eq i64_ne i64_lt_s i64_lt_u i64_gt_s i64_gt_u
i64_le_s i64_le_u i64_ge_s i64_ge_u i64_add i64_sub i64_mul i64_div_s i64_div_u i64_rem_s i64_rem_u i64_and i64_or
i64_xor i64_shl i64_shr_s i64_shr_u i64_rotl i64_rotr i64_clz i64_ctz i64_popcnt }

/// Bits of floats, so that tables read as numbers.
fn f(v: f32) -> u32 {
    v.to_bits()
}
fn d(v: f64) -> u64 {
    v.to_bits()
}

#[test]
fn nan_results_are_canonical() {
    for nan in NANS_32 {
        for f in [f32_sqrt, f32_ceil, f32_floor, f32_trunc, f32_nearest] {
            assert_eq!(f(nan), NAN_32);
        }
        for f in [f32_add, f32_sub, f32_mul, f32_div, f32_min, f32_max] {
            for other in [0, 1.0f32.to_bits(), f32::INFINITY.to_bits(), nan] {
                assert_eq!((f(nan, other), f(other, nan)), (NAN_32, NAN_32));
            }
        }
        assert_eq!(f64_promote_f32(nan), NAN_64);
        assert_eq!((f32_abs(nan), f32_neg(nan)), (nan & !0 >> 1, nan ^ 1 << 31));
        assert_eq!((f32_copysign(nan, 1 << 31), f32_copysign(0, nan)), (nan | 1 << 31, nan & 1 << 31));
        assert_eq!((f32_reinterpret_i32(nan), i32_reinterpret_f32(nan)), (nan, nan));
        assert_eq!((f32_eq(nan, nan), f32_ne(nan, nan), f32_lt(nan, 0), f32_ge(nan, 0)), (0, 1, 0, 0));
    }
    for nan in NANS_64 {
        for f in [f64_sqrt, f64_ceil, f64_floor, f64_trunc, f64_nearest] {
            assert_eq!(f(nan), NAN_64);
        }
        for f in [f64_add, f64_sub, f64_mul, f64_div, f64_min, f64_max] {
            for other in [0, 1.0f64.to_bits(), f64::INFINITY.to_bits(), nan] {
                assert_eq!((f(nan, other), f(other, nan)), (NAN_64, NAN_64));
            }
        }
        assert_eq!(f32_demote_f64(nan), NAN_32);
        assert_eq!((f64_abs(nan), f64_neg(nan)), (nan & !0 >> 1, nan ^ 1 << 63));
        assert_eq!((f64_copysign(nan, 1 << 63), f64_copysign(0, nan)), (nan | 1 << 63, nan & 1 << 63));
        assert_eq!((f64_reinterpret_i64(nan), i64_reinterpret_f64(nan)), (nan, nan));
        assert_eq!((f64_eq(nan, nan), f64_ne(nan, nan), f64_gt(nan, 0), f64_le(nan, 0)), (0, 1, 0, 0));
    }
    assert_eq!(f32_sub(f(f32::INFINITY), f(f32::INFINITY)), NAN_32);
    assert_eq!(f32_mul(f(f32::INFINITY), 0), NAN_32);
    assert_eq!((f32_div(0, 0), f32_sqrt(f(-1.0))), (NAN_32, NAN_32));
    assert_eq!(f64_sub(d(f64::INFINITY), d(f64::INFINITY)), NAN_64);
    assert_eq!(f64_mul(d(f64::INFINITY), 0), NAN_64);
    assert_eq!((f64_div(0, 0), f64_sqrt(d(-1.0))), (NAN_64, NAN_64));
}

#[test]
fn zeros_keep_their_sign() {
    let (plus, minus) = (0, 1 << 31);
    assert_eq!((f32_min(plus, minus), f32_min(minus, plus), f32_min(minus, minus)), (minus, minus, minus));
    assert_eq!((f32_max(plus, minus), f32_max(minus, plus), f32_max(minus, minus)), (plus, plus, minus));
    assert_eq!((f32_min(plus, plus), f32_max(plus, plus), f32_eq(plus, minus)), (plus, plus, 1));
    assert_eq!((f32_sqrt(minus), f32_add(minus, minus), f32_add(plus, minus)), (minus, minus, plus));
    for round in [f32_ceil, f32_floor, f32_trunc, f32_nearest] {
        assert_eq!((round(plus), round(minus)), (plus, minus));
    }
    assert_eq!((f32_ceil(f(-0.7)), f32_trunc(f(-0.7)), f32_nearest(f(-0.5))), (minus, minus, minus));
    let (plus, minus) = (0, 1 << 63);
    assert_eq!((f64_min(plus, minus), f64_min(minus, plus), f64_min(minus, minus)), (minus, minus, minus));
    assert_eq!((f64_max(plus, minus), f64_max(minus, plus), f64_max(minus, minus)), (plus, plus, minus));
    assert_eq!((f64_min(plus, plus), f64_max(plus, plus), f64_eq(plus, minus)), (plus, plus, 1));
    assert_eq!((f64_sqrt(minus), f64_add(minus, minus), f64_add(plus, minus)), (minus, minus, plus));
    for round in [f64_ceil, f64_floor, f64_trunc, f64_nearest] {
        assert_eq!((round(plus), round(minus)), (plus, minus));
    }
    assert_eq!((f64_ceil(d(-0.7)), f64_trunc(d(-0.7)), f64_nearest(d(-0.5))), (minus, minus, minus));
}

#[test]
fn nearest_takes_the_even_one() {
    for (v, r) in [(0.5, 0.0), (1.5, 2.0), (2.5, 2.0), (-1.5, -2.0), (-2.5, -2.0), (4.7, 5.0), (-4.2, -4.0), (1e30, 1e30)] {
        assert_eq!(f32_nearest(f(v)), f(r), "{v}");
        assert_eq!(f64_nearest(d(v as f64)), d(r as f64), "{v}");
    }
    assert_eq!(f32_nearest(f(8_388_607.5)), f(8_388_608.0));
    assert_eq!(f64_nearest(d(4_503_599_627_370_495.5)), d(4_503_599_627_370_496.0));
}

macro_rules! floats_agree_with_rust {
    ($test:ident $f:ident $nan:ident: $add:ident $sub:ident $mul:ident $div:ident $sqrt:ident $ceil:ident $floor:ident
     $trunc:ident $nearest:ident $eq:ident $ne:ident $lt:ident $gt:ident $le:ident $ge:ident $min:ident $max:ident) => {
        #[test]
        fn $test() {
            let mut numbers = Numbers(2);
            for _ in 0..ROUNDS {
                let (a, b) = (numbers.$f(), numbers.$f());
                let (x, y) = ($f::from_bits(a), $f::from_bits(b));
                let bits = |v: $f| if v.is_nan() { $nan } else { v.to_bits() };
                assert_eq!([$add(a, b), $sub(a, b), $mul(a, b), $div(a, b)], [x + y, x - y, x * y, x / y].map(bits));
                let rounded = [$sqrt(a), $ceil(a), $floor(a), $trunc(a), $nearest(a)];
                assert_eq!(rounded, [x.sqrt(), x.ceil(), x.floor(), x.trunc(), x.round_ties_even()].map(bits), "{x:e}");
                let compared = [$eq(a, b), $ne(a, b), $lt(a, b), $gt(a, b), $le(a, b), $ge(a, b)];
                assert_eq!(compared, [x == y, x != y, x < y, x > y, x <= y, x >= y].map(u32::from));
                if x.is_nan() || y.is_nan() {
                    assert_eq!(($min(a, b), $max(a, b)), ($nan, $nan));
                } else {
                    let (low, high) = if x.total_cmp(&y).is_lt() { (a, b) } else { (b, a) };
                    assert_eq!(($min(a, b), $max(a, b)), (low, high));
                }
            }
        }
    };
}

floats_agree_with_rust! { f32_agrees_with_rust f32 NAN_32: f32_add f32_sub f32_mul f32_div f32_sqrt f32_ceil f32_floor
f32_trunc f32_nearest f32_eq f32_ne f32_lt f32_gt f32_le f32_ge f32_min f32_max }
floats_agree_with_rust! { f64_agrees_with_rust f64 NAN_64: f64_add f64_sub f64_mul f64_div f64_sqrt f64_ceil f64_floor
f64_trunc f64_nearest f64_eq f64_ne f64_lt f64_gt f64_le f64_ge f64_min f64_max }

macro_rules! truncations {
    ($($test:ident $f:ident $int:ident as $bits:ident: $trunc:ident $sat:ident
       below $below:literal lowest $lowest:literal highest $highest:literal above $above:literal;)*) => {$(
        #[test]
        fn $test() {
            let bits = |v: $f| v.to_bits();
            // The limits are neighbours: nothing lies between the last that fits and the first that does not.
            assert_eq!(bits($lowest) + 1, bits($below));
            assert_eq!(bits($highest) + 1, bits($above));
            assert_eq!(($trunc(bits($lowest)), $trunc(bits($highest))), (Ok($lowest as $int as $bits), Ok($highest as $int as $bits)));
            assert_eq!(($sat(bits($below)), $sat(bits($above))), ($int::MIN as $bits, $int::MAX as $bits));
            for out in [$below, $above, $f::INFINITY, $f::NEG_INFINITY, $f::MAX, $f::MIN] {
                assert_eq!($trunc(bits(out)), Err(IntegerOverflow), "{out}");
                assert_eq!($sat(bits(out)), if out < 0.0 { $int::MIN } else { $int::MAX } as $bits, "{out}");
            }
            for v in [0.0, -0.0, 0.9, -0.9, $f::MIN_POSITIVE, -$f::MIN_POSITIVE] {
                assert_eq!(($trunc(bits(v)), $sat(bits(v))), (Ok(0), 0), "{v}");
            }
            for nan in [$f::NAN, -$f::NAN, $f::from_bits(bits($f::INFINITY) + 1)] {
                assert_eq!(($trunc(bits(nan)), $sat(bits(nan))), (Err(InvalidConversion), 0));
            }
            let mut numbers = Numbers(3);
            for _ in 0..ROUNDS {
                let a = numbers.$f();
                let v = $f::from_bits(a);
                if !v.is_nan() {
                    let exact = v.trunc() as i128;
                    let fits = $int::try_from(exact).map(|n| n as $bits);
                    assert_eq!($trunc(a), fits.map_err(|_| IntegerOverflow), "{v:e}");
                    assert_eq!($sat(a), exact.clamp($int::MIN as i128, $int::MAX as i128) as $bits, "{v:e}");
                }
            }
        }
    )*};
}

truncations! {
    f32_to_i32 f32 i32 as u32: i32_trunc_f32_s i32_trunc_sat_f32_s
        below -2147483904.0 lowest -2147483648.0 highest 2147483520.0 above 2147483648.0;
    f32_to_u32 f32 u32 as u32: i32_trunc_f32_u i32_trunc_sat_f32_u
        below -1.0 lowest -0.99999994 highest 4294967040.0 above 4294967296.0;
    f64_to_i32 f64 i32 as u32: i32_trunc_f64_s i32_trunc_sat_f64_s
        below -2147483649.0 lowest -2147483648.9999995 highest 2147483647.9999998 above 2147483648.0;
    f64_to_u32 f64 u32 as u32: i32_trunc_f64_u i32_trunc_sat_f64_u
        below -1.0 lowest -0.9999999999999999 highest 4294967295.9999995 above 4294967296.0;
    f32_to_i64 f32 i64 as u64: i64_trunc_f32_s i64_trunc_sat_f32_s
        below -9223373136366403584.0 lowest -9223372036854775808.0
        highest 9223371487098961920.0 above 9223372036854775808.0;
    f32_to_u64 f32 u64 as u64: i64_trunc_f32_u i64_trunc_sat_f32_u
        below -1.0 lowest -0.99999994 highest 18446742974197923840.0 above 18446744073709551616.0;
    f64_to_i64 f64 i64 as u64: i64_trunc_f64_s i64_trunc_sat_f64_s
        below -9223372036854777856.0 lowest -9223372036854775808.0
        highest 9223372036854774784.0 above 9223372036854775808.0;
    f64_to_u64 f64 u64 as u64: i64_trunc_f64_u i64_trunc_sat_f64_u
        below -1.0 lowest -0.9999999999999999 highest 18446744073709549568.0 above 18446744073709551616.0;
}

#[test]
fn conversions() {
    assert_eq!((f32_convert_i32_s(!0), f32_convert_i32_u(!0)), (f(-1.0), f(4_294_967_296.0)));
    assert_eq!((f64_convert_i32_s(!0), f64_convert_i32_u(!0)), (d(-1.0), d(4_294_967_295.0)));
    assert_eq!((f32_convert_i64_s(!0), f32_convert_i64_u(!0)), (f(-1.0), f(18_446_744_073_709_551_616.0)));
    assert_eq!((f64_convert_i64_s(!0), f64_convert_i64_u(!0)), (d(-1.0), d(18_446_744_073_709_551_616.0)));
    // Ties to even, and no rounding twice through f64 (from the suite's conversions.wast).
    assert_eq!((f32_convert_i32_s(16_777_217), f32_convert_i32_s(16_777_219)), (f(16_777_216.0), f(16_777_220.0)));
    assert_eq!(f32_convert_i64_u(0x8000_0080_0000_0001), 0x5f00_0001);
    assert_eq!(f32_convert_i64_s(0x7fff_ff40_0000_0001), 0x5eff_ffff);
    assert_eq!(f32_convert_i64_u(0x0020_0000_2000_0001), 0x5a00_0001);
    assert_eq!(f64_convert_i64_u(0x8000_0000_0000_0401), 0x43e0_0000_0000_0001);
    assert_eq!(f64_convert_i64_s(9_007_199_254_740_993), d(9_007_199_254_740_992.0));
    assert_eq!((f32_demote_f64(d(1e300)), f32_demote_f64(d(-1e-300))), (f(f32::INFINITY), 1 << 31));
    assert_eq!(f32_demote_f64(0x47ef_ffff_efff_ffff), f(f32::MAX));
    assert_eq!(f32_demote_f64(0x47ef_ffff_f000_0000), f(f32::INFINITY));
    assert_eq!((f64_promote_f32(1), f64_promote_f32(f(-0.0))), (0x36a0_0000_0000_0000, d(-0.0)));
    let mut numbers = Numbers(4);
    for _ in 0..ROUNDS {
        let (a, b, v, w) = (numbers.u32(), numbers.u64(), numbers.f32(), numbers.f64());
        assert_eq!((f64_convert_i32_s(a), f64_convert_i32_u(a)), (d(a as i32 as f64), d(a as f64)));
        assert_eq!((f32_convert_i32_s(a), f32_convert_i32_u(a)), (f(a as i32 as f64 as f32), f(a as f64 as f32)));
        assert_eq!((f32_convert_i64_s(b), f32_convert_i64_u(b)), (f(b as i64 as f32), f(b as f32)));
        assert_eq!((f64_convert_i64_s(b), f64_convert_i64_u(b)), (d(b as i64 as f64), d(b as f64)));
        if !f32::from_bits(v).is_nan() {
            assert_eq!(f32_demote_f64(f64_promote_f32(v)), v);
        }
        if !f64::from_bits(w).is_nan() {
            assert_eq!(f32_demote_f64(w), f(f64::from_bits(w) as f32));
        }
        assert_eq!((i64_extend_i32_s(a), i64_extend_i32_u(a)), (a as i32 as i64 as u64, a as u64));
        assert_eq!((i32_wrap_i64(b), i64_extend32_s(b)), (b as u32, b as i32 as u64));
        assert_eq!((i32_extend8_s(a), i32_extend16_s(a)), (a as i8 as u32, a as i16 as u32));
        assert_eq!((i64_extend8_s(b), i64_extend16_s(b)), (b as i8 as u64, b as i16 as u64));
    }
}
