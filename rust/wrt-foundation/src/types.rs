// SPDX-License-Identifier: MIT
//! Value types and kinds of imports and exports (spec: core 2.3).

/// A value type in one word. Numbers and vectors: the code of the binary format. References: the code of an abstract
/// heap type, or [`ValType::DEFINED_FUNC`] or [`ValType::DEFINED_DATA`] with a type index above bit 8, in bits 7:0, and in bit 8 whether
/// null is left out. Bit 31 is always free.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
#[repr(transparent)]
pub struct ValType(u32);

/// In the word of a reference type: null is none of its values.
const NON_NULL: u32 = 1 << 8;
/// Shift of a type index.
const INDEX: u32 = 9;

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
    /// Reference to anything inside, or null.
    pub const ANYREF: ValType = ValType(0x6e);
    /// Reference that `ref.eq` compares, or null.
    pub const EQREF: ValType = ValType(0x6d);
    /// Integer of 31 bits, or null.
    pub const I31REF: ValType = ValType(0x6c);
    /// Reference to any structure, or null.
    pub const STRUCTREF: ValType = ValType(0x6b);
    /// Reference to any array, or null.
    pub const ARRAYREF: ValType = ValType(0x6a);
    /// Reference to an exception, or null.
    pub const EXNREF: ValType = ValType(0x69);
    /// Null of [`ValType::ANYREF`].
    pub const NULLREF: ValType = ValType(0x71);
    /// Null of [`ValType::EXTERNREF`].
    pub const NULLEXTERNREF: ValType = ValType(0x72);
    /// Null of [`ValType::FUNCREF`].
    pub const NULLFUNCREF: ValType = ValType(0x73);
    /// Null of [`ValType::EXNREF`].
    pub const NULLEXNREF: ValType = ValType(0x74);
    /// Any type at all: what unreachable code pops (spec: core 3.3, bottom).
    pub const BOTTOM: ValType = ValType(0);
    /// A reference of any type at all: what unreachable code leaves of one.
    pub const BOTTOM_REF: ValType = ValType(0x61 | NON_NULL);
    /// [`ValType::heap`] of a reference to functions of a type by index.
    pub const DEFINED_FUNC: u8 = 0x62;
    /// [`ValType::heap`] of a reference to structures or arrays of a type by index.
    pub const DEFINED_DATA: u8 = 0x63;

    /// From the word that [`ValType::bits`] gave.
    pub const fn from_bits(bits: u32) -> ValType {
        ValType(bits)
    }
    /// The word.
    pub const fn bits(self) -> u32 {
        self.0
    }
    /// The nullable reference to type number `index`, which is one of `heap`: functions, or structures and arrays.
    pub const fn defined(heap: u8, index: u32) -> ValType {
        ValType(heap as u32 | index << INDEX)
    }
    /// The code in bits 7:0; of reference types, what they refer to.
    pub const fn heap(self) -> u8 {
        self.0 as u8
    }
    /// The type index of a reference to one.
    pub const fn index(self) -> Option<u32> {
        match self.heap() {
            Self::DEFINED_FUNC | Self::DEFINED_DATA => Some(self.0 >> INDEX),
            _ => None,
        }
    }
    /// The same reference type to the type with another index, if it is to one at all.
    pub const fn with_index(self, index: u32) -> ValType {
        match self.index() {
            Some(_) => ValType(self.0 & (NON_NULL | 0xff) | index << INDEX),
            None => self,
        }
    }
    /// Whether it is a reference type.
    pub const fn is_ref(self) -> bool {
        matches!(self.heap(), 0x61..=0x74)
    }
    /// Whether null is a value of this reference type.
    pub const fn is_nullable(self) -> bool {
        self.0 & NON_NULL == 0
    }
    /// This reference type without null.
    pub const fn non_null(self) -> ValType {
        ValType(self.0 | NON_NULL)
    }
    /// This reference type with null.
    pub const fn nullable(self) -> ValType {
        ValType(self.0 & !NON_NULL)
    }
    /// Whether locals of this type have a value from the start.
    pub const fn is_defaultable(self) -> bool {
        !self.is_ref() || self.is_nullable()
    }
    /// Whether it refers to functions.
    pub const fn is_func_ref(self) -> bool {
        matches!(self.heap(), 0x70 | 0x73 | Self::DEFINED_FUNC)
    }
    /// The greatest type that this reference type is a part of: `funcref`, `externref`, `anyref` or `exnref`; other types
    /// are their own.
    pub const fn family(self) -> ValType {
        // Bits instead of patterns, which would become a table of 80 bytes of a board's flash.
        let bit = match self.heap().wrapping_sub(0x60) {
            n @ 0..32 => 1u32 << n,
            _ => 0,
        };
        if bit & (1 << 0x10 | 1 << 0x13 | 1 << (Self::DEFINED_FUNC - 0x60)) != 0 {
            ValType::FUNCREF
        } else if bit & (1 << 0x0f | 1 << 0x12) != 0 {
            ValType::EXTERNREF
        } else if bit & (1 << 0x09 | 1 << 0x14) != 0 {
            ValType::EXNREF
        } else if bit & (0x1f << 0x0a | 1 << 0x11 | 1 << 0x01 | 1 << (Self::DEFINED_DATA - 0x60)) != 0 {
            ValType::ANYREF
        } else {
            self
        }
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
        match self.heap() {
            0x7e | 0x7c => 2,
            0x7b => 4,
            _ => 1,
        }
    }
    /// The name in the text format; references to a type by index are all called "ref".
    pub const fn name(self) -> &'static str {
        const CODES: [&str; 0x80 - 0x69] = [
            "exnref",
            "arrayref",
            "structref",
            "i31ref",
            "eqref",
            "anyref",
            "externref",
            "funcref",
            "nullref",
            "nullexternref",
            "nullfuncref",
            "nullexnref",
            "",
            "",
            "",
            "",
            "",
            "",
            "v128",
            "f64",
            "f32",
            "i64",
            "i32",
        ];
        match self.heap() {
            0 => "bottom",
            n @ 0x69..=0x7f if self.is_nullable() => CODES[n as usize - 0x69],
            _ => "ref",
        }
    }
}

