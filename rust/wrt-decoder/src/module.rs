// SPDX-License-Identifier: MIT
//! The module: preamble, sections in their order, and what stands in each (spec: core 5.5).
//!
//! Scratch words, from the front: types, imports, functions and so on as the sections come, never moved; behind them
//! what only the section or body at hand needs (names of exports; locals, operands and control frames).

use crate::info::{GLOBAL_WORDS, LIMITS, MUTABLE, Space, Spaces, WIDE};
use crate::locals::Locals;
use crate::types::TYPED;
use crate::validate::Body;
use crate::{ConstFor, Fault, Info, MemoryType, Operands, Reader, Sink, TableType, Validate};
use wrt_foundation::{Error, ErrorKind, ExternKind, Feature, ValType, limits};

/// What decoding found out besides what the sink was told.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Decoded {
    /// Most scratch words in use at once.
    pub scratch_words: u32,
    /// Most control frames open at once in a function; its body is the first.
    pub max_depth: u32,
}

/// Why and where decoding ended.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct DecodeError {
    /// The cause.
    pub fault: Fault,
    /// Offset in the module, near the byte that is wrong.
    pub at: u32,
    /// Most scratch words asked for. For [`Fault::ScratchFull`]: at least so many are needed.
    pub scratch_words: u32,
}

impl From<DecodeError> for Error {
    fn from(e: DecodeError) -> Error {
        let at = match e.fault {
            Fault::ScratchFull => e.scratch_words.saturating_mul(4),
            _ if e.fault.kind() == ErrorKind::Memory => 0,
            _ => e.at,
        };
        Error::at_offset(e.fault.kind(), e.fault.message(), at)
    }
}

/// Reads, validates and tells `sink` of the module `bytes`.
///
/// # Errors
/// The first thing that is wrong with the module, or that `sink` refused. What the sink has made by then is void.
pub fn decode<S: Sink>(bytes: &[u8], scratch: &mut [u32], sink: &mut S) -> Result<Decoded, DecodeError> {
    let mut d = Decoder::new(bytes, scratch, sink);
    let result = d.module();
    d.decoded(result)
}

/// What scratch words hold after [`decode_keeping`].
#[derive(Clone, Copy, Debug)]
pub struct Kept {
    spaces: Spaces,
    words: u32,
}

impl Kept {
    /// How many of the first scratch words [`decode_body`] needs to have as they are.
    pub fn words(&self) -> u32 {
        self.words
    }
}

/// [`decode`], after which the bodies that the sink has skipped can be read.
///
/// # Errors
/// As [`decode`].
pub fn decode_keeping<S: Sink>(bytes: &[u8], scratch: &mut [u32], sink: &mut S) -> Result<(Decoded, Kept), DecodeError> {
    let mut d = Decoder::new(bytes, scratch, sink);
    let result = d.module();
    let kept = Kept { spaces: d.spaces, words: d.used };
    d.decoded(result).map(|decoded| (decoded, kept))
}

/// Reads, validates and tells `sink` of the body of function `func`, imports counted, alone. `at` is what
/// [`Sink::skip`] was told; `scratch` begins with the words that are kept.
///
/// # Errors
/// As [`decode`], of this body.
pub fn decode_body<S: Sink>(
    kept: &Kept,
    bytes: &[u8],
    scratch: &mut [u32],
    func: u32,
    at: u32,
    sink: &mut S,
) -> Result<Decoded, DecodeError> {
    let mut d = Decoder::new(bytes, scratch, sink);
    (d.spaces, d.used, d.high) = (kept.spaces, kept.words, kept.words);
    d.r = Reader::at(bytes, at);
    let result = d.next_body(func);
    d.decoded(result)
}

/// Whether the module `bytes` is valid.
///
/// # Errors
/// As [`decode`].
pub fn validate(bytes: &[u8], scratch: &mut [u32]) -> Result<Decoded, DecodeError> {
    decode(bytes, scratch, &mut Validate)
}

pub(crate) struct Decoder<'b, 's, S> {
    bytes: &'b [u8],
    /// What is being read: the module, or while one is read, a section or body.
    pub(crate) r: Reader<'b>,
    pub(crate) words: &'s mut [u32],
    pub(crate) used: u32,
    high: u32,
    max_depth: u32,
    /// Operands that bodies have checked for instructions that take many.
    wide: u32,
    pub(crate) spaces: Spaces,
    /// Bodies in the code section.
    bodies: u32,
    /// Segments in the data section.
    data_segments: u32,
    pub(crate) sink: &'s mut S,
    /// Where the table of groups of types by hash begins, and the mask of its indexes.
    pub(crate) group_heads: (u32, u32),
    /// First type after the group that is being read.
    pub(crate) group_end: u32,
}

/// Entries of the import section that have not been read. One may stand for several imports of a module, each with its
/// type or all of one (compact imports proposal).
struct Entries<'b> {
    left: u32,
    /// Imports left of the entry at hand, the module they are from, and the type of all of them.
    of_entry: u32,
    module: &'b [u8],
    ty: Option<Import>,
}

/// Module, name and type of an import.
type Named<'b> = (&'b [u8], &'b [u8], Import);

