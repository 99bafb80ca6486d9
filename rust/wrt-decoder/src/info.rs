// SPDX-License-Identifier: MIT
//! What the decoder remembers of a module while it reads it: types, and the type of each function, table, memory,
//! global and segment. It stands in the caller's scratch words.

use crate::Fault;
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

/// Where one index space stands in the scratch words: imported entries, then those of the module's own section.
#[derive(Clone, Copy, Default, Debug)]
pub(crate) struct Space {
    /// Entries so far.
    pub(crate) count: u32,
    /// Entries that are imported; they come first.
    pub(crate) imported: u32,
    /// Word of the first imported entry.
    pub(crate) imported_at: u32,
    /// Word of the first other entry.
    pub(crate) own_at: u32,
}

impl Space {
    /// The word of entry `i`, if entries take `N` words.
    #[inline]
    pub(crate) fn at<const N: u32>(&self, i: u32) -> Option<usize> {
        let (at, i) = match i.checked_sub(self.imported) {
            _ if i >= self.count => return None,
            None => (self.imported_at, i),
            Some(own) => (self.own_at, own),
        };
        Some(at.wrapping_add(i.wrapping_mul(N)) as usize)
    }
}

/// Where everything stands in the scratch words.
#[derive(Clone, Copy, Default, Debug)]
pub(crate) struct Spaces {
    /// One word per type: where it is, see `types.rs`.
    pub(crate) types: Space,
    /// One word per function: its type.
    pub(crate) funcs: Space,
    /// Three words per table: element type and [`HAS_MAX`], minimum, maximum.
    pub(crate) tables: Space,
    /// Three words per memory: page size and [`HAS_MAX`], minimum, maximum.
    pub(crate) memories: Space,
    /// Two words per global: its type and [`MUTABLE`]; its cell among the module's own.
    pub(crate) globals: Space,
    /// One word per element segment: its type.
    pub(crate) elems: Space,
    /// One word per tag: its type.
    pub(crate) tags: Space,
    /// Data segments, if the module told their number before its code.
    pub(crate) datas: Option<u32>,
    /// One bit per function: `ref.func` may name it in code.
    pub(crate) declared_at: u32,
}

/// Words of a global.
pub(crate) const GLOBAL_WORDS: usize = 2;
/// Words of a table or memory type.
pub(crate) const LIMITS: u32 = 3;
/// In the first word of a table or memory type.
pub(crate) const HAS_MAX: u32 = 1 << 31;
/// In the word of a global type.
pub(crate) const MUTABLE: u32 = 1 << 31;

impl TableType {
    pub(crate) fn pack(&self) -> [u32; LIMITS as usize] {
        [self.elem.bits() | flag(self.max), self.min as u32, self.max.unwrap_or(0) as u32]
    }
}

impl MemoryType {
    pub(crate) fn pack(&self) -> [u32; LIMITS as usize] {
        [self.page_log2 as u32 | flag(self.max), self.min as u32, self.max.unwrap_or(0) as u32]
    }
}

fn flag(max: Option<u64>) -> u32 {
    if max.is_some() { HAS_MAX } else { 0 }
}
fn maximum(first: u32, max: u32) -> Option<u64> {
    if first & HAS_MAX != 0 { Some(max as u64) } else { None }
}

/// What is known of the module so far. Cheap to copy; indexes are those of the module's index spaces.
#[derive(Clone, Copy, Debug)]
pub struct Info<'a> {
    pub(crate) words: &'a [u32],
    pub(crate) spaces: &'a Spaces,
}

impl<'a> Info<'a> {
    pub(crate) fn new(words: &'a [u32], spaces: &'a Spaces) -> Self {
        Info { words, spaces }
    }
    #[inline]
    fn word(&self, at: Option<usize>) -> Option<u32> {
        self.words.get(at?).copied()
    }

