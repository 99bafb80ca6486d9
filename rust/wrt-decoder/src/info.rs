// SPDX-License-Identifier: MIT
//! What the decoder remembers of a module while it reads it: types, and the type of each function, table, memory,
//! global and segment. It stands in the caller's scratch words.

use wrt_foundation::ValType;

/// A function type: value types as words (see [`ValType::from_bits`]).
#[derive(Clone, Copy, Debug)]
pub struct FuncType<'a> {
    /// Parameters.
    pub params: &'a [u32],
    /// Results.
    pub results: &'a [u32],
}

/// A table type (spec: core 2.3.11).
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct TableType {
    /// Type of the elements.
    pub elem: ValType,
    /// 64-bit indexes.
    pub is64: bool,
    /// Elements at first.
    pub min: u64,
    /// Most elements.
    pub max: Option<u64>,
}

/// A memory type (spec: core 2.3.12; page size: custom-page-sizes proposal).
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct MemoryType {
    /// 64-bit addresses.
    pub is64: bool,
    /// Shared between threads.
    pub shared: bool,
    /// Log2 of the page size: 16, or 0.
    pub page_log2: u8,
    /// Pages at first.
    pub min: u64,
    /// Most pages.
    pub max: Option<u64>,
}

/// A global's type.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct GlobalType {
    /// Type of the value.
    pub ty: ValType,
    /// Whether `global.set` may change it.
    pub mutable: bool,
}