/// An import's type.
#[derive(Clone, Copy)]
enum Import {
    Func(u32),
    Table(TableType),
    Memory(MemoryType),
    Global(u32),
    Tag(u32),
}

/// Places of the sections in a module.
const FUNCTION: u8 = 3;
/// Whether this build has exceptions.
const EXCEPTIONS: bool = cfg!(feature = "exceptions");
/// Whether this build has shared memories.
const THREADS: bool = cfg!(feature = "threads");
const TAG: u8 = 6;
const CODE: u8 = 12;
const END: u8 = 14;

impl<'b, 's, S: Sink> Decoder<'b, 's, S> {
    fn new(bytes: &'b [u8], words: &'s mut [u32], sink: &'s mut S) -> Self {
        Decoder {
            bytes,
            r: Reader::new(bytes),
            words,
            used: 0,
            high: 0,
            max_depth: 0,
            wide: 0,
            spaces: Spaces::default(),
            bodies: 0,
            data_segments: 0,
            sink,
            group_heads: (0, 0),
            group_end: 0,
        }
    }
    fn decoded(self, result: Result<(), Fault>) -> Result<Decoded, DecodeError> {
        match result {
            Ok(()) => Ok(Decoded { scratch_words: self.high, max_depth: self.max_depth }),
            Err(fault) => Err(DecodeError { fault, at: self.r.pos(), scratch_words: self.high }),
        }
    }
    fn module(&mut self) -> Result<(), Fault> {
        if u32::try_from(self.bytes.len()).is_err() {
            return Err(Fault::ModuleTooLarge);
        }
        if self.r.array()? != *b"\0asm" {
            return Err(Fault::MagicNotDetected);
        }
        if self.r.array()? != [1, 0, 0, 0] {
            return Err(Fault::UnknownVersion);
        }
        let mut last = 0;
        while !self.r.is_empty() {
            let id = self.r.byte()?;
            let place = match id {
                0..=5 => id,
                6..=9 => id.wrapping_add(1),
                12 => 11,
                10 | 11 => id.wrapping_add(2),
                13 if EXCEPTIONS => TAG,
                13 => return Err(Fault::NeedsExceptions),
                _ => return Err(Fault::MalformedSectionId),
            };
            let size = self.r.u32()?;
            let section = self.r.split(size).ok_or(Fault::LengthOutOfBounds)?;
            if id != 0 {
                if place <= last {
                    return Err(Fault::UnexpectedContent);
                }
                self.before(last, place)?;
                last = place;
            }
            self.within(section, |d| d.section(id))?;
        }
        self.before(last, END)?;
        if self.bodies != self.own_funcs() {
            return Err(Fault::FunctionAndCodeCount);
        }
        if self.spaces.datas.is_some_and(|n| n != self.data_segments) {
            return Err(Fault::DataCountMismatch);
        }
        self.sink.finish(&Info::new(self.words, &self.spaces))
    }
    /// What has to be done between the sections at places `last` and `next`.
    fn before(&mut self, last: u8, next: u8) -> Result<(), Fault> {
        if last <= FUNCTION && next > FUNCTION {
            self.spaces.declared_at = self.alloc(self.spaces.funcs.count.div_ceil(32))?;
        }
        if last < CODE && next >= CODE {
            self.sink.before_code(&Info::new(self.words, &self.spaces))?;
        }
        Ok(())
    }
    /// Reads `part` with `f`, all of it. When something is wrong, `self.r` stays there.
    fn within(&mut self, part: Reader<'b>, f: impl FnOnce(&mut Self) -> Result<(), Fault>) -> Result<(), Fault> {
        let after = core::mem::replace(&mut self.r, part);
        f(self)?;
        if !self.r.is_empty() {
            return Err(Fault::SectionSizeMismatch);
        }
        self.r = after;
        Ok(())
    }
    fn section(&mut self, id: u8) -> Result<(), Fault> {
        match id {
            1 => self.types(),
            2 => self.imports(),
            3 => self.funcs(),
            4 => self.tables(),
            5 => self.memories(),
            6 => self.globals(),
            7 => self.exports(),
            8 => self.start(),
            9 => self.elems(),
            10 => self.code(),
            11 => self.datas(),
            12 => {
                self.spaces.datas = Some(self.r.u32()?);
                Ok(())
            }
            13 if EXCEPTIONS => self.tags(),
            _ => {
                self.r.name()?;
                self.r.take_rest();
                Ok(())
            }
        }
    }

    /// The module uses `feature`; refused if this build does not have it.
    pub(crate) fn uses(&mut self, feature: Feature, have: bool) -> Result<(), Fault> {
        if !have {
            return Err(Fault::needs(feature));
        }
        self.sink.uses(feature);
        Ok(())
    }

    // ---- scratch words -----------------------------------------------------------------------------------------

