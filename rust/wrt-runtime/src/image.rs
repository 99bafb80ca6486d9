// SPDX-License-Identifier: MIT
//! The WRT image (`.wrti`): a translated module as little-endian `u32` words, position-independent, run in place.
//!
//! A header of [`HEADER`] words, then sections in any order; the header tells where each begins, in words from the
//! image's start. Code positions (`pc`) are word numbers of the whole image too. The last [`PADDING`] words are zero.
//!
//! | records | words each | content |
//! |---|---|---|
//! | types | 1 | where the type stands: see [`Type`]; types that are the same stand in one place |
//! | function types | 1 | type index of each function, imports first |
//! | entries | 1 | first code word of each function that is not imported |
//! | tables | 4 | element type, flags (1 = has maximum, 4 = 64-bit indexes), minimum, maximum; imports first |
//! | memories | 4 | flags (the same; 2 is for shared ones) and `page_log2 << 8`, minimum, maximum, 1 if there are 64-bit atomics on it; imports first |
//! | upper words | 2 | of minimum and maximum; right behind the tables, and the memories, if any of them has 64 bits |
//! | globals | 2 | value type, `mutable \| own cell << 1` (the cell only for those not imported); imports first |
//! | tags | 1 | type index of each tag, imports first |
//! | handlers | 1 | where the operation [`crate::op::TRY`] of each `try_table` stands, ascending |
//! | imports | 4 | module name, name (each: where the text stands), kind, index in the space of its kind |
//! | exports | 3 | name, kind, index |
//! | element segments | 3 | where the items stand, their number, element type |
//! | data segments | 2 | where the bytes stand, their number |
//! | names | | [`Word::Names`] words: per function that has one, `index << 12 \| bytes`, then the bytes, four to a word |
//!
//! A text is its length in bytes, then the bytes, four to a word. An element item is 0 = null, `func << 2 | 1` or
//! `global << 2 | 2`, or `cell << 2 | 3`: the reference in that cell of the instance's own globals. The code at [`Word::Init`] is a function without parameters that initialises globals, tables and
//! memories in the specification's order, calls the start function and returns.
//!
//! Format changes raise [`VERSION`]; until 1.0 it must match exactly, and the .wasm is what one keeps.

use wrt_foundation::{Error, ErrorKind, ExternKind, Feature, ValType, limits};

/// `"WRTI"`
pub const MAGIC: u32 = u32::from_le_bytes(*b"WRTI");
/// Version of the format and of the table of operations.
pub const VERSION: u32 = 2;
/// Version of the cost table: what an instruction costs in fuel.
pub const FUEL_VERSION: u32 = 1;
/// Words of the header.
pub const HEADER: u32 = 42;
/// Zero words at the end, so that extension words of the last operation can be fetched without a check of their own.
pub const PADDING: u32 = 4;
/// Cells of a frame's window in this build: its registers, and room for a four-cell value at the last of them.
pub const WINDOW: u32 = if cfg!(feature = "small-window") { SMALL_WINDOW } else { LARGE_WINDOW };
/// The window with 256 registers.
pub const LARGE_WINDOW: u32 = 264;
/// The window with 128 registers: of the feature `small-window`.
pub const SMALL_WINDOW: u32 = 136;
/// Bits of [`Word::Features`] that this build has.
pub const FEATURES: u32 = {
    let have = [
        (Feature::Float, cfg!(feature = "float")),
        (Feature::Simd, cfg!(feature = "simd")),
        (Feature::RelaxedSimd, cfg!(feature = "relaxed-simd")),
        (Feature::TailCall, cfg!(feature = "tail-call")),
        (Feature::FunctionReferences, cfg!(feature = "function-references")),
        (Feature::Gc, cfg!(feature = "gc")),
        (Feature::Exceptions, cfg!(feature = "exceptions")),
        (Feature::MultiMemory, cfg!(feature = "multi-memory")),
        (Feature::Memory64, cfg!(feature = "memory64")),
        (Feature::Threads, cfg!(feature = "threads")),
        (Feature::CustomPageSizes, cfg!(feature = "custom-page-sizes")),
        (Feature::WideArithmetic, cfg!(feature = "wide-arithmetic")),
        (Feature::LegacyExceptions, cfg!(feature = "legacy-exceptions")),
    ];
    let (mut bits, mut i) = (0, 0);
    while i < have.len() {
        if have[i].1 {
            bits |= have[i].0.bit();
        }
        i += 1;
    }
    bits
};

