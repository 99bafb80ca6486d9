// SPDX-License-Identifier: MIT
//! Instances, memories, tables, globals, types and stacks of one store (spec: core 4.2.3). Images, memories and stacks
//! hold slices; everything else is numbers, so nothing refers to anything by address.
//!
//! Not here: how instances come to be ([`crate::link`]) and what runs on stacks ([`mod@crate::run`]). Nothing is freed until
//! the store is dropped.

#[cfg(any(feature = "gc", feature = "exceptions"))]
use crate::heap::Heap;
use crate::image::{FuncType, Image, Limit};
#[cfg(feature = "threads")]
use crate::shared::SharedRef;
use crate::stack::{Stack, Status, copy, fill, fill_bytes, zero};
#[cfg(all(wrt_threaded, feature = "loader"))]
use crate::translate::lazy::Lazy;
use core::sync::atomic::{AtomicU32, Ordering::Relaxed};
use wrt_foundation::{Buf, Ref, Shared, Trap, ValType, Value, limits};

/// Bytes that one operation moves or clears at once.
pub const STEP: usize = 1024;
/// Elements of a table that one operation moves or fills at once.
pub const STEP_ELEMENTS: usize = STEP / 4;
/// In a link: the function is the host's; the number in the other bits is the host's own.
pub(crate) const HOST: u32 = 1 << 31;
/// No slot.
pub(crate) const NONE: u32 = u32::MAX;

/// An instance of a store.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct InstanceId(pub u32);

/// A stack of a store.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct StackId(pub u32);

/// One instance: its image and its words. In `words` stand, in this order: cells of its own globals, memory slots, table
/// slots, links of imported functions, links of imported globals (instance, cell), type ids, tags (number, type id), bits of
/// dropped segments.
#[derive(Debug)]
pub struct Instance<'m> {
    pub(crate) image: Shared<'m, u32>,
    pub(crate) words: Buf<'m, u32>,
    pub(crate) func_base: u32,
    pub(crate) funcs: u32,
    pub(crate) imports: u32,
    pub(crate) entries_at: u32,
    pub(crate) func_types_at: u32,
    pub(crate) mem0: u32,
    pub(crate) table0: u32,
    pub(crate) at: Layout,
    #[cfg(wrt_threaded)]
    pub(crate) threaded: crate::threaded::Code,
    /// It translates its functions when they are called.
    #[cfg(all(wrt_threaded, feature = "loader"))]
    pub(crate) lazy: Option<alloc::boxed::Box<Lazy<'m>>>,
}

/// Bytes of an instance that only the threaded loop needs, with which the C library is never built.
pub const THREADED_BYTES: usize = {
    #[cfg(wrt_threaded)]
    let code = size_of::<crate::threaded::Code>();
    #[cfg(not(wrt_threaded))]
    let code = 0;
    #[cfg(all(wrt_threaded, feature = "loader"))]
    let lazy = size_of::<Option<alloc::boxed::Box<Lazy<'static>>>>();
    #[cfg(not(all(wrt_threaded, feature = "loader")))]
    let lazy = 0;
    code + lazy
};

/// Where the parts of [`Instance::words`] begin.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Layout {
    pub(crate) memories: u32,
    pub(crate) tables: u32,
    pub(crate) links: u32,
    pub(crate) global_links: u32,
    pub(crate) types: u32,
    pub(crate) tags: u32,
    pub(crate) dropped: u32,
}

impl Default for Instance<'_> {
    fn default() -> Self {
        let n = zero();
        let at = Layout { memories: n, tables: n, links: n, global_links: n, types: n, tags: n, dropped: n };
        let (image, words) = (Shared::default(), Buf::default());
        Instance {
            image,
            words,
            func_base: n,
            funcs: n,
            imports: n,
            entries_at: n,
            func_types_at: n,
            mem0: n,
            table0: n,
            at,
            #[cfg(wrt_threaded)]
            threaded: Default::default(),
            #[cfg(all(wrt_threaded, feature = "loader"))]
            lazy: None,
        }
    }
}

