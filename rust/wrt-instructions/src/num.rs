// SPDX-License-Identifier: MIT
//! What the numeric instructions compute (spec: core 4.3, deterministic profile), one pure function each. The name is
//! the text format's with `_` for `.`; operands and results are raw bits: `u32` for `i32` and `f32`, `u64` for `i64`
//! and `f64`; comparisons give 0 or 1.
//!
//! Every arithmetic result that is NaN is the canonical one, so that results do not differ between processors;
//! `abs`, `neg`, `copysign` and the reinterpretations only move bits. Nothing here panics.

use wrt_foundation::Trap;

/// Rows of functions for one result type: `name(operands) body`.
macro_rules! functions {
    ($r:ty: $($name:ident($($arg:ident: $t:ty),+) $body:expr;)*) => {$(
        #[doc = concat!("`", stringify!($name), "`, see the module's text.")]
        #[inline]
        pub fn $name($($arg: $t),+) -> $r {
            $body
        }
    )*};
}

/// Rows of integer functions that read the same in both widths.
macro_rules! integer {
    (-> same: $($n32:ident $n64:ident($($arg:ident),+) $body:expr;)*) => {
        functions! { u32: $($n32($($arg: u32),+) $body;)* }
        functions! { u64: $($n64($($arg: u64),+) $body;)* }
    };
    (-> Result: $($n32:ident $n64:ident($($arg:ident),+) $body:expr;)*) => {
        functions! { Result<u32, Trap>: $($n32($($arg: u32),+) $body;)* }
        functions! { Result<u64, Trap>: $($n64($($arg: u64),+) $body;)* }
    };
    (-> u32: $($n32:ident $n64:ident($($arg:ident),+) $body:expr;)*) => {
        functions! { u32: $($n32($($arg: u32),+) $body; $n64($($arg: u64),+) $body;)* }
    };
}

integer! { -> u32:
    i32_eqz i64_eqz(a) (a == 0) as u32;
    i32_eq i64_eq(a, b) (a == b) as u32;
    i32_ne i64_ne(a, b) (a != b) as u32;
    i32_lt_s i64_lt_s(a, b) (a.cast_signed() < b.cast_signed()) as u32;
    i32_lt_u i64_lt_u(a, b) (a < b) as u32;
    i32_gt_s i64_gt_s(a, b) (a.cast_signed() > b.cast_signed()) as u32;
    i32_gt_u i64_gt_u(a, b) (a > b) as u32;
    i32_le_s i64_le_s(a, b) (a.cast_signed() <= b.cast_signed()) as u32;
    i32_le_u i64_le_u(a, b) (a <= b) as u32;
    i32_ge_s i64_ge_s(a, b) (a.cast_signed() >= b.cast_signed()) as u32;
    i32_ge_u i64_ge_u(a, b) (a >= b) as u32;
}

// Shifts and rotations take their count modulo the width, so that cutting it to `u32` loses nothing.
integer! { -> same:
    i32_clz i64_clz(a) a.leading_zeros() as _;
    i32_ctz i64_ctz(a) a.trailing_zeros() as _;
    i32_popcnt i64_popcnt(a) a.count_ones() as _;
    i32_add i64_add(a, b) a.wrapping_add(b);
    i32_sub i64_sub(a, b) a.wrapping_sub(b);
    i32_mul i64_mul(a, b) a.wrapping_mul(b);
    i32_and i64_and(a, b) a & b;
    i32_or i64_or(a, b) a | b;
    i32_xor i64_xor(a, b) a ^ b;
    i32_shl i64_shl(a, b) a.wrapping_shl(b as u32);
    i32_shr_s i64_shr_s(a, b) a.cast_signed().wrapping_shr(b as u32).cast_unsigned();
    i32_shr_u i64_shr_u(a, b) a.wrapping_shr(b as u32);
    i32_rotl i64_rotl(a, b) a.rotate_left(b as u32);
    i32_rotr i64_rotr(a, b) a.rotate_right(b as u32);
    i32_extend8_s i64_extend8_s(a) (a as i8) as _;
    i32_extend16_s i64_extend16_s(a) (a as i16) as _;
}

// `checked_div` fails for a zero divisor, which is told apart first, and for the one quotient that does not fit;
// the remainder of that division is 0.
integer! { -> Result:
    i32_div_s i64_div_s(a, b) match b {
        0 => Err(Trap::DivideByZero),
        _ => a.cast_signed().checked_div(b.cast_signed()).map(|q| q.cast_unsigned()).ok_or(Trap::IntegerOverflow),
    };
    i32_div_u i64_div_u(a, b) a.checked_div(b).ok_or(Trap::DivideByZero);
    i32_rem_s i64_rem_s(a, b) match b {
        0 => Err(Trap::DivideByZero),
        _ => Ok(a.cast_signed().checked_rem(b.cast_signed()).unwrap_or(0).cast_unsigned()),
    };
    i32_rem_u i64_rem_u(a, b) a.checked_rem(b).ok_or(Trap::DivideByZero);
}