/// Positions in the header.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[repr(u8)]
pub enum Word {
    /// [`MAGIC`].
    Magic,
    /// `VERSION | kind << 16`; kind 0 = core module, 1 = component.
    Version,
    /// Bits of each [`Feature`] that the module needs.
    Features,
    /// `FUEL_VERSION | window << 16`; the window is [`LARGE_WINDOW`] or [`SMALL_WINDOW`].
    Fuel,
    /// Words of the image, header and padding included.
    Length,
    /// [`checksum`] of all other words.
    Check,
    /// Most cells that one frame uses.
    FrameCells,
    /// Most cells that the parameters, or the results, of one type take.
    ArgumentCells,
    /// Number of types.
    Types,
    /// Where they stand.
    TypesAt,
    /// Number of functions, imports included.
    Funcs,
    /// Where their type indexes stand.
    FuncTypesAt,
    /// Imported functions.
    ImportedFuncs,
    /// Where the entries stand.
    EntriesAt,
    /// Number of tables, imports included.
    Tables,
    /// Where they stand.
    TablesAt,
    /// Imported tables.
    ImportedTables,
    /// Number of memories, imports included.
    Memories,
    /// Where they stand.
    MemoriesAt,
    /// Imported memories.
    ImportedMemories,
    /// Number of globals, imports included.
    Globals,
    /// Where they stand.
    GlobalsAt,
    /// Imported globals.
    ImportedGlobals,
    /// Cells of the globals that are not imported.
    GlobalCells,
    /// Number of imports.
    Imports,
    /// Where they stand.
    ImportsAt,
    /// Number of exports.
    Exports,
    /// Where they stand.
    ExportsAt,
    /// Number of element segments.
    Elems,
    /// Where they stand.
    ElemsAt,
    /// Number of data segments.
    Datas,
    /// Where they stand.
    DatasAt,
    /// Code of the initialiser.
    Init,
    /// First word of code, for sizes; data segments follow it.
    CodeAt,
    /// Word after the last of code.
    CodeEnd,
    /// Number of tags, imports included.
    Tags,
    /// Where they stand.
    TagsAt,
    /// Imported tags.
    ImportedTags,
    /// Number of handlers.
    Handlers,
    /// Where they stand.
    HandlersAt,
    /// Words that the names of functions take.
    Names,
    /// Where they stand.
    NamesAt,
}
const _: () = assert!((Word::NamesAt as u32) < HEADER);

/// Bits that tell the length of a function's name.
pub(crate) const NAME_BITS: u32 = 12;
const _: () = assert!(limits::FUNCTIONS <= 1 << (32 - NAME_BITS));

/// What a type describes.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[repr(u32)]
pub enum Kind {
    /// Functions.
    Func = 0,
    /// Structures.
    Struct = 1,
    /// Arrays.
    Array = 2,
}

/// One type of an image: `first | results << 16 | kind << 28`, hash, then one word per parameter or field, and per result.
/// If bit 31 of the first word is set, three words come before those: `is_final | (supertype + 1) << 1`, index of the
/// first type of its group, number of types of its group. Otherwise it is final, has no supertype and is a group alone.
#[derive(Clone, Copy, Debug)]
pub struct Type<'a> {
    /// What it describes.
    pub kind: Kind,
    /// Whether it can have subtypes.
    pub is_final: bool,
    /// Index of its supertype.
    pub supertype: Option<u32>,
    /// Index of the first type of its group, and their number; `None`: it is alone.
    pub group: Option<(u32, u32)>,
    /// Parameters, or fields: a value type, 0x78 or 0x77 for 8 and 16 bits, with bit 31 set if it can change.
    pub first: &'a [u32],
    /// Results.
    pub results: &'a [u32],
    /// Equal for equal types, whatever module they are from.
    pub hash: u32,
}