impl Instance<'_> {
    pub(crate) fn image(&self) -> Image<'_> {
        Image::trusted(&self.image)
    }
    #[inline(never)]
    pub(crate) fn code(&self, pc: u32) -> Result<u32, Trap> {
        self.image.get(pc as usize).copied().ok_or(Trap::BadImage)
    }
    /// The words of an atomic operation, and what follows.
    #[cfg(feature = "threads")]
    pub(crate) fn atomic_code(&self, pc: u32) -> Result<[u32; 5], Trap> {
        self.image.get(pc as usize..).and_then(|code| code.first_chunk()).copied().ok_or(Trap::BadImage)
    }
    /// Word `i` of the part that begins at `at` and ends at `end`.
    #[inline(never)]
    fn word(&self, at: u32, end: u32, i: u32) -> Option<u32> {
        let i = at.checked_add(i).filter(|i| *i < end)?;
        self.words.get(i as usize).copied()
    }
    pub(crate) fn memory_slot(&self, i: u32) -> Option<u32> {
        self.word(self.at.memories, self.at.tables, i)
    }
    pub(crate) fn table_slot(&self, i: u32) -> Option<u32> {
        self.word(self.at.tables, self.at.links, i)
    }
    pub(crate) fn link(&self, i: u32) -> Option<u32> {
        self.word(self.at.links, self.at.global_links, i)
    }
    /// Instance and cell of imported global `i`.
    pub(crate) fn global_link(&self, i: u32) -> Option<(u32, u32)> {
        let i = i.checked_mul(2)?;
        let (at, end) = (self.at.global_links, self.at.types);
        Some((self.word(at, end, i)?, self.word(at, end, i.checked_add(1)?)?))
    }
    pub(crate) fn type_id(&self, i: u32) -> Option<u32> {
        self.word(self.at.types, self.at.tags, i)
    }
    /// Number of tag `i` in the store, and that of its type.
    pub(crate) fn tag(&self, i: u32) -> Option<(u32, u32)> {
        let i = i.checked_mul(2)?;
        let (at, end) = (self.at.tags, self.at.dropped);
        Some((self.word(at, end, i)?, self.word(at, end, i.checked_add(1)?)?))
    }
    /// Entry of function `f`, imports counted.
    pub(crate) fn entry(&self, f: u32) -> Option<u32> {
        self.image().entries().get(f.checked_sub(self.imports)? as usize).copied()
    }
    pub(crate) fn is_dropped(&self, bit: u32) -> bool {
        self.word(self.at.dropped, u32::MAX, bit / 32).is_none_or(|w| w >> (bit % 32) & 1 != 0)
    }
    pub(crate) fn drop_segment(&mut self, bit: u32) -> Option<()> {
        let i = self.at.dropped.checked_add(bit / 32)?;
        *self.words.get_mut(i as usize)? |= 1 << (bit % 32);
        Some(())
    }
    /// Cells of own globals from `cell` on.
    pub(crate) fn globals(&mut self, cell: u32) -> Option<&mut [u32]> {
        self.words.get_mut(..self.at.memories as usize)?.get_mut(cell as usize..)
    }
}

/// A memory of the store.
#[derive(Debug, Default)]
#[non_exhaustive]
pub enum MemSlot<'m> {
    /// None.
    #[default]
    Empty,
    /// Bytes that belong to this store alone.
    Owned(OwnedMem<'m>),
    /// Used by several threads at once, each with a store of its own.
    #[cfg(feature = "threads")]
    Shared(SharedRef<'m>),
    /// The host's, perhaps offered to other stores too.
    #[cfg(feature = "alloc")]
    Foreign {
        /// It.
        memory: alloc::boxed::Box<dyn LinearMemory>,
        /// Bytes up to which growth has been charged.
        charged: usize,
    },
}

/// A shared memory, for those who find no bytes in a slice.
#[cfg(feature = "threads")]
pub(crate) type View<'a> = Option<&'a crate::shared::SharedMem<'a>>;
/// A shared memory: there is none.
#[cfg(not(feature = "threads"))]
pub(crate) type View<'a> = core::marker::PhantomData<&'a ()>;

/// A linear memory of the host's, in pages of 64 KiB; see [`Store::add_foreign_memory`]. Stores that it is offered to have
/// one such object each for the same bytes, and one of them at a time has got hold of these.
#[cfg(feature = "alloc")]
pub trait LinearMemory: Send {
    /// Gets hold of the bytes until `release`; tells whether they are here. A run begins with it.
    fn acquire(&mut self) -> bool;
    /// Lets go of them, if they are here. A run ends with it.
    fn release(&mut self);
    /// The bytes, [`LinearMemory::pages`] pages of them, if they are here; none if not.
    fn bytes(&mut self) -> &mut [u8];
    /// Has `use_it` called once with the bytes, between two runs; tells whether it was. It is not while they are elsewhere.
    fn with(&self, use_it: &mut dyn FnMut(&mut [u8])) -> bool;
    /// Its pages, wherever they are.
    fn pages(&self) -> u32;
    /// Its declared maximum in pages.
    fn max(&self) -> Option<u32>;
    /// Adds zeroed pages, whether the bytes are here or not; the number before, or `None` when it cannot.
    fn grow(&mut self, delta: u32) -> Option<u32>;
}

#[cfg(feature = "alloc")]
impl core::fmt::Debug for dyn LinearMemory {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        write!(f, "LinearMemory({} pages)", self.pages())
    }
}

