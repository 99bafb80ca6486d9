// SPDX-License-Identifier: MIT
//! The two stacks of the function being validated, both in the caller's scratch words: operands grow up from the
//! front, control frames down from the back.
//!
//! An operand carries its type for the validator and, for the sink, where its value is. Cells of a frame are numbered
//! from 0: first the locals, then one place per operand; [`Operand::cell`] is that place, whether or not the value has
//! been put there.

use crate::Fault;
use wrt_foundation::ValType;
use wrt_foundation::limits::FRAME_CELLS;

/// Where the value of an operand is. The validator pushes [`Place::Cell`]; the sink may say otherwise.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Place {
    /// In the operand's own cell(s).
    Cell,
    /// In the cells of the local that starts at this cell of the frame; not copied yet.
    Local(u32),
    /// A constant that no cell holds yet: its bits.
    Const(u64),
}

/// One operand.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Operand {
    /// Its type; [`ValType::BOTTOM`] in unreachable code only.
    pub ty: ValType,
    /// Its own cell: the sum of the cells of the locals and of the operands below.
    pub cell: u32,
    /// Where its value is.
    pub place: Place,
}

const CELL: u32 = 0;
const LOCAL: u32 = 1;
const CONST: u32 = 2;
/// Words of an operand: type, cell and kind of place, payload.
pub(crate) const OPERAND: usize = 4;
/// Words of a control frame.
const CONTROL: usize = 10;
/// Beside the kind in the first word of a control frame.
const UNREACHABLE: u32 = 1 << 8;
const DEAD: u32 = 1 << 9;

impl Operand {
    /// The cell after its own cells.
    pub fn end(&self) -> u32 {
        self.cell.wrapping_add(self.ty.cells())
    }
    fn pack(&self) -> [u32; OPERAND] {
        let (kind, lo, hi) = match self.place {
            Place::Cell => (CELL, 0, 0),
            Place::Local(c) => (LOCAL, c, 0),
            Place::Const(v) => (CONST, v as u32, (v >> 32) as u32),
        };
        [self.ty.bits(), self.cell << 2 | kind, lo, hi]
    }
    fn unpack(w: &[u32; OPERAND]) -> Operand {
        let place = match w[1] & 3 {
            CELL => Place::Cell,
            LOCAL => Place::Local(w[2]),
            _ => Place::Const(w[2] as u64 | (w[3] as u64) << 32),
        };
        Operand { ty: ValType::from_bits(w[0]), cell: w[1] >> 2, place }
    }
}

/// What opened a control frame.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[repr(u8)]
pub enum ControlKind {
    /// The body of a function, or a constant expression.
    Func = 0,
    /// `block`
    Block = 1,
    /// `loop`
    Loop = 2,
    /// `if`, before its `else`
    If = 3,
    /// `if`, after its `else`
    Else = 4,
}

/// One open block. `user` belongs to the sink.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Control {
    /// What opened it.
    pub kind: ControlKind,
    /// The rest of the block cannot be reached.
    pub unreachable: bool,
    /// It was opened in unreachable code: the sink never hears of it.
    pub dead: bool,
    /// Operands below the block's parameters.
    pub height: u32,
    /// The cell of its first parameter and result.
    pub cell: u32,
    /// Block type: `u32::MAX` none, bit 31 set: one result of the type in the low bits, else a type index.
    pub block_type: u32,
    /// The sink's words: heads of lists of branches to patch and the like.
    pub user: [u32; 6],
}

impl Control {
    fn pack(&self) -> [u32; CONTROL] {
        let unreachable = if self.unreachable { UNREACHABLE } else { 0 };
        let flags = self.kind as u32 | unreachable | if self.dead { DEAD } else { 0 };
        let [a, b, c, d, e, f] = self.user;
        [flags, self.height, self.cell, self.block_type, a, b, c, d, e, f]
    }
    fn unpack(w: &[u32; CONTROL]) -> Control {
        let [flags, height, cell, block_type, a, b, c, d, e, f] = *w;
        let kind = match flags as u8 {
            0 => ControlKind::Func,
            1 => ControlKind::Block,
            2 => ControlKind::Loop,
            3 => ControlKind::If,
            _ => ControlKind::Else,
        };
        let user = [a, b, c, d, e, f];
        Control { kind, unreachable: flags & UNREACHABLE != 0, dead: flags & DEAD != 0, height, cell, block_type, user }
    }
}

/// The operands, being looked at from the top.
pub(crate) struct Peek<'a> {
    words: &'a [u32],
    /// The cell of the operand looked at last, else the next one.
    pub(crate) cell: u32,
}