/// In the first word of a type: words about its group follow.
pub(crate) const IN_GROUP: u32 = 1 << 31;
/// In the word of a field: it can be changed.
#[cfg(any(feature = "function-references", feature = "loader"))]
pub(crate) const MUTABLE: u32 = 1 << 31;

/// Cells that a field takes in an object: 8 and 16 bits have one too.
#[cfg(any(feature = "gc", feature = "exceptions", feature = "loader"))]
pub(crate) fn field_cells(field: u32) -> u32 {
    match field & !MUTABLE {
        0x77 | 0x78 => 1,
        ty => ValType::from_bits(ty).cells(),
    }
}

/// A function type of an image: value types as words.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct FuncType<'a> {
    /// Parameters.
    pub params: &'a [u32],
    /// Results.
    pub results: &'a [u32],
}

impl FuncType<'_> {
    /// Cells that the parameters take.
    pub fn param_cells(&self) -> u32 {
        cells(self.params)
    }
    /// Cells that the results take.
    pub fn result_cells(&self) -> u32 {
        cells(self.results)
    }
}

fn cells(types: &[u32]) -> u32 {
    types.iter().fold(0, |n, t| n.wrapping_add(ValType::from_bits(*t).cells()))
}

/// Hash of a type, as the image holds it (FNV-1a over the words). `group`: what it has beyond a plain function type;
/// `of`: a word as it is the same in all modules.
pub fn type_hash(first: &[u32], results: &[u32], group: &[u32], of: impl Fn(u32) -> u32) -> u32 {
    let step = |h: u32, w: &u32| (h ^ of(*w)).wrapping_mul(0x0100_0193);
    let h = first.iter().fold(0x811c_9dc5, step);
    let h = results.iter().fold((h ^ (0x1_0000 | first.len() as u32)).wrapping_mul(0x0100_0193), step);
    group.iter().fold(h, |h, w| (h ^ w).wrapping_mul(0x0100_0193))
}

/// An imported or exported name, or any text of an image.
#[derive(Clone, Copy)]
pub struct Text<'a> {
    words: &'a [u32],
    len: usize,
}

impl<'a> Text<'a> {
    /// Its bytes; UTF-8 in a valid image.
    pub fn bytes(self) -> Bytes<'a> {
        Bytes { words: self.words, at: 0, end: self.len }
    }
    /// Length in bytes.
    pub fn len(self) -> usize {
        self.len
    }
    /// Whether it is empty.
    pub fn is_empty(self) -> bool {
        self.len == 0
    }
    /// Whether it is `other`.
    pub fn is(self, other: &str) -> bool {
        self.len == other.len() && self.bytes().eq(other.bytes())
    }
    /// Copied into a string.
    #[cfg(feature = "alloc")]
    pub fn to_string_lossy(self) -> alloc::string::String {
        let bytes: alloc::vec::Vec<u8> = self.bytes().collect();
        alloc::string::String::from_utf8_lossy(&bytes).into_owned()
    }
}

/// Bytes of an image, four to a word.
#[derive(Clone)]
pub struct Bytes<'a> {
    words: &'a [u32],
    at: usize,
    end: usize,
}

impl<'a> Bytes<'a> {
    /// Those from byte `at` on.
    pub(crate) fn new(words: &'a [u32], at: usize) -> Bytes<'a> {
        Bytes { words, at, end: usize::MAX }
    }
}

impl Iterator for Bytes<'_> {
    type Item = u8;
    fn next(&mut self) -> Option<u8> {
        if self.at >= self.end {
            return None;
        }
        let word = self.words.get(self.at / 4)?;
        let byte = word >> (self.at % 4 * 8);
        self.at = self.at.wrapping_add(1);
        Some(byte as u8)
    }
}