/// A memory that is not shared.
#[derive(Debug, Default)]
pub struct OwnedMem<'m> {
    /// What growth may use; a vector grows on demand.
    pub(crate) region: Buf<'m, u8>,
    /// Bytes that the guest sees.
    pub(crate) len: usize,
    /// Bytes that the guest sees or that are known to be zero: the progress of growth.
    pub(crate) clean: usize,
    pub(crate) declared: Declared,
}

/// What a memory or table was declared with: imports are matched against it, and growth ends there.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Declared {
    /// Halves, so that they need no more than the alignment of a word.
    max: [u32; size_of::<Limit>() / 4],
    has_max: bool,
    /// Addresses, or indexes, have 64 bits.
    pub(crate) is64: bool,
    /// Log2 of the page size of a memory.
    pub(crate) page_log2: u8,
}

impl Declared {
    pub(crate) fn new(is64: bool, max: Option<Limit>, page_log2: u8) -> Declared {
        let (mut halves, mut rest) = ([0; size_of::<Limit>() / 4], max.unwrap_or(0));
        for half in &mut halves {
            *half = rest as u32;
            rest = rest.checked_shr(32).unwrap_or(0);
        }
        Declared { max: halves, has_max: max.is_some(), is64: cfg!(feature = "memory64") && is64, page_log2 }
    }
    /// Most pages or elements.
    pub(crate) fn max(&self) -> Option<Limit> {
        let join = |upper: Limit, half: &u32| upper.checked_shl(32).unwrap_or(0) | Limit::from(*half);
        if self.has_max { Some(self.max.iter().rev().fold(0, join)) } else { None }
    }
    /// The same, as far as WRT counts them.
    fn most(&self) -> u32 {
        self.max().map_or(u32::MAX, |max| max.min(u32::MAX as Limit) as u32)
    }
}

/// What one step of growth came to.
pub(crate) enum Growth {
    /// It cannot grow so far.
    Failed,
    /// So many bytes were prepared; once more.
    More(usize),
    /// It has grown; the old size.
    Grown(u32),
}

impl<'m> MemSlot<'m> {
    /// Its bytes.
    #[inline]
    pub(crate) fn bytes(&mut self) -> &mut [u8] {
        match self {
            MemSlot::Owned(m) => m.region.get_mut(..m.len).unwrap_or(&mut []),
            #[cfg(feature = "alloc")]
            MemSlot::Foreign { memory, .. } => memory.bytes(),
            #[cfg(feature = "threads")]
            MemSlot::Shared(_) => &mut [],
            MemSlot::Empty => &mut [],
        }
    }
    /// Its bytes; if it is shared none, and itself.
    #[inline]
    pub(crate) fn view(&mut self) -> (&mut [u8], View<'_>) {
        #[cfg(not(feature = "threads"))]
        return (self.bytes(), View::default());
        #[cfg(feature = "threads")]
        match self {
            MemSlot::Shared(memory) => (&mut [], Some(memory)),
            slot => (slot.bytes(), None),
        }
    }
    /// The memory, if it is shared.
    #[cfg(feature = "threads")]
    pub(crate) fn shared(&self) -> Option<&SharedRef<'m>> {
        if let MemSlot::Shared(memory) = self { Some(memory) } else { None }
    }
    /// Whether it is shared.
    pub(crate) fn is_shared(&self) -> bool {
        #[cfg(feature = "threads")]
        return matches!(self, MemSlot::Shared(_));
        #[cfg(not(feature = "threads"))]
        false
    }
    /// Its length in pages.
    pub(crate) fn pages(&self) -> u32 {
        match self {
            MemSlot::Owned(m) => m.len.checked_shr(m.declared.page_log2.into()).unwrap_or(0) as u32,
            #[cfg(feature = "alloc")]
            MemSlot::Foreign { memory, .. } => memory.pages(),
            #[cfg(feature = "threads")]
            MemSlot::Shared(memory) => memory.pages(),
            MemSlot::Empty => 0,
        }
    }
    /// What it was declared with; `None` when there is no memory.
    pub(crate) fn shape(&self) -> Option<Declared> {
        match self {
            MemSlot::Owned(m) => Some(m.declared),
            #[cfg(feature = "alloc")]
            MemSlot::Foreign { memory, .. } => Some(Declared::new(false, memory.max().map(|max| max as Limit), 16)),
            #[cfg(feature = "threads")]
            MemSlot::Shared(memory) => Some(memory.declared),
            MemSlot::Empty => None,
        }
    }
    /// Bytes of `pages` pages, if a memory of this page size and address type can have so many. Pages are counted with 32
    /// bits, whatever the addresses have.
    pub(crate) fn bytes_of(pages: Limit, page_log2: u8, is64: bool) -> Option<usize> {
        let most = if page_log2 == 16 && !is64 { 1 << 16 } else { u32::MAX as Limit };
        if pages > most || page_log2 > 16 {
            return None;
        }
        usize::try_from(pages).ok()?.checked_mul(1 << page_log2)
    }
}