    /// `n` scratch words in all are in use or asked for.
    fn want(&mut self, n: u32) -> Result<(), Fault> {
        self.high = self.high.max(n);
        if n as usize > self.words.len() { Err(Fault::ScratchFull) } else { Ok(()) }
    }
    /// Takes `n` words, zeroed.
    pub(crate) fn alloc(&mut self, n: u32) -> Result<u32, Fault> {
        let at = self.used;
        let end = at.saturating_add(n);
        self.want(end)?;
        if let Some(words) = self.words.get_mut(at as usize..end as usize) {
            words.fill(0);
        }
        self.used = end;
        Ok(at)
    }
    pub(crate) fn set(&mut self, at: u32, word: u32) {
        if let Some(w) = self.words.get_mut(at as usize) {
            *w = word;
        }
    }
    /// Appends an entry to an index space that has room for it.
    fn append<const N: usize>(&mut self, space: fn(&mut Spaces) -> &mut Space, entry: [u32; N]) {
        let s = space(&mut self.spaces);
        let i = s.count;
        s.count = i.wrapping_add(1);
        let Some(at) = (match N {
            1 => s.at::<1>(i),
            GLOBAL_WORDS => s.at::<{ GLOBAL_WORDS as u32 }>(i),
            _ => s.at::<LIMITS>(i),
        }) else {
            return;
        };
        if let Some(w) = self.words.get_mut(at..).and_then(|w| w.first_chunk_mut()) {
            *w = entry;
        }
    }

    // ---- types and limits --------------------------------------------------------------------------------------

    fn type_index(&mut self) -> Result<u32, Fault> {
        let i = self.r.u32()?;
        Info::new(self.words, &self.spaces).canonical(i).ok_or(Fault::UnknownType)
    }
    /// The type of a function: a type index.
    fn func_type(&mut self) -> Result<u32, Fault> {
        let i = self.type_index()?;
        Info::new(self.words, &self.spaces).ty(i).map(|_| i).ok_or(Fault::UnknownType)
    }
    /// The type of a tag.
    fn tag_type(&mut self) -> Result<u32, Fault> {
        self.sink.uses(Feature::Exceptions);
        if self.r.byte()? != 0 {
            return Err(Fault::MalformedTag);
        }
        let i = self.func_type()?;
        match Info::new(self.words, &self.spaces).ty(i) {
            Some(ty) if ty.results.is_empty() => Ok(i),
            _ => Err(Fault::TagResults),
        }
    }
    fn func_index(&mut self) -> Result<u32, Fault> {
        let i = self.r.u32()?;
        if i < self.spaces.funcs.count { Ok(i) } else { Err(Fault::UnknownFunction) }
    }
    fn minimum_and_maximum(&mut self, flags: u8) -> Result<(u64, Option<u64>), Fault> {
        let min = self.limit()?;
        let max = if flags & 1 != 0 { Some(self.limit()?) } else { None };
        Ok((min, max))
    }
    /// Core 3.0 has 64-bit numbers here, whatever the address type.
    fn limit(&mut self) -> Result<u64, Fault> {
        if WIDE { self.r.u64() } else { self.r.u32().map(u64::from) }
    }
    /// Whether the flags of a memory or table are those of one with 64-bit addresses.
    #[inline]
    fn is64(&mut self, flags: u8) -> Result<bool, Fault> {
        if flags & 4 != 0 {
            self.uses(Feature::Memory64, WIDE)?;
        }
        Ok(WIDE && flags & 4 != 0)
    }
    fn table_type(&mut self) -> Result<TableType, Fault> {
        let elem = self.r.ref_type()?;
        let elem = self.resolve(elem)?;
        let flags = self.r.byte()?;
        match flags {
            0 | 1 | 4 | 5 => {}
            3 => return Err(Fault::NeedsThreads),
            0x80.. => return Err(Fault::IntegerTooLong),
            _ => return Err(Fault::IntegerTooLarge),
        }
        let is64 = self.is64(flags)?;
        let (min, max) = self.minimum_and_maximum(flags)?;
        if WIDE && !is64 && (min > u32::MAX.into() || max.is_some_and(|max| max > u32::MAX.into())) {
            return Err(Fault::TableSize);
        }
        if max.is_some_and(|max| min > max) {
            return Err(Fault::MinimumAboveMaximum);
        }
        Ok(TableType { elem, is64, min, max })
    }
    fn memory_type(&mut self) -> Result<MemoryType, Fault> {
        let flags = self.r.byte()?;
        let sized = flags & 8 != 0;
        let shared = THREADS && flags & 2 != 0;
        match flags & !8 {
            0 | 1 | 4 | 5 => {}
            2 | 3 | 6 | 7 if THREADS => self.uses(Feature::Threads, THREADS)?,
            3 | 7 => return Err(Fault::NeedsThreads),
            0x80.. => return Err(Fault::IntegerTooLong),
            _ => return Err(Fault::IntegerTooLarge),
        }
        let is64 = self.is64(flags)?;
        // With a page size, limits are 64-bit numbers: one that is too large is no malformed integer.
        let (min, max) = self.minimum_and_maximum(flags).map_err(|fault| match fault {
            Fault::IntegerTooLarge if sized && !WIDE => Fault::MemorySize,
            fault => fault,
        })?;
        let page_log2 = match if sized { self.r.u32()? } else { 16 } {
            n @ (0 | 16) => n as u8,
            64.. => return Err(Fault::MalformedPageSize),
            _ => return Err(Fault::InvalidPageSize),
        };
        let (most, fault) = match (is64, page_log2) {
            (false, 16) => (1 << 16, Fault::MemorySize),
            (false, _) => (u32::MAX.into(), Fault::MemorySize),
            (true, 16) => (1 << 48, Fault::MemorySize64),
            (true, _) => (u64::MAX, Fault::MemorySize64),
        };
        if min > most || max.is_some_and(|max| max > most) {
            return Err(fault);
        }
        if max.is_some_and(|max| min > max) {
            return Err(Fault::MinimumAboveMaximum);
        }
        if shared && max.is_none() {
            return Err(Fault::SharedWithoutMaximum);
        }
        if page_log2 != 16 {
            self.uses(Feature::CustomPageSizes, cfg!(feature = "custom-page-sizes"))?;
        }
        Ok(MemoryType { is64, shared, page_log2, min, max })
    }
    /// A global's type, as the word that is kept of it.
    fn global_type(&mut self) -> Result<u32, Fault> {
        let ty = self.r.val_type()?;
        let ty = self.resolve(ty)?.bits();
        match self.r.byte()? {
            0 => Ok(ty),
            1 => Ok(ty | MUTABLE),
            _ => Err(Fault::MalformedMutability),
        }
    }

