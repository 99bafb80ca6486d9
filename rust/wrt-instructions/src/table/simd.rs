// SPDX-License-Identifier: MIT
//! The rows of vector instructions, by their number after the prefix 0xfd: below 0x100 those of fixed-width SIMD, from
//! there on the relaxed ones.

use super::{ADDR, F32, F64, I32, I64, Imm, Row};
use Imm::{Const, Lane, MemArg, MemArgLane, None as N, Shuffle};

const V128: u8 = 0x7b;

/// Vector instructions have numbers below this.
pub const NUMBERS: u16 = if cfg!(feature = "relaxed-simd") { 0x114 } else { RELAXED };
/// From here on instructions are relaxed.
pub const RELAXED: u16 = 0x100;

macro_rules! rows {
    ($($n:literal $name:literal ($imm:expr) [$($pop:ident)*] -> [$($push:ident)*] $spec:literal;)*) => {
        /// The row of instruction `n`, or `None` if no row has this number.
        pub const fn row(n: u16) -> Option<&'static Row> {
            const ROWS: [Option<Row>; 0x114] = {
                let mut t = [None; 0x114];
                $(t[$n] = Some(Row { imm: $imm, pops: pops!($($pop)*), push: push!($($push)*) });)*
                t
            };
            if n < NUMBERS { ROWS[n as usize].as_ref() } else { None }
        }
        /// As [`table::name`](super::name).
        pub const fn name(n: u16) -> Option<(&'static str, &'static str)> {
            match n {
                $($n if $n < NUMBERS => Some(($name, concat!("core ", $spec))),)*
                _ => None,
            }
        }
        /// All numbers, relaxed ones included.
        pub const ALL: &[u16] = &[$($n),*];
    };
}

/// Whether instruction `n` is about lanes that are floats: its name has `f32x4` or `f64x2` in it.
pub const fn is_float(n: u16) -> bool {
    let Some((name, _)) = name(n) else { return false };
    let (name, mut i) = (name.as_bytes(), 0);
    while i + 5 <= name.len() {
        if name[i] == b'f' && name[i + 3] == b'x' {
            return true;
        }
        i += 1;
    }
    false
}

/// The instruction that does what relaxed instruction `n` does here; `n` for all others. Choices are those of the
/// deterministic profile: the first of each list (spec: core 4.3.6).
pub fn strict(n: u16) -> u16 {
    match n {
        0x100 => 0x0e,         // i8x16.swizzle
        0x101 => 0xf8,         // i32x4.trunc_sat_f32x4_s
        0x102 => 0xf9,         // i32x4.trunc_sat_f32x4_u
        0x103 => 0xfc,         // i32x4.trunc_sat_f64x2_s_zero
        0x104 => 0xfd,         // i32x4.trunc_sat_f64x2_u_zero
        0x109..=0x10c => 0x52, // v128.bitselect
        0x10d => 0xe8,         // f32x4.min
        0x10e => 0xe9,         // f32x4.max
        0x10f => 0xf4,         // f64x2.min
        0x110 => 0xf5,         // f64x2.max
        0x111 => 0x82,         // i16x8.q15mulr_sat_s
        n => n,
    }
}

