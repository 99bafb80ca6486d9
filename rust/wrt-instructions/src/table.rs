// SPDX-License-Identifier: MIT
//! One row per instruction that neither branches nor names a local: opcode, name, immediates, operand and result
//! types, section of the specification. Decoder, validator and translator work from these rows; control
//! instructions, locals and constants have code of their own because their types depend on the context.
//!
//! An opcode here is a `u16`: the byte of the binary format, `0xfc00 + n` for number `n` after the prefix 0xfc, or
//! `0xd000 + n` after 0xfd, whose numbers need more than a byte: vector instructions, in `simd`. Those after 0xfe are in `atomic`.

/// Immediates of an instruction in the binary format (spec: core 5.4).
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[repr(u8)]
pub enum Imm {
    /// None.
    None,
    /// Alignment exponent, memory index if bit 6 of it is set, offset. The natural alignment's exponent is in the row.
    MemArg(u8),
    /// A memory index.
    Memory,
    /// Destination and source memory index.
    Memory2,
    /// Data segment index, memory index.
    DataMemory,
    /// Data segment index.
    Data,
    /// A table index; operands or results marked [`ELEM`] have its element type.
    Table,
    /// Destination and source table index.
    Table2,
    /// Element segment index, table index.
    ElemTable,
    /// Element segment index.
    Elem,
    /// As `MemArg`, then the number of a lane. The exponent tells the lane's size too, and so how many lanes there are.
    MemArgLane(u8),
    /// The number of a lane, below this.
    Lane(u8),
    /// Sixteen numbers of bytes of two vectors, below 32.
    Shuffle,
    /// The sixteen bytes of a vector.
    Const,
}

/// Marks an operand or result whose type is the element type of the named table.
pub const ELEM: u8 = 1;
/// Marks an operand or result of the address type of the named memory or table: `i32` unless it is 64-bit.
pub const ADDR: u8 = 2;

/// Types and immediates of one instruction. A type is the low byte of `ValType`'s word, [`ELEM`], [`ADDR`] or 0 for none.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Row {
    /// Immediates.
    pub imm: Imm,
    /// Operands, deepest first; unused places are 0 and stand last.
    pub pops: [u8; 4],
    /// Results; unused places are 0.
    pub push: [u8; 2],
}

const I32: u8 = 0x7f;
const I64: u8 = 0x7e;
const F32: u8 = 0x7d;
const F64: u8 = 0x7c;

macro_rules! pops {
    () => {
        [0, 0, 0, 0]
    };
    ($a:ident) => {
        [$a, 0, 0, 0]
    };
    ($a:ident $b:ident) => {
        [$a, $b, 0, 0]
    };
    ($a:ident $b:ident $c:ident) => {
        [$a, $b, $c, 0]
    };
    ($a:ident $b:ident $c:ident $d:ident) => {
        [$a, $b, $c, $d]
    };
}
macro_rules! push {
    () => {
        [0, 0]
    };
    ($r:ident) => {
        [$r, 0]
    };
    ($r:ident $s:ident) => {
        [$r, $s]
    };
}
#[cfg(feature = "threads")]
pub mod atomic;
#[cfg(feature = "simd")]
pub mod simd;

macro_rules! rows {
    ($($op:literal $name:literal ($imm:expr) [$($pop:ident)*] -> [$($push:ident)*] $spec:literal;)*) => {
        /// The row of an instruction, or `None` if no row has this opcode.
        pub const fn row(op: u16) -> Option<&'static Row> {
            const ONE: [Option<Row>; 256] = one_byte();
            const FC: [Option<Row>; 23] = prefixed();
            if op < 256 { ONE[op as usize].as_ref() }
            else if op >= 0xfc00 && op < 0xfc00 + 23 { FC[(op - 0xfc00) as usize].as_ref() }
            else { None }
        }
        const fn one_byte() -> [Option<Row>; 256] {
            let mut t = [None; 256];
            $(if $op < 256 { t[($op & 0xff) as usize] = Some(Row { imm: $imm, pops: pops!($($pop)*), push: push!($($push)*) }); })*
            t
        }
        const fn prefixed() -> [Option<Row>; 23] {
            let mut t = [None; 23];
            $(if $op >= 0xfc00 { t[($op & 0x1f) as usize % 23] = Some(Row { imm: $imm, pops: pops!($($pop)*), push: push!($($push)*) }); })*
            t
        }
        /// The instruction's name in the text format and the section of the specification that defines it.
        pub fn name(op: u16) -> Option<(&'static str, &'static str)> {
            match op {
                $($op => Some(($name, concat!("core ", $spec))),)*
                _ => None,
            }
        }
        /// All opcodes that have a row, in the order of the table.
        pub const ALL: &[u16] = &[$($op),*];
    };
}