// Low and high half of each number of 128 bits.
#[cfg(feature = "wide-arithmetic")]
functions! { (u64, u64):
    i64_add128(a: u64, a_high: u64, b: u64, b_high: u64) halves(whole(a, a_high).wrapping_add(whole(b, b_high)));
    i64_sub128(a: u64, a_high: u64, b: u64, b_high: u64) halves(whole(a, a_high).wrapping_sub(whole(b, b_high)));
    i64_mul_wide_s(a: u64, b: u64) halves((a as i64 as i128).wrapping_mul(b as i64 as i128) as u128);
    i64_mul_wide_u(a: u64, b: u64) halves((a as u128).wrapping_mul(b as u128));
}
#[cfg(feature = "wide-arithmetic")]
fn whole(low: u64, high: u64) -> u128 {
    low as u128 | (high as u128) << 64
}
#[cfg(feature = "wide-arithmetic")]
fn halves(v: u128) -> (u64, u64) {
    (v as u64, (v >> 64) as u64)
}

functions! { u32:
    i32_wrap_i64(a: u64) a as u32;
    i32_reinterpret_f32(a: u32) a;
    f32_reinterpret_i32(a: u32) a;
}

functions! { u64:
    i64_extend32_s(a: u64) a as i32 as u64;
    i64_extend_i32_s(a: u32) a as i32 as u64;
    i64_extend_i32_u(a: u32) a as u64;
    i64_reinterpret_f64(a: u64) a;
    f64_reinterpret_i64(a: u64) a;
}

#[cfg(feature = "float")]
pub use float::*;

#[cfg(feature = "float")]
mod float {
    use core::hint::cold_path;
    use wrt_foundation::Trap;

    #[cfg(all(target_arch = "x86", not(target_feature = "sse2")))]
    compile_error!("x87 rounds f32 and f64 differently: build for a target with SSE2, or without the feature `float`");

    const SIGN_32: u32 = 1 << 31;
    const SIGN_64: u64 = 1 << 63;

    /// Whether floats are the processor's: one comparison tells a NaN. Where they are software a look at the bits spares a call.
    const HARD: bool = cfg!(any(target_feature = "sse2", all(target_arch = "aarch64", target_feature = "neon")));

    /// The bits of an arithmetic result.
    #[inline]
    fn canonical_32(v: f32) -> u32 {
        let bits = v.to_bits();
        if if HARD { v.is_nan() } else { bits & !SIGN_32 > 0x7f80_0000 } {
            cold_path(); // a branch that is never taken costs less than a conditional move, which waits for its operands
            return 0x7fc0_0000;
        }
        bits
    }
    #[inline]
    fn canonical_64(v: f64) -> u64 {
        let bits = v.to_bits();
        if if HARD { v.is_nan() } else { bits & !SIGN_64 > 0x7ff0_0000_0000_0000 } {
            cold_path();
            return 0x7ff8_0000_0000_0000;
        }
        bits
    }

    /// Rows of functions whose operands are floats; the operands' names stand for the floats in the body.
    macro_rules! operands {
        ($u:ty as $f:ty => $r:ty: $($name:ident($($arg:ident),+) $body:expr;)*) => {$(
            #[doc = concat!("`", stringify!($name), "`, see the module's text.")]
            #[inline]
            pub fn $name($($arg: $u),+) -> $r {
                $(let $arg = <$f>::from_bits($arg);)+
                $body
            }
        )*};
    }
    /// Rows of functions that read the same in both widths and give a float.
    macro_rules! arithmetic {
        ($($n32:ident $n64:ident($($arg:ident),+) $body:expr;)*) => {
            operands! { u32 as f32 => u32: $($n32($($arg),+) canonical_32($body);)* }
            operands! { u64 as f64 => u64: $($n64($($arg),+) canonical_64($body);)* }
        };
    }
    /// Rows of functions that read the same in both widths and give 0 or 1.
    macro_rules! comparison {
        ($($n32:ident $n64:ident($($arg:ident),+) $body:expr;)*) => {
            operands! { u32 as f32 => u32: $($n32($($arg),+) ($body) as u32;)* }
            operands! { u64 as f64 => u32: $($n64($($arg),+) ($body) as u32;)* }
        };
    }

    comparison! {
        f32_eq f64_eq(a, b) a == b;
        f32_ne f64_ne(a, b) a != b;
        f32_lt f64_lt(a, b) a < b;
        f32_gt f64_gt(a, b) a > b;
        f32_le f64_le(a, b) a <= b;
        f32_ge f64_ge(a, b) a >= b;
    }

    // The last two: what is neither less nor greater is equal, and then the sign of zeros decides, or has a NaN, which
    // the sum has too.
    arithmetic! {
        f32_add f64_add(a, b) a + b;
        f32_sub f64_sub(a, b) a - b;
        f32_mul f64_mul(a, b) a * b;
        f32_div f64_div(a, b) a / b;
        f32_min f64_min(a, b) match () {
            () if a < b => a,
            () if b < a => b,
            () if a == b => if a.is_sign_negative() { a } else { b },
            () => a + b,
        };
        f32_max f64_max(a, b) match () {
            () if a > b => a,
            () if b > a => b,
            () if a == b => if a.is_sign_negative() { b } else { a },
            () => a + b,
        };
    }

