// SPDX-License-Identifier: MIT
//! The two stacks of the function being validated, both in the caller's scratch words: operands grow up from the
//! front, control frames down from the back.
//!
//! An operand carries its type for the validator and, for the sink, where its value is. Cells of a frame are numbered
//! from 0: first the locals, then those that the sink keeps for itself, then one place per operand; [`Operand::cell`] is that place,
//! whether or not the value has been put there.

use crate::Fault;
use crate::locals::Local;
use wrt_foundation::ValType;
use wrt_foundation::limits::{BODY_BYTES, FRAME_CELLS};

/// Where the value of an operand is. The validator pushes it as what it is; the sink may say otherwise.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Place {
    /// In the operand's own cell(s).
    Cell,
    /// In the cells of the local that starts at this cell of the frame; not copied yet.
    Local(u32),
    /// A constant that no cell holds yet: its bits, those above its type's are 0.
    Const(u64),
}

/// One operand where it stands: its type, its cell and where its value is, in four words of scratch.
#[derive(Clone, Copy)]
pub struct Operand<'a>(&'a [u32; 4]);

// Words of an operand: type, cell and kind of place, payload: the cell that has the value, or the bits of a constant.
const TYPE: usize = 0;
const AT: usize = 1;
const LOW: usize = 2;
const HIGH: usize = 3;
// Kinds of place.
const CELL: u32 = 0;
const LOCAL: u32 = 1;
const CONST: u32 = 2;
const KIND: u32 = 3;

/// Two operands side by side: one pointer where two operands would be two.
#[derive(Clone, Copy, Debug)]
pub struct Pair<'a>(&'a [[u32; 4]; 2]);

impl<'a> Pair<'a> {
    /// Both, the deeper one first.
    #[inline(always)]
    pub fn both(self) -> [Operand<'a>; 2] {
        self.0.each_ref().map(Operand)
    }
}

impl Operand<'_> {
    /// Its type; [`ValType::BOTTOM`] in unreachable code only.
    #[inline(always)]
    pub fn ty(&self) -> ValType {
        ValType::from_bits(self.0[TYPE])
    }
    /// Its own cell: as many lie below it as the locals, the sink's own and the operands below have.
    #[inline(always)]
    pub fn cell(&self) -> u32 {
        self.0[AT] >> 2
    }
    /// The cell after its own cells.
    pub fn end(&self) -> u32 {
        self.cell().wrapping_add(self.ty().cells())
    }
    /// Whether it is a constant that no cell holds yet.
    #[inline(always)]
    pub fn is_const(&self) -> bool {
        self.0[AT] & CONST != 0
    }
    /// The first of the cells that hold its value, its own or a local's; `None` for a constant.
    #[inline(always)]
    pub fn stands(&self) -> Option<u32> {
        if self.is_const() { None } else { Some(self.0[LOW]) }
    }
    /// The lower 32 bits of a constant.
    #[inline(always)]
    pub fn low(&self) -> u32 {
        self.0[LOW]
    }
    /// Whether its value is in its own cell, and that is `cell`.
    #[inline(always)]
    pub fn is_in(&self, cell: u32) -> bool {
        self.0[AT] == cell << 2 | CELL
    }
    /// Where its value is.
    #[inline(always)]
    pub fn place(&self) -> Place {
        match self.0[AT] & KIND {
            CELL => Place::Cell,
            LOCAL => Place::Local(self.0[LOW]),
            _ => Place::Const(self.0[LOW] as u64 | (self.0[HIGH] as u64) << 32),
        }
    }
}

impl core::fmt::Debug for Operand<'_> {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        write!(f, "{}@{} {:?}", self.ty(), self.cell(), self.place())
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
    /// `try_table`
    Try = 5,
    /// `try`, before its first `catch`
    LegacyTry = 6,
    /// `try`, after a `catch`
    Catch = 7,
    /// `try`, after its `catch_all`
    CatchAll = 8,
}

/// One open block, in eight words of scratch. `user` belongs to the sink.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Control {
    flags: u32,
    /// Operands below the block's parameters.
    pub height: u32,
    /// The cell of its first parameter and result.
    pub cell: u32,
    /// Block type: `u32::MAX` none, bit 31 set: one result of the type in the low bits, else a type index.
    pub block_type: u32,
    /// The sink's words: heads of lists of branches to patch and the like.
    pub user: [u32; USER],
}