use Imm::{Data, DataMemory, Elem, ElemTable, MemArg, Memory, Memory2, None as N, Table, Table2};
rows! {
    0x25 "table.get" (Table) [ADDR] -> [ELEM] "4.6.6";
    0x26 "table.set" (Table) [ADDR ELEM] -> [] "4.6.6";
    0x28 "i32.load" (MemArg(2)) [ADDR] -> [I32] "4.6.7";
    0x29 "i64.load" (MemArg(3)) [ADDR] -> [I64] "4.6.7";
    0x2a "f32.load" (MemArg(2)) [ADDR] -> [F32] "4.6.7";
    0x2b "f64.load" (MemArg(3)) [ADDR] -> [F64] "4.6.7";
    0x2c "i32.load8_s" (MemArg(0)) [ADDR] -> [I32] "4.6.7";
    0x2d "i32.load8_u" (MemArg(0)) [ADDR] -> [I32] "4.6.7";
    0x2e "i32.load16_s" (MemArg(1)) [ADDR] -> [I32] "4.6.7";
    0x2f "i32.load16_u" (MemArg(1)) [ADDR] -> [I32] "4.6.7";
    0x30 "i64.load8_s" (MemArg(0)) [ADDR] -> [I64] "4.6.7";
    0x31 "i64.load8_u" (MemArg(0)) [ADDR] -> [I64] "4.6.7";
    0x32 "i64.load16_s" (MemArg(1)) [ADDR] -> [I64] "4.6.7";
    0x33 "i64.load16_u" (MemArg(1)) [ADDR] -> [I64] "4.6.7";
    0x34 "i64.load32_s" (MemArg(2)) [ADDR] -> [I64] "4.6.7";
    0x35 "i64.load32_u" (MemArg(2)) [ADDR] -> [I64] "4.6.7";
    0x36 "i32.store" (MemArg(2)) [ADDR I32] -> [] "4.6.7";
    0x37 "i64.store" (MemArg(3)) [ADDR I64] -> [] "4.6.7";
    0x38 "f32.store" (MemArg(2)) [ADDR F32] -> [] "4.6.7";
    0x39 "f64.store" (MemArg(3)) [ADDR F64] -> [] "4.6.7";
    0x3a "i32.store8" (MemArg(0)) [ADDR I32] -> [] "4.6.7";
    0x3b "i32.store16" (MemArg(1)) [ADDR I32] -> [] "4.6.7";
    0x3c "i64.store8" (MemArg(0)) [ADDR I64] -> [] "4.6.7";
    0x3d "i64.store16" (MemArg(1)) [ADDR I64] -> [] "4.6.7";
    0x3e "i64.store32" (MemArg(2)) [ADDR I64] -> [] "4.6.7";
    0x3f "memory.size" (Memory) [] -> [ADDR] "4.6.7";
    0x40 "memory.grow" (Memory) [ADDR] -> [ADDR] "4.6.7";
    0x45 "i32.eqz" (N) [I32] -> [I32] "4.3.2";
    0x46 "i32.eq" (N) [I32 I32] -> [I32] "4.3.2";
    0x47 "i32.ne" (N) [I32 I32] -> [I32] "4.3.2";
    0x48 "i32.lt_s" (N) [I32 I32] -> [I32] "4.3.2";
    0x49 "i32.lt_u" (N) [I32 I32] -> [I32] "4.3.2";
    0x4a "i32.gt_s" (N) [I32 I32] -> [I32] "4.3.2";
    0x4b "i32.gt_u" (N) [I32 I32] -> [I32] "4.3.2";
    0x4c "i32.le_s" (N) [I32 I32] -> [I32] "4.3.2";
    0x4d "i32.le_u" (N) [I32 I32] -> [I32] "4.3.2";
    0x4e "i32.ge_s" (N) [I32 I32] -> [I32] "4.3.2";
    0x4f "i32.ge_u" (N) [I32 I32] -> [I32] "4.3.2";
    0x50 "i64.eqz" (N) [I64] -> [I32] "4.3.2";
    0x51 "i64.eq" (N) [I64 I64] -> [I32] "4.3.2";
    0x52 "i64.ne" (N) [I64 I64] -> [I32] "4.3.2";
    0x53 "i64.lt_s" (N) [I64 I64] -> [I32] "4.3.2";
    0x54 "i64.lt_u" (N) [I64 I64] -> [I32] "4.3.2";
    0x55 "i64.gt_s" (N) [I64 I64] -> [I32] "4.3.2";
    0x56 "i64.gt_u" (N) [I64 I64] -> [I32] "4.3.2";
    0x57 "i64.le_s" (N) [I64 I64] -> [I32] "4.3.2";
    0x58 "i64.le_u" (N) [I64 I64] -> [I32] "4.3.2";
    0x59 "i64.ge_s" (N) [I64 I64] -> [I32] "4.3.2";
    0x5a "i64.ge_u" (N) [I64 I64] -> [I32] "4.3.2";
    0x5b "f32.eq" (N) [F32 F32] -> [I32] "4.3.3";
    0x5c "f32.ne" (N) [F32 F32] -> [I32] "4.3.3";
    0x5d "f32.lt" (N) [F32 F32] -> [I32] "4.3.3";
    0x5e "f32.gt" (N) [F32 F32] -> [I32] "4.3.3";
    0x5f "f32.le" (N) [F32 F32] -> [I32] "4.3.3";
    0x60 "f32.ge" (N) [F32 F32] -> [I32] "4.3.3";
    0x61 "f64.eq" (N) [F64 F64] -> [I32] "4.3.3";
    0x62 "f64.ne" (N) [F64 F64] -> [I32] "4.3.3";
    0x63 "f64.lt" (N) [F64 F64] -> [I32] "4.3.3";
    0x64 "f64.gt" (N) [F64 F64] -> [I32] "4.3.3";
    0x65 "f64.le" (N) [F64 F64] -> [I32] "4.3.3";
    0x66 "f64.ge" (N) [F64 F64] -> [I32] "4.3.3";
    0x67 "i32.clz" (N) [I32] -> [I32] "4.3.2";
    0x68 "i32.ctz" (N) [I32] -> [I32] "4.3.2";
    0x69 "i32.popcnt" (N) [I32] -> [I32] "4.3.2";
    0x6a "i32.add" (N) [I32 I32] -> [I32] "4.3.2";
    0x6b "i32.sub" (N) [I32 I32] -> [I32] "4.3.2";
    0x6c "i32.mul" (N) [I32 I32] -> [I32] "4.3.2";
    0x6d "i32.div_s" (N) [I32 I32] -> [I32] "4.3.2";
    0x6e "i32.div_u" (N) [I32 I32] -> [I32] "4.3.2";
    0x6f "i32.rem_s" (N) [I32 I32] -> [I32] "4.3.2";
    0x70 "i32.rem_u" (N) [I32 I32] -> [I32] "4.3.2";
    0x71 "i32.and" (N) [I32 I32] -> [I32] "4.3.2";
    0x72 "i32.or" (N) [I32 I32] -> [I32] "4.3.2";
    0x73 "i32.xor" (N) [I32 I32] -> [I32] "4.3.2";
    0x74 "i32.shl" (N) [I32 I32] -> [I32] "4.3.2";
    0x75 "i32.shr_s" (N) [I32 I32] -> [I32] "4.3.2";
    0x76 "i32.shr_u" (N) [I32 I32] -> [I32] "4.3.2";
    0x77 "i32.rotl" (N) [I32 I32] -> [I32] "4.3.2";
    0x78 "i32.rotr" (N) [I32 I32] -> [I32] "4.3.2";
    0x79 "i64.clz" (N) [I64] -> [I64] "4.3.2";
    0x7a "i64.ctz" (N) [I64] -> [I64] "4.3.2";
    0x7b "i64.popcnt" (N) [I64] -> [I64] "4.3.2";
    0x7c "i64.add" (N) [I64 I64] -> [I64] "4.3.2";
    0x7d "i64.sub" (N) [I64 I64] -> [I64] "4.3.2";
    0x7e "i64.mul" (N) [I64 I64] -> [I64] "4.3.2";
    0x7f "i64.div_s" (N) [I64 I64] -> [I64] "4.3.2";
    0x80 "i64.div_u" (N) [I64 I64] -> [I64] "4.3.2";
    0x81 "i64.rem_s" (N) [I64 I64] -> [I64] "4.3.2";
    0x82 "i64.rem_u" (N) [I64 I64] -> [I64] "4.3.2";
    0x83 "i64.and" (N) [I64 I64] -> [I64] "4.3.2";
    0x84 "i64.or" (N) [I64 I64] -> [I64] "4.3.2";
    0x85 "i64.xor" (N) [I64 I64] -> [I64] "4.3.2";
    0x86 "i64.shl" (N) [I64 I64] -> [I64] "4.3.2";
    0x87 "i64.shr_s" (N) [I64 I64] -> [I64] "4.3.2";
    0x88 "i64.shr_u" (N) [I64 I64] -> [I64] "4.3.2";
    0x89 "i64.rotl" (N) [I64 I64] -> [I64] "4.3.2";
    0x8a "i64.rotr" (N) [I64 I64] -> [I64] "4.3.2";
    0x8b "f32.abs" (N) [F32] -> [F32] "4.3.3";
    0x8c "f32.neg" (N) [F32] -> [F32] "4.3.3";
    0x8d "f32.ceil" (N) [F32] -> [F32] "4.3.3";
    0x8e "f32.floor" (N) [F32] -> [F32] "4.3.3";
    0x8f "f32.trunc" (N) [F32] -> [F32] "4.3.3";
    0x90 "f32.nearest" (N) [F32] -> [F32] "4.3.3";
    0x91 "f32.sqrt" (N) [F32] -> [F32] "4.3.3";
    0x92 "f32.add" (N) [F32 F32] -> [F32] "4.3.3";
    0x93 "f32.sub" (N) [F32 F32] -> [F32] "4.3.3";
    0x94 "f32.mul" (N) [F32 F32] -> [F32] "4.3.3";
    0x95 "f32.div" (N) [F32 F32] -> [F32] "4.3.3";
    0x96 "f32.min" (N) [F32 F32] -> [F32] "4.3.3";
    0x97 "f32.max" (N) [F32 F32] -> [F32] "4.3.3";
    0x98 "f32.copysign" (N) [F32 F32] -> [F32] "4.3.3";
    0x99 "f64.abs" (N) [F64] -> [F64] "4.3.3";
    0x9a "f64.neg" (N) [F64] -> [F64] "4.3.3";
    0x9b "f64.ceil" (N) [F64] -> [F64] "4.3.3";
    0x9c "f64.floor" (N) [F64] -> [F64] "4.3.3";
    0x9d "f64.trunc" (N) [F64] -> [F64] "4.3.3";
    0x9e "f64.nearest" (N) [F64] -> [F64] "4.3.3";
    0x9f "f64.sqrt" (N) [F64] -> [F64] "4.3.3";
    0xa0 "f64.add" (N) [F64 F64] -> [F64] "4.3.3";
    0xa1 "f64.sub" (N) [F64 F64] -> [F64] "4.3.3";
    0xa2 "f64.mul" (N) [F64 F64] -> [F64] "4.3.3";
    0xa3 "f64.div" (N) [F64 F64] -> [F64] "4.3.3";
    0xa4 "f64.min" (N) [F64 F64] -> [F64] "4.3.3";
    0xa5 "f64.max" (N) [F64 F64] -> [F64] "4.3.3";
    0xa6 "f64.copysign" (N) [F64 F64] -> [F64] "4.3.3";
    0xa7 "i32.wrap_i64" (N) [I64] -> [I32] "4.3.4";
    0xa8 "i32.trunc_f32_s" (N) [F32] -> [I32] "4.3.4";
    0xa9 "i32.trunc_f32_u" (N) [F32] -> [I32] "4.3.4";
    0xaa "i32.trunc_f64_s" (N) [F64] -> [I32] "4.3.4";
    0xab "i32.trunc_f64_u" (N) [F64] -> [I32] "4.3.4";
    0xac "i64.extend_i32_s" (N) [I32] -> [I64] "4.3.4";
    0xad "i64.extend_i32_u" (N) [I32] -> [I64] "4.3.4";
    0xae "i64.trunc_f32_s" (N) [F32] -> [I64] "4.3.4";
    0xaf "i64.trunc_f32_u" (N) [F32] -> [I64] "4.3.4";
    0xb0 "i64.trunc_f64_s" (N) [F64] -> [I64] "4.3.4";
    0xb1 "i64.trunc_f64_u" (N) [F64] -> [I64] "4.3.4";
    0xb2 "f32.convert_i32_s" (N) [I32] -> [F32] "4.3.4";
    0xb3 "f32.convert_i32_u" (N) [I32] -> [F32] "4.3.4";
    0xb4 "f32.convert_i64_s" (N) [I64] -> [F32] "4.3.4";
    0xb5 "f32.convert_i64_u" (N) [I64] -> [F32] "4.3.4";
    0xb6 "f32.demote_f64" (N) [F64] -> [F32] "4.3.4";
    0xb7 "f64.convert_i32_s" (N) [I32] -> [F64] "4.3.4";
    0xb8 "f64.convert_i32_u" (N) [I32] -> [F64] "4.3.4";
    0xb9 "f64.convert_i64_s" (N) [I64] -> [F64] "4.3.4";
    0xba "f64.convert_i64_u" (N) [I64] -> [F64] "4.3.4";
    0xbb "f64.promote_f32" (N) [F32] -> [F64] "4.3.4";
    0xbc "i32.reinterpret_f32" (N) [F32] -> [I32] "4.3.4";
    0xbd "i64.reinterpret_f64" (N) [F64] -> [I64] "4.3.4";
    0xbe "f32.reinterpret_i32" (N) [I32] -> [F32] "4.3.4";
    0xbf "f64.reinterpret_i64" (N) [I64] -> [F64] "4.3.4";
    0xc0 "i32.extend8_s" (N) [I32] -> [I32] "4.3.2";
    0xc1 "i32.extend16_s" (N) [I32] -> [I32] "4.3.4";
    0xc2 "i64.extend8_s" (N) [I64] -> [I64] "4.3.2";
    0xc3 "i64.extend16_s" (N) [I64] -> [I64] "4.3.4";
    0xc4 "i64.extend32_s" (N) [I64] -> [I64] "4.3.4";
    0xfc00 "i32.trunc_sat_f32_s" (N) [F32] -> [I32] "4.3.4";
    0xfc01 "i32.trunc_sat_f32_u" (N) [F32] -> [I32] "4.3.4";
    0xfc02 "i32.trunc_sat_f64_s" (N) [F64] -> [I32] "4.3.4";
    0xfc03 "i32.trunc_sat_f64_u" (N) [F64] -> [I32] "4.3.4";
    0xfc04 "i64.trunc_sat_f32_s" (N) [F32] -> [I64] "4.3.4";
    0xfc05 "i64.trunc_sat_f32_u" (N) [F32] -> [I64] "4.3.4";
    0xfc06 "i64.trunc_sat_f64_s" (N) [F64] -> [I64] "4.3.4";
    0xfc07 "i64.trunc_sat_f64_u" (N) [F64] -> [I64] "4.3.4";
    0xfc08 "memory.init" (DataMemory) [ADDR I32 I32] -> [] "4.6.7";
    0xfc09 "data.drop" (Data) [] -> [] "4.6.7";
    0xfc0a "memory.copy" (Memory2) [ADDR ADDR ADDR] -> [] "4.6.7";
    0xfc0b "memory.fill" (Memory) [ADDR I32 ADDR] -> [] "4.6.7";
    0xfc0c "table.init" (ElemTable) [ADDR I32 I32] -> [] "4.6.6";
    0xfc0d "elem.drop" (Elem) [] -> [] "4.6.6";
    0xfc0e "table.copy" (Table2) [ADDR ADDR ADDR] -> [] "4.6.6";
    0xfc0f "table.grow" (Table) [ELEM ADDR] -> [ADDR] "4.6.6";
    0xfc10 "table.size" (Table) [] -> [ADDR] "4.6.6";
    0xfc11 "table.fill" (Table) [ADDR ELEM ADDR] -> [] "4.6.6";
    0xfc13 "i64.add128" (N) [I64 I64 I64 I64] -> [I64 I64] "4.3.2";
    0xfc14 "i64.sub128" (N) [I64 I64 I64 I64] -> [I64 I64] "4.3.2";
    0xfc15 "i64.mul_wide_s" (N) [I64 I64] -> [I64 I64] "4.3.2";
    0xfc16 "i64.mul_wide_u" (N) [I64 I64] -> [I64 I64] "4.3.2";
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_and_names_agree() {
        for &op in ALL {
            let row = row(op).unwrap();
            assert!(name(op).is_some());
            let used = row.pops.iter().position(|p| *p == 0).unwrap_or(4);
            assert!(row.pops[used..].iter().all(|p| *p == 0), "{op:#x}: unused operands stand last");
        }
        assert_eq!(ALL.len(), 2 + 25 + 128 + 18 + 4);
        assert!(row(0x10).is_none() && row(0xfc12).is_none());
        assert_eq!(name(0x6a), Some(("i32.add", "core 4.3.2")));
        assert_eq!(name(0xc4).unwrap().0, "i64.extend32_s");
    }
}
