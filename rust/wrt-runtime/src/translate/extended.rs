// SPDX-License-Identifier: MIT
//! What the translator makes of tail calls, typed references, structures, arrays and exceptions.
//!
//! Their operations work on operands side by side in the frame, so they are settled, and moved where the hole between
//! near and far cells would part them ([`Translator::gather`]).

use super::*;
use crate::op::extended::*;
use wrt_decoder::types::{I8, I16, MUTABLE};
use wrt_decoder::{Catch, Locals};

/// An operation of `op::extended` on the operands from cell `cell` on.
pub(super) fn extended(number: u8, cell: u32) -> u32 {
    op::EXTENDED as u32 | (cell & 0xffff) << 8 | (number as u32) << 24
}

/// The kind of a field or element, as operations have it.
fn field_kind(field: u32) -> u32 {
    match field & !MUTABLE {
        I8 => op::FIELD_8,
        I16 => op::FIELD_16,
        ty => match ValType::from_bits(ty).cells() {
            1 => op::FIELD_32,
            2 => op::FIELD_64,
            _ => op::FIELD_128,
        },
    }
}

fn width(types: &[u32]) -> u32 {
    types.iter().fold(0u32, |w, t| w.wrapping_add(ValType::from_bits(*t).cells()))
}

impl<const WATCH: bool> Translator<'_, WATCH> {
    /// Puts the `n` operands below the last `above` side by side, in a place of at least `room` cells; the frame's cell of
    /// the first.
    fn gather(&mut self, s: &mut Operands<'_>, n: u32, above: u32, room: u32) -> u32 {
        self.settle_all(s, n, above);
        let first = match s.top(n.wrapping_add(above).wrapping_sub(1)) {
            Some(o) if n.wrapping_add(above) > 0 => o.cell(),
            _ => s.next_cell(),
        };
        let cells = (0..n).fold(0u32, |w, i| w.wrapping_add(s.top(i.wrapping_add(above)).map_or(0, |o| o.ty().cells())));
        let room = room.max(cells);
        if self.near(first, room) {
            return first;
        }
        if first >= self.near {
            return self.lies(first, room);
        }
        // Across the hole: a place of their own above everything.
        let end = first.wrapping_add(room).max(s.next_cell()).max(self.near).wrapping_add(HOLE);
        self.widen(end.wrapping_add(room));
        let mut to = end;
        for i in (above..above.wrapping_add(n)).rev() {
            let Some(o) = s.top(i) else { break };
            let cells = o.ty().cells();
            let from = self.lies(o.cell(), cells);
            self.far_copy(to, from, cells);
            to = to.wrapping_add(cells);
        }
        end
    }
    /// The frame reaches up to `end`.
    fn widen(&mut self, end: u32) {
        self.frame_cells = self.frame_cells.max(end);
        self.frame_too_large |= end > limits::FRAME_CELLS;
    }
    /// A value of `cells` cells stands in the frame's cell `at`: moves it to where the operand at `cell` lies.
    fn ungather(&mut self, at: u32, cell: u32, cells: u32) {
        let to = self.lies(cell, cells);
        if to != at {
            self.far_copy(to, at, cells);
        }
        self.last.end = NOWHERE;
    }
    /// The frame's cell of an operand, which is put there.
    fn cell_of(&mut self, s: &mut Operands<'_>, n: u32) -> u32 {
        self.settle(s, n);
        s.top(n).map_or(0, |o| self.lies(o.cell(), 1))
    }

    /// An operation on the last `n` operands with up to two more words, and its result of type `result`.
    fn on_operands(&mut self, s: &mut Operands<'_>, number: u8, words: &[u32], n: u32, result: Option<ValType>) -> Done {
        let cells = result.map_or(0, ValType::cells);
        let cell = match n {
            0 => s.next_cell(),
            _ => s.top(n.wrapping_sub(1)).ok_or(Fault::Internal)?.cell(),
        };
        let at = self.gather(s, n, 0, cells);
        self.w.put(extended(number, at));
        words.iter().for_each(|w| self.w.put(*w));
        if matches!(number, STRUCT_NEW | STRUCT_NEW_DEFAULT | ARRAY_NEW..=ARRAY_NEW_ELEM | ARRAY_FILL..=ARRAY_INIT_ELEM) {
            self.map(s, 0);
        }
        if cells > 0 {
            self.ungather(at, cell, cells);
        }
        Ok(())
    }

    // ---- maps of references ------------------------------------------------------------------------------------

    /// After a call, or an operation that allocates or takes steps: which cells of operands hold references to objects
    /// meanwhile; not the last `above`.
    pub(super) fn map(&mut self, s: &Operands<'_>, above: u32) {
        let n = s.len().saturating_sub(above);
        self.map_operands(s, n, &[], 0, op::MAP_OPERATION);
    }
    /// Where jumps arrive, or a call has returned to: which cells of the operands do.
    pub(super) fn map_here(&mut self, s: &Operands<'_>) {
        self.map_operands(s, s.len(), &[], 0, op::MAP_HERE);
    }
    /// The same, of the first `n` operands and values of types `types` from the frame's cell `at` on.
    pub(super) fn map_operands(&mut self, s: &Operands<'_>, n: u32, types: &[u32], at: u32, kind: u32) {
        if !OBJECTS || !self.may_map(n.wrapping_add(types.len() as u32)) {
            return;
        }
        let mut map = MapWriter::default();
        for i in 0..n {
            if let Some(o) = s.get(i).filter(|o| is_object(o.ty()) && o.place() == Place::Cell) {
                let cell = self.lies(o.cell(), 1);
                map.add(&mut self.w, cell);
            }
        }
        let mut cell = at;
        for ty in types {
            let ty = ValType::from_bits(*ty);
            if is_object(ty) {
                map.add(&mut self.w, cell);
            }
            cell = cell.wrapping_add(ty.cells());
        }
        if map.end(&mut self.w, kind) {
            self.last.end = NOWHERE;
        }
    }
    /// After a block: values of types `types` from cell `at` on, above the first `n` operands.
    pub(super) fn map_block(&mut self, s: &Operands<'_>, n: u32, types: &[u32], at: u32) {
        if OBJECTS && self.may_map(n) && (types.iter().any(|ty| is_object(ValType::from_bits(*ty))) || self.objects_below(s, n)) {
            let cells = width(types);
            if self.near(at, cells) || at >= self.near {
                let at = self.lies(at, cells);
                self.map_operands(s, n, types, at, op::MAP_HERE);
            } else {
                // Across the hole, one by one.
                let mut cell = at;
                let mut map = MapWriter::default();
                for i in 0..n {
                    if let Some(o) = s.get(i).filter(|o| is_object(o.ty()) && o.place() == Place::Cell) {
                        let cell = self.lies(o.cell(), 1);
                        map.add(&mut self.w, cell);
                    }
                }
                for ty in types {
                    let ty = ValType::from_bits(*ty);
                    if is_object(ty) {
                        let lies = self.lies(cell, 1);
                        map.add(&mut self.w, lies);
                    }
                    cell = cell.wrapping_add(ty.cells());
                }
                map.end(&mut self.w, op::MAP_HERE);
            }
        }
    }
    /// Counts `n` operands or locals of one place, those beyond a usual number; whether that is within the limit. If not, the
    /// function's end is refused.
    fn may_map(&mut self, n: u32) -> bool {
        self.mapped = self.mapped.saturating_add(n.saturating_sub(USUAL));
        self.mapped <= limits::MAPPED
    }
    fn objects_below(&self, s: &Operands<'_>, n: u32) -> bool {
        (0..n).any(|i| s.get(i).is_some_and(|o| is_object(o.ty()) && o.place() == Place::Cell))
    }
    /// At the first word of a function: which locals may.
    pub(super) fn map_locals(&mut self, locals: &Locals<'_>) {
        if !OBJECTS {
            return;
        }
        let mut map = MapWriter::default();
        let mut n = 0u32;
        locals.each_reference(|ty, cell| {
            n = n.wrapping_add(1);
            if is_object(ty) && (n <= USUAL || self.may_map(USUAL.wrapping_add(1))) {
                let cell = self.lies(cell, 1);
                map.add(&mut self.w, cell);
            }
        });
        map.end(&mut self.w, op::MAP_HERE);
    }

    // ---- calls -------------------------------------------------------------------------------------------------

    pub(super) fn tail_call(&mut self, s: &mut Operands<'_>, func: u32, ty: &FuncType<'_>) -> Done {
        let cells = width(ty.params);
        let from = self.gather(s, ty.params.len() as u32, 0, 0);
        self.widen(cells);
        self.w.put(word16(op::RETURN_CALL, 0, self.run_length));
        self.w.put2([func, from | cells << 16]);
        self.live = false;
        Ok(())
    }
    pub(super) fn tail_call_indirect(&mut self, s: &mut Operands<'_>, index: u32, table: u32, ty: &FuncType<'_>) -> Done {
        let cells = width(ty.params);
        let element = self.cell_of(s, 0);
        if WIDE && s.top(0).is_some_and(|o| o.ty() == ValType::I64) {
            self.narrow(element);
        }
        let from = self.gather(s, ty.params.len() as u32, 1, 0);
        self.widen(cells);
        self.w.put2([extended(RETURN_CALL_INDIRECT, from), index]);
        self.w.put2([table | self.run_length << 16, element | cells << 16]);
        self.live = false;
        Ok(())
    }
    /// The 64-bit index of a table in the frame's cell `at` becomes one of 32 bits there.
    fn narrow(&mut self, at: u32) {
        if self.near(at, 2) {
            return self.w.put(word(op::TABLE_INDEX, at, at, 0));
        }
        let reg = self.near;
        self.w.put2([word(op::FAR_GET, reg, 2, 0), at]);
        self.w.put(word(op::TABLE_INDEX, reg, reg, 0));
        self.w.put2([word(op::FAR_SET, reg, 1, 0), at]);
    }
    pub(super) fn call_reference(&mut self, s: &mut Operands<'_>, ty: &FuncType<'_>, tail: bool) -> Done {
        if tail {
            let cells = width(ty.params);
            let reference = self.cell_of(s, 0);
            let from = self.gather(s, ty.params.len() as u32, 1, 0);
            self.widen(cells);
            self.w.put2([extended(RETURN_CALL_REF, from), reference | cells << 16]);
            self.w.put(self.run_length);
            self.live = false;
            return Ok(());
        }
        let reference = self.cell_of(s, 0);
        self.call_with(s, ty, 1, |t, _, at, _| {
            let cost = t.charge();
            t.w.put2([extended(CALL_REF, at), reference]);
            t.w.put(cost);
        });
        Ok(())
    }

    pub(super) fn non_null(&mut self, s: &mut Operands<'_>) -> Done {
        let at = self.cell_of(s, 0);
        self.w.put(extended(REF_AS_NON_NULL, at));
        Ok(())
    }

    // ---- branches on references --------------------------------------------------------------------------------

    pub(super) fn branch_on_null(&mut self, s: &mut Operands<'_>, label: u32, arity: u32) -> Done {
        self.settle_all(s, arity.wrapping_add(1), 0);
        let reg = self.reg(s.top(0).ok_or(Fault::Internal)?, 0);
        self.branch(s, if_zero(reg), label, arity, 1)
    }
    pub(super) fn branch_on_non_null(&mut self, s: &mut Operands<'_>, label: u32, arity: u32) -> Done {
        self.settle_all(s, arity, 0);
        let reg = self.reg(s.top(0).ok_or(Fault::Internal)?, 0);
        self.branch(s, if_not_zero(reg), label, arity, 0)
    }
    pub(super) fn branch_on_cast(&mut self, s: &mut Operands<'_>, label: u32, arity: u32, ty: ValType, fail: bool) -> Done {
        self.settle_all(s, arity, 0);
        let at = self.cell_of(s, 0);
        // The answer replaces what is asked about, so it is asked about a copy.
        let scratch = self.near.wrapping_add(SCRATCH_RESULT);
        self.far_copy(scratch, at, 1);
        self.w.put2([extended(REF_TEST, scratch), ty.bits()]);
        let cond = if fail { if_zero(scratch) } else { if_not_zero(scratch) };
        self.branch(s, cond, label, arity, 0)
    }

    // ---- structures and arrays ---------------------------------------------------------------------------------

    /// An instruction with an opcode that begins with 0xfb. `x`, `y`: its indexes.
    #[allow(clippy::too_many_arguments)] // those of `Sink::plain`
    pub(super) fn object(
        &mut self,
        info: &Info<'_>,
        s: &mut Operands<'_>,
        n: u8,
        x: u32,
        y: u32,
        pops: u32,
        result: Option<ValType>,
    ) -> Done {
        let element = || info.element(x).map(field_kind).ok_or(Fault::Internal);
        let cells = |field: &u32| image::field_cells(*field);
        let words: &[u32] = match n {
            STRUCT_NEW | STRUCT_NEW_DEFAULT => &[x],
            STRUCT_GET..=STRUCT_SET => {
                let fields = info.fields(x).ok_or(Fault::Internal)?;
                let (before, from) = fields.split_at_checked(y as usize).ok_or(Fault::Internal)?;
                let field = from.first().ok_or(Fault::Internal)?;
                &[before.iter().map(cells).sum::<u32>() | field_kind(*field) << 16]
            }
            ARRAY_NEW | ARRAY_NEW_DEFAULT => &[x, element()?],
            ARRAY_NEW_FIXED..=ARRAY_NEW_ELEM => &[x, element()? | y << 8],
            ARRAY_GET..=ARRAY_SET | ARRAY_FILL | ARRAY_COPY => &[element()?],
            ARRAY_INIT_DATA | ARRAY_INIT_ELEM => &[element()? | y << 8],
            20..=23 => &[x],
            _ => &[],
        };
        let n = match n {
            21 => REF_TEST,
            23 => REF_CAST,
            n => n,
        };
        self.on_operands(s, n, words, pops, result)
    }

    // ---- exceptions --------------------------------------------------------------------------------------------

    pub(super) fn throw_tag(&mut self, s: &mut Operands<'_>, tag: u32, arity: u32) -> Done {
        let at = self.gather(s, arity, 0, 1);
        self.w.put2([extended(THROW, at), tag]);
        self.w.put(self.run_length);
        self.map(s, 0);
        self.live = false;
        Ok(())
    }
    pub(super) fn throw_again(&mut self, s: &mut Operands<'_>) -> Done {
        let at = self.cell_of(s, 0);
        self.w.put2([extended(THROW_REF, at), self.run_length]);
        self.live = false;
        Ok(())
    }
    pub(super) fn try_begin(&mut self, s: &mut Operands<'_>, control: &mut Control, n: u32) -> Done {
        let below = s.len();
        if self.lazy_floor < below {
            self.flush(s, below);
        }
        self.settle_all(s, below.wrapping_sub(control.height), 0);
        let words = n.wrapping_mul(3).wrapping_add(4);
        if words > 0xffff {
            return Err(Fault::TooManyClauses);
        }
        let at = self.w.pos;
        self.w.put2([word16(op::TRY, 0, words), 0]);
        self.w.put2([self.enclosing_try, 0]);
        self.w.put2([0, self.last_try]);
        self.w.reserve(n.wrapping_mul(3));
        control.user = [0, at, self.run_length, self.enclosing_try];
        (self.enclosing_try, self.last_try, self.clause_at) = (at, at, at.wrapping_add(6));
        self.last.end = NOWHERE;
        Ok(())
    }
    /// A clause: where it goes on its values are moved to the label's.
    pub(super) fn try_clause(&mut self, s: &mut Operands<'_>, catch: Catch, label: u32, arity: u32) -> Done {
        let (at, whole) = self.thrown_place(s, arity);
        let tag = catch.tag.map_or(0, |tag| tag.wrapping_add(1)) | (catch.exception as u32) << 31;
        for (i, w) in [tag, self.w.pos, at].into_iter().enumerate() {
            self.w.set(self.clause_at.wrapping_add(i as u32), w);
        }
        self.clause_at = self.clause_at.wrapping_add(3);
        // Everything before is charged by then.
        let run_length = self.charge();
        self.thrown(s, arity, at, whole);
        if self.is_body(s, label) {
            self.leave(s, arity, 0);
        } else {
            let (_, cell, _) = s.target(label).ok_or(Fault::Internal)?;
            self.moves(s, cell, arity, 0);
            self.jump(s, label)?;
        }
        self.run_length = run_length;
        Ok(())
    }
    /// Where whoever throws puts the last `n` operands: the frame's cell of the first, and whether they are where they belong
    /// then.
    pub(super) fn thrown_place(&mut self, s: &Operands<'_>, n: u32) -> (u32, bool) {
        let cells = (0..n).fold(0u32, |w, i| w.wrapping_add(s.top(i).map_or(0, |o| o.ty().cells())));
        let first = if n == 0 { s.next_cell() } else { s.top(n.wrapping_sub(1)).map_or(0, |o| o.cell()) };
        let whole = self.near(first, cells) || first >= self.near;
        let at = if whole { self.lies(first, cells) } else { s.next_cell().max(self.near).wrapping_add(HOLE) };
        self.widen(at.wrapping_add(cells));
        (at, whole)
    }
    /// They have been put there: they go where they belong.
    pub(super) fn thrown(&mut self, s: &mut Operands<'_>, n: u32, at: u32, whole: bool) {
        if whole {
            return self.map_here(s);
        }
        self.map_thrown(s, n, at);
        let mut from = at;
        for i in (0..n).rev() {
            let Some(o) = s.top(i) else { break };
            let cells = o.ty().cells();
            let to = self.lies(o.cell(), cells);
            self.far_copy(to, from, cells);
            from = from.wrapping_add(cells);
        }
    }
    /// The map while the last `n` operands are side by side from cell `at` on, which is above all others.
    fn map_thrown(&mut self, s: &Operands<'_>, n: u32, at: u32) {
        if !OBJECTS || !self.may_map(s.len()) {
            return;
        }
        let (mut map, mut to) = (MapWriter::default(), at);
        for i in 0..s.len() {
            let Some(o) = s.get(i) else { break };
            let thrown = i >= s.len().saturating_sub(n);
            let cell = if thrown { to } else { self.lies(o.cell(), 1) };
            if thrown {
                to = to.wrapping_add(o.ty().cells());
            }
            if is_object(o.ty()) && o.place() == Place::Cell {
                map.add(&mut self.w, cell);
            }
        }
        map.end(&mut self.w, op::MAP_HERE);
    }
    pub(super) fn try_opened(&mut self, control: &mut Control) {
        let at = control.user[SKIPS];
        self.w.set(at.wrapping_add(1), self.w.pos.wrapping_sub(at).wrapping_sub(2));
        self.w.set(at.wrapping_add(3), self.w.pos);
        self.handlers = self.handlers.wrapping_add(1);
        self.last.end = NOWHERE;
    }
    /// The block ends here. Of its words the sink's second one is where its operation stands.
    pub(super) fn try_end(&mut self, control: &Control) {
        let at = control.user[SKIPS];
        self.w.set(at.wrapping_add(4), self.w.pos);
        self.enclosing_try = control.user[ENCLOSING];
    }
    /// The table of all handlers, which are a list until now; where it begins.
    pub(super) fn handler_records(&mut self) -> u32 {
        let at = self.w.reserve(self.handlers);
        let mut next = self.last_try;
        for i in (0..self.handlers).rev() {
            self.w.set(at.wrapping_add(i), next);
            next = self.w.get(next.wrapping_add(5));
        }
        at
    }
}