/// Operands of a frame with these flags that no instruction reaches: within a `catch` the exception, of one cell.
#[inline(always)]
const fn hidden(flags: u32) -> u32 {
    (cfg!(feature = "legacy-exceptions") && flags & 0xff >= ControlKind::Catch as u32) as u32
}

/// Words of a control frame that belong to the sink.
pub const USER: usize = 4;
/// Slots of a control frame.
const CONTROL: usize = 2;
// Flags, beside the kind.
const UNREACHABLE: u32 = 1 << 8;
const DEAD: u32 = 1 << 9;
/// Shift of the frame's number: each frame, and each `else`, of a function has another one, greater than those before it.
const SERIAL: u32 = 10;
// A body of so many bytes cannot have more frames than there are numbers.
const _: () = assert!(BODY_BYTES / 2 < 1 << (32 - SERIAL));

impl Control {
    /// A block that begins where operand `height` is, in `cell`; `dead`: in unreachable code.
    pub(crate) fn new(kind: ControlKind, dead: bool, height: u32, cell: u32, block_type: u32) -> Control {
        let flags = kind as u32 | if dead { DEAD } else { 0 };
        Control { flags, height, cell, block_type, user: [0; USER] }
    }
    /// What opened it.
    pub fn kind(&self) -> ControlKind {
        match self.flags as u8 {
            0 => ControlKind::Func,
            1 => ControlKind::Block,
            2 => ControlKind::Loop,
            3 => ControlKind::If,
            4 => ControlKind::Else,
            #[cfg(feature = "legacy-exceptions")]
            6 => ControlKind::LegacyTry,
            #[cfg(feature = "legacy-exceptions")]
            7 => ControlKind::Catch,
            #[cfg(feature = "legacy-exceptions")]
            8 => ControlKind::CatchAll,
            _ => ControlKind::Try,
        }
    }
    /// The rest of the block cannot be reached.
    pub fn is_unreachable(&self) -> bool {
        self.flags & UNREACHABLE != 0
    }
    /// It was opened in unreachable code: the sink never hears of it.
    pub fn is_dead(&self) -> bool {
        self.flags & DEAD != 0
    }
    /// The same block after its `else` or a `catch`, without a number.
    pub(crate) fn turned(self, kind: ControlKind) -> Control {
        Control { flags: kind as u32 | self.flags & DEAD, ..self }
    }
    fn pack(&self) -> [[u32; 4]; CONTROL] {
        [[self.flags, self.height, self.cell, self.block_type], self.user]
    }
    fn unpack(&[[flags, height, cell, block_type], user]: &[[u32; 4]; CONTROL]) -> Control {
        Control { flags, height, cell, block_type, user }
    }
}

impl core::fmt::Debug for Control {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        write!(f, "{:?} of operand {}, cell {}", self.kind(), self.height, self.cell)
    }
}

/// Both stacks.
#[derive(Debug)]
pub struct Operands<'s> {
    slots: &'s mut [[u32; 4]],
    /// Operands.
    top: usize,
    /// First slot of the control frames.
    floor: usize,
    /// Operands may be so many without looking at the limits: `high_water` accounts for it.
    soft: usize,
    /// Operands may never be more: a frame has no more cells. Each operand counts as two cells here, so that only a stack
    /// that grows has to be checked.
    cap: usize,
    depth: u32,
    /// Frames of the function so far.
    serial: u32,
    next_cell: u32,
    /// Most slots in use at once.
    high_water: usize,
}