    // ---- imports and definitions -------------------------------------------------------------------------------

    fn import(&mut self, entries: &mut Entries<'b>) -> Result<Option<Named<'b>>, Fault> {
        while entries.of_entry == 0 {
            let Some(left) = entries.left.checked_sub(1) else { return Ok(None) };
            entries.left = left;
            let (module, name) = (self.r.name()?, self.r.name()?);
            let kind = self.r.clone().byte()?;
            if !name.is_empty() || !matches!(kind, 0x7e | 0x7f) {
                return Ok(Some((module, name, self.import_type()?)));
            }
            self.r.byte()?;
            entries.ty = if kind == 0x7e { Some(self.import_type()?) } else { None };
            entries.of_entry = self.r.count(limits::IMPORTS, Fault::TooManyImports)?;
            entries.module = module;
        }
        entries.of_entry = entries.of_entry.wrapping_sub(1);
        let name = self.r.name()?;
        let ty = match entries.ty {
            Some(ty) => ty,
            None => self.import_type()?,
        };
        Ok(Some((entries.module, name, ty)))
    }
    fn import_type(&mut self) -> Result<Import, Fault> {
        let import = match self.r.byte()? {
            0 => Import::Func(self.func_type()?),
            1 => Import::Table(self.table_type()?),
            2 => Import::Memory(self.memory_type()?),
            3 => Import::Global(self.global_type()?),
            4 if EXCEPTIONS => Import::Tag(self.tag_type()?),
            4 => return Err(Fault::NeedsExceptions),
            _ => return Err(Fault::MalformedImportKind),
        };
        Ok(import)
    }
    /// The import section twice: once to count each kind, so that each has its words side by side.
    fn imports(&mut self) -> Result<(), Fault> {
        let left = self.r.count(limits::IMPORTS, Fault::TooManyImports)?;
        let all = || Entries { left, of_entry: 0, module: &[], ty: None };
        let start = self.r.clone();
        let [mut funcs, mut tables, mut memories, mut globals, mut tags, mut n] = [0u32; 6];
        let mut entries = all();
        while let Some((.., import)) = self.import(&mut entries)? {
            n = n.wrapping_add(1);
            if n > limits::IMPORTS {
                return Err(Fault::TooManyImports);
            }
            let count = match import {
                Import::Func(_) => &mut funcs,
                Import::Table(_) => &mut tables,
                Import::Memory(_) => &mut memories,
                Import::Global(_) => &mut globals,
                Import::Tag(_) => &mut tags,
            };
            *count = count.wrapping_add(1);
        }
        self.r = start;
        self.import_space(|s| &mut s.funcs, funcs, 1)?;
        self.import_space(|s| &mut s.tables, tables, LIMITS)?;
        self.import_space(|s| &mut s.memories, memories, LIMITS)?;
        self.import_space(|s| &mut s.globals, globals, GLOBAL_WORDS as u32)?;
        if EXCEPTIONS {
            self.import_space(|s| &mut s.tags, tags, 1)?;
        }
        if tables > limits::TABLES {
            return Err(Fault::TooManyTables);
        }
        if cfg!(feature = "multi-memory") && memories > limits::MEMORIES {
            return Err(Fault::TooManyMemories);
        }
        if globals > limits::GLOBALS {
            return Err(Fault::TooManyGlobals);
        }
        self.sink.imports(n)?;
        let mut entries = all();
        while let Some((module, name, import)) = self.import(&mut entries)? {
            let (kind, count) = match import {
                Import::Func(ty) => {
                    self.append(|s| &mut s.funcs, [ty]);
                    (ExternKind::Func, self.spaces.funcs.count)
                }
                Import::Table(ty) => {
                    self.append(|s| &mut s.tables, ty.pack());
                    (ExternKind::Table, self.spaces.tables.count)
                }
                Import::Memory(ty) => {
                    self.append(|s| &mut s.memories, ty.pack());
                    self.more_memories()?;
                    (ExternKind::Memory, self.spaces.memories.count)
                }
                Import::Global(ty) => {
                    self.append(|s| &mut s.globals, [ty, 0]);
                    (ExternKind::Global, self.spaces.globals.count)
                }
                Import::Tag(ty) if EXCEPTIONS => {
                    self.append(|s| &mut s.tags, [ty]);
                    (ExternKind::Tag, self.spaces.tags.count)
                }
                Import::Tag(_) => return Err(Fault::NeedsExceptions),
            };
            self.sink.import(&Info::new(self.words, &self.spaces), module, name, kind, count.wrapping_sub(1))?;
        }
        Ok(())
    }
    fn import_space(&mut self, space: fn(&mut Spaces) -> &mut Space, n: u32, words: u32) -> Result<(), Fault> {
        let at = self.alloc(n.wrapping_mul(words))?;
        let s = space(&mut self.spaces);
        s.imported_at = at;
        s.imported = n;
        Ok(())
    }
    /// One more memory is told: there may be more than one.
    fn more_memories(&mut self) -> Result<(), Fault> {
        match self.spaces.memories.count {
            0 | 1 => Ok(()),
            _ => self.uses(Feature::MultiMemory, cfg!(feature = "multi-memory")),
        }
    }
    fn own_funcs(&self) -> u32 {
        self.spaces.funcs.count.wrapping_sub(self.spaces.funcs.imported)
    }
    fn funcs(&mut self) -> Result<(), Fault> {
        let limit = limits::FUNCTIONS.saturating_sub(self.spaces.funcs.imported);
        let n = self.r.count(limit, Fault::TooManyFunctions)?;
        self.spaces.funcs.own_at = self.alloc(n)?;
        for _ in 0..n {
            let ty = self.func_type()?;
            self.append(|s| &mut s.funcs, [ty]);
        }
        Ok(())
    }
    fn tags(&mut self) -> Result<(), Fault> {
        let limit = limits::TAGS.saturating_sub(self.spaces.tags.imported);
        let n = self.r.count(limit, Fault::TooManyTags)?;
        self.spaces.tags.own_at = self.alloc(n)?;
        for _ in 0..n {
            let ty = self.tag_type()?;
            self.append(|s| &mut s.tags, [ty]);
        }
        Ok(())
    }
    fn tables(&mut self) -> Result<(), Fault> {
        let limit = limits::TABLES.saturating_sub(self.spaces.tables.imported);
        let n = self.r.count(limit, Fault::TooManyTables)?;
        self.spaces.tables.own_at = self.alloc(n.wrapping_mul(LIMITS))?;
        for _ in 0..n {
            let table = self.spaces.tables.count;
            let initial = self.r.clone().byte()? == 0x40;
            if initial && !TYPED {
                return Err(Fault::NeedsFunctionReferences);
            }
            if initial {
                self.sink.uses(Feature::FunctionReferences);
                self.r.byte()?;
                if self.r.byte()? != 0 {
                    return Err(Fault::ZeroByteExpected);
                }
            }
            let ty = self.table_type()?;
            if initial {
                // The table is not known yet where its elements' value is computed.
                self.constant(ty.elem, ConstFor::Table(table, ty.min))?;
            } else if !ty.elem.is_defaultable() {
                return Err(Fault::TypeMismatch);
            }
            self.append(|s| &mut s.tables, ty.pack());
        }
        Ok(())
    }
    fn memories(&mut self) -> Result<(), Fault> {
        // Without the feature one is the most there can be; what is wrong with others is told before their number.
        let (n, most) = if cfg!(feature = "multi-memory") {
            let limit = limits::MEMORIES.saturating_sub(self.spaces.memories.imported);
            let n = self.r.count(limit, Fault::TooManyMemories)?;
            (n, n)
        } else {
            (self.r.count(u32::MAX, Fault::UnexpectedEnd)?, 1)
        };
        self.spaces.memories.own_at = self.alloc(most.wrapping_mul(LIMITS))?;
        for _ in 0..n {
            let ty = self.memory_type()?;
            self.append(|s| &mut s.memories, ty.pack());
            self.more_memories()?;
        }
        Ok(())
    }
    fn globals(&mut self) -> Result<(), Fault> {
        let limit = limits::GLOBALS.saturating_sub(self.spaces.globals.imported);
        let n = self.r.count(limit, Fault::TooManyGlobals)?;
        self.spaces.globals.own_at = self.alloc(n.wrapping_mul(GLOBAL_WORDS as u32))?;
        let mut cell = 0u32;
        for _ in 0..n {
            let word = self.global_type()?;
            let ty = ValType::from_bits(word & !MUTABLE);
            let end = cell.wrapping_add(ty.cells());
            if end > limits::GLOBALS {
                return Err(Fault::TooManyGlobals);
            }
            // It is not known yet where its own value is computed.
            self.constant(ty, ConstFor::Global(self.spaces.globals.count, cell))?;
            self.append(|s| &mut s.globals, [word, cell]);
            cell = end;
        }
        Ok(())
    }
    fn start(&mut self) -> Result<(), Fault> {
        let func = self.func_index()?;
        match Info::new(self.words, &self.spaces).func_type(func) {
            Some(ty) if ty.params.is_empty() && ty.results.is_empty() => self.sink.start(func),
            _ => Err(Fault::StartFunction),
        }
    }

    // ---- exports -----------------------------------------------------------------------------------------------

    fn exports(&mut self) -> Result<(), Fault> {
        let n = self.r.count(limits::IMPORTS, Fault::TooManyExports)?;
        self.sink.exports(n)?;
        self.want(self.used.saturating_add(n))?;
        let first = self.r.clone();
        for i in 0..n {
            let name = self.r.name()?;
            self.set(self.used.wrapping_add(i), hash(name));
            let kind = self.r.byte()?;
            let index = self.r.u32()?;
            let s = &self.spaces;
            let (kind, count, fault) = match kind {
                0 => (ExternKind::Func, s.funcs.count, Fault::UnknownFunction),
                1 => (ExternKind::Table, s.tables.count, Fault::UnknownTable),
                2 => (ExternKind::Memory, s.memories.count, Fault::UnknownMemory),
                3 => (ExternKind::Global, s.globals.count, Fault::UnknownGlobal),
                4 if EXCEPTIONS => (ExternKind::Tag, s.tags.count, Fault::UnknownTag),
                _ => return Err(Fault::MalformedExportKind),
            };
            if index >= count {
                return Err(fault);
            }
            if kind == ExternKind::Func {
                self.declare(index);
            }
            self.sink.export(name, kind, index)?;
        }
        let (start, end) = (self.used as usize, self.used.wrapping_add(n) as usize);
        let words = self.words.get_mut(start..end).unwrap_or(&mut []);
        if distinct(words, |hash| hash) {
            return Ok(());
        }
        // Equal hashes are rare: only now the names are compared.
        let mut r = first;
        for word in words.iter_mut() {
            *word = r.pos();
            r.name()?;
            r.byte()?;
            r.u32()?;
        }
        if distinct(words, |at| name_at(self.bytes, at)) { Ok(()) } else { Err(Fault::DuplicateExport) }
    }
    /// `ref.func` may name this function in code.
    fn declare(&mut self, func: u32) {
        let at = self.spaces.declared_at.wrapping_add(func / 32) as usize;
        if let Some(w) = self.words.get_mut(at) {
            *w |= 1u32.wrapping_shl(func);
        }
    }

    // ---- segments ----------------------------------------------------------------------------------------------

    fn elems(&mut self) -> Result<(), Fault> {
        let n = self.r.count(limits::SEGMENTS, Fault::TooManySegments)?;
        self.spaces.elems.own_at = self.alloc(n)?;
        self.sink.elems(n)?;
        for i in 0..n {
            self.elem(i)?;
        }
        Ok(())
    }
    fn elem(&mut self, i: u32) -> Result<(), Fault> {
        // Bit 0: passive or declared; bit 1: has a table index, or declared; bit 2: items are expressions.
        let flags = self.r.u32()?;
        if flags > 7 {
            return Err(Fault::MalformedElementSegment);
        }
        let mut active = None;
        if flags & 1 == 0 {
            let table = if flags & 2 != 0 { self.r.u32()? } else { 0 };
            let (_, address) = Info::new(self.words, &self.spaces).table_elem(table).ok_or(Fault::UnknownTable)?;
            active = Some(table);
            self.constant(address, ConstFor::ElemOffset(i, table))?;
        }
        // Functions by index are never null.
        let funcs = if TYPED { ValType::FUNCREF.non_null() } else { ValType::FUNCREF };
        let ty = match flags {
            0 => funcs,
            4 => ValType::FUNCREF,
            5..=7 => {
                let ty = self.r.ref_type()?;
                self.resolve(ty)?
            }
            _ if self.r.byte()? == 0 => funcs,
            _ => return Err(Fault::MalformedElementKind),
        };
        let info = Info::new(self.words, &self.spaces);
        if let Some(table) = active
            && info.table_elem(table).is_none_or(|(elem, _)| !info.matches(ty, ValType::from_bits(elem)))
        {
            return Err(Fault::TypeMismatch);
        }
        let n = self.r.count(u32::MAX, Fault::UnexpectedEnd)?;
        self.append(|s| &mut s.elems, [ty.bits()]);
        self.sink.elem(i, ty, n, active, flags & 3 == 3)?;
        for _ in 0..n {
            if flags & 4 != 0 {
                self.constant(ty, ConstFor::ElemItem(i))?;
            } else {
                let func = self.func_index()?;
                self.declare(func);
                self.sink.elem_func(func)?;
            }
        }
        self.sink.elem_end(i)
    }
    fn datas(&mut self) -> Result<(), Fault> {
        let n = self.r.count(limits::SEGMENTS, Fault::TooManySegments)?;
        if self.spaces.datas.is_some_and(|counted| counted != n) {
            return Err(Fault::DataCountMismatch);
        }
        self.data_segments = n;
        self.sink.datas(n)?;
        for i in 0..n {
            let flags = self.r.u32()?;
            let active = match flags {
                0 => Some(0),
                1 => None,
                2 => Some(self.r.u32()?),
                _ => return Err(Fault::MalformedDataSegment),
            };
            if let Some(memory) = active {
                let address = Info::new(self.words, &self.spaces).memory_address(memory).ok_or(Fault::UnknownMemory)?;
                self.constant(address, ConstFor::DataOffset(i, memory))?;
            }
            let size = self.r.u32()?;
            let bytes = self.r.split(size).ok_or(Fault::UnexpectedEnd)?.take_rest();
            self.sink.data(i, active, bytes)?;
        }
        Ok(())
    }
    /// A constant expression of type `ty`.
    fn constant(&mut self, ty: ValType, what: ConstFor) -> Result<(), Fault> {
        let Some((head, tail)) = self.words.split_at_mut_checked(self.used as usize) else { return Err(Fault::ScratchFull) };
        let info = Info::new(head, &self.spaces);
        self.sink.const_begin(&info, what)?;
        let s = Operands::new(tail, 0, self.high.saturating_sub(self.used));
        let mut body = Body::new(self.r.clone(), info, Locals::default(), &mut [], s, &mut *self.sink);
        let result = body.open(ty.bits() | 1 << 31).and_then(|()| body.run_const());
        let result = match result {
            Ok(declared) => body.sink.const_end(&info, what, &mut body.s).map(|()| declared),
            Err(fault) => Err(fault),
        };
        self.r = body.r;
        self.high = self.high.max(self.used.saturating_add(body.s.high_water()));
        if let Some(func) = result? {
            self.declare(func);
        }
        Ok(())
    }

    // ---- code --------------------------------------------------------------------------------------------------

    fn code(&mut self) -> Result<(), Fault> {
        let n = self.r.u32()?;
        if n != self.own_funcs() {
            return Err(Fault::FunctionAndCodeCount);
        }
        self.bodies = n;
        for i in 0..n {
            self.next_body(self.spaces.funcs.imported.wrapping_add(i))?;
        }
        Ok(())
    }
    /// The size of a body, and the body.
    fn next_body(&mut self, func: u32) -> Result<(), Fault> {
        let at = self.r.pos();
        let size = self.r.u32()?;
        let body = self.r.split(size).ok_or(Fault::UnexpectedEnd)?;
        if size > limits::BODY_BYTES {
            return Err(Fault::BodyTooLarge);
        }
        if self.sink.skip(&Info::new(self.words, &self.spaces), func, at, size) {
            return Ok(());
        }
        let more = !self.r.is_empty();
        self.within(body, |d| {
            d.body(func, size).map_err(|fault| match fault {
                // Body and section end together.
                Fault::EndExpected if d.r.is_empty() && !more => Fault::UnexpectedEnd,
                fault => fault,
            })
        })
    }
    fn body(&mut self, func: u32, size: u32) -> Result<(), Fault> {
        let Some((head, tail)) = self.words.split_at_mut_checked(self.used as usize) else { return Err(Fault::ScratchFull) };
        let info = Info::new(head, &self.spaces);
        let index = info.func_type_index(func).ok_or(Fault::UnknownFunction)?;
        let ty = info.ty(index).ok_or(Fault::UnknownType)?;
        let all = tail.len() as u32;
        let (locals, inits, stacks) = match Locals::read(&mut self.r, &info, ty, tail)? {
            Ok(read) => read,
            Err(need) => {
                self.high = self.high.max(self.used.saturating_add(need));
                return Err(Fault::ScratchFull);
            }
        };
        let base = self.used.wrapping_add(all.wrapping_sub(stacks.len() as u32));
        self.high = self.high.max(base);
        let (param_cells, local_cells) = (locals.param_cells, locals.cells.wrapping_sub(locals.param_cells));
        let first_operand = locals.cells.wrapping_add(S::own_cells(local_cells));
        self.sink.func_begin(&info, func, &locals, param_cells, local_cells, size)?;
        let s = Operands::new(stacks, first_operand, self.high.wrapping_sub(base));
        let mut body = Body::new(self.r.clone(), info, locals, inits, s, &mut *self.sink);
        body.wide = self.wide;
        let result = body.open(index).and_then(|()| body.run());
        self.wide = body.wide;
        self.r = body.r;
        self.high = self.high.max(base.saturating_add(body.s.high_water()));
        self.max_depth = self.max_depth.max(body.max_depth);
        result
    }
}

/// Hash of a name (FNV-1a).
fn hash(name: &[u8]) -> u32 {
    name.iter().fold(0x811c_9dc5, |h, b| (h ^ u32::from(*b)).wrapping_mul(0x0100_0193))
}

/// The name at this offset.
fn name_at(bytes: &[u8], at: u32) -> &[u8] {
    let mut r = Reader::at(bytes, at);
    let len = r.u32().unwrap_or(0);
    r.split(len).map_or(&[], |mut name| name.take_rest())
}

/// Sorts words by what `key` makes of them (heap sort: no recursion, no more memory) and tells whether no two are equal.
fn distinct<K: Ord>(words: &mut [u32], key: impl Fn(u32) -> K) -> bool {
    let n = words.len();
    let at = |words: &[u32], i: usize| key(words.get(i).copied().unwrap_or(u32::MAX));
    let swap = |words: &mut [u32], i: usize, j: usize| {
        if let (Some(&a), Some(&b)) = (words.get(i), words.get(j))
            && let Some(to) = words.get_mut(i)
        {
            *to = b;
            if let Some(to) = words.get_mut(j) {
                *to = a;
            }
        }
    };
    // Lets the word at `i` sink to its place in the heap of the first `n`.
    let sink = |words: &mut [u32], mut i: usize, n: usize| {
        loop {
            let mut child = i.wrapping_mul(2).wrapping_add(1);
            if child >= n {
                return;
            }
            let right = child.wrapping_add(1);
            if right < n && at(words, right) > at(words, child) {
                child = right;
            }
            if at(words, child) <= at(words, i) {
                return;
            }
            swap(words, i, child);
            i = child;
        }
    };
    for i in (0..n / 2).rev() {
        sink(words, i, n);
    }
    for end in (1..n).rev() {
        swap(words, 0, end);
        sink(words, 0, end);
    }
    (1..n).all(|i| at(words, i.wrapping_sub(1)) != at(words, i))
}

#[cfg(test)]
mod tests {
    extern crate std;
    use super::*;