impl core::fmt::Display for Text<'_> {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        use core::fmt::Write;
        let mut buffer = [0u8; 4];
        let mut n = 0;
        for b in self.bytes() {
            let Some(free) = buffer.get_mut(n) else { break };
            *free = b;
            n = n.wrapping_add(1);
            if let Some(c) = buffer.get(..n).and_then(|s| core::str::from_utf8(s).ok()).and_then(|s| s.chars().next()) {
                f.write_char(c)?;
                n = 0;
            }
        }
        Ok(())
    }
}

/// One import of an image.
#[derive(Clone, Copy)]
pub struct Import<'a> {
    /// Module part of the name.
    pub module: Text<'a>,
    /// Field part of the name.
    pub name: Text<'a>,
    /// Its kind.
    pub kind: ExternKind,
    /// Index in the index space of its kind.
    pub index: u32,
}

/// One export of an image.
#[derive(Clone, Copy)]
pub struct Export<'a> {
    /// Its name.
    pub name: Text<'a>,
    /// Its kind.
    pub kind: ExternKind,
    /// Index in the index space of its kind.
    pub index: u32,
}

/// Elements of a table or pages of a memory, as a type has them.
#[cfg(feature = "memory64")]
pub type Limit = u64;
/// Elements of a table or pages of a memory, as a type has them.
#[cfg(not(feature = "memory64"))]
pub type Limit = u32;

/// A table of an image.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct TableType {
    /// Type of the elements.
    pub elem: ValType,
    /// Indexes have 64 bits.
    pub is64: bool,
    /// Elements at first.
    pub min: Limit,
    /// Most elements.
    pub max: Option<Limit>,
}

/// A memory of an image.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct MemoryType {
    /// Addresses have 64 bits.
    pub is64: bool,
    /// Threads share it.
    pub shared: bool,
    /// Log2 of the page size in bytes: 16, or 0.
    pub page_log2: u8,
    /// Pages at first.
    pub min: Limit,
    /// Most pages.
    pub max: Option<Limit>,
}

impl TableType {
    /// A table with 32-bit indexes.
    pub const fn new(elem: ValType, min: u32, max: Option<u32>) -> TableType {
        TableType { elem, is64: false, min: min as Limit, max: widened(max) }
    }
}

impl MemoryType {
    /// A memory with 32-bit addresses and pages of 64 KiB.
    pub const fn new(min: u32, max: Option<u32>) -> MemoryType {
        MemoryType { is64: false, shared: false, page_log2: 16, min: min as Limit, max: widened(max) }
    }
}

const fn widened(max: Option<u32>) -> Option<Limit> {
    match max {
        Some(max) => Some(max as Limit),
        None => None,
    }
}

/// Flag of a table or memory: there is a maximum.
pub(crate) const HAS_MAX: u32 = 1;
/// In the flags of a memory: threads share it.
pub(crate) const SHARED: u32 = 2;
/// Flag of a table or memory: 64-bit addresses.
pub(crate) const IS64: u32 = 4;

/// A global of an image.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct GlobalType {
    /// Type of the value.
    pub ty: ValType,
    /// Whether it can change.
    pub mutable: bool,
    /// Its first cell among the instance's own globals; 0 for imported ones.
    pub cell: u32,
}

/// Why words are no image that can be loaded.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum ImageError {
    /// It needs this feature, which this build does not have.
    Needs(Feature),
    /// This target is big-endian.
    Endian,
    /// Something else.
    Magic,
    /// Made by another version.
    Version,
    /// Its window is larger than that of this build.
    Window,
    /// Words are missing at the end.
    Truncated,
    /// A section lies outside.
    Section,
    /// Sizes contradict each other.
    Sizes,
    /// The check value differs.
    Check,
}

impl ImageError {
    /// All but those that name a feature, in their order.
    pub const OTHERS: [ImageError; 8] = {
        use ImageError::*;
        [Endian, Magic, Version, Window, Truncated, Section, Sizes, Check]
    };
    /// A sentence for it.
    pub const fn message(self) -> &'static str {
        match self {
            ImageError::Endian => "images are little-endian and this target is not",
            ImageError::Magic => "not a WRT image",
            ImageError::Version => "image of another WRT version: run `wrt compile` again",
            ImageError::Needs(feature) => feature.needs(),
            ImageError::Window => "image for the large window: run `wrt compile --small-window`",
            ImageError::Truncated => "truncated image",
            ImageError::Section => "damaged image: section outside",
            ImageError::Sizes => "damaged image: sizes",
            ImageError::Check => "damaged image: check value",
        }
    }
    /// Whether another build could load it.
    pub const fn is_unsupported(self) -> bool {
        matches!(self, ImageError::Endian | ImageError::Needs(_) | ImageError::Window)
    }
}

