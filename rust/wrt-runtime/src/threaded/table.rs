// SPDX-License-Identifier: MIT
//! The table of handlers: for each operation of [`mod@crate::op`] and each page what it computes and where its operands are.

use super::handlers::*;
use super::value::Value;
use super::{Handler, pairs};
use crate::op::*;
use wrt_foundation::Trap;
use wrt_instructions::num;

/// Number of the first handler of a pair, behind sixteen pages.
pub(super) const PAIRS: u32 = 16 << 8;
/// Handlers: a power of two.
const SIZE: usize = (PAIRS as usize + pairs::HANDLERS).next_power_of_two();
/// Operands: where the image says.
pub(super) const PLAIN: u32 = 0;
/// The first, or only, one is the accumulator. For a store: the address.
pub(super) const FIRST: u32 = 1;
/// The second one is the accumulator. For a store: the value.
pub(super) const SECOND_ONE: u32 = 2;
/// A load or store: the address has 64 bits.
#[cfg(feature = "memory64")]
pub(super) const WIDE: u32 = 3;
/// To be added for a load or store whose address is computed: a cell plus a constant,
pub(super) const OFFSET: u32 = 4;
/// the cell shifted by the size of what lies there, see [`natural`],
pub(super) const NATURAL: u32 = 8;
/// or by any other number of bits.
pub(super) const SCALED: u32 = 12;
/// To be added for a conditional jump, or an unconditional one, that gives units back.
pub(super) const REFUND: u32 = 4;

/// By how many bits an index of what this load or store takes is shifted.
pub(super) const fn natural(op: u8) -> u32 {
    match op {
        0x28 | 0x36 => 2,
        0x29 => 3,
        0x2e | 0x2f => 1,
        _ => 0,
    }
}
/// The page of an address that is shifted by so many bits.
pub(super) fn scale(op: u8, shift: u32) -> u32 {
    match shift {
        0 => OFFSET,
        _ if shift == natural(op) => NATURAL,
        _ => SCALED,
    }
}

/// Where a handler stands.
const fn at(op: u8, page: u32) -> usize {
    op as usize | (page as usize) << 8
}

