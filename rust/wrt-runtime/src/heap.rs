// SPDX-License-Identifier: MIT
//! The heap of a store: structures, arrays and exceptions in a slice that the caller gives, and its collector.
//!
//! A reference to an object is the byte offset of its block in the slice. Blocks lie side by side; the first word of each
//! is its length in words, shifted left by 2, with two flags, object and marked. Then, for objects: a link of the collector's,
//! the number of the type, for arrays the length and for exceptions the tag, and the fields.
//!
//! **Allocation sweeps.** `cursor` goes through the blocks: those that are free or garbage are joined until they suffice,
//! marks are taken off on the way. At the end of the slice a collection is due. It starts nowhere else, finds exactly
//! what can be reached from stacks, tables, globals and held references, and does bounded steps, each of which is
//! charged; the operation that allocates is executed again afterwards. A store that is run meanwhile, on whatever stack,
//! first goes on with the collection.
//!
//! Which cells of a frame hold references the translator has written into the code: [`crate::op::MAP`] at the first word
//! of a function for its locals, after calls and operations that take steps, and wherever jumps arrive.

use crate::image::{Kind, MUTABLE, Word, field_cells};
use crate::op;
use crate::stack::{BARRIER, INSTANCE, Status, WASM};
use crate::store::{Store, place};
use wrt_foundation::{Buf, Ref, Trap, ValType};

/// In the first word of a block: it is an object.
const OBJECT: u32 = 1;
/// In the first word of an object: it was reached by the collection whose sweep has not got there.
const MARK: u32 = 2;
/// In the word of a type: an exception, whose tag has this type.
pub(crate) const EXCEPTION: u32 = 1 << 31;

// Words of an object.
const LINK: usize = 1;
const TYPE: usize = 2;
/// Length of an array, tag of an exception.
const LENGTH: usize = 3;
/// First word of a structure's fields.
pub(crate) const FIELDS: usize = 3;
/// First word of an array's elements, and of an exception's values.
pub(crate) const ELEMENTS: usize = 4;
/// Blocks start at even words, and not at 0, which is null.
const FIRST: u32 = 2;
/// Blocks, roots or references that one step looks at.
const STEP: u32 = 128;

/// Where the collector is.
#[derive(Clone, Copy, Default, Debug, PartialEq, Eq)]
enum Phase {
    /// Nowhere.
    #[default]
    Idle,
    /// Takes the marks off what the sweep has not reached.
    Sweep,
    /// Marks what roots refer to.
    Roots(Root),
    /// Marks what marked objects refer to.
    Trace,
}

/// Kinds of roots, in the order they are visited.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Root {
    Held,
    Globals,
    Tables,
    Stacks,
}

/// Objects of a store.
#[derive(Debug, Default)]
pub struct Heap<'m> {
    words: Buf<'m, u32>,
    /// Words that a vector may grow to.
    #[cfg(feature = "alloc")]
    limit: usize,
    /// Block that the next allocation looks at first.
    cursor: u32,
    phase: Phase,
    /// Nothing was allocated since the last collection.
    fresh: bool,
    /// Collect at every allocation, to test maps and roots.
    stress: bool,
    /// Marked objects whose references have not been followed: the first of a list.
    gray: u32,
    /// The object whose references are being followed: its block, the next field or element, and that one's word.
    scan: (u32, u32, u32),
    /// Progress in a kind of roots.
    at: (u32, u32),
    /// Collections so far.
    pub collections: u32,
}

/// What came of a request for an object.
pub(crate) enum Allocation {
    /// Here it is; all but its first three words are to be written.
    Block(Ref),
    /// Once more, after a step that cost so many units.
    More(u32),
    /// Once more, after a collection.
    Collect,
    /// There is no room.
    Exhausted,
}

impl<'m> Heap<'m> {
    /// A heap in the caller's words.
    pub fn new(words: Buf<'m, u32>) -> Heap<'m> {
        Heap { words, ..Heap::default() }
    }
    /// A heap that takes what it needs from the allocator, up to `bytes`.
    #[cfg(feature = "alloc")]
    pub fn owned(bytes: usize) -> Heap<'m> {
        Heap { words: Buf::Own(alloc::vec::Vec::new()), limit: bytes / 4, ..Heap::default() }
    }
    /// Collects at every allocation from now on, or no longer. For tests of whoever makes references.
    pub fn set_stress(&mut self, stress: bool) {
        self.stress = stress;
    }
    /// Bytes that it has now.
    pub fn bytes(&self) -> usize {
        self.words.len().saturating_mul(4)
    }