    #[test]
    fn equal_names_are_found() {
        let bytes = *b"\x01a\x02ab\x00\x01b\x02ab\x01c";
        let unique = |names: &mut [u32]| distinct(names, |at| name_at(&bytes, at));
        let mut names = [9, 7, 6, 5, 2, 0];
        assert!(!unique(&mut [11, 8, 6, 5, 2, 0]));
        names.sort();
        assert!(unique(&mut [11, 8, 6, 5, 0]));
        assert!(unique(&mut []));
        let mut names = [0, 2, 5, 6, 11];
        unique(&mut names);
        assert_eq!(names, [5, 0, 2, 6, 11]);
    }

    #[test]
    fn names_with_one_hash_are_compared() {
        // Two names of one hash: (memory 0), exported as each of them.
        let (a, b) = (b"costarring", b"liquid");
        assert_eq!(hash(a), hash(b));
        let module = |a: &[u8], b: &[u8]| {
            let mut m = std::vec::Vec::from(*b"\0asm\x01\0\0\0\x05\x03\x01\0\0\x07");
            m.extend([(a.len() + b.len() + 7) as u8, 2, a.len() as u8]);
            m.extend(a);
            m.extend([2, 0, b.len() as u8]);
            m.extend(b);
            m.extend([2, 0]);
            validate(&m, &mut [0; 20]).map_err(|e| e.fault).err()
        };
        assert_eq!(module(a, b), None);
        assert_eq!(module(a, a), Some(Fault::DuplicateExport));
        assert_eq!(module(b, b"liquids"), None);
    }

