// SPDX-License-Identifier: MIT
//! Values as the host sees them (spec: core 4.2.1).

use crate::{Ref, ValType};

/// One value that crosses between host and guest.
#[derive(Clone, Copy, Debug, PartialEq, Default)]
#[non_exhaustive]
pub enum Value {
    /// 32-bit integer; signedness is the reader's choice.
    I32(i32),
    /// 64-bit integer.
    I64(i64),
    /// 32-bit float.
    F32(f32),
    /// 64-bit float.
    F64(f64),
    /// 128-bit vector, little-endian bytes.
    V128([u8; 16]),
    /// Function reference of the store, or [`Ref::NULL`].
    FuncRef(Ref),
    /// Host reference, or [`Ref::NULL`].
    ExternRef(Ref),
    /// Structure, array, 31-bit integer or converted host reference, or [`Ref::NULL`].
    AnyRef(Ref),
    /// Exception, or [`Ref::NULL`].
    ExnRef(Ref),
    /// No value: what a function without results gives.
    #[default]
    Unit,
}

impl Value {
    /// Its type, of references the greatest; `None` for [`Value::Unit`].
    pub const fn ty(&self) -> Option<ValType> {
        Some(match self {
            Value::I32(_) => ValType::I32,
            Value::I64(_) => ValType::I64,
            Value::F32(_) => ValType::F32,
            Value::F64(_) => ValType::F64,
            Value::V128(_) => ValType::V128,
            Value::FuncRef(_) => ValType::FUNCREF,
            Value::ExternRef(_) => ValType::EXTERNREF,
            Value::AnyRef(_) => ValType::ANYREF,
            Value::ExnRef(_) => ValType::EXNREF,
            Value::Unit => return None,
        })
    }

    /// Zero or null of type `ty`.
    pub const fn default_of(ty: ValType) -> Value {
        match ty {
            ValType::I32 => Value::I32(0),
            ValType::I64 => Value::I64(0),
            ValType::F32 => Value::F32(0.0),
            ValType::F64 => Value::F64(0.0),
            ValType::V128 => Value::V128([0; 16]),
            _ => Value::reference(ty, Ref::NULL),
        }
    }

    /// The reference `r` of type `ty`.
    const fn reference(ty: ValType, r: Ref) -> Value {
        match ty.family() {
            ValType::EXTERNREF => Value::ExternRef(r),
            ValType::ANYREF => Value::AnyRef(r),
            ValType::EXNREF => Value::ExnRef(r),
            _ => Value::FuncRef(r),
        }
    }

    /// The value's cells, low word first, and how many of the four are used.
    pub fn to_cells(self) -> ([u32; 4], u32) {
        let wide = |v: u64| ([v as u32, (v >> 32) as u32, 0, 0], 2);
        match self {
            Value::I32(v) => ([v as u32, 0, 0, 0], 1),
            Value::F32(v) => ([v.to_bits(), 0, 0, 0], 1),
            Value::I64(v) => wide(v as u64),
            Value::F64(v) => wide(v.to_bits()),
            Value::FuncRef(r) | Value::ExternRef(r) | Value::AnyRef(r) | Value::ExnRef(r) => ([r.bits(), 0, 0, 0], 1),
            Value::V128(b) => {
                let mut cells = [0; 4];
                for (cell, bytes) in cells.iter_mut().zip(b.as_chunks::<4>().0) {
                    *cell = u32::from_le_bytes(*bytes);
                }
                (cells, 4)
            }
            Value::Unit => ([0; 4], 0),
        }
    }

    /// The value of type `ty` that starts at `cells`; `None` when there are too few.
    pub fn from_cells(ty: ValType, cells: &[u32]) -> Option<Value> {
        let lo = *cells.first()?;
        let wide = || Some(lo as u64 | (*cells.get(1)? as u64) << 32);
        Some(match ty {
            ValType::I32 => Value::I32(lo as i32),
            ValType::F32 => Value::F32(f32::from_bits(lo)),
            ValType::I64 => Value::I64(wide()? as i64),
            ValType::F64 => Value::F64(f64::from_bits(wide()?)),
            ValType::V128 => {
                let mut b = [0; 16];
                for (bytes, cell) in b.as_chunks_mut::<4>().0.iter_mut().zip(cells.get(..4)?) {
                    *bytes = cell.to_le_bytes();
                }
                Value::V128(b)
            }
            _ => Value::reference(ty, Ref::from_bits(lo)),
        })
    }
}

/// `value:type`, as `wrt run --invoke` prints it.
impl core::fmt::Display for Value {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        let reference = |f: &mut core::fmt::Formatter<'_>, r: Ref, n: Option<u32>, ty| match n {
            Some(n) => write!(f, "{n}:{ty}"),
            None if r.is_null() => write!(f, "null:{ty}"),
            None => write!(f, "0x{:x}:{ty}", r.bits()),
        };
        match *self {
            Value::I32(v) => write!(f, "{v}:i32"),
            Value::I64(v) => write!(f, "{v}:i64"),
            Value::F32(v) => write!(f, "{v}:f32"),
            Value::F64(v) => write!(f, "{v}:f64"),
            Value::V128(b) => write!(f, "0x{:032x}:v128", u128::from_le_bytes(b)),
            Value::FuncRef(r) => reference(f, r, r.as_func(), "funcref"),
            Value::ExternRef(r) => reference(f, r, r.as_host(), "externref"),
            Value::AnyRef(r) => reference(f, r, r.as_i31().map(|n| n as u32), "anyref"),
            Value::ExnRef(r) => reference(f, r, None, "exnref"),
            Value::Unit => f.write_str("()"),
        }
    }
}

impl From<i32> for Value {
    fn from(v: i32) -> Self {
        Value::I32(v)
    }
}
impl From<i64> for Value {
    fn from(v: i64) -> Self {
        Value::I64(v)
    }
}
impl From<f32> for Value {
    fn from(v: f32) -> Self {
        Value::F32(v)
    }
}
impl From<f64> for Value {
    fn from(v: f64) -> Self {
        Value::F64(v)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cells_round_trip() {
        for v in [
            Value::I32(-1),
            Value::I64(i64::MIN + 5),
            Value::F32(-0.5),
            Value::F64(1e300),
            Value::V128([7; 16]),
            Value::FuncRef(Ref::func(9)),
            Value::ExternRef(Ref::NULL),
            Value::AnyRef(Ref::i31(-7)),
            Value::ExnRef(Ref::NULL),
        ] {
            let (cells, n) = v.to_cells();
            let ty = v.ty().unwrap();
            assert_eq!(n, ty.cells());
            assert_eq!(Value::from_cells(ty, &cells[..n as usize]), Some(v));
            assert_eq!(Value::from_cells(ty, &cells[..n as usize - 1]), None);
        }
    }
}