    fn end(&self) -> u32 {
        (self.words.len().min(1 << 30) as u32) & !1
    }
    fn word(&self, at: u32) -> u32 {
        self.words.get(at as usize).copied().unwrap_or(0)
    }
    fn set(&mut self, at: u32, word: u32) {
        if let Some(w) = self.words.get_mut(at as usize) {
            *w = word;
        }
    }
    /// Words of the block at `at`, which is before `end`.
    fn block(&self, at: u32, end: u32) -> u32 {
        (self.word(at) >> 2).clamp(2, end.wrapping_sub(at).max(2)) & !1
    }
    fn block_of(r: Ref) -> u32 {
        r.bits() / 4
    }
    /// All words of an object.
    pub(crate) fn object(&self, r: Ref) -> Option<&[u32]> {
        let at = Self::block_of(r.as_object().map(|_| r)?);
        let words = self.words.get(at as usize..)?;
        let first = *words.first()?;
        if first & OBJECT == 0 { None } else { words.get(..(first >> 2) as usize) }
    }
    /// All words of an object.
    pub(crate) fn object_mut(&mut self, r: Ref) -> Option<&mut [u32]> {
        let at = Self::block_of(r.as_object().map(|_| r)?);
        let words = self.words.get_mut(at as usize..)?;
        let first = *words.first()?;
        if first & OBJECT == 0 { None } else { words.get_mut(..(first >> 2) as usize) }
    }
    /// The word of an object's type.
    pub(crate) fn type_word(&self, r: Ref) -> Option<u32> {
        self.object(r)?.get(TYPE).copied()
    }
    /// Length of an array, tag of an exception.
    pub(crate) fn length(&self, r: Ref) -> Option<u32> {
        self.object(r)?.get(LENGTH).copied()
    }
    pub(crate) fn set_length(&mut self, r: Ref, length: u32) {
        if let Some(w) = self.object_mut(r).and_then(|o| o.get_mut(LENGTH)) {
            *w = length;
        }
    }

    // ---- allocation --------------------------------------------------------------------------------------------

    /// An object of `words` words in all, with the word `ty` of its type.
    pub(crate) fn allocate(&mut self, words: usize, ty: u32) -> Allocation {
        let Some(need) = u32::try_from(words.max(ELEMENTS)).ok().filter(|n| *n < 1 << 28) else { return Allocation::Exhausted };
        let need = need.wrapping_add(1) & !1;
        if self.stress && !self.fresh {
            return Allocation::Collect;
        }
        let end = self.end();
        let mut at = self.cursor.max(FIRST);
        for _ in 0..STEP {
            if at >= end {
                self.cursor = at;
                return self.at_end(need);
            }
            let first = self.word(at);
            let mut size = self.block(at, end);
            if first & (OBJECT | MARK) == OBJECT | MARK {
                self.set(at, first & !MARK);
                at = at.wrapping_add(size);
                continue;
            }
            if size < need {
                let next = at.wrapping_add(size);
                if next < end && self.word(next) & (OBJECT | MARK) != OBJECT | MARK {
                    size = size.wrapping_add(self.block(next, end));
                    self.set(at, size << 2);
                } else {
                    self.set(at, size << 2);
                    at = next;
                }
                continue;
            }
            let rest = at.wrapping_add(need);
            if size > need {
                self.set(rest, size.wrapping_sub(need) << 2);
            }
            self.set(at, need << 2 | OBJECT);
            self.set(at.wrapping_add(LINK as u32), 0);
            self.set(at.wrapping_add(TYPE as u32), ty);
            (self.cursor, self.fresh) = (rest, false);
            return Allocation::Block(Ref::from_bits(at.wrapping_mul(4)));
        }
        self.cursor = at;
        Allocation::More(STEP / 16)
    }
    /// The sweep is at the end.
    fn at_end(&mut self, need: u32) -> Allocation {
        if !self.fresh && self.end() > FIRST {
            return Allocation::Collect;
        }
        if self.grow(need) {
            return Allocation::More(1);
        }
        // Who asks next may have let go of something.
        self.fresh = false;
        Allocation::Exhausted
    }
    /// More words at the end; whether there are.
    fn grow(&mut self, need: u32) -> bool {
        #[cfg(feature = "alloc")]
        if let Buf::Own(words) = &mut self.words {
            let old = (words.len() & !1).max(FIRST as usize);
            let new = old.saturating_mul(2).max(old.saturating_add(need as usize)).max(1024).min(self.limit & !1);
            if new < old.saturating_add(need as usize) || words.try_reserve_exact(new.saturating_sub(words.len())).is_err() {
                return false;
            }
            words.resize(new, 0);
            self.cursor = old as u32;
            self.set(old as u32, (new.wrapping_sub(old) as u32) << 2);
            return true;
        }
        // A lent heap is one free block at first.
        let end = self.end();
        if self.words.get(1) == Some(&0) && end > FIRST {
            self.set(1, 1);
            self.set(FIRST, end.wrapping_sub(FIRST) << 2);
            self.cursor = FIRST;
            return end.wrapping_sub(FIRST) >= need;
        }
        false
    }

