// SPDX-License-Identifier: MIT
//! What a branch tests, and the operation that tests it: a comparison of 32 bits joins the branch that uses it.

use super::writer::{word, word16};
use super::{ASSIGNED, Made, Translator, is_i16};
use crate::op;
use wrt_decoder::{Operands, Pair, Place};
use wrt_foundation::ValType;

pub(super) const I32_EQZ: u8 = 0x45;
pub(super) const I32_EQ: u8 = 0x46;
pub(super) const NE: u8 = 0x47;
pub(super) const LT_S: u8 = 0x48;
pub(super) const LT_U: u8 = 0x49;
pub(super) const GT_S: u8 = 0x4a;
pub(super) const GT_U: u8 = 0x4b;
pub(super) const LE_S: u8 = 0x4c;
pub(super) const LE_U: u8 = 0x4d;
pub(super) const GE_S: u8 = 0x4e;
pub(super) const GE_U: u8 = 0x4f;

/// The comparison with its operands exchanged.
fn mirrored(cmp: u8) -> u8 {
    match cmp {
        LT_S => GT_S,
        LT_U => GT_U,
        GT_S => LT_S,
        GT_U => LT_U,
        LE_S => GE_S,
        LE_U => GE_U,
        GE_S => LE_S,
        GE_U => LE_U,
        same => same,
    }
}

/// The first word of a branch that is taken if register `l` compares so with constant `k`, if there is one. There is one
/// for a comparison just if there is one for its opposite.
fn if_constant(cmp: u8, l: u32, k: u32) -> Option<u32> {
    let above = |limit: u32| if k == limit { None } else { Some(k.wrapping_add(1)) };
    let (op, k) = match cmp {
        I32_EQ => (op::BR_EQ_I, k),
        NE => (op::BR_NE_I, k),
        LT_S => (op::BR_LT_S_I, k),
        LT_U => (op::BR_LT_U_I, k),
        GE_S => (op::BR_GE_S_I, k),
        GE_U => (op::BR_GE_U_I, k),
        GT_S => (op::BR_GE_S_I, above(i32::MAX as u32)?),
        GT_U => (op::BR_GE_U_I, above(u32::MAX)?),
        LE_S => (op::BR_LT_S_I, above(i32::MAX as u32)?),
        _ => (op::BR_LT_U_I, above(u32::MAX)?),
    };
    is_i16(k).then_some(word16(op, l, k))
}

/// The first word of a branch that is taken if registers `l` and `r` compare so.
fn if_registers(cmp: u8, l: u32, r: u32) -> u32 {
    let (op, l, r) = match cmp {
        I32_EQ => (op::BR_EQ, l, r),
        NE => (op::BR_NE, l, r),
        LT_S => (op::BR_LT_S, l, r),
        LT_U => (op::BR_LT_U, l, r),
        LE_S => (op::BR_LE_S, l, r),
        LE_U => (op::BR_LE_U, l, r),
        GT_S => (op::BR_LT_S, r, l),
        GT_U => (op::BR_LT_U, r, l),
        GE_S => (op::BR_LE_S, r, l),
        _ => (op::BR_LE_U, r, l),
    };
    word(op, l, r, 0)
}

/// The first word of a branch that is taken if register `r` is not zero.
pub(super) fn if_not_zero(r: u32) -> u32 {
    word(op::BR_IF, r, 0, 0)
}

/// The same for one that is taken if it is zero.
pub(super) fn if_zero(r: u32) -> u32 {
    word(op::BR_UNLESS, r, 0, 0)
}

/// The first word of the branch that is taken when the one that begins with `branch` is not.
pub(super) fn opposite(branch: u32) -> u32 {
    let op = match branch as u8 {
        op::BR_IF => op::BR_UNLESS,
        op::BR_UNLESS => op::BR_IF,
        op::BR_EQ => op::BR_NE,
        op::BR_NE => op::BR_EQ,
        op::BR_LT_S => op::BR_LE_S,
        op::BR_LT_U => op::BR_LE_U,
        op::BR_LE_S => op::BR_LT_S,
        op::BR_LE_U => op::BR_LT_U,
        op::BR_EQ_I => op::BR_NE_I,
        op::BR_NE_I => op::BR_EQ_I,
        op::BR_LT_S_I => op::BR_GE_S_I,
        op::BR_LT_U_I => op::BR_GE_U_I,
        op::BR_GE_S_I => op::BR_LT_S_I,
        op::BR_GE_U_I => op::BR_LT_U_I,
        op::ADD_BR_IF => op::ADD_BR_UNLESS,
        op::ADD_BR_UNLESS => op::ADD_BR_IF,
        op::ADD_BR_NE => op::ADD_BR_EQ,
        op::ADD_BR_EQ => op::ADD_BR_NE,
        op::BR_WITHIN => op::BR_BEYOND,
        _ => op::BR_WITHIN,
    };
    match op {
        // Not less is less or equal the other way round.
        op::BR_LT_S..=op::BR_LE_U => word(op, branch >> 16, branch >> 8, 0),
        _ => branch & !0xff | op as u32,
    }
}

