// SPDX-License-Identifier: MIT
//! Value types and kinds of imports and exports (spec: core 2.3).

/// A value type in one word: the code of the binary format in bits 7:0, a type index above it for typed references.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
#[repr(transparent)]
pub struct ValType(u32);

impl ValType {
    /// 32-bit integer.
    pub const I32: ValType = ValType(0x7f);
    /// 64-bit integer.
    pub const I64: ValType = ValType(0x7e);
    /// 32-bit float.
    pub const F32: ValType = ValType(0x7d);
    /// 64-bit float.
    pub const F64: ValType = ValType(0x7c);
    /// 128-bit vector.
    pub const V128: ValType = ValType(0x7b);
    /// Reference to any function, or null.
    pub const FUNCREF: ValType = ValType(0x70);
    /// Reference of the host, or null.
    pub const EXTERNREF: ValType = ValType(0x6f);
    /// Any type at all: what unreachable code pops (spec: core 3.3, bottom).
    pub const BOTTOM: ValType = ValType(0);

    /// From the word that [`ValType::bits`] gave.
    pub const fn from_bits(bits: u32) -> ValType {
        ValType(bits)
    }
    /// The word.
    pub const fn bits(self) -> u32 {
        self.0
    }
    /// Whether it is a reference type.
    pub const fn is_ref(self) -> bool {
        matches!(self.0 & 0xff, 0x63..=0x70)
    }
    /// Whether it is `i32`, `i64`, `f32` or `f64`.
    pub const fn is_num(self) -> bool {
        matches!(self.0, 0x7c..=0x7f)
    }
    /// Whether it is `f32` or `f64`.
    pub const fn is_float(self) -> bool {
        matches!(self.0, 0x7c | 0x7d)
    }
    /// 32-bit cells that a value takes: 1, 2 (`i64`, `f64`) or 4 (`v128`).
    pub const fn cells(self) -> u32 {
        match self.0 {
            0x7e | 0x7c => 2,
            0x7b => 4,
            _ => 1,
        }
    }
    /// The name in the text format.
    pub const fn name(self) -> &'static str {
        match self.0 {
            0x7f => "i32",
            0x7e => "i64",
            0x7d => "f32",
            0x7c => "f64",
            0x7b => "v128",
            0x70 => "funcref",
            0x6f => "externref",
            0 => "bottom",
            _ => "ref",
        }
    }
}

impl core::fmt::Debug for ValType {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str(self.name())
    }
}

impl core::fmt::Display for ValType {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str(self.name())
    }
}

/// What an import or export is (spec: core 5.5.5); the number is that of the binary format.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[repr(u8)]
pub enum ExternKind {
    /// A function.
    Func = 0,
    /// A table.
    Table = 1,
    /// A memory.
    Memory = 2,
    /// A global.
    Global = 3,
    /// An exception tag.
    Tag = 4,
}

impl ExternKind {
    /// From the byte of the binary format.
    pub const fn from_byte(b: u8) -> Option<ExternKind> {
        Some(match b {
            0 => ExternKind::Func,
            1 => ExternKind::Table,
            2 => ExternKind::Memory,
            3 => ExternKind::Global,
            4 => ExternKind::Tag,
            _ => return None,
        })
    }
    /// The word of the text format.
    pub const fn name(self) -> &'static str {
        match self {
            ExternKind::Func => "func",
            ExternKind::Table => "table",
            ExternKind::Memory => "memory",
            ExternKind::Global => "global",
            ExternKind::Tag => "tag",
        }
    }
}
