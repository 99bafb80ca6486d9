// SPDX-License-Identifier: MIT
//! What a branch tests, and the operation that tests it: a comparison of 32 bits joins the branch that uses it.

use super::is_i16;
use super::writer::{word, word16};
use crate::op;

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
pub(super) fn mirrored(cmp: u8) -> u8 {
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
pub(super) fn if_constant(cmp: u8, l: u32, k: u32) -> Option<u32> {
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
pub(super) fn if_registers(cmp: u8, l: u32, r: u32) -> u32 {
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