    // ---- marking -----------------------------------------------------------------------------------------------

    fn mark(&mut self, bits: u32) {
        let Some(handle) = Ref::from_bits(bits).as_object() else { return };
        let at = Self::block_of(Ref::object(handle));
        let first = self.word(at);
        if at >= FIRST && at < self.end() && first & (OBJECT | MARK) == OBJECT {
            self.set(at, first | MARK);
            self.set(at.wrapping_add(LINK as u32), self.gray);
            self.gray = at;
        }
    }
    /// Takes marks off, and frees what has none, from the cursor on; whether that is finished.
    fn sweep_step(&mut self) -> bool {
        let end = self.end();
        for _ in 0..STEP {
            let at = self.cursor.max(FIRST);
            if at >= end {
                return true;
            }
            let first = self.word(at);
            let size = self.block(at, end);
            self.set(at, if first & MARK != 0 { first & !MARK } else { size << 2 });
            self.cursor = at.wrapping_add(size);
        }
        false
    }
}

impl<'m> Store<'m> {
    /// The heap.
    pub fn heap(&mut self) -> &mut Heap<'m> {
        &mut self.heap
    }
    /// Keeps what `r` refers to from being collected, until [`Store::release`]; `None` when no slot is left.
    pub fn hold(&mut self, r: Ref) -> Option<u32> {
        let free = self.held.iter().position(|r| *r == 0);
        match free {
            Some(i) => {
                *self.held.get_mut(i)? = r.bits();
                Some(i as u32)
            }
            None => {
                let mut used = self.held.len() as u32;
                place(&mut self.held, &mut used, r.bits())
            }
        }
    }
    /// What `hold` has returned is no longer needed.
    pub fn release(&mut self, held: u32) {
        if let Some(r) = self.held.get_mut(held as usize) {
            *r = 0;
        }
    }
    /// The type of an object: a reference to its type by the store's number; `None` when it is none.
    pub(crate) fn object_type(&self, r: Ref) -> Option<ValType> {
        match self.heap.type_word(r)? {
            ty if ty & EXCEPTION != 0 => Some(ValType::EXNREF),
            ty => Some(ValType::defined(ValType::DEFINED_DATA, ty)),
        }
    }

    /// Whether a collection is under way.
    pub(crate) fn is_collecting(&self) -> bool {
        self.heap.phase != Phase::Idle
    }
    /// A collection is to be done.
    pub(crate) fn start_collection(&mut self) {
        if self.heap.phase == Phase::Idle {
            self.heap.phase = Phase::Sweep;
        }
    }
    /// One step of it; whether it is finished. All stacks are in their slots.
    pub(crate) fn collect_step(&mut self) -> bool {
        let mut heap = core::mem::take(&mut self.heap);
        heap.phase = match heap.phase {
            Phase::Idle => Phase::Idle,
            Phase::Sweep => {
                if heap.sweep_step() {
                    (heap.gray, heap.scan, heap.at) = (0, (0, 0, 0), (0, 0));
                    Phase::Roots(Root::Held)
                } else {
                    Phase::Sweep
                }
            }
            Phase::Roots(kind) => {
                let finished = match kind {
                    Root::Held => {
                        self.held.iter().for_each(|r| heap.mark(*r));
                        true
                    }
                    Root::Globals => self.mark_globals(&mut heap),
                    Root::Tables => self.mark_tables(&mut heap),
                    Root::Stacks => self.mark_stacks(&mut heap),
                };
                if finished {
                    heap.at = (0, 0);
                }
                match kind {
                    kind if !finished => Phase::Roots(kind),
                    Root::Held => Phase::Roots(Root::Globals),
                    Root::Globals => Phase::Roots(Root::Tables),
                    Root::Tables => Phase::Roots(Root::Stacks),
                    Root::Stacks => Phase::Trace,
                }
            }
            Phase::Trace => {
                if self.trace_step(&mut heap) {
                    (heap.cursor, heap.fresh) = (FIRST, true);
                    heap.collections = heap.collections.wrapping_add(1);
                    Phase::Idle
                } else {
                    Phase::Trace
                }
            }
        };
        let finished = heap.phase == Phase::Idle;
        self.heap = heap;
        finished
    }

    fn mark_globals(&self, heap: &mut Heap<'_>) -> bool {
        for _ in 0..STEP {
            let (i, g) = heap.at;
            let Some(inst) = self.insts.get(..self.used.insts as usize).and_then(|insts| insts.get(i as usize)) else { return true };
            let image = inst.image();
            heap.at.1 = g.wrapping_add(1);
            let cell = |cell: u32| inst.words.get(cell as usize).copied().filter(|_| cell < inst.at.memories).unwrap_or(0);
            if image.words().is_empty() {
                // A global of the host's, whose type stands elsewhere.
                if is_object(inst.entries_at) {
                    heap.mark(cell(0));
                }
                heap.at = (i.wrapping_add(1), 0);
            } else if let Some(global) = image.global(g) {
                if g >= image.get(Word::ImportedGlobals) && is_object(global.ty.bits()) {
                    heap.mark(cell(global.cell));
                }
            } else {
                // Behind the globals stand items of element segments.
                let last = image.get(Word::Globals).wrapping_sub(1);
                let own = image.global(last).filter(|_| last >= image.get(Word::ImportedGlobals));
                let after = own.map_or(0, |last| last.cell.wrapping_add(last.ty.cells()));
                let item = after.wrapping_add(g.wrapping_sub(image.get(Word::Globals)));
                if item < inst.at.memories {
                    heap.mark(cell(item));
                } else {
                    heap.at = (i.wrapping_add(1), 0);
                }
            }
        }
        false
    }

    fn mark_tables(&self, heap: &mut Heap<'_>) -> bool {
        for _ in 0..STEP {
            let (t, i) = heap.at;
            let Some(table) = self.tables.get(..self.used.tables as usize).and_then(|tables| tables.get(t as usize)) else { return true };
            // Beyond the length there are elements that growth has prepared.
            let element = table.elems.get(..table.clean.max(table.len) as usize).and_then(|elems| elems.get(i as usize));
            match element.filter(|_| is_object(table.elem.bits())) {
                Some(element) => {
                    heap.mark(*element);
                    heap.at.1 = i.wrapping_add(1);
                }
                None => heap.at = (t.wrapping_add(1), 0),
            }
        }
        false
    }

    /// Marks references of one frame of a stack. `heap.at`: stack, frames done.
    fn mark_stacks(&self, heap: &mut Heap<'_>) -> bool {
        for _ in 0..STEP / 8 {
            let (s, n) = heap.at;
            let Some(stack) = self.stacks.get(..self.used.stacks as usize).and_then(|stacks| stacks.get(s as usize)) else { return true };
            let run = &stack.run;
            heap.at = (s, n.wrapping_add(1));
            let more = if n == 0 {
                match run.status {
                    Status::Idle | Status::Trapped | Status::Init => {}
                    // The frame on top is about to be returned to, with the results of a host function.
                    Status::Return => {
                        if let Some(ty) = self.func_type(run.func) {
                            mark_values(heap, &stack.cells, run.args, ty.results);
                        }
                    }
                    Status::Step => {}
                    Status::Host | Status::Calling => {
                        if let Some(ty) = self.func_type(run.func) {
                            mark_values(heap, &stack.cells, run.args, ty.params);
                        }
                        if run.next != u32::MAX {
                            self.mark_frame(heap, &stack.cells, (run.inst, run.next, run.base), At::Under);
                        }
                    }
                    #[cfg(feature = "threads")]
                    Status::Waiting => self.mark_frame(heap, &stack.cells, (run.inst, run.pc, run.base), At::Top(0)),
                    Status::Ready | Status::Collect => self.mark_frame(heap, &stack.cells, (run.inst, run.pc, run.base), At::Top(run.step)),
                }
                run.depth > 0
            } else {
                let frame = run.depth.checked_sub(n).and_then(|i| stack.frames.get(i as usize));
                if let Some(f) = frame {
                    let at = (f.link & INSTANCE, f.pc, f.base);
                    match f.link & !INSTANCE {
                        WASM => self.mark_frame(heap, &stack.cells, at, At::Under),
                        // Under the first barrier there is nothing, under others a host function at work.
                        BARRIER if n < run.depth => self.mark_frame(heap, &stack.cells, at, At::Host),
                        _ => {}
                    }
                }
                n < run.depth
            };
            if !more {
                heap.at = (s.wrapping_add(1), 0);
            }
        }
        false
    }

    fn mark_frame(&self, heap: &mut Heap<'_>, cells: &[u32], (inst, pc, base): (u32, u32, u32), at: At) {
        let Some(inst) = self.insts.get(inst as usize) else { return };
        let image = inst.image();
        let word = |pc: u32| image.words().get(pc as usize).copied().unwrap_or(0);
        let cell = |cell: u32| cells.get(base.wrapping_add(cell) as usize).copied().unwrap_or(0);
        let w = word(pc);
        let func = image.func_at(pc);
        let entry = func.and_then(|f| inst.entry(f));
        if let At::Top(_) = at
            && w as u8 == op::ENTER_FAR
            && let Some(f) = func.and_then(|f| image.func_type(f))
        {
            // Its locals have no values yet.
            mark_values(heap, cells, base, f.params);
            return;
        }
        let ext = |i: u32| word(pc.wrapping_add(i));
        if let At::Host = at {
            // The arguments of the host function: where they stand, and their types.
            use op::extended::{CALL_REF, RETURN_CALL_INDIRECT, RETURN_CALL_REF};
            let referred = |at: u32| Ref::from_bits(cell(at)).as_func().and_then(|number| self.func_type(number));
            let (args, ty, replaced) = match (w as u8, (w >> 24) as u8) {
                (op::CALL, _) => (w >> 8 & 0xff, image.func_type(ext(1)), false),
                (op::CALL_FAR, _) => (ext(2), image.func_type(ext(1)), false),
                (op::CALL_INDIRECT, _) => (w >> 8 & 0xff, image.ty(ext(1)), false),
                (op::CALL_INDIRECT_FAR, _) => (ext(3), image.ty(ext(1)), false),
                (op::EXTENDED, CALL_REF) => (w >> 8 & 0xffff, referred(ext(1)), false),
                // It has taken the place of its caller, whose locals are gone.
                (op::RETURN_CALL, _) => (0, image.func_type(ext(1)), true),
                (op::EXTENDED, RETURN_CALL_INDIRECT) => (0, image.ty(ext(1)), true),
                (op::EXTENDED, RETURN_CALL_REF) => (0, None, true),
                _ => (0, None, false),
            };
            if let Some(ty) = ty {
                mark_values(heap, cells, base.wrapping_add(args), ty.params);
            }
            if replaced {
                return;
            }
        }
        // Locals: unless it is the function's first word, where parameters are all that there is.
        match entry {
            Some(entry) if entry == pc && matches!(at, At::Top(_)) => {
                if let Some(f) = func.and_then(|f| image.func_type(f)) {
                    mark_values(heap, cells, base, f.params);
                }
                return;
            }
            Some(entry) => {
                mark_map(heap, word, cell, entry);
            }
            None => {}
        }
        match at {
            At::Under => {
                if word(pc) & (0xff << 8) == op::MAP_OPERATION {
                    mark_map(heap, word, cell, pc);
                }
            }
            At::Host => {
                let next = pc.wrapping_add(len_of(w, word(pc.wrapping_add(1))));
                if word(next) & 0xff00 == op::MAP_OPERATION {
                    mark_map(heap, word, cell, next);
                }
            }
            At::Top(step) => {
                let mut next = pc;
                let mut mapped = false;
                while word(next) as u8 == op::MAP {
                    mark_map(heap, word, cell, next);
                    next = next.wrapping_add(len_of(word(next), 0));
                    mapped = true;
                }
                if mapped {
                    return;
                }
                // An operation that is under way, or about to begin where no reference is in a cell but its own.
                let a = w >> 8 & 0xff;
                if w as u8 == op::TABLE_GROW {
                    let table = word(pc.wrapping_add(1));
                    if image.table(table).is_some_and(|t| is_object(t.elem.bits())) {
                        heap.mark(cell(a));
                    }
                }
                if w as u8 == op::EXTENDED && step != 0 {
                    // The new array stands where its length did.
                    if let Some(at) = new_array_cell(image, w, word(pc.wrapping_add(1))) {
                        heap.mark(cell(at));
                    }
                }
                next = pc.wrapping_add(len_of(w, word(pc.wrapping_add(1))));
                if word(next) as u8 == op::MAP && word(next) & 0xff00 == op::MAP_OPERATION {
                    mark_map(heap, word, cell, next);
                }
            }
        }
    }

    /// Marks what one marked object after the other refers to; whether all are done.
    fn trace_step(&self, heap: &mut Heap<'_>) -> bool {
        for _ in 0..STEP {
            let (object, i, at) = heap.scan;
            if object == 0 {
                let next = heap.gray;
                if next == 0 {
                    return true;
                }
                heap.gray = heap.word(next.wrapping_add(LINK as u32));
                let is_array = |ty: u32| ty & EXCEPTION != 0 || self.type_by_id(ty).is_some_and(|t| t.kind == Kind::Array);
                let first = if is_array(heap.word(next.wrapping_add(TYPE as u32))) { ELEMENTS } else { FIELDS };
                heap.scan = (next, 0, first as u32);
                continue;
            }
            let ty = heap.word(object.wrapping_add(TYPE as u32));
            let t = self.type_by_id(ty & !EXCEPTION);
            let field = match t {
                None => None,
                Some(t) if t.kind == Kind::Array && ty & EXCEPTION == 0 => {
                    let length = heap.word(object.wrapping_add(LENGTH as u32));
                    t.first.first().copied().filter(|field| i < length && is_object(*field & !MUTABLE))
                }
                Some(t) => t.first.get(i as usize).copied(),
            };
            let Some(field) = field else {
                heap.scan = (0, 0, 0);
                continue;
            };
            if is_object(field & !MUTABLE) {
                heap.mark(heap.word(object.wrapping_add(at)));
            }
            heap.scan = (object, i.wrapping_add(1), at.wrapping_add(field_cells(field)));
        }
        false
    }
}