impl OwnedMem<'_> {
    /// Clears up to [`STEP`] bytes of what it has already; tells whether that is finished.
    pub(crate) fn clear_step(&mut self) -> bool {
        if self.clean >= self.len {
            return true;
        }
        let end = self.clean.saturating_add(STEP).min(self.len);
        if let Some(part) = self.region.get_mut(self.clean..end) {
            fill_bytes(part, 0);
        }
        self.clean = end;
        false
    }

    /// One step of growing by `delta` pages; `room` is what the store's limit leaves. The length changes last.
    pub(crate) fn grow_step(&mut self, delta: u32, room: usize) -> Growth {
        let Declared { is64, page_log2, .. } = self.declared;
        let old = self.len.checked_shr(page_log2.into()).unwrap_or(0) as u32;
        let new = old
            .checked_add(delta)
            .filter(|n| *n <= self.declared.most())
            .and_then(|n| MemSlot::bytes_of(n as Limit, page_log2, is64))
            .filter(|n| n.wrapping_sub(self.len) <= room);
        let Some(new) = new else { return Growth::Failed };
        if self.clean >= new {
            self.len = new;
            return Growth::Grown(old);
        }
        let end = self.clean.saturating_add(STEP).min(new);
        let n = end.wrapping_sub(self.clean);
        match &mut self.region {
            Buf::Lent(region) => {
                if new > region.len() {
                    return Growth::Failed;
                }
                if let Some(part) = region.get_mut(self.clean..end) {
                    fill_bytes(part, 0);
                }
            }
            #[cfg(feature = "alloc")]
            Buf::Own(region) => {
                if region.try_reserve_exact(new.saturating_sub(region.len())).is_err() {
                    return Growth::Failed;
                }
                region.resize(end, 0);
            }
        }
        self.clean = end;
        Growth::More(n)
    }
}

/// One step of growing the host's memory. Its last step adds all pages at once; those before only charge what a memory
/// of the store's own would.
#[cfg(feature = "alloc")]
fn grow_foreign(memory: &mut dyn LinearMemory, charged: &mut usize, delta: u32) -> Growth {
    let old = memory.pages();
    let new = old.checked_add(delta).filter(|n| memory.max().is_none_or(|max| *n <= max));
    let Some(new) = new.and_then(|n| MemSlot::bytes_of(n.into(), 16, false)) else { return Growth::Failed };
    *charged = MemSlot::bytes_of(old.into(), 16, false).unwrap_or(new).max(*charged);
    if *charged < new {
        let n = STEP.min(new.wrapping_sub(*charged));
        *charged = charged.wrapping_add(n);
        return Growth::More(n);
    }
    memory.grow(delta).map_or(Growth::Failed, Growth::Grown)
}

/// A table of the store.
#[derive(Debug)]
pub struct Table<'m> {
    /// References; what growth may use. A vector grows on demand.
    pub(crate) elems: Buf<'m, u32>,
    /// Elements that the guest sees.
    pub(crate) len: u32,
    /// Elements that the guest sees or that hold `fill`: the progress of growth.
    pub(crate) clean: u32,
    /// What growth fills with.
    pub(crate) fill: u32,
    pub(crate) declared: Declared,
    /// Type of the elements.
    pub(crate) elem: ValType,
}

impl Default for Table<'_> {
    fn default() -> Self {
        Table { elems: Buf::default(), len: 0, clean: 0, fill: 0, declared: Declared::default(), elem: ValType::FUNCREF }
    }
}