    #[test]
    fn one_entry_can_stand_for_many_imports() {
        let validate = |section: &[u8]| {
            // (type (func)), then the imports
            let mut m = std::vec::Vec::from(*b"\0asm\x01\0\0\0\x01\x04\x01\x60\0\0\x02");
            m.push(section.len() as u8);
            m.extend(section);
            validate(&m, &mut [0; 60]).map_err(|e| e.fault)
        };
        // From "m": "a" a function, "b" a global; "c" and "d" functions; then a plain one with an empty name.
        let both = b"\x03\x01m\0\x7f\x02\x01a\0\0\x01b\x03\x7f\0\x01m\0\x7e\0\0\x02\x01c\x01d\x01m\0\0\0";
        assert!(validate(both).is_ok());
        assert!(validate(b"\x01\x01m\0\x7f\0").is_ok());
        // A type that does not exist, an import too few, a name where the kind would be.
        assert_eq!(validate(b"\x01\x01m\0\x7e\0\x01\x01\x01c"), Err(Fault::UnknownType));
        assert_eq!(validate(b"\x01\x01m\0\x7e\0\0\x02\x01c"), Err(Fault::UnexpectedEnd));
        assert_eq!(validate(b"\x01\x01m\x01n\x7f\0"), Err(Fault::MalformedImportKind));
    }

