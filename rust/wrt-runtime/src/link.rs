// SPDX-License-Identifier: MIT
//! Instantiation: imports are matched (spec: core 3.5, 4.5.3), slots and pools are taken, types made canonical. What the
//! guest can observe, segments and start function included, is code of the image ([`Word::Init`]) that runs on a stack.

use crate::image::{Image, ImageError, Import, Limit, MemoryType, TableType, Word};
#[cfg(all(feature = "threads", feature = "alloc"))]
use crate::shared::SharedMem;
#[cfg(feature = "threads")]
use crate::shared::SharedRef;
use crate::stack::{copy, fill};
use crate::store::{Declared, HOST, Instance, InstanceId, Layout, MemSlot, NONE, OwnedMem, Store, Table, TypeSource, place};
#[cfg(all(wrt_threaded, feature = "loader"))]
use crate::translate::lazy::Lazy;
#[cfg(all(feature = "threaded", feature = "loader"))]
use crate::translate::lazy::Template;
use crate::types::Known;
use wrt_foundation::{Buf, Defined, Error, ErrorKind, ExternKind, Ref, Shared, ValType, Value, limits};

/// Something that can be imported, or is exported.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Extern<'a> {
    /// Function of the store, by number.
    Func(u32),
    /// Function of the host.
    Host {
        /// Its number, below 2^31.
        index: u32,
        /// Types of its parameters.
        params: &'a [ValType],
        /// Types of its results.
        results: &'a [ValType],
    },
    /// Table, by slot.
    Table(u32),
    /// Memory, by slot.
    Memory(u32),
    /// Global.
    Global {
        /// The instance that holds it.
        instance: InstanceId,
        /// Its first cell there.
        cell: u32,
        /// Type of its value; an index in it is a type's number in the store.
        ty: ValType,
        /// Whether it can change.
        mutable: bool,
    },
    /// Tag of exceptions.
    Tag {
        /// Its number in the store.
        id: u32,
        /// The number of its type.
        ty: u32,
    },
}

/// What a store can run out of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Pool {
    /// Globals, links and table elements.
    Words,
    /// Linear memories.
    Bytes,
    /// Slots of instances.
    Instances,
    /// Slots of memories.
    Memories,
    /// Words of shared memories, which only an allocator or the host can give: see [`Store::add_shared_memory`].
    #[cfg(feature = "threads")]
    SharedMemory,
    /// Slots of tables.
    Tables,
    /// Slots of types.
    Types,
    /// Numbers of functions.
    FunctionNumbers,
    /// Numbers of instances.
    InstanceNumbers,
    /// Addresses of this target.
    AddressSpace,
    /// Elements that one table can have.
    TableElements,
}

impl Pool {
    /// All of them, in their order.
    pub const ALL: &[Pool] = &[
        Pool::Words,
        Pool::Bytes,
        Pool::Instances,
        Pool::Memories,
        #[cfg(feature = "threads")]
        Pool::SharedMemory,
        Pool::Tables,
        Pool::Types,
        Pool::FunctionNumbers,
        Pool::InstanceNumbers,
        Pool::AddressSpace,
        Pool::TableElements,
    ];
    /// What it is called.
    pub const fn name(self) -> &'static str {
        match self {
            Pool::Words => "store words",
            Pool::Bytes => "memory bytes",
            Pool::Instances => "instance slots",
            Pool::Memories => "memory slots",
            #[cfg(feature = "threads")]
            Pool::SharedMemory => "words for a shared memory",
            Pool::Tables => "table slots",
            Pool::Types => "type slots",
            Pool::FunctionNumbers => "function numbers",
            Pool::InstanceNumbers => "instance numbers",
            Pool::AddressSpace => "address space",
            Pool::TableElements => "too many elements in one table (10000000)",
        }
    }
}