/// Rows of handlers, and the operations that they carry out.
macro_rules! rows {
    ($name:ident: $($how:ident { $($row:tt)* })*) => {
        const fn $name(t: &mut [Handler; SIZE]) {
            $($how!(fill t $($row)*);)*
        }
        $($how!(operations $($row)*);)*
    };
}
macro_rules! unary {
    (fill $t:ident $($n:literal $f:ident($x:ty) -> $r:ty;)*) => {$(
        $t[at($n, PLAIN)] = unary::<Op<$n>, B, Any>;
        $t[at($n, FIRST)] = unary::<Op<$n>, Acc, Any>;
    )*};
    (operations $($n:literal $f:ident($x:ty) -> $r:ty;)*) => {$(
        impl Unary for Op<$n> {
            type X = $x;
            type R = $r;
            #[inline(always)]
            fn of(x: $x) -> $r {
                <$r>::of_bits(num::$f(x.bits()))
            }
        }
    )*};
}
/// Two operands.
macro_rules! operations {
    ($($n:tt $f:ident($x:ty) -> $r:ty;)*) => {$(
        impl Binary for Op<$n> {
            type X = $x;
            type R = $r;
            #[inline(always)]
            fn of(x: $x, y: $x) -> $r {
                <$r>::of_bits(num::$f(x.bits(), y.bits()))
            }
        }
    )*};
}
macro_rules! binary {
    (fill $t:ident $($n:literal $f:ident($x:ty) -> $r:ty;)*) => {$(
        $t[at($n, PLAIN)] = binary::<Op<$n>, B, C, Any>;
        $t[at($n, FIRST)] = binary::<Op<$n>, Acc, C, Any>;
        $t[at($n, SECOND_ONE)] = binary::<Op<$n>, B, Acc, Any>;
    )*};
    (operations $($row:tt)*) => { operations! { $($row)* } };
}
/// With a constant in the word.
macro_rules! by_small {
    (fill $t:ident $($n:tt $f:ident($x:ty) -> $r:ty;)*) => {$(
        $t[at($n, PLAIN)] = binary::<Op<$n>, B, K, Any>;
        $t[at($n, FIRST)] = binary::<Op<$n>, Acc, K, Any>;
    )*};
    (operations $($row:tt)*) => { operations! { $($row)* } };
}
/// With a constant that takes a word in the image.
macro_rules! by_constant {
    (fill $t:ident $($n:tt $f:ident($x:ty) -> $r:ty;)*) => {$(
        $t[at($n, PLAIN)] = immediate::<Op<$n>, B, Any>;
        $t[at($n, FIRST)] = immediate::<Op<$n>, Acc, Any>;
    )*};
    (operations $($row:tt)*) => { operations! { $($row)* } };
}
macro_rules! branches {
    (fill $t:ident $($n:tt $f:ident($x:ty) -> $r:ty;)*) => {$(
        $t[at($n, PLAIN)] = compare::<Op<$n>, A, B, false>;
        $t[at($n, FIRST)] = compare::<Op<$n>, Acc, B, false>;
        $t[at($n, SECOND_ONE)] = compare::<Op<$n>, A, Acc, false>;
        $t[at($n, PLAIN + REFUND)] = compare::<Op<$n>, A, B, true>;
        $t[at($n, FIRST + REFUND)] = compare::<Op<$n>, Acc, B, true>;
        $t[at($n, SECOND_ONE + REFUND)] = compare::<Op<$n>, A, Acc, true>;
    )*};
    (operations $($row:tt)*) => { operations! { $($row)* } };
}
macro_rules! branches_by_constant {
    (fill $t:ident $($n:tt $f:ident($x:ty) -> $r:ty;)*) => {$(
        $t[at($n, PLAIN)] = compare::<Op<$n>, A, K, false>;
        $t[at($n, FIRST)] = compare::<Op<$n>, Acc, K, false>;
        $t[at($n, PLAIN + REFUND)] = compare::<Op<$n>, A, K, true>;
        $t[at($n, FIRST + REFUND)] = compare::<Op<$n>, Acc, K, true>;
    )*};
    (operations $($row:tt)*) => { operations! { $($row)* } };
}
macro_rules! partial {
    (fill $t:ident $($n:literal $f:ident($x:ty) -> $r:ty;)*) => {$(
        $t[at($n, PLAIN)] = partial::<Op<$n>, B, C>;
        $t[at($n, FIRST)] = partial::<Op<$n>, Acc, C>;
        $t[at($n, SECOND_ONE)] = partial::<Op<$n>, B, Acc>;
    )*};
    (operations $($n:literal $f:ident($x:ty) -> $r:ty;)*) => {$(
        impl Partial for Op<$n> {
            type X = $x;
            type R = $r;
            #[inline(always)]
            fn of(x: $x, y: $x) -> Result<$r, Trap> {
                num::$f(x.bits(), y.bits()).map(<$r>::of_bits)
            }
        }
    )*};
}
/// One operand.
#[cfg(feature = "float")]
macro_rules! truncations {
    (fill $t:ident $($n:literal $f:ident($x:ty) -> $r:ty;)*) => {$(
        $t[at($n, PLAIN)] = partial::<Op<$n>, B, B>;
        $t[at($n, FIRST)] = partial::<Op<$n>, Acc, Acc>;
    )*};
    (operations $($n:literal $f:ident($x:ty) -> $r:ty;)*) => {$(
        impl Partial for Op<$n> {
            type X = $x;
            type R = $r;
            #[inline(always)]
            fn of(x: $x, _: $x) -> Result<$r, Trap> {
                num::$f(x.bits()).map(<$r>::of_bits)
            }
        }
    )*};
}
macro_rules! loads {
    (fill $t:ident $($n:literal $x:ty => $r:ty;)*) => {$(
        $t[at($n, PLAIN)] = load::<Op<$n>, B, Any>;
        $t[at($n, FIRST)] = load::<Op<$n>, Acc, Any>;
        #[cfg(feature = "memory64")]
        {
            $t[at($n, WIDE)] = load_wide::<Op<$n>>;
        }
    )*};
    (operations $($n:literal $x:ty => $r:ty;)*) => {$(
        impl Load for Op<$n> {
            type R = $r;
            const SIZE: usize = size_of::<$x>();
            #[inline(always)]
            fn of(bytes: &[u8]) -> Option<$r> {
                Some(<$x>::from_le_bytes(bytes.try_into().ok()?) as $r)
            }
        }
    )*};
}
/// Those that have a form with a computed address.
macro_rules! loads_scaled {
    (fill $t:ident $($n:literal)*) => {$(
        $t[at($n, OFFSET + PLAIN)] = load::<Op<$n>, Scaled<B, 0>, Any>;
        $t[at($n, OFFSET + FIRST)] = load::<Op<$n>, Scaled<Acc, 0>, Any>;
        $t[at($n, NATURAL + PLAIN)] = load::<Op<$n>, Scaled<B, { natural($n) }>, Any>;
        $t[at($n, NATURAL + FIRST)] = load::<Op<$n>, Scaled<Acc, { natural($n) }>, Any>;
        $t[at($n, SCALED + PLAIN)] = load::<Op<$n>, Scaled<B, ANY>, Any>;
        $t[at($n, SCALED + FIRST)] = load::<Op<$n>, Scaled<Acc, ANY>, Any>;
    )*};
    (operations $($n:literal)*) => {};
}
macro_rules! stores_scaled {
    (fill $t:ident $($n:literal)*) => {$(
        $t[at($n, OFFSET + PLAIN)] = store::<Op<$n>, A, Scaled<B, 0>, Any>;
        $t[at($n, OFFSET + FIRST)] = store::<Op<$n>, A, Scaled<Acc, 0>, Any>;
        $t[at($n, OFFSET + SECOND_ONE)] = store::<Op<$n>, Acc, Scaled<B, 0>, Any>;
        $t[at($n, NATURAL + PLAIN)] = store::<Op<$n>, A, Scaled<B, { natural($n) }>, Any>;
        $t[at($n, NATURAL + FIRST)] = store::<Op<$n>, A, Scaled<Acc, { natural($n) }>, Any>;
        $t[at($n, NATURAL + SECOND_ONE)] = store::<Op<$n>, Acc, Scaled<B, { natural($n) }>, Any>;
        $t[at($n, SCALED + PLAIN)] = store::<Op<$n>, A, Scaled<B, ANY>, Any>;
        $t[at($n, SCALED + FIRST)] = store::<Op<$n>, A, Scaled<Acc, ANY>, Any>;
        $t[at($n, SCALED + SECOND_ONE)] = store::<Op<$n>, Acc, Scaled<B, ANY>, Any>;
    )*};
    (operations $($n:literal)*) => {};
}
macro_rules! stores {
    (fill $t:ident $($n:literal $x:ty => $r:ty;)*) => {$(
        $t[at($n, PLAIN)] = store::<Op<$n>, A, B, Any>;
        $t[at($n, FIRST)] = store::<Op<$n>, A, Acc, Any>;
        $t[at($n, SECOND_ONE)] = store::<Op<$n>, Acc, B, Any>;
        #[cfg(feature = "memory64")]
        {
            $t[at($n, WIDE)] = store_wide::<Op<$n>>;
        }
    )*};
    (operations $($n:literal $x:ty => $r:ty;)*) => {$(
        impl Store for Op<$n> {
            type X = $x;
            const SIZE: usize = size_of::<$r>();
            #[inline(always)]
            fn put(v: $x, to: &mut [u8]) -> bool {
                let Ok(to) = to.try_into() else { return false };
                let to: &mut [u8; size_of::<$r>()] = to;
                *to = (v as $r).to_le_bytes();
                true
            }
        }
    )*};
}