    operands! { u32 as f32 => u32:
        f32_sqrt(a) canonical_32(libm::sqrtf(a));
        f32_ceil(a) canonical_32(libm::ceilf(a));
        f32_floor(a) canonical_32(libm::floorf(a));
        f32_trunc(a) canonical_32(libm::truncf(a));
        f32_nearest(a) canonical_32(libm::rintf(a));
    }
    operands! { u64 as f64 => u64:
        f64_sqrt(a) canonical_64(libm::sqrt(a));
        f64_ceil(a) canonical_64(libm::ceil(a));
        f64_floor(a) canonical_64(libm::floor(a));
        f64_trunc(a) canonical_64(libm::trunc(a));
        f64_nearest(a) canonical_64(libm::rint(a));
    }
    operands! { u64 as f64 => u32: f32_demote_f64(a) canonical_32(a as f32); }
    operands! { u32 as f32 => u64: f64_promote_f32(a) canonical_64(a as f64); }

    functions! { u32:
        f32_abs(a: u32) a & !SIGN_32;
        f32_neg(a: u32) a ^ SIGN_32;
        f32_copysign(a: u32, b: u32) a & !SIGN_32 | b & SIGN_32;
        f32_convert_i32_s(a: u32) (a as i32 as f32).to_bits();
        f32_convert_i32_u(a: u32) (a as f32).to_bits();
        f32_convert_i64_s(a: u64) (a as i64 as f32).to_bits();
        f32_convert_i64_u(a: u64) (a as f32).to_bits();
    }
    functions! { u64:
        f64_abs(a: u64) a & !SIGN_64;
        f64_neg(a: u64) a ^ SIGN_64;
        f64_copysign(a: u64, b: u64) a & !SIGN_64 | b & SIGN_64;
        f64_convert_i32_s(a: u32) (a as i32 as f64).to_bits();
        f64_convert_i32_u(a: u32) (a as f64).to_bits();
        f64_convert_i64_s(a: u64) (a as i64 as f64).to_bits();
        f64_convert_i64_u(a: u64) (a as f64).to_bits();
    }

    // Rust's `as` is `trunc_sat`: towards zero, to the nearest limit, NaN to 0.
    operands! { u32 as f32 => u32:
        i32_trunc_sat_f32_s(a) a as i32 as u32;
        i32_trunc_sat_f32_u(a) a as u32;
    }
    operands! { u64 as f64 => u32:
        i32_trunc_sat_f64_s(a) a as i32 as u32;
        i32_trunc_sat_f64_u(a) a as u32;
    }
    operands! { u32 as f32 => u64:
        i64_trunc_sat_f32_s(a) a as i64 as u64;
        i64_trunc_sat_f32_u(a) a as u64;
    }
    operands! { u64 as f64 => u64:
        i64_trunc_sat_f64_s(a) a as i64 as u64;
        i64_trunc_sat_f64_u(a) a as u64;
    }

    /// `a`, if it lies strictly between the limits: the nearest floats whose integral parts do not fit.
    macro_rules! within {
        ($a:ident, $below:literal, $above:literal, $fits:expr) => {
            if $a > $below && $a < $above {
                Ok($fits)
            } else if $a.is_nan() {
                Err(Trap::InvalidConversion)
            } else {
                Err(Trap::IntegerOverflow)
            }
        };
    }
    operands! { u32 as f32 => Result<u32, Trap>:
        i32_trunc_f32_s(a) within!(a, -2_147_483_904.0, 2_147_483_648.0, a as i32 as u32);
        i32_trunc_f32_u(a) within!(a, -1.0, 4_294_967_296.0, a as u32);
    }
    operands! { u64 as f64 => Result<u32, Trap>:
        i32_trunc_f64_s(a) within!(a, -2_147_483_649.0, 2_147_483_648.0, a as i32 as u32);
        i32_trunc_f64_u(a) within!(a, -1.0, 4_294_967_296.0, a as u32);
    }
    operands! { u32 as f32 => Result<u64, Trap>:
        i64_trunc_f32_s(a) within!(a, -9_223_373_136_366_403_584.0, 9_223_372_036_854_775_808.0, a as i64 as u64);
        i64_trunc_f32_u(a) within!(a, -1.0, 18_446_744_073_709_551_616.0, a as u64);
    }
    operands! { u64 as f64 => Result<u64, Trap>:
        i64_trunc_f64_s(a) within!(a, -9_223_372_036_854_777_856.0, 9_223_372_036_854_775_808.0, a as i64 as u64);
        i64_trunc_f64_u(a) within!(a, -1.0, 18_446_744_073_709_551_616.0, a as u64);
    }
}