/// Why there is no instance. Nothing was taken from the store.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LinkError {
    /// The image is not one that can be loaded.
    Image(ImageError),
    /// Nobody offers import number ...
    UnknownImport(u32),
    /// What is offered for import number ... has another kind or type.
    IncompatibleImport(u32),
    /// The store's slots or pools are used up.
    NoRoom {
        /// Which of them.
        what: Pool,
        /// Bytes that this instance needs of it.
        bytes: u32,
    },
}

impl From<LinkError> for Error {
    fn from(e: LinkError) -> Error {
        match e {
            LinkError::Image(e) => e.into(),
            LinkError::UnknownImport(i) => Error::at_offset(ErrorKind::Unlinkable, "unknown import", i),
            LinkError::IncompatibleImport(i) => Error::at_offset(ErrorKind::Unlinkable, "incompatible import type", i),
            LinkError::NoRoom { what, bytes } => Error::at_offset(ErrorKind::Memory, what.name(), bytes),
        }
    }
}

/// What an instance is given beyond what it asks for. Matters to stores in lent memory only: vectors grow on demand.
#[derive(Clone, Copy, Debug, Default)]
pub struct Options {
    /// Bytes that each of its memories can grow to, capped by the memory's maximum.
    pub memory_reserve: u32,
    /// Elements that each of its tables can grow to, capped by the table's maximum.
    pub table_reserve: u32,
}

impl Options {
    /// The greatest [`memory_reserve`](Options::memory_reserve) with which the memories of `image` fit into `left` bytes: they
    /// share the room equally, but for those that take more at first or can take less. 0 if they do not fit in any way.
    pub fn memory_reserve_within(image: &Image<'_>, left: u32) -> u32 {
        if !cfg!(feature = "multi-memory") {
            return left; // there is one at most
        }
        let fits = |reserve: u32| {
            let mut room = left as usize;
            for i in image.get(Word::ImportedMemories)..image.get(Word::Memories) {
                let own = image.memory(i).filter(|m| !m.shared);
                let given = own.map_or(Some(0), |m| memory_bytes(&m, reserve).map(|(_, given)| given));
                let Some(less) = given.and_then(|given| room.checked_sub(given)) else { return false };
                room = less;
            }
            true
        };
        (0..u32::BITS).rev().map(|bit| 1 << bit).fold(0, |sum, bit| if fits(sum | bit) { sum | bit } else { sum })
    }
}

#[inline]
fn room(what: Pool, bytes: usize) -> LinkError {
    LinkError::NoRoom { what, bytes: u32::try_from(bytes).unwrap_or(u32::MAX) }
}

/// Whether types can name types: without that, each is the same in all modules.
const TYPED: bool = cfg!(feature = "function-references");

/// A memory that no address of this target, or no number of pages that WRT counts, reaches the end of.
const NO_ADDRESSES: LinkError = LinkError::NoRoom { what: Pool::AddressSpace, bytes: u32::MAX };
/// A table of more elements than tables can have.
const TOO_MANY: LinkError = LinkError::NoRoom { what: Pool::TableElements, bytes: u32::MAX };

/// The parts of an instance's words, and their number.
#[inline]
fn layout(get: impl Fn(Word) -> u32) -> Option<(Layout, u32)> {
    let own = |all, imported| get(all).checked_sub(get(imported));
    own(Word::Funcs, Word::ImportedFuncs)?;
    own(Word::Tags, Word::ImportedTags)?;
    // What is taken stays in proportion to the image.
    let memories = get(Word::GlobalCells);
    if memories / 4 > get(Word::Globals).saturating_add(get(Word::Length)) {
        return None;
    }
    let tables = memories.checked_add(get(Word::Memories))?;
    let links = tables.checked_add(get(Word::Tables))?;
    let global_links = links.checked_add(get(Word::ImportedFuncs))?;
    let types = global_links.checked_add(get(Word::ImportedGlobals).checked_mul(2)?)?;
    let tags = types.checked_add(get(Word::Types))?;
    let dropped = tags.checked_add(get(Word::Tags).checked_mul(2)?)?;
    let end = dropped.checked_add(get(Word::Elems).checked_add(get(Word::Datas))?.div_ceil(32))?;
    Some((Layout { memories, tables, links, global_links, types, tags, dropped }, end))
}