impl Peek<'_> {
    /// Whether the next operand is there and has type `ty`. Type 0 is true without looking.
    #[inline(always)]
    pub(crate) fn next_is(&mut self, ty: u32) -> bool {
        // A pattern, not `split_last_chunk`, whose panic not every build removes.
        const { assert!(OPERAND == 4) };
        match *self.words {
            _ if ty == 0 => true,
            [ref rest @ .., found, cell, _, _] if found == ty => {
                self.words = rest;
                self.cell = cell >> 2;
                true
            }
            _ => false,
        }
    }
    /// Words of the operands not looked at.
    #[inline]
    pub(crate) fn left(&self) -> usize {
        self.words.len()
    }
}

/// Both stacks.
#[derive(Debug)]
pub struct Operands<'s> {
    words: &'s mut [u32],
    /// Words of operands.
    top: usize,
    /// First word of the control frames.
    floor: usize,
    /// Operands may reach this word without looking at the limits: `high_water` accounts for it.
    soft: usize,
    /// Operands may never pass this word: a frame has no more cells. Each operand counts as two cells here, so that
    /// only a stack that grows has to be checked.
    cap: usize,
    depth: u32,
    next_cell: u32,
    /// Most words in use at once, for the report of what a module needs.
    pub high_water: u32,
}

impl<'s> Operands<'s> {
    /// Empty stacks in `words`; the first operand's cell is `first_cell`.
    pub fn new(words: &'s mut [u32], first_cell: u32) -> Self {
        let cap = (FRAME_CELLS.saturating_sub(first_cell) as usize / 2).wrapping_mul(OPERAND);
        let floor = words.len();
        Operands { words, top: 0, floor, soft: 0, cap, depth: 0, next_cell: first_cell, high_water: 0 }
    }
    /// Operands on the stack.
    #[inline]
    pub fn len(&self) -> u32 {
        (self.top / OPERAND) as u32
    }
    /// Whether there is no operand.
    pub fn is_empty(&self) -> bool {
        self.top == 0
    }
    /// The cell that the next operand will have.
    #[inline]
    pub fn next_cell(&self) -> u32 {
        self.next_cell
    }
    /// Open control frames.
    pub fn depth(&self) -> u32 {
        self.depth
    }

    /// Operands want to reach word `top`, and frames want `frames` words: accounts for it, or tells what is missing.
    #[cold]
    #[inline(never)]
    fn room(&mut self, top: usize, frames: usize) -> Result<(), Fault> {
        let used = top.wrapping_add(frames);
        self.high_water = self.high_water.max(used as u32);
        if top > self.cap {
            return Err(Fault::FrameTooLarge);
        }
        if used > self.words.len() {
            return Err(Fault::ScratchFull);
        }
        self.floor = self.words.len().wrapping_sub(frames);
        self.soft = (self.high_water as usize).wrapping_sub(frames).min(self.floor).min(self.cap);
        Ok(())
    }
    /// Words of control frames.
    fn frames(&self) -> usize {
        self.words.len().wrapping_sub(self.floor)
    }