rows! { integers:
    loads {
        0x28 u32 => u32; 0x29 u64 => u64;
        0x2c i8 => u32; 0x2d u8 => u32; 0x2e i16 => u32; 0x2f u16 => u32;
        0x30 i8 => u64; 0x31 u8 => u64; 0x32 i16 => u64; 0x33 u16 => u64; 0x34 i32 => u64; 0x35 u32 => u64;
    }
    stores {
        0x36 u32 => u32; 0x37 u64 => u64;
        0x3a u32 => u8; 0x3b u32 => u16;
    }
    loads_scaled { 0x28 0x29 0x2c 0x2d 0x2e 0x2f }
    stores_scaled { 0x36 0x3a }
    unary {
        0x45 i32_eqz(u32) -> u32; 0x50 i64_eqz(u64) -> u32;
        0x67 i32_clz(u32) -> u32; 0x68 i32_ctz(u32) -> u32; 0x69 i32_popcnt(u32) -> u32;
        0x79 i64_clz(u64) -> u64; 0x7a i64_ctz(u64) -> u64; 0x7b i64_popcnt(u64) -> u64;
        0xac i64_extend_i32_s(u32) -> u64; 0xad i64_extend_i32_u(u32) -> u64;
        0xc0 i32_extend8_s(u32) -> u32; 0xc1 i32_extend16_s(u32) -> u32;
        0xc2 i64_extend8_s(u64) -> u64; 0xc3 i64_extend16_s(u64) -> u64; 0xc4 i64_extend32_s(u64) -> u64;
    }
    binary {
        0x46 i32_eq(u32) -> u32; 0x47 i32_ne(u32) -> u32;
        0x48 i32_lt_s(u32) -> u32; 0x49 i32_lt_u(u32) -> u32; 0x4a i32_gt_s(u32) -> u32; 0x4b i32_gt_u(u32) -> u32;
        0x4c i32_le_s(u32) -> u32; 0x4d i32_le_u(u32) -> u32; 0x4e i32_ge_s(u32) -> u32; 0x4f i32_ge_u(u32) -> u32;
        0x51 i64_eq(u64) -> u32; 0x52 i64_ne(u64) -> u32;
        0x53 i64_lt_s(u64) -> u32; 0x54 i64_lt_u(u64) -> u32; 0x55 i64_gt_s(u64) -> u32; 0x56 i64_gt_u(u64) -> u32;
        0x57 i64_le_s(u64) -> u32; 0x58 i64_le_u(u64) -> u32; 0x59 i64_ge_s(u64) -> u32; 0x5a i64_ge_u(u64) -> u32;
        0x6a i32_add(u32) -> u32; 0x6b i32_sub(u32) -> u32; 0x6c i32_mul(u32) -> u32;
        0x71 i32_and(u32) -> u32; 0x72 i32_or(u32) -> u32; 0x73 i32_xor(u32) -> u32;
        0x74 i32_shl(u32) -> u32; 0x75 i32_shr_s(u32) -> u32; 0x76 i32_shr_u(u32) -> u32;
        0x77 i32_rotl(u32) -> u32; 0x78 i32_rotr(u32) -> u32;
        0x7c i64_add(u64) -> u64; 0x7d i64_sub(u64) -> u64; 0x7e i64_mul(u64) -> u64;
        0x83 i64_and(u64) -> u64; 0x84 i64_or(u64) -> u64; 0x85 i64_xor(u64) -> u64;
        0x86 i64_shl(u64) -> u64; 0x87 i64_shr_s(u64) -> u64; 0x88 i64_shr_u(u64) -> u64;
        0x89 i64_rotl(u64) -> u64; 0x8a i64_rotr(u64) -> u64;
    }
    partial {
        0x6d i32_div_s(u32) -> u32; 0x6e i32_div_u(u32) -> u32; 0x6f i32_rem_s(u32) -> u32; 0x70 i32_rem_u(u32) -> u32;
        0x7f i64_div_s(u64) -> u64; 0x80 i64_div_u(u64) -> u64; 0x81 i64_rem_s(u64) -> u64; 0x82 i64_rem_u(u64) -> u64;
    }
    by_constant {
        { I32_ADD_I } i32_add(u32) -> u32; { I32_MUL_I } i32_mul(u32) -> u32; { I32_AND_I } i32_and(u32) -> u32; { I32_OR_I } i32_or(u32) -> u32; { I32_XOR_I } i32_xor(u32) -> u32;
        { I64_ADD_I } i64_add(u64) -> u64; { I64_MUL_I } i64_mul(u64) -> u64; { I64_AND_I } i64_and(u64) -> u64; { I64_OR_I } i64_or(u64) -> u64; { I64_XOR_I } i64_xor(u64) -> u64;
    }
    by_small {
        { I32_ADD_S } i32_add(u32) -> u32; { I32_SHL_I } i32_shl(u32) -> u32; { I32_SHR_S_I } i32_shr_s(u32) -> u32; { I32_SHR_U_I } i32_shr_u(u32) -> u32; { I32_SHR_U_AND } i32_and(u32) -> u32;
        { I32_ROTL_I } i32_rotl(u32) -> u32; { I64_SHL_I } i64_shl(u64) -> u64; { I64_SHR_S_I } i64_shr_s(u64) -> u64; { I64_SHR_U_I } i64_shr_u(u64) -> u64;
    }
    branches {
        { BR_EQ } i32_eq(u32) -> u32; { BR_NE } i32_ne(u32) -> u32; { BR_LT_S } i32_lt_s(u32) -> u32; { BR_LT_U } i32_lt_u(u32) -> u32;
        { BR_LE_S } i32_le_s(u32) -> u32; { BR_LE_U } i32_le_u(u32) -> u32;
    }
    branches_by_constant {
        { BR_EQ_I } i32_eq(u32) -> u32; { BR_NE_I } i32_ne(u32) -> u32; { BR_LT_S_I } i32_lt_s(u32) -> u32; { BR_LT_U_I } i32_lt_u(u32) -> u32;
        { BR_GE_S_I } i32_ge_s(u32) -> u32; { BR_GE_U_I } i32_ge_u(u32) -> u32;
    }
}
#[cfg(feature = "float")]
rows! { floats:
        unary {
            0x8b f32_abs(f32) -> f32; 0x8c f32_neg(f32) -> f32; 0x8d f32_ceil(f32) -> f32; 0x8e f32_floor(f32) -> f32;
            0x8f f32_trunc(f32) -> f32; 0x90 f32_nearest(f32) -> f32; 0x91 f32_sqrt(f32) -> f32;
            0x99 f64_abs(f64) -> f64; 0x9a f64_neg(f64) -> f64; 0x9b f64_ceil(f64) -> f64; 0x9c f64_floor(f64) -> f64;
            0x9d f64_trunc(f64) -> f64; 0x9e f64_nearest(f64) -> f64; 0x9f f64_sqrt(f64) -> f64;
            0xb2 f32_convert_i32_s(u32) -> f32; 0xb3 f32_convert_i32_u(u32) -> f32; 0xb4 f32_convert_i64_s(u64) -> f32;
            0xb5 f32_convert_i64_u(u64) -> f32; 0xb6 f32_demote_f64(f64) -> f32; 0xb7 f64_convert_i32_s(u32) -> f64;
            0xb8 f64_convert_i32_u(u32) -> f64; 0xb9 f64_convert_i64_s(u64) -> f64; 0xba f64_convert_i64_u(u64) -> f64;
            0xbb f64_promote_f32(f32) -> f64;
            0xe7 i32_trunc_sat_f32_s(f32) -> u32; 0xe8 i32_trunc_sat_f32_u(f32) -> u32;
            0xe9 i32_trunc_sat_f64_s(f64) -> u32; 0xea i32_trunc_sat_f64_u(f64) -> u32;
            0xeb i64_trunc_sat_f32_s(f32) -> u64; 0xec i64_trunc_sat_f32_u(f32) -> u64;
            0xed i64_trunc_sat_f64_s(f64) -> u64; 0xee i64_trunc_sat_f64_u(f64) -> u64;
        }
        binary {
            0x5b f32_eq(f32) -> u32; 0x5c f32_ne(f32) -> u32; 0x5d f32_lt(f32) -> u32; 0x5e f32_gt(f32) -> u32;
            0x5f f32_le(f32) -> u32; 0x60 f32_ge(f32) -> u32;
            0x61 f64_eq(f64) -> u32; 0x62 f64_ne(f64) -> u32; 0x63 f64_lt(f64) -> u32; 0x64 f64_gt(f64) -> u32;
            0x65 f64_le(f64) -> u32; 0x66 f64_ge(f64) -> u32;
            0x92 f32_add(f32) -> f32; 0x93 f32_sub(f32) -> f32; 0x94 f32_mul(f32) -> f32; 0x95 f32_div(f32) -> f32;
            0x96 f32_min(f32) -> f32; 0x97 f32_max(f32) -> f32; 0x98 f32_copysign(f32) -> f32;
            0xa0 f64_add(f64) -> f64; 0xa1 f64_sub(f64) -> f64; 0xa2 f64_mul(f64) -> f64; 0xa3 f64_div(f64) -> f64;
            0xa4 f64_min(f64) -> f64; 0xa5 f64_max(f64) -> f64; 0xa6 f64_copysign(f64) -> f64;
        }
        truncations {
            0xa8 i32_trunc_f32_s(f32) -> u32; 0xa9 i32_trunc_f32_u(f32) -> u32; 0xaa i32_trunc_f64_s(f64) -> u32;
            0xab i32_trunc_f64_u(f64) -> u32; 0xae i64_trunc_f32_s(f32) -> u64; 0xaf i64_trunc_f32_u(f32) -> u64;
            0xb0 i64_trunc_f64_s(f64) -> u64; 0xb1 i64_trunc_f64_u(f64) -> u64;
        }
}