rows! {
    0x00 "v128.load" (MemArg(4)) [ADDR] -> [V128] "4.6.7";
    0x01 "v128.load8x8_s" (MemArg(3)) [ADDR] -> [V128] "4.6.7";
    0x02 "v128.load8x8_u" (MemArg(3)) [ADDR] -> [V128] "4.6.7";
    0x03 "v128.load16x4_s" (MemArg(3)) [ADDR] -> [V128] "4.6.7";
    0x04 "v128.load16x4_u" (MemArg(3)) [ADDR] -> [V128] "4.6.7";
    0x05 "v128.load32x2_s" (MemArg(3)) [ADDR] -> [V128] "4.6.7";
    0x06 "v128.load32x2_u" (MemArg(3)) [ADDR] -> [V128] "4.6.7";
    0x07 "v128.load8_splat" (MemArg(0)) [ADDR] -> [V128] "4.6.7";
    0x08 "v128.load16_splat" (MemArg(1)) [ADDR] -> [V128] "4.6.7";
    0x09 "v128.load32_splat" (MemArg(2)) [ADDR] -> [V128] "4.6.7";
    0x0a "v128.load64_splat" (MemArg(3)) [ADDR] -> [V128] "4.6.7";
    0x0b "v128.store" (MemArg(4)) [ADDR V128] -> [] "4.6.7";
    0x0c "v128.const" (Const) [] -> [V128] "4.3.5";
    0x0d "i8x16.shuffle" (Shuffle) [V128 V128] -> [V128] "4.3.5";
    0x0e "i8x16.swizzle" (N) [V128 V128] -> [V128] "4.3.5";
    0x0f "i8x16.splat" (N) [I32] -> [V128] "4.3.5";
    0x10 "i16x8.splat" (N) [I32] -> [V128] "4.3.5";
    0x11 "i32x4.splat" (N) [I32] -> [V128] "4.3.5";
    0x12 "i64x2.splat" (N) [I64] -> [V128] "4.3.5";
    0x13 "f32x4.splat" (N) [F32] -> [V128] "4.3.5";
    0x14 "f64x2.splat" (N) [F64] -> [V128] "4.3.5";
    0x15 "i8x16.extract_lane_s" (Lane(16)) [V128] -> [I32] "4.3.5";
    0x16 "i8x16.extract_lane_u" (Lane(16)) [V128] -> [I32] "4.3.5";
    0x17 "i8x16.replace_lane" (Lane(16)) [V128 I32] -> [V128] "4.3.5";
    0x18 "i16x8.extract_lane_s" (Lane(8)) [V128] -> [I32] "4.3.5";
    0x19 "i16x8.extract_lane_u" (Lane(8)) [V128] -> [I32] "4.3.5";
    0x1a "i16x8.replace_lane" (Lane(8)) [V128 I32] -> [V128] "4.3.5";
    0x1b "i32x4.extract_lane" (Lane(4)) [V128] -> [I32] "4.3.5";
    0x1c "i32x4.replace_lane" (Lane(4)) [V128 I32] -> [V128] "4.3.5";
    0x1d "i64x2.extract_lane" (Lane(2)) [V128] -> [I64] "4.3.5";
    0x1e "i64x2.replace_lane" (Lane(2)) [V128 I64] -> [V128] "4.3.5";
    0x1f "f32x4.extract_lane" (Lane(4)) [V128] -> [F32] "4.3.5";
    0x20 "f32x4.replace_lane" (Lane(4)) [V128 F32] -> [V128] "4.3.5";
    0x21 "f64x2.extract_lane" (Lane(2)) [V128] -> [F64] "4.3.5";
    0x22 "f64x2.replace_lane" (Lane(2)) [V128 F64] -> [V128] "4.3.5";
    0x23 "i8x16.eq" (N) [V128 V128] -> [V128] "4.3.5";
    0x24 "i8x16.ne" (N) [V128 V128] -> [V128] "4.3.5";
    0x25 "i8x16.lt_s" (N) [V128 V128] -> [V128] "4.3.5";
    0x26 "i8x16.lt_u" (N) [V128 V128] -> [V128] "4.3.5";
    0x27 "i8x16.gt_s" (N) [V128 V128] -> [V128] "4.3.5";
    0x28 "i8x16.gt_u" (N) [V128 V128] -> [V128] "4.3.5";
    0x29 "i8x16.le_s" (N) [V128 V128] -> [V128] "4.3.5";
    0x2a "i8x16.le_u" (N) [V128 V128] -> [V128] "4.3.5";
    0x2b "i8x16.ge_s" (N) [V128 V128] -> [V128] "4.3.5";
    0x2c "i8x16.ge_u" (N) [V128 V128] -> [V128] "4.3.5";
    0x2d "i16x8.eq" (N) [V128 V128] -> [V128] "4.3.5";
    0x2e "i16x8.ne" (N) [V128 V128] -> [V128] "4.3.5";
    0x2f "i16x8.lt_s" (N) [V128 V128] -> [V128] "4.3.5";
    0x30 "i16x8.lt_u" (N) [V128 V128] -> [V128] "4.3.5";
    0x31 "i16x8.gt_s" (N) [V128 V128] -> [V128] "4.3.5";
    0x32 "i16x8.gt_u" (N) [V128 V128] -> [V128] "4.3.5";
    0x33 "i16x8.le_s" (N) [V128 V128] -> [V128] "4.3.5";
    0x34 "i16x8.le_u" (N) [V128 V128] -> [V128] "4.3.5";
    0x35 "i16x8.ge_s" (N) [V128 V128] -> [V128] "4.3.5";
    0x36 "i16x8.ge_u" (N) [V128 V128] -> [V128] "4.3.5";
    0x37 "i32x4.eq" (N) [V128 V128] -> [V128] "4.3.5";
    0x38 "i32x4.ne" (N) [V128 V128] -> [V128] "4.3.5";
    0x39 "i32x4.lt_s" (N) [V128 V128] -> [V128] "4.3.5";
    0x3a "i32x4.lt_u" (N) [V128 V128] -> [V128] "4.3.5";
    0x3b "i32x4.gt_s" (N) [V128 V128] -> [V128] "4.3.5";
    0x3c "i32x4.gt_u" (N) [V128 V128] -> [V128] "4.3.5";
    0x3d "i32x4.le_s" (N) [V128 V128] -> [V128] "4.3.5";
    0x3e "i32x4.le_u" (N) [V128 V128] -> [V128] "4.3.5";
    0x3f "i32x4.ge_s" (N) [V128 V128] -> [V128] "4.3.5";
    0x40 "i32x4.ge_u" (N) [V128 V128] -> [V128] "4.3.5";
    0x41 "f32x4.eq" (N) [V128 V128] -> [V128] "4.3.5";
    0x42 "f32x4.ne" (N) [V128 V128] -> [V128] "4.3.5";
    0x43 "f32x4.lt" (N) [V128 V128] -> [V128] "4.3.5";
    0x44 "f32x4.gt" (N) [V128 V128] -> [V128] "4.3.5";
    0x45 "f32x4.le" (N) [V128 V128] -> [V128] "4.3.5";
    0x46 "f32x4.ge" (N) [V128 V128] -> [V128] "4.3.5";
    0x47 "f64x2.eq" (N) [V128 V128] -> [V128] "4.3.5";
    0x48 "f64x2.ne" (N) [V128 V128] -> [V128] "4.3.5";
    0x49 "f64x2.lt" (N) [V128 V128] -> [V128] "4.3.5";
    0x4a "f64x2.gt" (N) [V128 V128] -> [V128] "4.3.5";
    0x4b "f64x2.le" (N) [V128 V128] -> [V128] "4.3.5";
    0x4c "f64x2.ge" (N) [V128 V128] -> [V128] "4.3.5";
    0x4d "v128.not" (N) [V128] -> [V128] "4.3.5";
    0x4e "v128.and" (N) [V128 V128] -> [V128] "4.3.5";
    0x4f "v128.andnot" (N) [V128 V128] -> [V128] "4.3.5";
    0x50 "v128.or" (N) [V128 V128] -> [V128] "4.3.5";
    0x51 "v128.xor" (N) [V128 V128] -> [V128] "4.3.5";
    0x52 "v128.bitselect" (N) [V128 V128 V128] -> [V128] "4.3.5";
    0x53 "v128.any_true" (N) [V128] -> [I32] "4.3.5";
    0x54 "v128.load8_lane" (MemArgLane(0)) [ADDR V128] -> [V128] "4.6.7";
    0x55 "v128.load16_lane" (MemArgLane(1)) [ADDR V128] -> [V128] "4.6.7";
    0x56 "v128.load32_lane" (MemArgLane(2)) [ADDR V128] -> [V128] "4.6.7";
    0x57 "v128.load64_lane" (MemArgLane(3)) [ADDR V128] -> [V128] "4.6.7";
    0x58 "v128.store8_lane" (MemArgLane(0)) [ADDR V128] -> [] "4.6.7";
    0x59 "v128.store16_lane" (MemArgLane(1)) [ADDR V128] -> [] "4.6.7";
    0x5a "v128.store32_lane" (MemArgLane(2)) [ADDR V128] -> [] "4.6.7";
    0x5b "v128.store64_lane" (MemArgLane(3)) [ADDR V128] -> [] "4.6.7";
    0x5c "v128.load32_zero" (MemArg(2)) [ADDR] -> [V128] "4.6.7";
    0x5d "v128.load64_zero" (MemArg(3)) [ADDR] -> [V128] "4.6.7";
    0x5e "f32x4.demote_f64x2_zero" (N) [V128] -> [V128] "4.3.5";
    0x5f "f64x2.promote_low_f32x4" (N) [V128] -> [V128] "4.3.5";
    0x60 "i8x16.abs" (N) [V128] -> [V128] "4.3.5";
    0x61 "i8x16.neg" (N) [V128] -> [V128] "4.3.5";
    0x62 "i8x16.popcnt" (N) [V128] -> [V128] "4.3.5";
    0x63 "i8x16.all_true" (N) [V128] -> [I32] "4.3.5";
    0x64 "i8x16.bitmask" (N) [V128] -> [I32] "4.3.5";
    0x65 "i8x16.narrow_i16x8_s" (N) [V128 V128] -> [V128] "4.3.5";
    0x66 "i8x16.narrow_i16x8_u" (N) [V128 V128] -> [V128] "4.3.5";
    0x67 "f32x4.ceil" (N) [V128] -> [V128] "4.3.5";
    0x68 "f32x4.floor" (N) [V128] -> [V128] "4.3.5";
    0x69 "f32x4.trunc" (N) [V128] -> [V128] "4.3.5";
    0x6a "f32x4.nearest" (N) [V128] -> [V128] "4.3.5";
    0x6b "i8x16.shl" (N) [V128 I32] -> [V128] "4.3.5";
    0x6c "i8x16.shr_s" (N) [V128 I32] -> [V128] "4.3.5";
    0x6d "i8x16.shr_u" (N) [V128 I32] -> [V128] "4.3.5";
    0x6e "i8x16.add" (N) [V128 V128] -> [V128] "4.3.5";
    0x6f "i8x16.add_sat_s" (N) [V128 V128] -> [V128] "4.3.5";
    0x70 "i8x16.add_sat_u" (N) [V128 V128] -> [V128] "4.3.5";
    0x71 "i8x16.sub" (N) [V128 V128] -> [V128] "4.3.5";
    0x72 "i8x16.sub_sat_s" (N) [V128 V128] -> [V128] "4.3.5";
    0x73 "i8x16.sub_sat_u" (N) [V128 V128] -> [V128] "4.3.5";
    0x74 "f64x2.ceil" (N) [V128] -> [V128] "4.3.5";
    0x75 "f64x2.floor" (N) [V128] -> [V128] "4.3.5";
    0x76 "i8x16.min_s" (N) [V128 V128] -> [V128] "4.3.5";
    0x77 "i8x16.min_u" (N) [V128 V128] -> [V128] "4.3.5";
    0x78 "i8x16.max_s" (N) [V128 V128] -> [V128] "4.3.5";
    0x79 "i8x16.max_u" (N) [V128 V128] -> [V128] "4.3.5";
    0x7a "f64x2.trunc" (N) [V128] -> [V128] "4.3.5";
    0x7b "i8x16.avgr_u" (N) [V128 V128] -> [V128] "4.3.5";
    0x7c "i16x8.extadd_pairwise_i8x16_s" (N) [V128] -> [V128] "4.3.5";
    0x7d "i16x8.extadd_pairwise_i8x16_u" (N) [V128] -> [V128] "4.3.5";
    0x7e "i32x4.extadd_pairwise_i16x8_s" (N) [V128] -> [V128] "4.3.5";
    0x7f "i32x4.extadd_pairwise_i16x8_u" (N) [V128] -> [V128] "4.3.5";
    0x80 "i16x8.abs" (N) [V128] -> [V128] "4.3.5";
    0x81 "i16x8.neg" (N) [V128] -> [V128] "4.3.5";
    0x82 "i16x8.q15mulr_sat_s" (N) [V128 V128] -> [V128] "4.3.5";
    0x83 "i16x8.all_true" (N) [V128] -> [I32] "4.3.5";
    0x84 "i16x8.bitmask" (N) [V128] -> [I32] "4.3.5";
    0x85 "i16x8.narrow_i32x4_s" (N) [V128 V128] -> [V128] "4.3.5";
    0x86 "i16x8.narrow_i32x4_u" (N) [V128 V128] -> [V128] "4.3.5";
    0x87 "i16x8.extend_low_i8x16_s" (N) [V128] -> [V128] "4.3.5";
    0x88 "i16x8.extend_high_i8x16_s" (N) [V128] -> [V128] "4.3.5";
    0x89 "i16x8.extend_low_i8x16_u" (N) [V128] -> [V128] "4.3.5";
    0x8a "i16x8.extend_high_i8x16_u" (N) [V128] -> [V128] "4.3.5";
    0x8b "i16x8.shl" (N) [V128 I32] -> [V128] "4.3.5";
    0x8c "i16x8.shr_s" (N) [V128 I32] -> [V128] "4.3.5";
    0x8d "i16x8.shr_u" (N) [V128 I32] -> [V128] "4.3.5";
    0x8e "i16x8.add" (N) [V128 V128] -> [V128] "4.3.5";
    0x8f "i16x8.add_sat_s" (N) [V128 V128] -> [V128] "4.3.5";
    0x90 "i16x8.add_sat_u" (N) [V128 V128] -> [V128] "4.3.5";
    0x91 "i16x8.sub" (N) [V128 V128] -> [V128] "4.3.5";
    0x92 "i16x8.sub_sat_s" (N) [V128 V128] -> [V128] "4.3.5";
    0x93 "i16x8.sub_sat_u" (N) [V128 V128] -> [V128] "4.3.5";
    0x94 "f64x2.nearest" (N) [V128] -> [V128] "4.3.5";
    0x95 "i16x8.mul" (N) [V128 V128] -> [V128] "4.3.5";
    0x96 "i16x8.min_s" (N) [V128 V128] -> [V128] "4.3.5";
    0x97 "i16x8.min_u" (N) [V128 V128] -> [V128] "4.3.5";
    0x98 "i16x8.max_s" (N) [V128 V128] -> [V128] "4.3.5";
    0x99 "i16x8.max_u" (N) [V128 V128] -> [V128] "4.3.5";
    0x9b "i16x8.avgr_u" (N) [V128 V128] -> [V128] "4.3.5";
    0x9c "i16x8.extmul_low_i8x16_s" (N) [V128 V128] -> [V128] "4.3.5";
    0x9d "i16x8.extmul_high_i8x16_s" (N) [V128 V128] -> [V128] "4.3.5";
    0x9e "i16x8.extmul_low_i8x16_u" (N) [V128 V128] -> [V128] "4.3.5";
    0x9f "i16x8.extmul_high_i8x16_u" (N) [V128 V128] -> [V128] "4.3.5";
    0xa0 "i32x4.abs" (N) [V128] -> [V128] "4.3.5";
    0xa1 "i32x4.neg" (N) [V128] -> [V128] "4.3.5";
    0xa3 "i32x4.all_true" (N) [V128] -> [I32] "4.3.5";
    0xa4 "i32x4.bitmask" (N) [V128] -> [I32] "4.3.5";
    0xa7 "i32x4.extend_low_i16x8_s" (N) [V128] -> [V128] "4.3.5";
    0xa8 "i32x4.extend_high_i16x8_s" (N) [V128] -> [V128] "4.3.5";
    0xa9 "i32x4.extend_low_i16x8_u" (N) [V128] -> [V128] "4.3.5";
    0xaa "i32x4.extend_high_i16x8_u" (N) [V128] -> [V128] "4.3.5";
    0xab "i32x4.shl" (N) [V128 I32] -> [V128] "4.3.5";
    0xac "i32x4.shr_s" (N) [V128 I32] -> [V128] "4.3.5";
    0xad "i32x4.shr_u" (N) [V128 I32] -> [V128] "4.3.5";
    0xae "i32x4.add" (N) [V128 V128] -> [V128] "4.3.5";
    0xb1 "i32x4.sub" (N) [V128 V128] -> [V128] "4.3.5";
    0xb5 "i32x4.mul" (N) [V128 V128] -> [V128] "4.3.5";
    0xb6 "i32x4.min_s" (N) [V128 V128] -> [V128] "4.3.5";
    0xb7 "i32x4.min_u" (N) [V128 V128] -> [V128] "4.3.5";
    0xb8 "i32x4.max_s" (N) [V128 V128] -> [V128] "4.3.5";
    0xb9 "i32x4.max_u" (N) [V128 V128] -> [V128] "4.3.5";
    0xba "i32x4.dot_i16x8_s" (N) [V128 V128] -> [V128] "4.3.5";
    0xbc "i32x4.extmul_low_i16x8_s" (N) [V128 V128] -> [V128] "4.3.5";
    0xbd "i32x4.extmul_high_i16x8_s" (N) [V128 V128] -> [V128] "4.3.5";
    0xbe "i32x4.extmul_low_i16x8_u" (N) [V128 V128] -> [V128] "4.3.5";
    0xbf "i32x4.extmul_high_i16x8_u" (N) [V128 V128] -> [V128] "4.3.5";
    0xc0 "i64x2.abs" (N) [V128] -> [V128] "4.3.5";
    0xc1 "i64x2.neg" (N) [V128] -> [V128] "4.3.5";
    0xc3 "i64x2.all_true" (N) [V128] -> [I32] "4.3.5";
    0xc4 "i64x2.bitmask" (N) [V128] -> [I32] "4.3.5";
    0xc7 "i64x2.extend_low_i32x4_s" (N) [V128] -> [V128] "4.3.5";
    0xc8 "i64x2.extend_high_i32x4_s" (N) [V128] -> [V128] "4.3.5";
    0xc9 "i64x2.extend_low_i32x4_u" (N) [V128] -> [V128] "4.3.5";
    0xca "i64x2.extend_high_i32x4_u" (N) [V128] -> [V128] "4.3.5";
    0xcb "i64x2.shl" (N) [V128 I32] -> [V128] "4.3.5";
    0xcc "i64x2.shr_s" (N) [V128 I32] -> [V128] "4.3.5";
    0xcd "i64x2.shr_u" (N) [V128 I32] -> [V128] "4.3.5";
    0xce "i64x2.add" (N) [V128 V128] -> [V128] "4.3.5";
    0xd1 "i64x2.sub" (N) [V128 V128] -> [V128] "4.3.5";
    0xd5 "i64x2.mul" (N) [V128 V128] -> [V128] "4.3.5";
    0xd6 "i64x2.eq" (N) [V128 V128] -> [V128] "4.3.5";
    0xd7 "i64x2.ne" (N) [V128 V128] -> [V128] "4.3.5";
    0xd8 "i64x2.lt_s" (N) [V128 V128] -> [V128] "4.3.5";
    0xd9 "i64x2.gt_s" (N) [V128 V128] -> [V128] "4.3.5";
    0xda "i64x2.le_s" (N) [V128 V128] -> [V128] "4.3.5";
    0xdb "i64x2.ge_s" (N) [V128 V128] -> [V128] "4.3.5";
    0xdc "i64x2.extmul_low_i32x4_s" (N) [V128 V128] -> [V128] "4.3.5";
    0xdd "i64x2.extmul_high_i32x4_s" (N) [V128 V128] -> [V128] "4.3.5";
    0xde "i64x2.extmul_low_i32x4_u" (N) [V128 V128] -> [V128] "4.3.5";
    0xdf "i64x2.extmul_high_i32x4_u" (N) [V128 V128] -> [V128] "4.3.5";
    0xe0 "f32x4.abs" (N) [V128] -> [V128] "4.3.5";
    0xe1 "f32x4.neg" (N) [V128] -> [V128] "4.3.5";
    0xe3 "f32x4.sqrt" (N) [V128] -> [V128] "4.3.5";
    0xe4 "f32x4.add" (N) [V128 V128] -> [V128] "4.3.5";
    0xe5 "f32x4.sub" (N) [V128 V128] -> [V128] "4.3.5";
    0xe6 "f32x4.mul" (N) [V128 V128] -> [V128] "4.3.5";
    0xe7 "f32x4.div" (N) [V128 V128] -> [V128] "4.3.5";
    0xe8 "f32x4.min" (N) [V128 V128] -> [V128] "4.3.5";
    0xe9 "f32x4.max" (N) [V128 V128] -> [V128] "4.3.5";
    0xea "f32x4.pmin" (N) [V128 V128] -> [V128] "4.3.5";
    0xeb "f32x4.pmax" (N) [V128 V128] -> [V128] "4.3.5";
    0xec "f64x2.abs" (N) [V128] -> [V128] "4.3.5";
    0xed "f64x2.neg" (N) [V128] -> [V128] "4.3.5";
    0xef "f64x2.sqrt" (N) [V128] -> [V128] "4.3.5";
    0xf0 "f64x2.add" (N) [V128 V128] -> [V128] "4.3.5";
    0xf1 "f64x2.sub" (N) [V128 V128] -> [V128] "4.3.5";
    0xf2 "f64x2.mul" (N) [V128 V128] -> [V128] "4.3.5";
    0xf3 "f64x2.div" (N) [V128 V128] -> [V128] "4.3.5";
    0xf4 "f64x2.min" (N) [V128 V128] -> [V128] "4.3.5";
    0xf5 "f64x2.max" (N) [V128 V128] -> [V128] "4.3.5";
    0xf6 "f64x2.pmin" (N) [V128 V128] -> [V128] "4.3.5";
    0xf7 "f64x2.pmax" (N) [V128 V128] -> [V128] "4.3.5";
    0xf8 "i32x4.trunc_sat_f32x4_s" (N) [V128] -> [V128] "4.3.5";
    0xf9 "i32x4.trunc_sat_f32x4_u" (N) [V128] -> [V128] "4.3.5";
    0xfa "f32x4.convert_i32x4_s" (N) [V128] -> [V128] "4.3.5";
    0xfb "f32x4.convert_i32x4_u" (N) [V128] -> [V128] "4.3.5";
    0xfc "i32x4.trunc_sat_f64x2_s_zero" (N) [V128] -> [V128] "4.3.5";
    0xfd "i32x4.trunc_sat_f64x2_u_zero" (N) [V128] -> [V128] "4.3.5";
    0xfe "f64x2.convert_low_i32x4_s" (N) [V128] -> [V128] "4.3.5";
    0xff "f64x2.convert_low_i32x4_u" (N) [V128] -> [V128] "4.3.5";
    0x100 "i8x16.relaxed_swizzle" (N) [V128 V128] -> [V128] "4.3.5";
    0x101 "i32x4.relaxed_trunc_f32x4_s" (N) [V128] -> [V128] "4.3.5";
    0x102 "i32x4.relaxed_trunc_f32x4_u" (N) [V128] -> [V128] "4.3.5";
    0x103 "i32x4.relaxed_trunc_f64x2_s_zero" (N) [V128] -> [V128] "4.3.5";
    0x104 "i32x4.relaxed_trunc_f64x2_u_zero" (N) [V128] -> [V128] "4.3.5";
    0x105 "f32x4.relaxed_madd" (N) [V128 V128 V128] -> [V128] "4.3.5";
    0x106 "f32x4.relaxed_nmadd" (N) [V128 V128 V128] -> [V128] "4.3.5";
    0x107 "f64x2.relaxed_madd" (N) [V128 V128 V128] -> [V128] "4.3.5";
    0x108 "f64x2.relaxed_nmadd" (N) [V128 V128 V128] -> [V128] "4.3.5";
    0x109 "i8x16.relaxed_laneselect" (N) [V128 V128 V128] -> [V128] "4.3.5";
    0x10a "i16x8.relaxed_laneselect" (N) [V128 V128 V128] -> [V128] "4.3.5";
    0x10b "i32x4.relaxed_laneselect" (N) [V128 V128 V128] -> [V128] "4.3.5";
    0x10c "i64x2.relaxed_laneselect" (N) [V128 V128 V128] -> [V128] "4.3.5";
    0x10d "f32x4.relaxed_min" (N) [V128 V128] -> [V128] "4.3.5";
    0x10e "f32x4.relaxed_max" (N) [V128 V128] -> [V128] "4.3.5";
    0x10f "f64x2.relaxed_min" (N) [V128 V128] -> [V128] "4.3.5";
    0x110 "f64x2.relaxed_max" (N) [V128 V128] -> [V128] "4.3.5";
    0x111 "i16x8.relaxed_q15mulr_s" (N) [V128 V128] -> [V128] "4.3.5";
    0x112 "i16x8.relaxed_dot_i8x16_i7x16_s" (N) [V128 V128] -> [V128] "4.3.5";
    0x113 "i32x4.relaxed_dot_i8x16_i7x16_add_s" (N) [V128 V128 V128] -> [V128] "4.3.5";
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_are_as_many_as_instructions() {
        let relaxed = ALL.iter().filter(|n| **n >= RELAXED).count();
        assert_eq!((ALL.len() - relaxed, relaxed), (236, 20));
        for &n in ALL.iter().filter(|n| **n < NUMBERS) {
            assert!(row(n).is_some() && row(strict(n)).is_some(), "{n:#x}");
            assert!(name(n).is_some());
        }
        assert!(row(0x9a).is_none() && name(0x9a).is_none() && row(0x114).is_none());
        assert!(is_float(0x13) && is_float(0xf8) && !is_float(0x0f) && !is_float(0x0a));
    }
}