impl core::fmt::Display for ImageError {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str(self.message())
    }
}

impl From<ImageError> for Error {
    fn from(e: ImageError) -> Error {
        Error::new(if e.is_unsupported() { ErrorKind::Unsupported } else { ErrorKind::Image }, e.message())
    }
}

/// A view on an image whose header has been checked. Copy it freely; it is one slice.
#[derive(Clone, Copy, Debug)]
pub struct Image<'a>(&'a [u32]);

impl<'a> Image<'a> {
    /// Checks header, section bounds and entries (DESIGN 3.1, item 10): cost per function, the code is not walked.
    ///
    /// # Errors
    /// One cause per variant of [`ImageError`].
    pub fn new(words: &'a [u32]) -> Result<Image<'a>, ImageError> {
        let image = Image(words);
        if cfg!(target_endian = "big") {
            return Err(ImageError::Endian);
        }
        let header = image.header().ok_or(ImageError::Magic)?;
        let get = |w: Word| header[w as usize];
        if get(Word::Magic) != MAGIC {
            return Err(ImageError::Magic);
        }
        if get(Word::Version) != VERSION || get(Word::Fuel) & 0xffff != FUEL_VERSION {
            return Err(ImageError::Version);
        }
        if get(Word::Fuel) >> 16 > WINDOW {
            return Err(if WINDOW < LARGE_WINDOW { ImageError::Window } else { ImageError::Version });
        }
        match get(Word::Features) & !FEATURES {
            0 => {}
            missing => return Err(Feature::first_of(missing).map_or(ImageError::Version, ImageError::Needs)),
        }
        let length = get(Word::Length) as usize;
        if length > words.len() || length < (HEADER + PADDING) as usize {
            return Err(ImageError::Truncated);
        }
        let image = Image(words.get(..length).unwrap_or(&[]));
        image.check_bounds().ok_or(ImageError::Section)?;
        Ok(image)
    }

    /// The words of an image that [`Image::new`] has accepted before, or none at all.
    pub(crate) fn trusted(words: &'a [u32]) -> Image<'a> {
        Image(words)
    }

    /// Compares the check value over all words: finds accidents, not attackers.
    ///
    /// # Errors
    /// [`ImageError::Check`] when it differs.
    pub fn check(self) -> Result<Image<'a>, ImageError> {
        if self.get(Word::Check) == checksum(self.0) { Ok(self) } else { Err(ImageError::Check) }
    }

    fn check_bounds(self) -> Option<()> {
        use Word::*;
        /// Where records stand, how many there are, how many of those are imported ([`Magic`]: none), words of each.
        const SECTIONS: [(Word, Word, Word, u8); 13] = [
            (TypesAt, Types, Magic, 1),
            (FuncTypesAt, Funcs, Magic, 1),
            (EntriesAt, Funcs, ImportedFuncs, 1),
            (TablesAt, Tables, ImportedTables, 4),
            (MemoriesAt, Memories, ImportedMemories, 4),
            (GlobalsAt, Globals, ImportedGlobals, 2),
            (ImportsAt, Imports, Magic, 4),
            (ExportsAt, Exports, Magic, 3),
            (ElemsAt, Elems, Magic, 3),
            (DatasAt, Datas, Magic, 2),
            (TagsAt, Tags, ImportedTags, 1),
            (HandlersAt, Handlers, Magic, 1),
            (NamesAt, Names, Magic, 1),
        ];
        for (at, all, imported, words) in &SECTIONS {
            let all = self.get(*all);
            let own = all.checked_sub(if *imported == Magic { 0 } else { self.get(*imported) })?;
            let n = if *at == EntriesAt { own } else { all };
            self.slice(self.get(*at), n.checked_mul((*words).into())?)?;
        }
        let end = self.0.len().checked_sub(PADDING as usize)?;
        let inside = |pc: &u32| (*pc as usize) < end;
        (inside(&self.get(Init)) && self.entries().iter().all(inside)).then_some(())
    }

    /// All words.
    pub fn words(self) -> &'a [u32] {
        self.0
    }
    /// One word of the header.
    pub fn get(self, w: Word) -> u32 {
        self.0.get(w as usize).copied().unwrap_or(0)
    }
    /// All words of the header, for who reads many: an image that [`Image::new`] has accepted has them.
    pub(crate) fn header(self) -> Option<&'a [u32; HEADER as usize]> {
        self.0.first_chunk()
    }
    /// Cells of the window that its code needs. One for a small window runs in a large one as well.
    pub fn window(self) -> u32 {
        self.get(Word::Fuel) >> 16
    }
    fn slice(self, at: u32, n: u32) -> Option<&'a [u32]> {
        self.0.get(at as usize..)?.get(..n as usize)
    }
    #[inline(always)]
    fn record<const N: usize>(self, at: Word, n: Word, i: u32) -> Option<&'a [u32; N]> {
        self.record_on(at, n, i, N).first_chunk()
    }
    /// The words from record `i` on; none if there is no such record.
    #[inline(never)]
    fn record_on(self, at: Word, n: Word, i: u32, width: usize) -> &'a [u32] {
        if i >= self.get(n) {
            return &[];
        }
        let at = (i as usize).checked_mul(width).and_then(|offset| offset.checked_add(self.get(at) as usize));
        at.and_then(|at| self.0.get(at..)).unwrap_or(&[])
    }
    fn text(self, at: u32) -> Option<Text<'a>> {
        let len = *self.0.get(at as usize)?;
        Some(Text { words: self.slice(at.checked_add(1)?, len.div_ceil(4))?, len: len as usize })
    }

    /// First code words of the functions that are not imported.
    pub fn entries(self) -> &'a [u32] {
        let n = self.get(Word::Funcs).saturating_sub(self.get(Word::ImportedFuncs));
        self.slice(self.get(Word::EntriesAt), n).unwrap_or(&[])
    }
    /// Function type `i`. Of a type of another kind its fields.
    pub fn ty(self, i: u32) -> Option<FuncType<'a>> {
        let [at] = *self.record::<1>(Word::TypesAt, Word::Types, i)?;
        let head = *self.0.get(at as usize)?;
        let first = at.checked_add(if head & IN_GROUP != 0 { 5 } else { 2 })?;
        let params = self.slice(first, head & 0xffff)?;
        Some(FuncType { params, results: self.slice(first.checked_add(head & 0xffff)?, head >> 16 & 0xfff)? })
    }
    /// The hash of type `i`.
    #[cfg(not(feature = "function-references"))]
    pub(crate) fn hash(self, i: u32) -> Option<u32> {
        let [at] = *self.record::<1>(Word::TypesAt, Word::Types, i)?;
        self.0.get(at.checked_add(1)? as usize).copied()
    }
    /// Everything about type `i`.
    pub fn full_type(self, i: u32) -> Option<Type<'a>> {
        let at = self.type_place(i)? as usize;
        let [head, hash] = *self.0.get(at..)?.first_chunk()?;
        let FuncType { params: first, results } = self.ty(i)?;
        let kind = match head >> 28 & 3 {
            0 => Kind::Func,
            1 => Kind::Struct,
            _ => Kind::Array,
        };
        let plain = Type { kind, is_final: true, supertype: None, group: None, first, results, hash };
        if head & IN_GROUP == 0 {
            return Some(plain);
        }
        let [above, start, len] = *self.0.get(at.checked_add(2)?..)?.first_chunk()?;
        Some(Type { is_final: above & 1 != 0, supertype: (above >> 1).checked_sub(1), group: Some((start, len)), ..plain })
    }
    /// Where type `i` stands.
    pub(crate) fn type_place(self, i: u32) -> Option<u32> {
        self.record::<1>(Word::TypesAt, Word::Types, i).map(|[at]| *at)
    }
    /// Type index of tag `i`, imports first.
    pub fn tag_type_index(self, i: u32) -> Option<u32> {
        self.record::<1>(Word::TagsAt, Word::Tags, i).map(|[t]| *t)
    }
    #[cfg(any(feature = "gc", feature = "exceptions"))]
    /// Where the handlers stand, ascending.
    pub(crate) fn handlers(self) -> &'a [u32] {
        self.slice(self.get(Word::HandlersAt), self.get(Word::Handlers)).unwrap_or(&[])
    }
    /// Type index of function `i`, imports first.
    pub fn func_type_index(self, i: u32) -> Option<u32> {
        self.record::<1>(Word::FuncTypesAt, Word::Funcs, i).map(|[t]| *t)
    }
    /// Type of function `i`, imports first.
    pub fn func_type(self, i: u32) -> Option<FuncType<'a>> {
        self.ty(self.func_type_index(i)?)
    }
    /// Table `i`, imports first.
    pub fn table(self, i: u32) -> Option<TableType> {
        let [elem, flags, min, max] = *self.record(Word::TablesAt, Word::Tables, i)?;
        let [min, max] = self.wide(flags, [min, max], [Word::TablesAt, Word::Tables], i)?;
        let (is64, max) = (cfg!(feature = "memory64") && flags & IS64 != 0, (flags & HAS_MAX != 0).then_some(max));
        Some(TableType { elem: ValType::from_bits(elem), is64, min, max })
    }
    /// Whether the code has 64-bit atomic accesses to memory `i`.
    #[cfg(feature = "threads")]
    pub(crate) fn has_wide_atomics(self, i: u32) -> bool {
        self.record::<4>(Word::MemoriesAt, Word::Memories, i).is_some_and(|[.., wide]| *wide != 0)
    }
    /// Memory `i`, imports first.
    pub fn memory(self, i: u32) -> Option<MemoryType> {
        let [flags, min, max, _] = *self.record(Word::MemoriesAt, Word::Memories, i)?;
        let [min, max] = self.wide(flags, [min, max], [Word::MemoriesAt, Word::Memories], i)?;
        let (is64, max) = (cfg!(feature = "memory64") && flags & IS64 != 0, (flags & HAS_MAX != 0).then_some(max));
        let shared = cfg!(feature = "threads") && flags & SHARED != 0;
        Some(MemoryType { is64, shared, page_log2: (flags >> 8) as u8, min, max })
    }
    /// Whether any of its memories is shared between threads.
    #[cfg(all(wrt_threaded, feature = "loader"))]
    pub(crate) fn has_shared_memory(self) -> bool {
        (0..self.get(Word::Memories)).any(|i| self.memory(i).is_some_and(|m| m.shared))
    }
    /// Minimum and maximum of entry `i` with their upper words.
    #[cfg(not(feature = "memory64"))]
    fn wide(self, _: u32, low: [u32; 2], _: [Word; 2], _: u32) -> Option<[Limit; 2]> {
        Some(low)
    }
    /// Minimum and maximum of entry `i` with their upper words.
    #[cfg(feature = "memory64")]
    fn wide(self, flags: u32, low: [u32; 2], [at, n]: [Word; 2], i: u32) -> Option<[Limit; 2]> {
        let mut all = low.map(u64::from);
        if flags & IS64 != 0 {
            let at = self.get(at).checked_add(self.get(n).checked_mul(4)?)?.checked_add(i.checked_mul(2)?)?;
            for (low, upper) in all.iter_mut().zip(self.slice(at, 2)?) {
                *low |= u64::from(*upper) << 32;
            }
        }
        Some(all)
    }
    /// Global `i`, imports first.
    pub fn global(self, i: u32) -> Option<GlobalType> {
        let [ty, flags] = *self.record(Word::GlobalsAt, Word::Globals, i)?;
        Some(GlobalType { ty: ValType::from_bits(ty), mutable: flags & 1 != 0, cell: flags >> 1 })
    }
    /// Import `i`.
    pub fn import(self, i: u32) -> Option<Import<'a>> {
        let [module, name, kind, index] = *self.record(Word::ImportsAt, Word::Imports, i)?;
        Some(Import { module: self.text(module)?, name: self.text(name)?, kind: ExternKind::from_byte(kind as u8)?, index })
    }
    /// Export `i`.
    pub fn export(self, i: u32) -> Option<Export<'a>> {
        let [name, kind, index] = *self.record(Word::ExportsAt, Word::Exports, i)?;
        Some(Export { name: self.text(name)?, kind: ExternKind::from_byte(kind as u8)?, index })
    }
    /// All imports.
    pub fn imports(self) -> impl Iterator<Item = Import<'a>> {
        (0..self.get(Word::Imports)).map_while(move |i| self.import(i))
    }
    /// All exports.
    pub fn exports(self) -> impl Iterator<Item = Export<'a>> {
        (0..self.get(Word::Exports)).map_while(move |i| self.export(i))
    }
    /// The export called `name`; linear in the number of exports.
    pub fn find_export(self, name: &str) -> Option<Export<'a>> {
        self.exports().find(|e| e.name.is(name))
    }
    /// Items of element segment `i`.
    pub fn elem(self, i: u32) -> Option<&'a [u32]> {
        let [at, n, _] = *self.record(Word::ElemsAt, Word::Elems, i)?;
        self.slice(at, n)
    }
    /// Bytes of data segment `i`: the words that hold them and their number.
    pub fn data(self, i: u32) -> Option<(&'a [u32], u32)> {
        let [at, n] = *self.record(Word::DatasAt, Word::Datas, i)?;
        Some((self.slice(at, n.div_ceil(4))?, n))
    }
    /// The function (imports counted) whose code holds the word at `pc`; `None` in the initialiser.
    pub fn func_at(self, pc: u32) -> Option<u32> {
        self.place_of(pc).0
    }
    /// The same, and the words from the first of its code to that one.
    pub fn place_of(self, pc: u32) -> (Option<u32>, u32) {
        let mut best = (None, self.get(Word::Init));
        // The initialiser goes on behind the functions.
        let entries = if pc < self.get(Word::CodeEnd) { self.entries() } else { &[] };
        for (i, e) in (self.get(Word::ImportedFuncs)..).zip(entries) {
            if *e <= pc && (best.0.is_none() || *e >= best.1) {
                best = (Some(i), *e);
            }
        }
        (best.0, pc.saturating_sub(best.1))
    }
    /// Name of function `i` (imports counted): the module's own if the image has names, else that of its first export.
    /// Linear in their number.
    pub fn func_name(self, i: u32) -> Option<Text<'a>> {
        let mut names = self.slice(self.get(Word::NamesAt), self.get(Word::Names)).unwrap_or(&[]);
        while let Some((head, rest)) = names.split_first() {
            let len = head & ((1 << NAME_BITS) - 1);
            let Some((words, behind)) = rest.split_at_checked(len.div_ceil(4) as usize) else { break };
            if head >> NAME_BITS == i {
                return Some(Text { words, len: len as usize });
            }
            names = behind;
        }
        self.exports().find(|e| e.kind == ExternKind::Func && e.index == i).map(|e| e.name)
    }
}

/// Check value of all words but [`Word::Check`] itself: each is mixed in by a multiplication, which a changed, missing or moved
/// word does not survive unseen but once in 2^32 times. A CRC would be no better at that and cost ten times as much, and
/// every load computes it.
pub fn checksum(words: &[u32]) -> u32 {
    let at = Word::Check as usize;
    let mut h = 0x9e37_79b9u32;
    // Two plain loops: as one iterator they would cost twice as much.
    for part in [words.get(..at), words.get(at + 1..)] {
        for w in part.unwrap_or(&[]) {
            h = (h ^ w).wrapping_mul(0x85eb_ca6b);
            h ^= h >> 15;
        }
    }
    h
}