/// What a frame is doing.
#[derive(Clone, Copy)]
enum At {
    /// The operation at `pc` is next, or under way with this much done.
    Top(u32),
    /// It waits for a call that returns to `pc`.
    Under,
    /// It waits for a host function that the operation at `pc` called.
    Host,
}

fn is_object(ty: u32) -> bool {
    let ty = ValType::from_bits(ty);
    ty.is_ref() && !ty.is_func_ref()
}

/// Words of the operation `w`, after which `next` comes.
fn len_of(w: u32, next: u32) -> u32 {
    use op::Form;
    match op::FORM.get((w & 0xff) as usize).copied().unwrap_or(Form::Hole) {
        Form::W2 => 2,
        Form::W3 => 3,
        Form::W4 => 4,
        Form::Data => (w >> 16).wrapping_add(1),
        Form::Extended => op::extended_len((w >> 24) as u8),
        Form::Second => op::second::rest(next).map_or(1, |n| n.wrapping_add(1)),
        _ => 1,
    }
}

/// The cell that holds an array while it is filled: that of its length before.
fn new_array_cell(image: crate::image::Image<'_>, w: u32, ty: u32) -> Option<u32> {
    use op::extended::*;
    let first = w >> 8 & 0xffff;
    match (w >> 24) as u8 {
        ARRAY_NEW => {
            let element = *image.full_type(ty)?.first.first()?;
            first.checked_add(field_cells(element))
        }
        ARRAY_NEW_DEFAULT => Some(first),
        ARRAY_NEW_DATA | ARRAY_NEW_ELEM => first.checked_add(1),
        _ => None,
    }
}

/// Marks values of these types from cell `at` of a stack on.
fn mark_values(heap: &mut Heap<'_>, cells: &[u32], at: u32, types: &[u32]) {
    let mut at = at;
    for ty in types {
        if is_object(*ty) {
            heap.mark(cells.get(at as usize).copied().unwrap_or(0));
        }
        at = at.wrapping_add(ValType::from_bits(*ty).cells());
    }
}

/// Marks what the `MAP` at `pc`, if there is one, tells of a frame.
fn mark_map(heap: &mut Heap<'_>, word: impl Fn(u32) -> u32, cell: impl Fn(u32) -> u32, pc: u32) {
    let w = word(pc);
    if w as u8 != op::MAP {
        return;
    }
    let first = word(pc.wrapping_add(1));
    for i in 0..(w >> 16).saturating_sub(1) {
        let mut bits = word(pc.wrapping_add(2).wrapping_add(i));
        while bits != 0 {
            heap.mark(cell(first.wrapping_add(i.wrapping_mul(32)).wrapping_add(bits.trailing_zeros())));
            bits &= bits.wrapping_sub(1);
        }
    }
}

/// No room, for whoever asked for an object.
pub(crate) const EXHAUSTED: Trap = Trap::HeapExhausted;
