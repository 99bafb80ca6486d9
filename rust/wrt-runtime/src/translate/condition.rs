// SPDX-License-Identifier: MIT
//! What a branch tests, and the operation that tests it: a comparison of 32 bits joins the branch that uses it.

use super::is_i16;
use super::writer::{word, word16};
use crate::op;

/// What a branch tests.
#[derive(Clone, Copy)]
pub(super) enum Cond {
    NotZero(u32),
    Zero(u32),
    /// Comparison opcode (`i32.eq` to `i32.ge_u`), left register, right register.
    Registers(u8, u32, u32),
    Constant(u8, u32, u32),
}

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

/// The comparison that holds when `cmp` does not.
pub(super) fn inverse(cmp: u8) -> u8 {
    match cmp {
        I32_EQ => NE,
        NE => I32_EQ,
        LT_S => GE_S,
        LT_U => GE_U,
        GT_S => LE_S,
        GT_U => LE_U,
        LE_S => GT_S,
        LE_U => GT_U,
        GE_S => LT_S,
        _ => LT_U,
    }
}

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

/// Comparison with a constant as one of the six that exist, and the constant for it.
pub(super) fn with_constant(cmp: u8, k: u32) -> Option<(u8, u32)> {
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
    is_i16(k).then_some((op, k))
}

pub(super) fn cond_word(cond: Cond, negate: bool) -> u32 {
    match cond {
        Cond::NotZero(r) => word(if negate { op::BR_UNLESS } else { op::BR_IF }, r, 0, 0),
        Cond::Zero(r) => word(if negate { op::BR_IF } else { op::BR_UNLESS }, r, 0, 0),
        Cond::Registers(cmp, l, r) => {
            let (op, l, r) = match if negate { inverse(cmp) } else { cmp } {
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
        // Only made when both the comparison and its inverse have a form.
        Cond::Constant(cmp, l, k) => {
            let (op, k) = with_constant(if negate { inverse(cmp) } else { cmp }, k).unwrap_or((0, 0));
            word16(op, l, k)
        }
    }
}