    /// Pushes an operand of type `ty` that is in its own cell.
    #[inline]
    pub fn push(&mut self, ty: ValType) -> Result<(), Fault> {
        let at = self.top;
        let end = at.wrapping_add(OPERAND);
        if end > self.soft {
            self.room(end, self.frames())?;
        }
        self.top = end;
        let cell = self.next_cell;
        if let Some([w_ty, w_cell]) = self.words.get_mut(at..).and_then(|w| w.first_chunk_mut()) {
            *w_ty = ty.bits();
            *w_cell = cell << 2 | CELL;
        }
        self.next_cell = cell.wrapping_add(ty.cells());
        Ok(())
    }
    /// Removes and returns the last operand.
    pub fn pop(&mut self) -> Option<Operand> {
        let o = self.top(0)?;
        self.truncate(self.len().wrapping_sub(1), o.cell);
        Some(o)
    }
    /// Word after the last operand. Operands are [`OPERAND`] words long, the first of which is the type.
    #[inline]
    pub(crate) fn end(&self) -> usize {
        self.top
    }
    /// Looks at the operands.
    #[inline]
    pub(crate) fn peek(&self) -> Peek<'_> {
        Peek { words: self.words.get(..self.top).unwrap_or(&[]), cell: self.next_cell }
    }
    /// Cuts the stack at word `at`, the next operand having the cell `cell`.
    #[inline]
    pub(crate) fn cut_to(&mut self, at: usize, cell: u32) {
        self.top = at;
        self.next_cell = cell;
    }
    /// Removes the last `n` operands, but none below word `base`.
    #[inline]
    pub(crate) fn cut(&mut self, n: u32, base: usize) {
        let at = self.top.saturating_sub((n as usize).wrapping_mul(OPERAND)).max(base);
        if at < self.top {
            self.next_cell = self.words.get(at.wrapping_add(1)).map_or(0, |w| w >> 2);
            self.top = at;
        }
    }
    /// Cuts the stack to `len` operands, the next having the cell `cell`.
    pub fn truncate(&mut self, len: u32, cell: u32) {
        self.top = (len as usize).wrapping_mul(OPERAND);
        self.next_cell = cell;
    }
    /// The words of `n` operands, the last of which has `skip` operands above it. The first word is the type.
    #[inline]
    pub(crate) fn last(&self, n: u32, skip: u32) -> Option<&[[u32; OPERAND]]> {
        let end = self.top.checked_sub((skip as usize).wrapping_mul(OPERAND))?;
        let start = end.checked_sub((n as usize).wrapping_mul(OPERAND))?;
        Some(self.words.get(start..end)?.as_chunks().0)
    }
    /// The cell of operand `i`, or of the next one if there are `i` only.
    pub(crate) fn cell(&self, i: u32) -> u32 {
        self.get(i).map_or(self.next_cell, |o| o.cell)
    }
    /// Operand `i`, counted from the bottom.
    pub fn get(&self, i: u32) -> Option<Operand> {
        let at = (i as usize).wrapping_mul(OPERAND);
        if at >= self.top {
            return None;
        }
        self.words.get(at..)?.first_chunk().map(Operand::unpack)
    }
    /// Replaces operand `i`, counted from the bottom.
    pub fn set(&mut self, i: u32, o: Operand) {
        let at = (i as usize).wrapping_mul(OPERAND);
        if let Some(w) = self.words.get_mut(at..).and_then(|w| w.first_chunk_mut()) {
            *w = o.pack();
        }
    }
    /// The operand `n` places below the top (0 = the last).
    #[inline]
    pub fn top(&self, n: u32) -> Option<Operand> {
        self.last(1, n)?.first().map(Operand::unpack)
    }
    /// Replaces where the operand `n` places below the top is.
    pub fn set_top_place(&mut self, n: u32, place: Place) {
        let Some(i) = self.len().checked_sub(n).and_then(|i| i.checked_sub(1)) else { return };
        if let Some(o) = self.get(i) {
            self.set(i, Operand { place, ..o });
        }
    }

    fn control_at(&self, n: u32) -> Option<usize> {
        if n < self.depth { Some(self.floor.wrapping_add((n as usize).wrapping_mul(CONTROL))) } else { None }
    }
    /// Opens a frame.
    pub fn push_control(&mut self, c: Control) -> Result<(), Fault> {
        let floor = self.floor.wrapping_sub(CONTROL);
        let soft = self.soft.wrapping_sub(CONTROL);
        if self.top <= soft && soft <= self.floor {
            // Accounted for already: it has been as deep, or operands have been as many.
            (self.floor, self.soft) = (floor, soft);
        } else {
            self.room(self.top, self.frames().wrapping_add(CONTROL))?;
        }
        self.depth = self.depth.wrapping_add(1);
        if let Some(w) = self.words.get_mut(self.floor..).and_then(|w| w.first_chunk_mut()) {
            *w = c.pack();
        }
        Ok(())
    }
    /// Closes the innermost frame.
    pub fn pop_control(&mut self) -> Option<Control> {
        let c = self.control(0)?;
        self.depth = self.depth.wrapping_sub(1);
        self.floor = self.floor.wrapping_add(CONTROL);
        self.soft = self.soft.wrapping_add(CONTROL).min(self.cap);
        Some(c)
    }
    #[inline]
    fn frame(&self, n: u32) -> Option<&[u32; CONTROL]> {
        self.words.get(self.control_at(n)?..)?.first_chunk()
    }
    /// Whether label `n` names a loop, and the type of its block.
    #[inline]
    pub(crate) fn label(&self, n: u32) -> Option<(bool, u32)> {
        self.frame(n).map(|w| (w[0] & 0xff == ControlKind::Loop as u32, w[3]))
    }
    /// Of the innermost frame: word of its first operand, whether it is unreachable, whether it is dead.
    #[inline]
    pub(crate) fn innermost(&self) -> Option<(usize, bool, bool)> {
        self.frame(0).map(|w| ((w[1] as usize).wrapping_mul(OPERAND), w[0] & UNREACHABLE != 0, w[0] & DEAD != 0))
    }
    /// The rest of the innermost block cannot be reached: its operands are gone.
    pub(crate) fn never(&mut self) {
        let Some(at) = self.control_at(0) else { return };
        let Some([flags, height, cell, ..]) = self.words.get_mut(at..).and_then(|w| w.first_chunk_mut::<CONTROL>()) else { return };
        *flags |= UNREACHABLE;
        (self.top, self.next_cell) = ((*height as usize).wrapping_mul(OPERAND), *cell);
    }
    /// The frame that label `n` names (0 = innermost).
    pub fn control(&self, n: u32) -> Option<Control> {
        self.frame(n).map(Control::unpack)
    }
    /// Replaces the frame that label `n` names.
    pub fn set_control(&mut self, n: u32, c: Control) {
        let Some(at) = self.control_at(n) else { return };
        if let Some(w) = self.words.get_mut(at..).and_then(|w| w.first_chunk_mut()) {
            *w = c.pack();
        }
    }
}