impl Table<'_> {
    /// Its elements.
    #[inline]
    pub(crate) fn live(&self) -> &[u32] {
        self.elems.get(..self.len as usize).unwrap_or(&[])
    }
    /// Its elements.
    pub(crate) fn live_mut(&mut self) -> &mut [u32] {
        self.elems.get_mut(..self.len as usize).unwrap_or(&mut [])
    }
    /// Sets up to [`STEP_ELEMENTS`] of the first elements to null; tells whether that is finished.
    pub(crate) fn clear_step(&mut self) -> bool {
        if self.clean >= self.len {
            return true;
        }
        let end = self.clean.saturating_add(STEP_ELEMENTS as u32).min(self.len);
        if let Some(part) = self.elems.get_mut(self.clean as usize..end as usize) {
            fill(part, 0);
        }
        self.clean = end;
        false
    }
    /// One step of growing by `delta` elements that are `value`. The length changes last; a growth with another value
    /// starts over.
    pub(crate) fn grow_step(&mut self, delta: u32, value: u32) -> Growth {
        let most = self.declared.most().min(limits::TABLE_ELEMENTS);
        let Some(new) = self.len.checked_add(delta).filter(|n| *n <= most) else { return Growth::Failed };
        if self.fill != value {
            (self.fill, self.clean) = (value, self.len);
        }
        if self.clean >= new {
            return Growth::Grown(core::mem::replace(&mut self.len, new));
        }
        let end = self.clean.saturating_add(STEP_ELEMENTS as u32).min(new);
        match &mut self.elems {
            Buf::Lent(elems) => {
                if new as usize > elems.len() {
                    return Growth::Failed;
                }
            }
            #[cfg(feature = "alloc")]
            Buf::Own(elems) => {
                if elems.try_reserve_exact((new as usize).saturating_sub(elems.len())).is_err() {
                    return Growth::Failed;
                }
                if elems.len() < end as usize {
                    elems.resize(end as usize, value);
                }
            }
        }
        if let Some(part) = self.elems.get_mut(self.clean as usize..end as usize) {
            fill(part, value);
        }
        let n = end.wrapping_sub(self.clean) as usize;
        self.clean = end;
        Growth::More(n.wrapping_mul(4))
    }
}

/// One canonical type: where it is written down.
#[derive(Clone, Copy, Debug, Default)]
pub struct TypeSource {
    pub(crate) hash: u32,
    pub(crate) inst: u32,
    pub(crate) ty: u32,
    /// Number of its supertype.
    #[cfg(feature = "function-references")]
    pub(crate) sup: u32,
    /// One more than the number of the first type in the chain of groups that belongs to this slot; 0 when it is empty.
    #[cfg(feature = "function-references")]
    pub(crate) head: u32,
    /// The same for the next in the chain that this type is in; [`NONE`] of all but the first of a group.
    #[cfg(feature = "function-references")]
    pub(crate) next: u32,
}

/// What a store is made of: slots by number, and two pools that instances take from.
///
/// Slots cost 72 bytes per instance, 24 per memory, 32 per table, 12 per type (24 with `function-references`) and 72 per
/// stack on 32-bit targets without `alloc`; with `memory64` a memory and a table 4 more.
#[derive(Default)]
pub struct StoreParts<'m> {
    /// One per instance, and one per global that the host makes.
    pub instances: Buf<'m, Instance<'m>>,
    /// One per memory.
    pub memories: Buf<'m, MemSlot<'m>>,
    /// One per table.
    pub tables: Buf<'m, Table<'m>>,
    /// One per different function type.
    pub types: Buf<'m, TypeSource>,
    /// One per stack.
    pub stacks: Buf<'m, Stack<'m>>,
    /// Globals, links and table elements.
    pub words: Buf<'m, u32>,
    /// Linear memories.
    pub bytes: Buf<'m, u8>,
    /// Structures, arrays and exceptions.
    #[cfg(any(feature = "gc", feature = "exceptions"))]
    pub heap: Buf<'m, u32>,
    /// One per reference that the host holds, see [`Store::hold`].
    #[cfg(any(feature = "gc", feature = "exceptions"))]
    pub held: Buf<'m, u32>,
    /// One word that anybody, an interrupt handler too, sets to stop the guest; the store only reads it. May be empty.
    pub interrupt: Shared<'m, AtomicU32>,
}

#[cfg(all(target_pointer_width = "32", not(feature = "alloc")))]
const _: () = {
    let wide = if cfg!(feature = "memory64") { 4 } else { 0 };
    assert!(size_of::<Instance<'_>>() == 72 && size_of::<MemSlot<'_>>() == 24 + wide && size_of::<Table<'_>>() == 32 + wide);
    assert!(size_of::<TypeSource>() == if cfg!(feature = "function-references") { 24 } else { 12 } && size_of::<Stack<'_>>() == 72);
};

/// A store.
pub struct Store<'m> {
    pub(crate) insts: Buf<'m, Instance<'m>>,
    pub(crate) mems: Buf<'m, MemSlot<'m>>,
    pub(crate) tables: Buf<'m, Table<'m>>,
    pub(crate) types: Buf<'m, TypeSource>,
    pub(crate) stacks: Buf<'m, Stack<'m>>,
    pub(crate) words: Buf<'m, u32>,
    pub(crate) bytes: Buf<'m, u8>,
    pub(crate) interrupt: Shared<'m, AtomicU32>,
    #[cfg(any(feature = "gc", feature = "exceptions"))]
    pub(crate) heap: Heap<'m>,
    #[cfg(any(feature = "gc", feature = "exceptions"))]
    pub(crate) held: Buf<'m, u32>,
    pub(crate) used: Used,
    /// Bytes that memories may still take.
    pub(crate) memory_room: usize,
}

/// Slots in use.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Used {
    pub(crate) insts: u32,
    pub(crate) mems: u32,
    pub(crate) tables: u32,
    pub(crate) types: u32,
    #[cfg(feature = "exceptions")]
    pub(crate) tags: u32,
    pub(crate) stacks: u32,
    pub(crate) funcs: u32,
    /// Memories that are the host's.
    #[cfg(feature = "alloc")]
    pub(crate) foreign: u32,
}