    /// Functions, imported ones included.
    pub fn funcs(&self) -> u32 {
        self.spaces.funcs.count
    }
    /// Imported functions.
    pub fn imported_funcs(&self) -> u32 {
        self.spaces.funcs.imported
    }
    /// The canonical index of the type of function `i`.
    pub fn func_type_index(&self, i: u32) -> Option<u32> {
        self.word(self.spaces.funcs.at::<1>(i))
    }
    /// The type of function `i`.
    pub fn func_type(&self, i: u32) -> Option<FuncType<'a>> {
        self.ty(self.func_type_index(i)?)
    }
    /// Tables, imported ones included.
    pub fn tables(&self) -> u32 {
        self.spaces.tables.count
    }
    /// Imported tables.
    pub fn imported_tables(&self) -> u32 {
        self.spaces.tables.imported
    }
    /// The type of table `i`.
    pub fn table(&self, i: u32) -> Option<TableType> {
        let &[first, min, max] = self.words.get(self.spaces.tables.at::<LIMITS>(i)?..)?.first_chunk()?;
        let elem = ValType::from_bits(first & !HAS_MAX);
        Some(TableType { elem, is64: false, min: min as u64, max: maximum(first, max) })
    }
    /// Memories, imported ones included.
    pub fn memories(&self) -> u32 {
        self.spaces.memories.count
    }
    /// Imported memories.
    pub fn imported_memories(&self) -> u32 {
        self.spaces.memories.imported
    }
    /// The type of memory `i`.
    pub fn memory(&self, i: u32) -> Option<MemoryType> {
        let &[first, min, max] = self.words.get(self.spaces.memories.at::<LIMITS>(i)?..)?.first_chunk()?;
        let page_log2 = first as u8;
        Some(MemoryType { is64: false, shared: false, page_log2, min: min as u64, max: maximum(first, max) })
    }
    /// Globals, imported ones included.
    pub fn globals(&self) -> u32 {
        self.spaces.globals.count
    }
    /// Imported globals.
    pub fn imported_globals(&self) -> u32 {
        self.spaces.globals.imported
    }
    /// The type of global `i`.
    pub fn global(&self, i: u32) -> Option<GlobalType> {
        let word = self.word(self.spaces.globals.at::<{ GLOBAL_WORDS as u32 }>(i))?;
        Some(GlobalType { ty: ValType::from_bits(word & !MUTABLE), mutable: word & MUTABLE != 0 })
    }
    /// First cell of global `i` among the cells of the globals that are not imported; `None` for imported ones.
    pub fn own_global_cell(&self, i: u32) -> Option<u32> {
        if i < self.imported_globals() {
            return None;
        }
        let at = self.spaces.globals.at::<{ GLOBAL_WORDS as u32 }>(i)?;
        self.word(at.checked_add(1))
    }
    /// Element segments.
    pub fn elems(&self) -> u32 {
        self.spaces.elems.count
    }
    /// The type of element segment `i`.
    pub fn elem_type(&self, i: u32) -> Option<ValType> {
        self.word(self.spaces.elems.at::<1>(i)).map(ValType::from_bits)
    }
    /// Data segments: 0 before the data section unless the module has a data count section.
    pub fn datas(&self) -> u32 {
        self.spaces.datas.unwrap_or(0)
    }
    /// The type of a block, from [`Control::block_type`](crate::Control::block_type).
    pub fn block_type(&self, bt: u32) -> Option<FuncType<'a>> {
        const NONE: FuncType<'static> = FuncType { params: &[], results: &[] };
        match bt {
            u32::MAX => Some(NONE),
            0..0x8000_0000 => self.ty(bt),
            _ => self.one(ValType::from_bits(bt & !(1 << 31))).map(|results| FuncType { params: &[], results }),
        }
    }
    /// Tags, imported ones included.
    pub fn tags(&self) -> u32 {
        self.spaces.tags.count
    }
    /// Imported tags.
    pub fn imported_tags(&self) -> u32 {
        self.spaces.tags.imported
    }
    /// The index of the type of tag `i`.
    pub fn tag_type_index(&self, i: u32) -> Option<u32> {
        self.word(self.spaces.tags.at::<1>(i))
    }
    /// The type of tag `i`; its parameters are what an exception carries.
    pub fn tag(&self, i: u32) -> Option<FuncType<'a>> {
        self.ty(self.tag_type_index(i)?)
    }

    /// Data segment `i`: whether there is one, if the module told before its code.
    pub(crate) fn data(&self, i: u32) -> Result<(), Fault> {
        match self.spaces.datas {
            None => Err(Fault::DataCountRequired),
            Some(n) if i < n => Ok(()),
            Some(_) => Err(Fault::UnknownData),
        }
    }
    /// Whether `ref.func` may name function `i` in code.
    pub(crate) fn declared(&self, i: u32) -> bool {
        let at = self.spaces.declared_at.wrapping_add(i / 32);
        self.word(Some(at as usize)).is_some_and(|w| w.wrapping_shr(i) & 1 != 0)
    }
}