impl core::fmt::Debug for ValType {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        core::fmt::Display::fmt(self, f)
    }
}

impl core::fmt::Display for ValType {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        let null = if self.is_nullable() { "null " } else { "" };
        match self.index() {
            Some(index) => write!(f, "(ref {null}{index})"),
            None if self.is_nullable() => f.write_str(self.name()),
            // "(ref func)" of "funcref"
            None => write!(f, "(ref {})", self.nullable().name().trim_end_matches("ref")),
        }
    }
}

/// What is known of the types that are defined by index: in a module while it is validated, in a store afterwards.
pub trait Defined {
    /// The abstract type right above type `i`: [`ValType::FUNCREF`], [`ValType::STRUCTREF`] or [`ValType::ARRAYREF`].
    fn kind(&self, i: u32) -> Option<ValType>;
    /// The declared supertype of type `i`.
    fn supertype(&self, i: u32) -> Option<u32>;

    /// Whether every value of type `sub` is one of type `sup` (spec: core 3.3, matching).
    fn matches(&self, sub: ValType, sup: ValType) -> bool {
        if sub == sup || sub == ValType::BOTTOM {
            return true;
        }
        sub.is_ref() && sup.is_ref() && (!sub.is_nullable() || sup.is_nullable()) && self.heap_matches(sub, sup)
    }
    /// The same without regard to null.
    fn heap_matches(&self, sub: ValType, sup: ValType) -> bool {
        const STRUCT: u8 = ValType::STRUCTREF.heap();
        const ARRAY: u8 = ValType::ARRAYREF.heap();
        const I31: u8 = ValType::I31REF.heap();
        const EQ: u8 = ValType::EQREF.heap();
        const ANY: u8 = ValType::ANYREF.heap();
        match (sub.index(), sup.index()) {
            (Some(i), Some(j)) => return self.descends(i, j),
            (Some(i), None) => return self.kind(i).is_some_and(|kind| self.heap_matches(kind, sup)),
            _ => {}
        }
        match sub.nullable() {
            ValType::NULLREF | ValType::NULLFUNCREF | ValType::NULLEXTERNREF | ValType::NULLEXNREF => sub.family() == sup.family(),
            ty if ty == ValType::BOTTOM_REF.nullable() => true,
            _ => match (sub.heap(), sup.heap()) {
                (a, b) if a == b => true,
                (STRUCT | ARRAY | I31, EQ | ANY) | (EQ, ANY) => true,
                _ => false,
            },
        }
    }
    /// Whether type `i` is type `j` or has it among its supertypes.
    fn descends(&self, i: u32, j: u32) -> bool {
        let mut i = i;
        for _ in 0..=crate::limits::SUBTYPE_DEPTH {
            if i == j {
                return true;
            }
            match self.supertype(i) {
                Some(sup) => i = sup,
                None => return false,
            }
        }
        false
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