/// Bytes that a memory takes at first, and those it is given.
fn memory_bytes(m: &MemoryType, reserve: u32) -> Option<(usize, usize)> {
    let first = MemSlot::bytes_of(m.min, m.page_log2, m.is64)?;
    let most = m.max.and_then(|max| MemSlot::bytes_of(max, m.page_log2, m.is64)).unwrap_or(usize::MAX);
    Some((first, first.max(most.min(reserve as usize))))
}

/// Elements that a table takes at first, and those it is given.
#[inline]
fn table_elements(t: &TableType, reserve: u32) -> Option<(u32, usize)> {
    if t.min > limits::TABLE_ELEMENTS as Limit {
        return None;
    }
    let (min, most) = (t.min as u32, t.max.map_or(reserve, |max| max.min(reserve as Limit) as u32));
    Some((min, min.max(most) as usize))
}

impl<'m> Store<'m> {
    /// Makes an instance: `resolve` finds what it imports. Its initialiser has not run yet, see [`Store::enter_init`].
    /// The image must not change as long as the store lives.
    ///
    /// # Errors
    /// One cause per variant of [`LinkError`].
    #[inline]
    pub fn instantiate<'e>(
        &mut self,
        image: Shared<'m, u32>,
        resolve: &mut dyn FnMut(&Store<'m>, Import<'_>) -> Option<Extern<'e>>,
        options: &Options,
    ) -> Result<InstanceId, LinkError> {
        let before = self.used;
        let made = self.try_instantiate(image, resolve, options);
        if made.is_err() {
            self.forget_types(before.types);
            self.used = before;
        }
        made
    }

    /// [`Store::instantiate`] of a module whose functions are translated when they are first called. A call of one that cannot be
    /// is [`Trap::BadImage`](wrt_foundation::Trap::BadImage), and [`Store::late_error`] tells why.
    ///
    /// # Errors
    /// As [`Store::instantiate`].
    #[cfg(all(feature = "threaded", feature = "loader"))]
    pub fn instantiate_lazily<'e>(
        &mut self,
        template: &alloc::sync::Arc<Template<'m>>,
        resolve: &mut dyn FnMut(&Store<'m>, Import<'_>) -> Option<Extern<'e>>,
        options: &Options,
    ) -> Result<InstanceId, LinkError> {
        let words = template.copied().ok_or(room(Pool::Words, template.image().len().saturating_mul(4)))?;
        let id = self.instantiate(Shared::Arc(words.into()), resolve, options)?;
        #[cfg(wrt_threaded)]
        if let Some(inst) = self.insts.get_mut(id.0 as usize) {
            inst.lazy = Some(alloc::boxed::Box::new(Lazy::new(template.clone())));
        }
        Ok(id)
    }

    /// Why a function was not translated when it was called.
    #[cfg(all(feature = "threaded", feature = "loader"))]
    pub fn late_error(&self) -> Option<&Error> {
        #[cfg(wrt_threaded)]
        return self.insts.iter().find_map(|inst| inst.lazy.as_ref()?.error());
        #[cfg(not(wrt_threaded))]
        None
    }

    #[inline]
    fn try_instantiate<'e>(
        &mut self,
        words: Shared<'m, u32>,
        resolve: &mut dyn FnMut(&Store<'m>, Import<'_>) -> Option<Extern<'e>>,
        options: &Options,
    ) -> Result<InstanceId, LinkError> {
        let image = Image::new(&words).map_err(LinkError::Image)?;
        const DAMAGED: LinkError = LinkError::Image(ImageError::Sizes);
        let header = image.header().ok_or(DAMAGED)?;
        let get = |w: Word| header[w as usize];
        let (at, end_of_words) = layout(get).ok_or(DAMAGED)?;
        let id = self.used.insts;
        let funcs = get(Word::Funcs);
        let func_base = self.used.funcs;
        let func_end = func_base.checked_add(funcs).filter(|n| *n <= Ref::LIMIT);
        let func_end = func_end.ok_or(room(Pool::FunctionNumbers, 0))?;
        if id >= crate::stack::INSTANCE {
            return Err(room(Pool::InstanceNumbers, 0));
        }

        // Everything that lent memory has to give, before anything is taken.
        let memories = get(Word::ImportedMemories)..get(Word::Memories);
        let tables = get(Word::ImportedTables)..get(Word::Tables);
        let (mut need_words, mut need_bytes, mut now) = (end_of_words as usize, 0usize, 0usize);
        for i in memories.clone() {
            #[cfg(feature = "threads")]
            if let Some(m) = image.memory(i).filter(|m| m.shared) {
                let (first, _) = crate::shared::sizes(&m).ok_or(NO_ADDRESSES)?;
                if !cfg!(feature = "alloc") {
                    return Err(room(Pool::SharedMemory, first));
                }
                now = now.saturating_add(first);
                continue;
            }
            let (first, given) = memory_bytes(&image.memory(i).ok_or(DAMAGED)?, options.memory_reserve).ok_or(NO_ADDRESSES)?;
            (now, need_bytes) = (now.saturating_add(first), need_bytes.saturating_add(given));
        }
        for i in tables.clone() {
            let (_, given) = table_elements(&image.table(i).ok_or(DAMAGED)?, options.table_reserve).ok_or(TOO_MANY)?;
            need_words = need_words.saturating_add(given);
        }
        let no_words = || room(Pool::Words, need_words.saturating_mul(4));
        let no_bytes = || room(Pool::Bytes, need_bytes);
        if lacks(&self.words, need_words) {
            return Err(no_words());
        }
        if lacks(&self.bytes, need_bytes) || now > self.memory_room {
            return Err(no_bytes());
        }

        // The instance's words are written where they will be taken, so that a failure takes nothing.
        if !self.words.reserve(end_of_words as usize) {
            return Err(no_words());
        }
        self.set_words(0, at.memories, 0);
        self.set_words(at.memories, at.types, NONE);
        self.set_words(at.dropped, end_of_words, 0);
        self.set_words(at.types, at.dropped, NONE);
        match self.number_types(image, id, at.types) {
            Known::Done => {}
            Known::NoRoom => return Err(room(Pool::Types, size_of::<TypeSource>())),
            Known::Damaged => return Err(DAMAGED),
        }
        for i in 0..get(Word::Imports) {
            let import = image.import(i).ok_or(DAMAGED)?;
            let offer = resolve(self, import).ok_or(LinkError::UnknownImport(i))?;
            let [link, second] = self.matching(image, at.types, import, offer).ok_or(LinkError::IncompatibleImport(i))?;
            let (part, end, width) = match import.kind {
                ExternKind::Func => (at.links, at.global_links, 1),
                ExternKind::Table => (at.tables, at.links, 1),
                ExternKind::Memory => (at.memories, at.tables, 1),
                ExternKind::Tag => (at.tags, at.dropped, 2),
                ExternKind::Global => (at.global_links, at.types, 2),
            };
            let cell = import.index.checked_mul(width).and_then(|i| part.checked_add(i));
            let cell = cell.filter(|c| *c < end).ok_or(DAMAGED)?;
            set_word(&mut self.words, cell, link);
            if width == 2 {
                set_word(&mut self.words, cell.wrapping_add(1), second);
            }
        }
        if lacks(&self.insts, (id as usize).saturating_add(1)) {
            return Err(room(Pool::Instances, size_of::<Instance<'_>>()));
        }
        if lacks(&self.mems, self.used.mems as usize + memories.len()) {
            return Err(room(Pool::Memories, size_of::<MemSlot<'_>>()));
        }
        if lacks(&self.tables, self.used.tables as usize + tables.len()) {
            return Err(room(Pool::Tables, size_of::<Table<'_>>()));
        }

        // From here on only an allocator can fail.
        #[cfg(feature = "exceptions")]
        for i in get(Word::ImportedTags)..get(Word::Tags) {
            let cell = at.tags.wrapping_add(i.wrapping_mul(2));
            let ty = image.tag_type_index(i).and_then(|ty| self.words.get(at.types.wrapping_add(ty) as usize)).copied();
            set_word(&mut self.words, cell, self.used.tags);
            set_word(&mut self.words, cell.wrapping_add(1), ty.ok_or(DAMAGED)?);
            self.used.tags = self.used.tags.wrapping_add(1);
        }
        let mut own = take(&mut self.words, end_of_words as usize).ok_or_else(no_words)?;
        for i in tables {
            let t = image.table(i).ok_or(DAMAGED)?;
            let (len, given) = table_elements(&t, options.table_reserve).ok_or(DAMAGED)?;
            let elems = self.words.carve(given).ok_or_else(no_words)?;
            let type_id = |i| own.get(at.types.wrapping_add(i) as usize).copied().ok_or(DAMAGED);
            let elem = if TYPED { t.elem.with_index(t.elem.index().map_or(Ok(0), type_id)?) } else { t.elem };
            let table = Table { elems, len, clean: 0, fill: 0, declared: Declared::new(t.is64, t.max, 0), elem };
            let slot = place(&mut self.tables, &mut self.used.tables, table).ok_or_else(no_words)?;
            set_word(&mut own, at.tables.wrapping_add(i), slot);
        }
        let mut room_left = self.memory_room;
        for i in memories {
            let m = image.memory(i).ok_or(DAMAGED)?;
            #[cfg(all(feature = "threads", feature = "alloc"))]
            if m.shared {
                let (first, _) = crate::shared::sizes(&m).ok_or(DAMAGED)?;
                let memory = SharedMem::owned(&m, room_left).ok_or_else(|| room(Pool::SharedMemory, first))?;
                let memory = SharedRef::Counted(alloc::sync::Arc::new(memory));
                let slot = place(&mut self.mems, &mut self.used.mems, MemSlot::Shared(memory)).ok_or_else(no_bytes)?;
                set_word(&mut own, at.memories.wrapping_add(i), slot);
                room_left = room_left.saturating_sub(first);
                continue;
            }
            let (len, given) = memory_bytes(&m, options.memory_reserve).ok_or(DAMAGED)?;
            let (region, clean) = region(&mut self.bytes, (len, given)).ok_or_else(no_bytes)?;
            let memory = OwnedMem { region, len, clean, declared: Declared::new(m.is64, m.max, m.page_log2) };
            let slot = place(&mut self.mems, &mut self.used.mems, MemSlot::Owned(memory)).ok_or_else(no_bytes)?;
            set_word(&mut own, at.memories.wrapping_add(i), slot);
            room_left = room_left.saturating_sub(len);
        }
        #[cfg(feature = "threads")]
        for i in (0..get(Word::Memories)).filter(|i| image.has_wide_atomics(*i)) {
            let slot = own.get(at.memories.wrapping_add(i) as usize).and_then(|slot| self.mems.get(*slot as usize));
            if let Some(memory) = slot.and_then(MemSlot::shared) {
                memory.widen();
            }
        }
        let word = |at: u32, end: u32| own.get(at as usize).copied().filter(|_| at < end).unwrap_or(NONE);
        let (mem0, table0) = (word(at.memories, at.tables), word(at.tables, at.links));
        let (imports, entries_at) = (get(Word::ImportedFuncs), get(Word::EntriesAt));
        let func_types_at = get(Word::FuncTypesAt);
        let instance = Instance {
            image: words,
            words: own,
            func_base,
            funcs,
            imports,
            entries_at,
            func_types_at,
            mem0,
            table0,
            at,
            #[cfg(wrt_threaded)]
            threaded: Default::default(),
            #[cfg(all(wrt_threaded, feature = "loader"))]
            lazy: None,
        };
        place(&mut self.insts, &mut self.used.insts, instance).ok_or_else(no_words)?;
        (self.used.funcs, self.memory_room) = (func_end, room_left);
        Ok(InstanceId(id))
    }

    /// Bytes that are left of `what`, if it is a lent pool; 0 for slots, which come one by one.
    pub fn left(&self, what: Pool) -> usize {
        match what {
            Pool::Words => self.words.len().saturating_mul(4),
            Pool::Bytes => self.bytes.len(),
            _ => 0,
        }
    }

    fn set_words(&mut self, from: u32, to: u32, value: u32) {
        if let Some(part) = self.words.get_mut(from as usize..to as usize) {
            fill(part, value);
        }
    }

    /// The words that link `import` to `offer`, if its kind and type match (spec: core 3.3, matching).
    /// The ids of the image's types are the words from `types` on.
    #[inline]
    fn matching(&self, image: Image<'_>, types: u32, import: Import<'_>, offer: Extern<'_>) -> Option<[u32; 2]> {
        let id = |i: u32| self.words.get(types.wrapping_add(i) as usize).copied();
        let as_here = |ty: ValType| Some(ty.with_index(ty.index().map_or(Some(0), id)?));
        // Current size and maximum of what is offered, against those that are asked for.
        let limits = |len: u32, have: &Declared, is64: bool, min: Limit, most: Option<Limit>| {
            have.is64 == is64 && len as Limit >= min && most.is_none_or(|most| have.max().is_some_and(|max| max <= most))
        };
        match (import.kind, offer) {
            (ExternKind::Func, Extern::Func(number)) => {
                let (have, want) = (self.func_type_id(number, NONE)?, id(image.func_type_index(import.index)?)?);
                let (inst, f) = self.locate(number, NONE)?;
                self.descends(have, want).then_some([self.target(inst, f)?, 0])
            }
            (ExternKind::Func, Extern::Host { index, params, results }) => {
                let want = image.func_type(import.index)?;
                (same(want.params, params) && same(want.results, results) && index < HOST).then_some([HOST | index, 0])
            }
            (ExternKind::Table, Extern::Table(slot)) => {
                let (have, want) = (self.tables.get(slot as usize)?, image.table(import.index)?);
                let fits = limits(have.len, &have.declared, want.is64, want.min, want.max);
                (have.elem == as_here(want.elem)? && fits).then_some([slot, 0])
            }
            (ExternKind::Memory, Extern::Memory(slot)) => {
                let have = self.mems.get(slot as usize)?.shape()?;
                let want = image.memory(import.index)?;
                let fits = limits(self.memory_pages(slot)?, &have, want.is64, want.min, want.max);
                let shared = self.mems.get(slot as usize)?.is_shared();
                (have.page_log2 == want.page_log2 && shared == want.shared && fits).then_some([slot, 0])
            }
            (ExternKind::Global, Extern::Global { instance, cell, ty, mutable }) => {
                let want = image.global(import.index)?;
                let want_ty = as_here(want.ty)?;
                let fits = want_ty == ty || (!mutable && self.matches(ty, want_ty));
                (fits && want.mutable == mutable).then_some([instance.0, cell])
            }
            (ExternKind::Tag, Extern::Tag { id: tag, ty }) => (id(image.tag_type_index(import.index)?)? == ty).then_some([tag, ty]),
            _ => None,
        }
    }

    /// The image of an instance.
    pub fn image(&self, instance: InstanceId) -> Option<Image<'_>> {
        self.insts.get(instance.0 as usize).map(Instance::image)
    }

    /// What `instance` exports as `name`; linear in the number of exports.
    pub fn export(&self, instance: InstanceId, name: &str) -> Option<Extern<'static>> {
        let export = self.image(instance)?.find_export(name)?;
        self.item(instance, export.kind, export.index)
    }

    /// Item `index` of a kind of `instance`, imports first.
    #[inline(always)]
    pub fn item(&self, instance: InstanceId, kind: ExternKind, index: u32) -> Option<Extern<'static>> {
        let inst = self.insts.get(instance.0 as usize)?;
        Some(match kind {
            ExternKind::Func => Extern::Func(self.number(instance.0, index)?),
            ExternKind::Table => Extern::Table(inst.table_slot(index)?),
            ExternKind::Memory => Extern::Memory(inst.memory_slot(index)?),
            ExternKind::Global => {
                let global = inst.image().global(index)?;
                let own = (instance.0, global.cell);
                let (owner, cell) = if index < inst.image().get(Word::ImportedGlobals) { inst.global_link(index)? } else { own };
                Extern::Global { instance: InstanceId(owner), cell, ty: self.type_of(instance.0, global.ty), mutable: global.mutable }
            }
            ExternKind::Tag => {
                let (id, ty) = inst.tag(index)?;
                Extern::Tag { id, ty }
            }
        })
    }

    /// A memory that the host makes: its slot. With lent memory it never grows beyond `reserve` bytes.
    ///
    /// # Errors
    /// [`LinkError::NoRoom`].
    pub fn add_memory(&mut self, ty: MemoryType, reserve: u32) -> Result<Extern<'static>, LinkError> {
        let (len, given) = memory_bytes(&ty, reserve).ok_or(NO_ADDRESSES)?;
        if lacks(&self.mems, (self.used.mems as usize).saturating_add(1)) {
            return Err(room(Pool::Memories, size_of::<MemSlot<'_>>()));
        }
        let no_room = room(Pool::Bytes, given);
        if len > self.memory_room {
            return Err(no_room);
        }
        let Some((region, clean)) = region(&mut self.bytes, (len, given)) else { return Err(no_room) };
        let mut memory = OwnedMem { region, len, clean, declared: Declared::new(ty.is64, ty.max, ty.page_log2) };
        while !memory.clear_step() {}
        self.memory_room = self.memory_room.saturating_sub(len);
        place(&mut self.mems, &mut self.used.mems, MemSlot::Owned(memory)).map(Extern::Memory).ok_or(no_room)
    }

    /// Adds a memory that threads share: its slot. The store's limit on memory does not count it. The same memory is added
    /// once to one store.
    ///
    /// # Errors
    /// [`LinkError::NoRoom`].
    #[cfg(feature = "threads")]
    pub fn add_shared_memory(&mut self, memory: SharedRef<'m>) -> Result<Extern<'static>, LinkError> {
        let slot = place(&mut self.mems, &mut self.used.mems, MemSlot::Shared(memory));
        slot.map(Extern::Memory).ok_or(room(Pool::Memories, size_of::<MemSlot<'_>>()))
    }

    /// Adds a memory of the host's: its slot. The store's limit on memory does not count it. The same bytes are added once
    /// to one store.
    ///
    /// # Errors
    /// [`LinkError::NoRoom`].
    #[cfg(feature = "alloc")]
    pub fn add_foreign_memory(&mut self, memory: alloc::boxed::Box<dyn crate::store::LinearMemory>) -> Result<Extern<'static>, LinkError> {
        let slot = place(&mut self.mems, &mut self.used.mems, MemSlot::Foreign { memory, charged: 0 });
        let slot = slot.ok_or(room(Pool::Memories, size_of::<MemSlot<'_>>()))?;
        self.used.foreign = self.used.foreign.saturating_add(1);
        Ok(Extern::Memory(slot))
    }

    /// A table of nulls that the host makes. With lent memory it never grows beyond `reserve` elements.
    ///
    /// # Errors
    /// [`LinkError::NoRoom`].
    pub fn add_table(&mut self, ty: TableType, reserve: u32) -> Result<Extern<'static>, LinkError> {
        let (len, given) = table_elements(&ty, reserve).ok_or(TOO_MANY)?;
        if lacks(&self.tables, (self.used.tables as usize).saturating_add(1)) {
            return Err(room(Pool::Tables, size_of::<Table<'_>>()));
        }
        let no_room = room(Pool::Words, given.saturating_mul(4));
        let Some(elems) = self.words.carve(given) else { return Err(no_room) };
        let mut table = Table { elems, len, clean: 0, fill: 0, declared: Declared::new(ty.is64, ty.max, 0), elem: ty.elem };
        while !table.clear_step() {}
        place(&mut self.tables, &mut self.used.tables, table).map(Extern::Table).ok_or(no_room)
    }

    /// A global that the host makes; an instance without functions holds it. `Unit` makes no sense here.
    ///
    /// # Errors
    /// [`LinkError::NoRoom`].
    pub fn add_global(&mut self, mutable: bool, value: Value) -> Result<Extern<'static>, LinkError> {
        let (cells, n) = value.to_cells();
        if lacks(&self.insts, (self.used.insts as usize).saturating_add(1)) {
            return Err(room(Pool::Instances, size_of::<Instance<'_>>()));
        }
        let no_room = room(Pool::Words, 16);
        let Some(mut words) = self.words.carve(n as usize) else { return Err(no_room) };
        copy(&mut words, &cells);
        let at = Layout { memories: n, tables: n, links: n, global_links: n, types: n, tags: n, dropped: n };
        let instance = Instance { words, func_base: self.used.funcs, mem0: NONE, table0: NONE, at, ..Instance::default() };
        let ty = value.ty().unwrap_or(ValType::I32);
        // It has no image to tell the type.
        let instance = Instance { entries_at: ty.bits(), ..instance };
        let instance = place(&mut self.insts, &mut self.used.insts, instance).ok_or(no_room)?;
        Ok(Extern::Global { instance: InstanceId(instance), cell: 0, ty, mutable })
    }
}

#[inline(never)]
fn set_word(words: &mut [u32], i: u32, value: u32) {
    if let Some(word) = words.get_mut(i as usize) {
        *word = value;
    }
}

fn same(want: &[u32], have: &[ValType]) -> bool {
    want.len() == have.len() && want.iter().zip(have).all(|(want, have)| *want == have.bits())
}

/// Whether it is lent and shorter than `n`.
#[inline]
fn lacks<T>(buf: &Buf<'_, T>, n: usize) -> bool {
    match buf {
        Buf::Lent(s) => s.len() < n,
        #[cfg(feature = "alloc")]
        Buf::Own(_) => false,
    }
}

/// The first `n` elements with what stands in them. The caller has reserved them.
#[inline]
fn take<'m>(pool: &mut Buf<'m, u32>, n: usize) -> Option<Buf<'m, u32>> {
    match pool {
        Buf::Lent(_) => pool.carve(n),
        #[cfg(feature = "alloc")]
        Buf::Own(v) => {
            let mut words = core::mem::take(v);
            words.truncate(n);
            Some(Buf::Own(words))
        }
    }
}

/// Bytes for a memory, `sizes` = at first and what it can grow to, and how many of them are known to be zero.
#[inline]
fn region<'m>(pool: &mut Buf<'m, u8>, sizes: (usize, usize)) -> Option<(Buf<'m, u8>, usize)> {
    match pool {
        Buf::Lent(_) => Some((pool.carve(sizes.1)?, 0)),
        #[cfg(feature = "alloc")]
        Buf::Own(_) => Some((Buf::owned(sizes.0)?, sizes.0)),
    }
}