/// All handlers: number `operation | page << 8`, and from [`PAIRS`] on those of pairs.
pub(super) static TABLE: [Handler; SIZE] = {
    let mut t: [Handler; SIZE] = [hole; SIZE];

    // What the store carries out, and whatever this list forgets: `rare` tells holes apart.
    let mut op = 0;
    while op < 256 {
        if !matches!(FORM[op], Form::Hole) {
            t[op] = rare;
        }
        op += 1;
    }
    integers(&mut t);
    #[cfg(feature = "float")]
    floats(&mut t);
    t[0] = unexpanded;
    t[at(UNREACHABLE, PLAIN)] = unreachable;
    t[at(BR, PLAIN)] = br::<false>;
    t[at(BR, REFUND)] = br::<true>;
    t[at(BR_FAR, PLAIN)] = br_far::<true>;
    t[at(BR_FAR, FIRST)] = br_far::<false>;
    t[at(BR_IF, PLAIN)] = br_if::<true, false, A>;
    t[at(BR_IF, PLAIN + REFUND)] = br_if::<true, true, A>;
    t[at(BR_IF, FIRST)] = br_if::<true, false, Acc>;
    t[at(BR_IF, FIRST + REFUND)] = br_if::<true, true, Acc>;
    t[at(BR_UNLESS, PLAIN)] = br_if::<false, false, A>;
    t[at(BR_UNLESS, PLAIN + REFUND)] = br_if::<false, true, A>;
    t[at(BR_UNLESS, FIRST)] = br_if::<false, false, Acc>;
    t[at(BR_UNLESS, FIRST + REFUND)] = br_if::<false, true, Acc>;
    t[at(ADD_BR_IF, PLAIN)] = add_br::<true, true, false>;
    t[at(ADD_BR_IF, REFUND)] = add_br::<true, true, true>;
    t[at(ADD_BR_UNLESS, PLAIN)] = add_br::<false, true, false>;
    t[at(ADD_BR_UNLESS, REFUND)] = add_br::<false, true, true>;
    t[at(ADD_BR_NE, PLAIN)] = add_br::<true, false, false>;
    t[at(ADD_BR_NE, REFUND)] = add_br::<true, false, true>;
    t[at(ADD_BR_EQ, PLAIN)] = add_br::<false, false, false>;
    t[at(ADD_BR_EQ, REFUND)] = add_br::<false, false, true>;
    t[at(BR_WITHIN, PLAIN)] = within::<true, false, A>;
    t[at(BR_WITHIN, PLAIN + REFUND)] = within::<true, true, A>;
    t[at(BR_WITHIN, FIRST)] = within::<true, false, Acc>;
    t[at(BR_WITHIN, FIRST + REFUND)] = within::<true, true, Acc>;
    t[at(BR_BEYOND, PLAIN)] = within::<false, false, A>;
    t[at(BR_BEYOND, PLAIN + REFUND)] = within::<false, true, A>;
    t[at(BR_BEYOND, FIRST)] = within::<false, false, Acc>;
    t[at(BR_BEYOND, FIRST + REFUND)] = within::<false, true, Acc>;
    t[at(BR_TABLE, PLAIN)] = br_table;
    t[at(BR_TABLE_FAR, PLAIN)] = br_table_far;
    t[at(RETURN, PLAIN)] = ret;
    t[at(RETURN1, PLAIN)] = ret_value::<u32, A>;
    t[at(RETURN1, FIRST)] = ret_value::<u32, Acc>;
    t[at(RETURN2, PLAIN)] = ret_value::<u64, A>;
    t[at(RETURN2, FIRST)] = ret_value::<u64, Acc>;
    t[at(CALL, FIRST)] = call;
    t[at(CALL_FAR, FIRST)] = call_far;
    t[at(CALL_INDIRECT, FIRST)] = call_indirect;
    t[at(CHARGE, PLAIN)] = charge;
    t[at(ENTER, PLAIN)] = enter_many;
    t[at(ENTER, 1)] = enter::<1>;
    t[at(ENTER, 2)] = enter::<2>;
    t[at(ENTER, 3)] = enter::<3>;
    t[at(ENTER, 4)] = enter::<4>;
    t[at(ENTER, 5)] = enter::<5>;
    t[at(ENTER, 6)] = enter::<6>;
    t[at(ENTER, 7)] = enter::<7>;
    t[at(ENTER, 8)] = enter::<8>;
    t[at(ENTER, 9)] = enter::<12>;
    t[at(ENTER, 10)] = enter::<16>;
    t[at(ENTER, 11)] = enter::<24>;
    t[at(COPY, PLAIN)] = copy::<u32, B, Any>;
    t[at(COPY, FIRST)] = copy::<u32, Acc, Any>;
    t[at(COPY2, PLAIN)] = copy::<u64, B, Any>;
    t[at(COPY2, FIRST)] = copy::<u64, Acc, Any>;
    t[at(CONST, PLAIN)] = constant::<u32, 1, Any>;
    t[at(CONST_S, PLAIN)] = constant::<u32, 0, Any>;
    t[at(CONST2, PLAIN)] = constant2::<Any>;
    t[at(CONST2_S, PLAIN)] = constant::<u64, 0, Any>;
    t[at(SELECT, PLAIN)] = select::<u32, A>;
    t[at(SELECT, FIRST)] = select::<u32, Acc>;
    t[at(SELECT2, PLAIN)] = select::<u64, A>;
    t[at(SELECT2, FIRST)] = select::<u64, Acc>;
    t[at(FAR_GET, PLAIN)] = far;
    t[at(FAR_SET, PLAIN)] = far;
    t[at(FAR_COPY, PLAIN)] = far;
    t[at(GLOBAL_GET, PLAIN)] = global_get;
    t[at(GLOBAL_GET2, PLAIN)] = global_get2;
    t[at(GLOBAL_SET, PLAIN)] = global_set::<A>;
    t[at(GLOBAL_SET, FIRST)] = global_set::<Acc>;
    t[at(GLOBAL_SET2, PLAIN)] = global_set2::<A>;
    t[at(GLOBAL_SET2, FIRST)] = global_set2::<Acc>;
    t[at(MEMORY_COPY, FIRST)] = bulk::<true>;
    t[at(MEMORY_FILL, FIRST)] = bulk::<false>;
    t[at(MAP, PLAIN)] = nothing;
    #[cfg(feature = "exceptions")]
    {
        t[at(TRY, PLAIN)] = nothing;
    }
    #[cfg(feature = "tail-call")]
    {
        t[at(RETURN_CALL, FIRST)] = return_call;
    }
    #[cfg(feature = "memory64")]
    {
        t[at(TABLE_INDEX, PLAIN)] = table_index;
    }
    #[cfg(any(feature = "simd", feature = "wide-arithmetic", feature = "threads"))]
    {
        t[at(SECOND, PLAIN)] = second_page;
    }

    pairs::fill(&mut t, PAIRS as usize);
    t
};