impl<'s> Operands<'s> {
    /// Empty stacks in `words`; the first operand's cell is `first_cell`. `high_water`: words that are accounted for.
    pub fn new(words: &'s mut [u32], first_cell: u32, high_water: u32) -> Self {
        let cap = FRAME_CELLS.saturating_sub(first_cell) as usize / 2;
        let slots = words.as_chunks_mut().0;
        let floor = slots.len();
        Operands { slots, top: 0, floor, soft: 0, cap, depth: 0, serial: 0, next_cell: first_cell, high_water: high_water as usize / 4 }
    }
    /// Most words in use at once, for the report of what a module needs.
    pub fn high_water(&self) -> u32 {
        self.high_water.saturating_mul(4) as u32
    }
    /// Operands on the stack.
    #[inline(always)]
    pub fn len(&self) -> u32 {
        self.top as u32
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

    /// Operands want to be `top`, and frames want `frames` slots: accounts for it, or tells what is missing.
    #[cold]
    #[inline(never)]
    fn room(&mut self, top: usize, frames: usize) -> Result<(), Fault> {
        let used = top.wrapping_add(frames);
        self.high_water = self.high_water.max(used);
        if top > self.cap {
            return Err(Fault::FrameTooLarge);
        }
        if used > self.slots.len() {
            return Err(Fault::ScratchFull);
        }
        self.floor = self.slots.len().wrapping_sub(frames);
        self.soft = self.high_water.wrapping_sub(frames).min(self.floor).min(self.cap);
        Ok(())
    }
    /// Slots of control frames.
    fn frames(&self) -> usize {
        self.slots.len().wrapping_sub(self.floor)
    }

    // ---- operands ----------------------------------------------------------------------------------------------

    /// Pushes an operand of type `ty` that is in its own cell.
    #[inline]
    pub fn push(&mut self, ty: ValType) -> Result<(), Fault> {
        self.push_as(ty, ty.cells(), CELL, self.next_cell.into())
    }
    /// Pushes the value of a local.
    pub(crate) fn push_local(&mut self, local: Local) -> Result<(), Fault> {
        self.push_as(local.ty(), local.cells(), LOCAL, local.cell().into())
    }
    /// Pushes a constant.
    pub(crate) fn push_const(&mut self, ty: ValType, bits: u64) -> Result<(), Fault> {
        self.push_as(ty, ty.cells(), CONST, bits)
    }
    /// Pushes the value of a local, if there is room that is accounted for.
    #[inline(always)]
    pub(crate) fn push_local_quickly(&mut self, local: Local) -> bool {
        self.push_quickly(local.cells(), |[ty, at, low, _], cell| {
            (*ty, *at, *low) = (local.ty().bits(), cell << 2 | LOCAL, local.cell());
        })
    }
    /// Pushes a constant of one cell, if there is room that is accounted for.
    #[inline(always)]
    pub(crate) fn push_const_quickly(&mut self, ty: ValType, bits: u32) -> bool {
        self.push_quickly(1, |slot, cell| *slot = [ty.bits(), cell << 2 | CONST, bits, 0])
    }
    /// One more operand, of so many cells, if there is room that is accounted for; `write` gets its slot and its cell.
    #[inline(always)]
    fn push_quickly(&mut self, cells: u32, write: impl FnOnce(&mut [u32; 4], u32)) -> bool {
        let (at, cell) = (self.top, self.next_cell);
        let Some(slot) = self.slots.get_mut(at).filter(|_| at < self.soft) else { return false };
        // The slot first: what is written afterwards is known to whoever reads it next.
        write(slot, cell);
        self.next_cell = cell.wrapping_add(cells);
        self.top = at.wrapping_add(1);
        true
    }
    #[inline]
    fn push_as(&mut self, ty: ValType, cells: u32, kind: u32, payload: u64) -> Result<(), Fault> {
        let at = self.top;
        let end = at.wrapping_add(1);
        if end > self.soft {
            self.room(end, self.frames())?;
        }
        self.top = end;
        let cell = self.next_cell;
        self.next_cell = cell.wrapping_add(cells);
        if let Some(slot) = self.slots.get_mut(at) {
            *slot = [ty.bits(), cell << 2 | kind, payload as u32, (payload >> 32) as u32];
        }
        Ok(())
    }
    /// Replaces the operands from number `at` on by one of type `ty` and `cells` cells, in its own cell.
    #[inline(always)]
    pub(crate) fn replace(&mut self, at: usize, ty: ValType, cells: u32) {
        if let Some(slot) = self.slots.get_mut(at) {
            let cell = slot[AT] >> 2;
            slot[TYPE] = ty.bits();
            slot[AT] = cell << 2 | CELL;
            slot[LOW] = cell;
            self.next_cell = cell.wrapping_add(cells);
        }
        self.top = at.wrapping_add(1);
    }
    /// Cuts the stack to `len` operands, which are there.
    #[inline(always)]
    pub(crate) fn cut(&mut self, len: usize) {
        if let Some(slot) = self.slots.get(len).filter(|_| len < self.top) {
            self.next_cell = slot[AT] >> 2;
            self.top = len;
        }
    }
    /// Cuts the stack to `len` operands, the next having the cell `cell`.
    pub fn truncate(&mut self, len: u32, cell: u32) {
        self.top = len as usize;
        self.next_cell = cell;
    }
    /// The last `N` operands if all have a number of `base` or more, and the number of the first.
    #[inline(always)]
    pub(crate) fn last<const N: usize>(&self, base: usize) -> Option<(usize, &[[u32; 4]; N])> {
        let at = self.top.checked_sub(N)?;
        let last = self.slots.get(at..self.top)?.first_chunk()?;
        if at >= base { Some((at, last)) } else { None }
    }
    /// `n` operands, the last of which has `skip` operands above it. Their first word is the type.
    #[inline]
    pub(crate) fn range(&self, n: usize, skip: usize) -> Option<&[[u32; 4]]> {
        let end = self.top.checked_sub(skip)?;
        self.slots.get(end.checked_sub(n)?..end)
    }
    /// The cell of operand `i`, or of the next one if there are `i` only.
    pub(crate) fn cell(&self, i: u32) -> u32 {
        self.get(i).map_or(self.next_cell, |o| o.cell())
    }
    /// Operand `i`, counted from the bottom.
    #[inline]
    pub fn get(&self, i: u32) -> Option<Operand<'_>> {
        let at = i as usize;
        if at < self.top { self.slots.get(at).map(Operand) } else { None }
    }
    /// Says that the value of operand `i`, counted from the bottom, is at `place` now.
    #[inline]
    pub fn set_place(&mut self, i: u32, place: Place) {
        let Some([_, at, low, high]) = self.slots.get_mut(i as usize) else { return };
        *at &= !KIND;
        match place {
            Place::Cell => {
                *low = *at >> 2;
                *at |= CELL;
            }
            Place::Local(cell) => {
                *at |= LOCAL;
                *low = cell;
            }
            Place::Const(bits) => {
                *at |= CONST;
                (*low, *high) = (bits as u32, (bits >> 32) as u32);
            }
        }
    }
    /// The operand `n` places below the top (0 = the last).
    #[inline(always)]
    pub fn top(&self, n: u32) -> Option<Operand<'_>> {
        let at = self.top.wrapping_sub(n as usize).wrapping_sub(1);
        self.slots.get(at).map(Operand)
    }
    /// The last two operands.
    #[inline(always)]
    pub fn pair(&self) -> Option<Pair<'_>> {
        self.slots.get(self.top.checked_sub(2)?..self.top)?.first_chunk().map(Pair)
    }
    /// The last `N` operands, the deepest first.
    #[inline(always)]
    pub fn tops<const N: usize>(&self) -> Option<[Operand<'_>; N]> {
        let slots: &[_; N] = self.slots.get(self.top.checked_sub(N)?..self.top)?.first_chunk()?;
        Some(slots.each_ref().map(Operand))
    }
    /// Says that the value of the operand `n` places below the top is at `place` now.
    #[inline]
    pub fn set_top_place(&mut self, n: u32, place: Place) {
        if let Some(at) = self.top.checked_sub(n as usize).and_then(|i| i.checked_sub(1)) {
            self.set_place(at as u32, place);
        }
    }

    // ---- control frames ----------------------------------------------------------------------------------------

    /// Opens a frame.
    #[inline(always)]
    pub(crate) fn push_control(&mut self, c: &Control) -> Result<(), Fault> {
        let floor = self.floor.wrapping_sub(CONTROL);
        let soft = self.soft.wrapping_sub(CONTROL);
        if self.top <= soft && soft <= self.floor {
            // Accounted for already: it has been as deep, or operands have been as many.
            (self.floor, self.soft) = (floor, soft);
        } else {
            self.room(self.top, self.frames().wrapping_add(CONTROL))?;
        }
        self.depth = self.depth.wrapping_add(1);
        let number = self.number();
        if let Some(w) = self.slots.get_mut(self.floor..).and_then(|w| w.first_chunk_mut()) {
            *w = c.pack();
            w[0][0] |= number;
        }
        Ok(())
    }
    /// The number of the next frame, in its place among the flags.
    #[inline(always)]
    fn number(&mut self) -> u32 {
        self.serial = self.serial.wrapping_add(1);
        self.serial.wrapping_shl(SERIAL)
    }
    /// The number of the innermost frame.
    pub(crate) fn frame_number(&self) -> u32 {
        self.frame(0).map_or(0, |[[flags, ..], _]| flags >> SERIAL)
    }
    /// Whether the frame with this number is still open.
    pub(crate) fn is_open(&self, number: u32) -> bool {
        // Inner frames have greater numbers.
        let (mut low, mut high) = (0, self.depth);
        while low < high {
            let middle = low.midpoint(high);
            match self.frame(middle).map_or(0, |[[flags, ..], _]| flags >> SERIAL) {
                n if n == number => return true,
                n if n > number => low = middle.wrapping_add(1),
                _ => high = middle,
            }
        }
        false
    }
    /// Closes the innermost frame.
    #[inline(always)]
    pub(crate) fn pop_control(&mut self) -> Option<Control> {
        let c = self.control(0)?;
        self.depth = self.depth.wrapping_sub(1);
        self.floor = self.floor.wrapping_add(CONTROL);
        self.soft = self.soft.wrapping_add(CONTROL).min(self.cap);
        Some(c)
    }
    #[inline]
    fn frame_at(&self, n: u32) -> Option<usize> {
        if n < self.depth { Some(self.floor.wrapping_add((n as usize).wrapping_mul(CONTROL))) } else { None }
    }
    #[inline]
    fn frame(&self, n: u32) -> Option<&[[u32; 4]; CONTROL]> {
        self.slots.get(self.frame_at(n)?..)?.first_chunk()
    }
    #[inline]
    fn frame_mut(&mut self, n: u32) -> Option<&mut [[u32; 4]; CONTROL]> {
        let at = self.frame_at(n)?;
        self.slots.get_mut(at..)?.first_chunk_mut()
    }
    /// Whether label `n` names a loop, and the type of its block.
    #[inline]
    pub(crate) fn label(&self, n: u32) -> Option<(bool, u32)> {
        self.frame(n).map(|[[flags, _, _, block_type], _]| (flags & 0xff == ControlKind::Loop as u32, *block_type))
    }
    /// Of the innermost frame: number of its first operand, whether it is unreachable, whether it is dead.
    #[inline]
    pub(crate) fn innermost(&self) -> Option<(usize, bool, bool)> {
        let first = |flags: u32, height: u32| height.wrapping_add(hidden(flags)) as usize;
        self.frame(0).map(|[[flags, height, ..], _]| (first(*flags, *height), flags & UNREACHABLE != 0, flags & DEAD != 0))
    }
    /// The rest of the innermost block cannot be reached: its operands are gone.
    pub(crate) fn never(&mut self) {
        let Some([[flags, height, cell, _], _]) = self.frame_mut(0) else { return };
        *flags |= UNREACHABLE;
        let hidden = hidden(*flags);
        let (height, cell) = (height.wrapping_add(hidden), cell.wrapping_add(hidden));
        self.truncate(height, cell);
    }
    /// The frame that label `n` names (0 = innermost).
    pub fn control(&self, n: u32) -> Option<Control> {
        self.frame(n).map(Control::unpack)
    }
    /// Replaces the innermost frame by one with a new number.
    pub(crate) fn set_control(&mut self, c: &Control) {
        let number = self.number();
        if let Some(w) = self.frame_mut(0) {
            *w = c.pack();
            w[0][0] |= number;
        }
    }
    /// Gives the last operands, below the last `skip` ones, these types; their places stay.
    pub(crate) fn retype(&mut self, types: &[u32], skip: usize) {
        let Some(end) = self.top.checked_sub(skip) else { return };
        let Some(slots) = end.checked_sub(types.len()).and_then(|at| self.slots.get_mut(at..end)) else { return };
        for ([ty, ..], new) in slots.iter_mut().zip(types) {
            *ty = *new;
        }
    }
    /// Whether label `n` names a loop, the cell of its first parameter or result, and the sink's words of its frame.
    #[inline]
    pub fn target(&mut self, n: u32) -> Option<(bool, u32, &mut [u32; USER])> {
        let [[flags, _, cell, _], user] = self.frame_mut(n)?;
        Some((*flags & 0xff == ControlKind::Loop as u32, *cell, user))
    }
}