/// Whether this build has objects: what it translates without them runs where there are none.
const OBJECTS: bool = cfg!(any(feature = "gc", feature = "exceptions"));

/// Whether values of this type can be references to objects: `externref` too holds them once they are converted.
fn is_object(ty: ValType) -> bool {
    ty.is_ref() && !ty.is_func_ref()
}

/// Operands or locals of one place that are not counted: the work for them grows with the code alone.
const USUAL: u32 = 64;

/// Writes the words of a [`op::MAP`] when there is something in it.
#[derive(Default)]
struct MapWriter {
    /// Where the operation stands; 0: nothing was added.
    at: u32,
    first: u32,
}

impl MapWriter {
    /// Cell `cell`, which is above all before.
    fn add(&mut self, w: &mut Writer<'_>, cell: u32) {
        if self.at == 0 {
            (self.at, self.first) = (w.pos, cell);
            w.put2([op::MAP as u32, cell]);
        }
        let bit = cell.wrapping_sub(self.first);
        let at = self.at.wrapping_add(2).wrapping_add(bit / 32);
        if at >= w.pos {
            w.reserve(at.wrapping_sub(w.pos).wrapping_add(1));
        }
        w.set(at, w.get(at) | 1 << (bit % 32));
    }
    /// Whether there was anything.
    fn end(self, w: &mut Writer<'_>, kind: u32) -> bool {
        if self.at != 0 {
            w.set(self.at, op::MAP as u32 | kind | w.pos.wrapping_sub(self.at).wrapping_sub(1) << 16);
        }
        self.at != 0
    }
}