impl<const WATCH: bool> Translator<'_, WATCH> {
    /// Takes the condition on top of the stack: the comparison that made it is cut off if a branch can do its work. The
    /// first word of a branch that is taken if it holds.
    pub(super) fn condition(&mut self, s: &Operands<'_>) -> u32 {
        let Some(o) = s.top(0) else { return 0 };
        let (from, branch) = if self.made(o) && self.last.made == Made::Test {
            (self.last.from, self.last.other)
        } else {
            let reg = self.reg(o, 0);
            self.sum_tested(s, 1, reg, if_not_zero(reg))
        };
        self.cut(from);
        branch
    }

    /// Register `reg` is tested by a branch of the first word `branch`, which takes `operands` from the stack. Where that is to stand,
    /// and its first word: if a small constant has just been added to the register, the branch does so too.
    pub(super) fn sum_tested(&self, s: &Operands<'_>, operands: u32, reg: u32, branch: u32) -> (u32, u32) {
        let (word, here) = (self.last.word, self.w.pos);
        // What goes to its own cell before the branch has to see the sum.
        let is_sum = self.last.end == here
            && word & 0xffff == (u32::from(op::I32_ADD_S) | reg << 8)
            && self.lazy_floor.wrapping_add(operands) >= s.len();
        match branch as u8 {
            _ if !is_sum => (here, branch),
            op::BR_IF => (self.last.at, word & !0xff | u32::from(op::ADD_BR_IF)),
            op::BR_UNLESS => (self.last.at, word & !0xff | u32::from(op::ADD_BR_UNLESS)),
            op::BR_NE | op::BR_EQ if word >> 16 & 0xff == reg => {
                let op = if branch as u8 == op::BR_NE { op::ADD_BR_NE } else { op::ADD_BR_EQ };
                (self.last.at, u32::from(op) | branch & 0xff_ff00 | word & 0xff00_0000)
            }
            op::BR_LT_U_I | op::BR_GE_U_I if self.last.cell != ASSIGNED && branch >> 24 == 0 => {
                let op = if branch as u8 == op::BR_LT_U_I { op::BR_WITHIN } else { op::BR_BEYOND };
                (self.last.at, u32::from(op) | word >> 8 & 0xff00 | word >> 8 & 0xff_0000 | branch << 8 & 0xff00_0000)
            }
            _ => (here, branch),
        }
    }

    /// A comparison of two 32-bit integers, written so that a branch can take it over.
    #[inline(never)]
    pub(super) fn compare(&mut self, s: &Operands<'_>, opcode: u8, operands: Pair<'_>) {
        let [l, r] = operands.both();
        let cell = l.cell();
        let (cmp, l, r) = match (l.place(), r.place()) {
            (Place::Const(_), Place::Const(_)) | (_, Place::Const(_)) => (opcode, l, r),
            (Place::Const(_), _) => (mirrored(opcode), r, l),
            _ => (opcode, l, r),
        };
        let b = self.reg(l, 0);
        let with_constant = match r.place() {
            Place::Const(k) => if_constant(cmp, b, k as u32),
            _ => None,
        };
        let known = with_constant.map(|branch| self.sum_tested(s, 2, b, branch));
        let c = self.reg(r, 1);
        let (from, branch) = known.unwrap_or_else(|| self.registers_tested(s, cmp, b, c));
        self.define(word(cmp, 0, b, c), cell, ValType::I32);
        self.is_test(from, branch);
    }
    /// Where a branch that compares two registers is to stand, and its first word.
    fn registers_tested(&self, s: &Operands<'_>, cmp: u8, b: u32, c: u32) -> (u32, u32) {
        let known = self.sum_tested(s, 2, b, if_registers(cmp, b, c));
        // Equality has no order of operands.
        let mirrored = self.sum_tested(s, 2, c, if_registers(cmp, c, b));
        if matches!(cmp, I32_EQ | NE) && mirrored.0 != self.w.pos { mirrored } else { known }
    }
    /// The last operation is one that a branch beginning with the word `branch` can take over, which then stands at `from`.
    #[inline(always)]
    pub(super) fn is_test(&mut self, from: u32, branch: u32) {
        (self.last.made, self.last.from, self.last.other) = (Made::Test, from, branch);
    }
}