/// Puts `value` into the next slot; `None` when there is none.
pub(crate) fn place<T>(slots: &mut Buf<'_, T>, used: &mut u32, value: T) -> Option<u32> {
    let i = *used;
    match slots.get_mut(i as usize) {
        Some(slot) => *slot = value,
        None => match slots {
            Buf::Lent(_) => return None,
            #[cfg(feature = "alloc")]
            Buf::Own(v) => {
                v.try_reserve(1).ok()?;
                v.push(value);
            }
        },
    }
    *used = i.wrapping_add(1);
    Some(i)
}

impl<'m> Store<'m> {
    /// A store in the caller's memory.
    pub fn new(parts: StoreParts<'m>) -> Store<'m> {
        // Slots may have been another store's. Without chains of hashes only those in use are looked at.
        #[cfg(feature = "function-references")]
        let parts = {
            let mut parts = parts;
            parts.types.iter_mut().for_each(|t| *t = TypeSource::default());
            parts
        };
        let n = zero();
        Store {
            insts: parts.instances,
            mems: parts.memories,
            tables: parts.tables,
            types: parts.types,
            stacks: parts.stacks,
            words: parts.words,
            bytes: parts.bytes,
            interrupt: parts.interrupt,
            #[cfg(any(feature = "gc", feature = "exceptions"))]
            heap: Heap::new(parts.heap),
            #[cfg(any(feature = "gc", feature = "exceptions"))]
            held: parts.held,
            used: Used {
                insts: n,
                mems: n,
                tables: n,
                types: n,
                #[cfg(feature = "exceptions")]
                tags: n,
                stacks: n,
                funcs: n,
                #[cfg(feature = "alloc")]
                foreign: n,
            },
            memory_room: usize::MAX,
        }
    }

    /// A store that takes what it needs from the allocator; its memories may have `memory_bytes` together.
    #[cfg(feature = "alloc")]
    pub fn owned(memory_bytes: usize) -> Store<'m> {
        use alloc::vec::Vec;
        let mut store = Store::new(StoreParts {
            instances: Buf::Own(Vec::new()),
            memories: Buf::Own(Vec::new()),
            tables: Buf::Own(Vec::new()),
            types: Buf::Own(Vec::new()),
            stacks: Buf::Own(Vec::new()),
            words: Buf::Own(Vec::new()),
            bytes: Buf::Own(Vec::new()),
            interrupt: Shared::default(),
            #[cfg(any(feature = "gc", feature = "exceptions"))]
            heap: Buf::default(),
            #[cfg(any(feature = "gc", feature = "exceptions"))]
            held: Buf::Own(Vec::new()),
        });
        #[cfg(any(feature = "gc", feature = "exceptions"))]
        {
            store.heap = Heap::owned(memory_bytes);
        }
        store.memory_room = memory_bytes;
        store
    }

    /// Sets the word that stops the guest.
    pub fn set_interrupt(&mut self, word: Shared<'m, AtomicU32>) {
        self.interrupt = word;
    }
    /// Whether somebody asks the guest to stop.
    pub(crate) fn interrupted(&self) -> bool {
        self.interrupt.first().is_some_and(|word| word.load(Relaxed) != 0)
    }

