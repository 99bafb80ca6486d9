// SPDX-License-Identifier: MIT
//! Vector instructions and 128-bit arithmetic: operations of the second page, and values of four cells.
//!
//! A vector is never a constant that no cell holds. Moving, choosing and keeping one in a global is done by two
//! operations on 64 bits. Operands have scratch registers four cells apart; results that pass through a scratch register
//! take the first operand's, which has been read by then. No scratch register beyond `near` + 12 is used: a vector
//! that begins just below `near` lies there already.

use super::*;
use crate::op::second;

/// Whether there are values of four cells.
pub(super) const VECTORS: bool = cfg!(feature = "simd");
/// Cells of the largest value but one: so many of it may lie below `near` and are not near.
pub(super) const STRADDLE: u32 = if VECTORS { 3 } else { 1 };
/// In [`Last::cell`]: the operation made a vector.
const VECTOR: u32 = 1 << 31;
/// Registers for far operands are so far apart.
const APART: u32 = 4;

impl<const WATCH: bool> Translator<'_, WATCH> {
    /// A register that holds operand `o`, the `nth` of an operation here.
    pub(super) fn register(&mut self, o: Operand<'_>, nth: u32) -> u32 {
        self.reg_at(o, self.near.wrapping_add(nth.wrapping_mul(APART)))
    }

    /// Writes an operation whose result, of type `ty`, belongs to `cell`, and remembers it. Field `a` is 0.
    fn define_words(&mut self, words: &[u32], cell: u32, ty: ValType) {
        let cells = ty.cells();
        let is_near = self.near(cell, cells);
        let at = self.w.pos;
        let first = words.first().copied().unwrap_or(0) | if is_near { cell } else { self.near } << 8;
        self.w.put(first);
        words.iter().skip(1).for_each(|w| self.w.put(*w));
        if is_near {
            self.defined(first, at, if cells == 4 { cell | VECTOR } else { cell });
        } else {
            self.far_set(cell, self.near, cells);
            self.last.end = NOWHERE;
        }
    }

    /// Two operations on 64 bits that make a vector which belongs to `cell`: `put` writes the one for the low half, to
    /// the register it gets, and the one for the high half, to the register two further.
    fn define_halves(&mut self, cell: u32, put: impl FnOnce(&mut Self, u32)) {
        if self.near(cell, 4) {
            put(self, cell);
        } else {
            put(self, self.near);
            self.far_set(cell, self.near, 4);
        }
        self.second_word();
        self.last.end = NOWHERE;
    }

    /// Copies a vector between registers that may overlap.
    pub(super) fn copy_vector(&mut self, to: u32, from: u32) {
        self.second_word();
        let (first, second) = if to > from { (2, 0) } else { (0, 2) };
        for half in [first, second] {
            self.w.put(word(op::COPY2, to.wrapping_add(half), from.wrapping_add(half), 0));
        }
    }

    /// `local.set` of vector `value` whose operation was written last: it writes the local's cells. Whether it was so.
    pub(super) fn assign_vector(&mut self, value: Operand<'_>, cell: u32) -> bool {
        let l = &self.last;
        let made = l.end == self.w.pos && l.cell == value.cell() | VECTOR && value.place() == Place::Cell;
        if made && self.near(cell, 4) {
            self.w.set(self.last.at, self.last.word & !0xff00 | cell << 8);
        }
        made && self.near(cell, 4)
    }

    /// Puts vector `o` into the first cells of the frame, to be returned.
    pub(super) fn return_vector(&mut self, o: Operand<'_>) {
        let from = match o.place() {
            Place::Local(from) => from,
            _ => o.cell(),
        };
        if self.near(4, 0) && self.near(from, 4) {
            self.copy(0, from, 4);
        } else {
            let from = self.lies(from, 4);
            self.far_copy(0, from, 4);
        }
    }

    pub(super) fn select_vector(&mut self, [x, y, cond]: [Operand<'_>; 3]) {
        let (b, c, cond) = (self.register(x, 0), self.register(y, 1), self.register(cond, 2));
        self.define_halves(x.cell(), |t, a| {
            for half in [0, 2] {
                t.w.put(word(op::SELECT2, a.wrapping_add(half), b.wrapping_add(half), c.wrapping_add(half)));
                t.w.put(cond);
            }
        });
    }

    /// `global.get` of a vector: `own` is the cell of an own global, else it is imported global `global`.
    pub(super) fn get_vector(&mut self, cell: u32, own: Option<u32>, global: u32) {
        match own {
            Some(own) => self.define_halves(cell, |t, a| {
                for half in [0, 2] {
                    t.w.put(word16(op::GLOBAL_GET2, a.wrapping_add(half), own.wrapping_add(half)));
                }
            }),
            None => self.define_words(&[word(op::GLOBAL_GET_X, 0, 4, 0), global], cell, ValType::V128),
        }
    }

    /// `global.set` likewise.
    pub(super) fn set_vector(&mut self, o: Operand<'_>, own: Option<u32>, global: u32) {
        let a = self.register(o, 0);
        self.second_word();
        match own {
            Some(own) => {
                for half in [0, 2] {
                    self.w.put(word16(op::GLOBAL_SET2, a.wrapping_add(half), own.wrapping_add(half)));
                }
            }
            None => self.w.put2([word(op::GLOBAL_SET_X, a, 4, 0), global]),
        }
    }

    /// A vector instruction that is about no memory.
    pub(super) fn vector_numeric(&mut self, s: &mut Operands<'_>, n: u16, lane: u8, pops: u32, result: ValType) -> Done {
        let first = s.top(pops.wrapping_sub(1)).ok_or(Fault::Internal)?;
        let mut registers = [0; 3];
        for (nth, reg) in (0..pops).zip(&mut registers) {
            *reg = self.register(s.top(pops.wrapping_sub(nth).wrapping_sub(1)).ok_or(Fault::Internal)?, nth);
        }
        let [b, c, third] = registers;
        let d = if pops == 3 { third } else { lane.into() };
        #[cfg(feature = "simd")]
        let n = wrt_instructions::table::simd::strict(n);
        self.define_words(&[word(op::SECOND, 0, b, c), u32::from(n) | d << 16], first.cell(), result);
        Ok(())
    }

    /// A load, which leaves a vector, or a store.
    pub(super) fn vector_memory(&mut self, s: &mut Operands<'_>, n: u16, memory: u32, offset: u64, lane: u8) -> Done {
        let is_store = matches!(n, 0x0b | 0x58..=0x5b);
        let takes_vector = is_store || matches!(n, 0x54..=0x57);
        let address = s.top(takes_vector.into()).ok_or(Fault::Internal)?;
        let b = self.register(address, 0);
        let c = if takes_vector { self.register(s.top(0).ok_or(Fault::Internal)?, 1) } else { 0 };
        let is64 = address.ty() == ValType::I64;
        let any = memory != 0 || is64;
        let w1 = u32::from(n) | u32::from(lane) << 16 | if any { second::ANY_MEMORY } else { 0 };
        let words = [word(op::SECOND, 0, b, c), w1, offset as u32, memory | u32::from(is64) << 31, (offset >> 32) as u32];
        let words = words.get(..if any { 5 } else { 3 }).unwrap_or(&[]);
        if is_store {
            words.iter().for_each(|w| self.w.put(*w));
        } else {
            self.define_words(words, address.cell(), ValType::V128);
        }
        Ok(())
    }

    /// `v128.const` and `i8x16.shuffle`.
    pub(super) fn vector_of_bytes(&mut self, s: &mut Operands<'_>, n: u16, bytes: [u8; 16]) -> Done {
        let mut words = [0; 6];
        for (to, from) in words.iter_mut().skip(2).zip(bytes.as_chunks().0) {
            *to = u32::from_le_bytes(*from);
        }
        if n == 0x0c {
            let [.., w0, w1, w2, w3] = words.map(u64::from);
            let cell = s.next_cell();
            self.define_halves(cell, |t, a| {
                t.constant_to(a, w0 | w1 << 32, 2);
                t.constant_to(a.wrapping_add(2), w2 | w3 << 32, 2);
            });
            return Ok(());
        }
        let [x, y] = s.tops().ok_or(Fault::Internal)?;
        let (b, c) = (self.register(x, 0), self.register(y, 1));
        (words[0], words[1]) = (word(op::SECOND, 0, b, c), n.into());
        self.define_words(&words, x.cell(), ValType::V128);
        Ok(())
    }

    /// `i64.add128` and its like: two results of two cells, side by side where they are near.
    pub(super) fn wide(&mut self, s: &mut Operands<'_>, opcode: u16, pops: u32) -> Done {
        let first = s.top(pops.wrapping_sub(1)).ok_or(Fault::Internal)?;
        let cell = first.cell();
        let mut registers = [0; 4];
        for (nth, reg) in (0..pops).zip(&mut registers) {
            let o = s.top(pops.wrapping_sub(nth).wrapping_sub(1)).ok_or(Fault::Internal)?;
            *reg = self.reg_at(o, self.near.wrapping_add(nth.wrapping_mul(2)));
        }
        let [b, c, d, e] = registers;
        let is_near = self.near(cell, 4);
        let a = if is_near { cell } else { self.near };
        let n = second::WIDE | opcode & 0x1f;
        // Halves stand where they are pushed: `[b]` low and `[c]` high, then `[d]` and `[e]`.
        self.w.put2([word(op::SECOND, a, b, c), u32::from(n) | d << 16 | e << 24]);
        if !is_near {
            for half in [0, 2] {
                let (to, from) = (cell.wrapping_add(half), a.wrapping_add(half));
                if self.near(to, 2) {
                    self.w.put(word(op::COPY2, to, from, 0));
                } else {
                    self.far_set(to, from, 2);
                }
            }
        }
        self.last.end = NOWHERE;
        Ok(())
    }
}
