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
    /// [`LIMITS`] words per table: element type, flags, then as [`pack`] has them.
    pub(crate) tables: Space,
    /// The same per memory, with the page size.
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
/// Whether there are 64-bit addresses.
pub(crate) const WIDE: bool = cfg!(feature = "memory64");
/// Words of a table or memory type, in every build: the tool tells a device what scratch it needs.
pub(crate) const LIMITS: u32 = 6;
// Flags of a table or memory type.
const HAS_MAX: u32 = 1;
const IS64: u32 = 2;
/// In the first word of a memory type.
const SHARED: u32 = 1 << 8;
/// In the word of a global type.
pub(crate) const MUTABLE: u32 = 1 << 31;

impl TableType {
    /// The type of its indexes.
    pub fn address(&self) -> ValType {
        address(self.is64)
    }
    pub(crate) fn pack(&self) -> [u32; LIMITS as usize] {
        pack(self.elem.bits(), self.is64, self.min, self.max)
    }
}

impl MemoryType {
    /// The type of its addresses.
    pub fn address(&self) -> ValType {
        address(self.is64)
    }
    pub(crate) fn pack(&self) -> [u32; LIMITS as usize] {
        let shared = if self.shared { SHARED } else { 0 };
        pack(u32::from(self.page_log2) | shared, self.is64, self.min, self.max)
    }
}

fn address(is64: bool) -> ValType {
    if WIDE && is64 { ValType::I64 } else { ValType::I32 }
}

/// `what` it is, flags, minimum and maximum, upper words of both.
fn pack(what: u32, is64: bool, min: u64, max: Option<u64>) -> [u32; LIMITS as usize] {
    let flags = if max.is_some() { HAS_MAX } else { 0 } | if is64 { IS64 } else { 0 };
    let max = max.unwrap_or(0);
    [what, flags, min as u32, max as u32, (min >> 32) as u32, (max >> 32) as u32]
}

/// The other way: what it is, whether it has 64-bit addresses, minimum and maximum.
fn unpack(&[what, flags, min, max, min_upper, max_upper]: &[u32; LIMITS as usize]) -> (u32, bool, u64, Option<u64>) {
    let wide = |low: u32, upper: u32| if WIDE { u64::from(low) | u64::from(upper) << 32 } else { low.into() };
    let max = if flags & HAS_MAX != 0 { Some(wide(max, max_upper)) } else { None };
    (what, WIDE && flags & IS64 != 0, wide(min, min_upper), max)
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
        let words = self.words.get(self.spaces.tables.at::<LIMITS>(i)?..)?.first_chunk()?;
        let (elem, is64, min, max) = unpack(words);
        Some(TableType { elem: ValType::from_bits(elem), is64, min, max })
    }
    /// Type of the elements of table `i`, and of its indexes.
    pub(crate) fn table_elem(&self, i: u32) -> Option<(u32, ValType)> {
        let &[elem, flags] = self.words.get(self.spaces.tables.at::<LIMITS>(i)?..)?.first_chunk()?;
        Some((elem, address(flags & IS64 != 0)))
    }
    /// Type of the addresses of memory `i`.
    pub(crate) fn memory_address(&self, i: u32) -> Option<ValType> {
        if !WIDE {
            return if i < self.memories() { Some(ValType::I32) } else { None };
        }
        let &[_, flags] = self.words.get(self.spaces.memories.at::<LIMITS>(i)?..)?.first_chunk()?;
        Some(address(flags & IS64 != 0))
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
        let words = self.words.get(self.spaces.memories.at::<LIMITS>(i)?..)?.first_chunk()?;
        let (what, is64, min, max) = unpack(words);
        let shared = cfg!(feature = "threads") && what & SHARED != 0;
        Some(MemoryType { is64, shared, page_log2: what as u8, min, max })
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