    /// Adds a stack. `None` when there is no slot left.
    pub fn add_stack(&mut self, stack: Stack<'m>) -> Option<StackId> {
        place(&mut self.stacks, &mut self.used.stacks, stack).map(StackId)
    }
    /// A stack, for those who store or copy it.
    pub fn stack(&self, id: StackId) -> Option<&Stack<'m>> {
        self.stacks.get(id.0 as usize)
    }
    /// A stack, for those who restore it.
    pub fn stack_mut(&mut self, id: StackId) -> Option<&mut Stack<'m>> {
        self.stacks.get_mut(id.0 as usize)
    }

    pub(crate) fn inst(&self, i: u32) -> Result<&Instance<'m>, Trap> {
        self.insts.get(i as usize).ok_or(Trap::BadImage)
    }
    pub(crate) fn inst_mut(&mut self, i: u32) -> Result<&mut Instance<'m>, Trap> {
        self.insts.get_mut(i as usize).ok_or(Trap::BadImage)
    }

    /// Instance and local index of function `number`. `hint` is an instance to try first.
    pub(crate) fn locate(&self, number: u32, hint: u32) -> Option<(u32, u32)> {
        let of = |i: u32| {
            let inst = self.insts.get(i as usize)?;
            let f = number.checked_sub(inst.func_base)?;
            (f < inst.funcs).then_some((i, f))
        };
        of(hint).or_else(|| {
            let used = self.insts.get(..self.used.insts as usize)?;
            // Of instances without functions, which share their base with the next one, the last is found.
            of(used.partition_point(|i| i.func_base <= number).checked_sub(1)? as u32)
        })
    }
    /// Who runs when function `f` of `inst` is called: a function number, or `HOST | index`.
    pub(crate) fn target(&self, inst: u32, f: u32) -> Option<u32> {
        let i = self.insts.get(inst as usize).filter(|i| f < i.funcs)?;
        if f < i.imports { i.link(f) } else { i.func_base.checked_add(f) }
    }
    /// The number that a reference to function `f` of `inst` holds: the definer's; for the host's functions the import's.
    pub(crate) fn number(&self, inst: u32, f: u32) -> Option<u32> {
        let i = self.insts.get(inst as usize)?;
        match self.target(inst, f)? {
            t if t & HOST == 0 => Some(t),
            _ => i.func_base.checked_add(f),
        }
    }
    /// The type of function `number`.
    pub fn func_type(&self, number: u32) -> Option<FuncType<'_>> {
        let (inst, f) = self.locate(number, NONE)?;
        self.insts.get(inst as usize)?.image().func_type(f)
    }

    #[inline(always)]
    pub(crate) fn memory_slot(&self, inst: u32, i: u32) -> Result<usize, Trap> {
        let slot = self.inst(inst)?.memory_slot(i).ok_or(Trap::BadImage)?;
        Ok(slot as usize)
    }
    #[cfg(all(feature = "simd", feature = "multi-memory"))]
    pub(crate) fn mem_mut(&mut self, inst: u32, i: u32) -> Result<&mut MemSlot<'m>, Trap> {
        let slot = self.memory_slot(inst, i)?;
        self.mems.get_mut(slot).ok_or(Trap::BadImage)
    }
    pub(crate) fn table_slot(&self, inst: u32, i: u32) -> Result<usize, Trap> {
        let slot = self.inst(inst)?.table_slot(i).ok_or(Trap::BadImage)?;
        Ok(slot as usize)
    }
    pub(crate) fn table_at(&mut self, inst: u32, i: u32) -> Result<&mut Table<'m>, Trap> {
        let slot = self.table_slot(inst, i)?;
        self.tables.get_mut(slot).ok_or(Trap::BadImage)
    }
    /// Cells of global `i` of `inst`, imports first.
    pub(crate) fn global_cells(&mut self, inst: u32, i: u32) -> Result<&mut [u32], Trap> {
        let own = self.inst(inst)?;
        let imported = own.at.types.wrapping_sub(own.at.global_links) / 2;
        let (owner, cell) = if i < imported {
            own.global_link(i).ok_or(Trap::BadImage)?
        } else {
            (inst, own.image().global(i).ok_or(Trap::BadImage)?.cell)
        };
        self.inst_mut(owner)?.globals(cell).ok_or(Trap::BadImage)
    }

    /// Clears one step of the memories and tables that `inst` defines; tells whether all are clear.
    #[inline(never)]
    pub(crate) fn clear_step(&mut self, inst: u32) -> bool {
        let Some(own) = self.insts.get(inst as usize) else { return true };
        let slots = |from: u32, to: u32| own.words.get(from as usize..to as usize).unwrap_or(&[]);
        for slot in slots(own.at.memories, own.at.tables) {
            if let Some(MemSlot::Owned(m)) = self.mems.get_mut(*slot as usize)
                && !m.clear_step()
            {
                return false;
            }
        }
        for slot in slots(own.at.tables, own.at.links) {
            if let Some(t) = self.tables.get_mut(*slot as usize)
                && !t.clear_step()
            {
                return false;
            }
        }
        true
    }

    /// Element `i` of the table in `slot`.
    pub fn table_get(&self, slot: u32, i: u32) -> Option<Ref> {
        self.tables.get(slot as usize)?.live().get(i as usize).copied().map(Ref::from_bits)
    }
    /// Sets element `i` of the table in `slot`; `None` when there is none.
    pub fn table_set(&mut self, slot: u32, i: u32, value: Ref) -> Option<()> {
        *self.tables.get_mut(slot as usize)?.live_mut().get_mut(i as usize)? = value.bits();
        Some(())
    }
    /// Elements of the table in `slot`.
    pub fn table_size(&self, slot: u32) -> Option<u32> {
        self.tables.get(slot as usize).map(|t| t.len)
    }
    /// Type of the elements of the table in `slot`.
    pub fn table_type(&self, slot: u32) -> Option<ValType> {
        self.tables.get(slot as usize).map(|t| t.elem)
    }
    /// Grows the table in `slot`; the old size, or `None` when it cannot.
    pub fn table_grow(&mut self, slot: u32, delta: u32, value: Ref) -> Option<u32> {
        let t = self.tables.get_mut(slot as usize)?;
        loop {
            match t.grow_step(delta, value.bits()) {
                Growth::More(_) => {}
                Growth::Grown(old) => return Some(old),
                Growth::Failed => return None,
            }
        }
    }

    /// Pages of the memory in `slot`.
    pub fn memory_pages(&self, slot: u32) -> Option<u32> {
        self.mems.get(slot as usize).map(MemSlot::pages)
    }
    /// Grows the memory in `slot` by `delta` pages; the old size in pages, or `None` when it cannot.
    pub fn memory_grow(&mut self, slot: u32, delta: u32) -> Option<u32> {
        loop {
            match self.memory_grow_step(slot as usize, delta).ok()? {
                Growth::More(_) => {}
                Growth::Grown(old) => return Some(old),
                Growth::Failed => return None,
            }
        }
    }
    /// Gets hold of the host's memories for a run; false, and of none, when one of them is in use elsewhere.
    #[cfg(feature = "alloc")]
    pub(crate) fn acquire_memories(&mut self) -> bool {
        let all = self.used.foreign == 0
            || self.mems.iter_mut().all(|m| if let MemSlot::Foreign { memory, .. } = m { memory.acquire() } else { true });
        if !all {
            self.release_memories();
        }
        all
    }
    /// Lets go of the host's memories.
    #[cfg(feature = "alloc")]
    pub(crate) fn release_memories(&mut self) {
        if self.used.foreign > 0 {
            for m in self.mems.iter_mut() {
                if let MemSlot::Foreign { memory, .. } = m {
                    memory.release();
                }
            }
        }
    }
    /// The shared memory in `slot`.
    #[cfg(feature = "threads")]
    pub fn shared_memory(&self, slot: u32) -> Option<&SharedRef<'m>> {
        self.mems.get(slot as usize)?.shared()
    }
    /// Bytes of the pool that no memory has been given.
    pub fn memory_left(&self) -> usize {
        self.bytes.len()
    }
    pub(crate) fn memory_grow_step(&mut self, slot: usize, delta: u32) -> Result<Growth, Trap> {
        let room = self.memory_room;
        let m = match self.mems.get_mut(slot) {
            Some(MemSlot::Owned(m)) => m,
            #[cfg(feature = "alloc")]
            Some(MemSlot::Foreign { memory, charged }) => return Ok(grow_foreign(&mut **memory, charged, delta)),
            #[cfg(feature = "threads")]
            Some(MemSlot::Shared(memory)) => return Ok(memory.grow(delta).map_or(Growth::Failed, Growth::Grown)),
            _ => return Err(Trap::BadImage),
        };
        let before = m.len;
        let growth = m.grow_step(delta, room);
        self.memory_room = room.saturating_sub(m.len.wrapping_sub(before));
        Ok(growth)
    }

    /// The value of type `ty` in cell `cell` of the globals of `instance` (see [`crate::link::Extern::Global`]).
    pub fn global_get(&self, instance: InstanceId, cell: u32, ty: ValType) -> Option<Value> {
        let inst = self.insts.get(instance.0 as usize)?;
        Value::from_cells(ty, inst.words.get(..inst.at.memories as usize)?.get(cell as usize..)?)
    }
    /// Sets it. The caller has checked that the global is mutable and has the type of `value`.
    pub fn global_set(&mut self, instance: InstanceId, cell: u32, value: Value) -> Option<()> {
        let (cells, n) = value.to_cells();
        let inst = self.insts.get_mut(instance.0 as usize)?;
        copy(inst.globals(cell)?.get_mut(..n as usize)?, &cells);
        Some(())
    }

    /// Where the stack trapped: instance, function (imports counted; `None` in the initialiser) and code word.
    /// `None` when it has not, or not in code. The first frame of [`Store::backtrace`] then.
    pub fn trap_site(&self, stack: StackId) -> Option<(InstanceId, Option<u32>, u32)> {
        let (instance, pc) = self.trap_word(stack)?;
        Some((instance, self.inst(instance.0).ok()?.image().func_at(pc), pc))
    }
    /// The same without the function.
    pub fn trap_word(&self, stack: StackId) -> Option<(InstanceId, u32)> {
        let run = &self.stack(stack)?.run;
        let trapped = run.status == Status::Trapped && run.pc >= crate::image::HEADER;
        trapped.then_some((InstanceId(run.inst), run.pc))
    }
}