    #[test]
    fn errors_carry_bytes_or_offsets() {
        let module = b"\0asm\x01\0\0\0\x01\x04\x01\x60\0\0";
        let need = validate(module, &mut []).unwrap_err();
        assert_eq!((need.fault, Error::from(need).at() % 4), (Fault::ScratchFull, 0));
        // The type's place and its parameters and results; with typed references what makes it equal to others, and a table.
        let words = if cfg!(feature = "function-references") { 11 } else { 2 };
        assert_eq!(validate(module, &mut [0; 11]), Ok(Decoded { scratch_words: words, max_depth: 0 }));
        let e = Error::from(validate(&module[..13], &mut [0; 9]).unwrap_err());
        assert_eq!((e.kind(), e.message(), e.at()), (ErrorKind::Malformed, "length out of bounds", 10));
    }

    #[test]
    fn floats_are_refused_without_the_feature() {
        // (func (param f32)), and (func (drop (f32.neg (unreachable))))
        let param = &b"\0asm\x01\0\0\0\x01\x05\x01\x60\x01\x7d\0"[..];
        let code = &b"\0asm\x01\0\0\0\x01\x04\x01\x60\0\0\x03\x02\x01\0\x0a\x07\x01\x05\0\0\x8c\x1a\x0b"[..];
        for module in [param, code] {
            let fault = validate(module, &mut [0; 100]).map_err(|e| e.fault).err();
            assert_eq!(fault, if cfg!(feature = "float") { None } else { Some(Fault::NeedsFloat) });
        }
    }
}
