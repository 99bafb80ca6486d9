// SPDX-License-Identifier: MIT
//! Arguments of invocations, and the patterns that results are compared with.

use wast::core::{AbstractHeapType, HeapType, NanPattern, V128Pattern, WastArgCore, WastRetCore};
use wast::token::{F32, F64};
use wast::{WastArg, WastRet};
use wrt_foundation::{Ref, Value};

/// The value of an argument; `None` for types that WRT does not have.
pub fn argument(arg: &WastArg<'_>) -> Option<Value> {
    let WastArg::Core(arg) = arg else { return None };
    Some(match arg {
        WastArgCore::I32(v) => Value::I32(*v),
        WastArgCore::I64(v) => Value::I64(*v),
        WastArgCore::F32(v) => Value::F32(f32::from_bits(v.bits)),
        WastArgCore::F64(v) => Value::F64(f64::from_bits(v.bits)),
        WastArgCore::V128(v) => Value::V128(v.to_le_bytes()),
        WastArgCore::RefNull(ty) if is(ty, AbstractHeapType::Extern) => Value::ExternRef(Ref::NULL),
        WastArgCore::RefNull(ty) if is(ty, AbstractHeapType::Func) => Value::FuncRef(Ref::NULL),
        WastArgCore::RefNull(HeapType::Abstract { shared: false, ty: AbstractHeapType::Exn | AbstractHeapType::NoExn }) => {
            Value::ExnRef(Ref::NULL)
        }
        WastArgCore::RefNull(HeapType::Abstract { shared: false, ty: AbstractHeapType::NoFunc }) => Value::FuncRef(Ref::NULL),
        WastArgCore::RefNull(HeapType::Abstract { shared: false, ty: AbstractHeapType::NoExtern }) => Value::ExternRef(Ref::NULL),
        WastArgCore::RefNull(HeapType::Abstract { shared: false, .. }) => Value::AnyRef(Ref::NULL),
        WastArgCore::RefExtern(n) if *n < Ref::LIMIT => Value::ExternRef(Ref::host(*n)),
        WastArgCore::RefHost(n) if *n < Ref::LIMIT => Value::AnyRef(Ref::host(*n).internalize()),
        _ => return None,
    })
}

fn is(ty: &HeapType<'_>, expected: AbstractHeapType) -> bool {
    matches!(ty, HeapType::Abstract { shared: false, ty } if *ty == expected)
}

/// Whether `values` are what `patterns` allow.
pub fn match_all(values: &[Value], patterns: &[WastRet<'_>]) -> bool {
    let matches = |(value, pattern): (&Value, &WastRet<'_>)| match pattern {
        WastRet::Core(pattern) => matches(*value, pattern),
        _ => false,
    };
    values.len() == patterns.len() && values.iter().zip(patterns).all(matches)
}

/// Whether `bits` are a float that `pattern` allows.
fn match_f32(pattern: &NanPattern<F32>, bits: u32) -> bool {
    match pattern {
        NanPattern::Value(p) => p.bits == bits,
        NanPattern::CanonicalNan => bits & !(1 << 31) == 0x7fc0_0000,
        NanPattern::ArithmeticNan => bits & 0x7fc0_0000 == 0x7fc0_0000,
    }
}

/// The same for 64 bits.
fn match_f64(pattern: &NanPattern<F64>, bits: u64) -> bool {
    match pattern {
        NanPattern::Value(p) => p.bits == bits,
        NanPattern::CanonicalNan => bits & !(1 << 63) == 0x7ff8_0000_0000_0000,
        NanPattern::ArithmeticNan => bits & 0x7ff8_0000_0000_0000 == 0x7ff8_0000_0000_0000,
    }
}

/// Whether each lane of `v` is what its pattern allows.
fn match_vector(pattern: &V128Pattern, v: [u8; 16]) -> bool {
    match pattern {
        V128Pattern::I8x16(p) => *p == v.map(|b| b as i8),
        V128Pattern::I16x8(p) => v.as_chunks().0.iter().zip(p).all(|(b, p)| i16::from_le_bytes(*b) == *p),
        V128Pattern::I32x4(p) => v.as_chunks().0.iter().zip(p).all(|(b, p)| i32::from_le_bytes(*b) == *p),
        V128Pattern::I64x2(p) => v.as_chunks().0.iter().zip(p).all(|(b, p)| i64::from_le_bytes(*b) == *p),
        V128Pattern::F32x4(p) => v.as_chunks().0.iter().zip(p).all(|(b, p)| match_f32(p, u32::from_le_bytes(*b))),
        V128Pattern::F64x2(p) => v.as_chunks().0.iter().zip(p).all(|(b, p)| match_f64(p, u64::from_le_bytes(*b))),
    }
}

/// Whether `value` is one that `pattern` allows, its type included.
pub fn matches(value: Value, pattern: &WastRetCore<'_>) -> bool {
    match (pattern, value) {
        (WastRetCore::I32(p), Value::I32(v)) => *p == v,
        (WastRetCore::I64(p), Value::I64(v)) => *p == v,
        (WastRetCore::F32(p), Value::F32(v)) => match_f32(p, v.to_bits()),
        (WastRetCore::F64(p), Value::F64(v)) => match_f64(p, v.to_bits()),
        (WastRetCore::V128(p), Value::V128(v)) => match_vector(p, v),
        (WastRetCore::RefNull(None), Value::FuncRef(v) | Value::ExternRef(v) | Value::AnyRef(v) | Value::ExnRef(v)) => v.is_null(),
        (WastRetCore::RefNull(Some(ty)), Value::FuncRef(v)) => {
            v.is_null() && (is(ty, AbstractHeapType::Func) || is(ty, AbstractHeapType::NoFunc))
        }
        (WastRetCore::RefNull(Some(ty)), Value::ExternRef(v)) => {
            v.is_null() && (is(ty, AbstractHeapType::Extern) || is(ty, AbstractHeapType::NoExtern))
        }
        (WastRetCore::RefNull(Some(ty)), Value::ExnRef(v)) => {
            v.is_null() && (is(ty, AbstractHeapType::Exn) || is(ty, AbstractHeapType::NoExn))
        }
        (WastRetCore::RefNull(Some(HeapType::Abstract { shared: false, ty })), Value::AnyRef(v)) => {
            use AbstractHeapType::{Any, Array, Eq, I31, None, Struct};
            v.is_null() && matches!(ty, Any | Eq | I31 | Struct | Array | None)
        }
        (WastRetCore::RefHost(n), Value::AnyRef(v)) => v.externalize().as_host() == Some(*n),
        (WastRetCore::RefAny, Value::AnyRef(v)) => !v.is_null(),
        (WastRetCore::RefEq, Value::AnyRef(v)) => v.as_i31().is_some() || v.as_object().is_some(),
        (WastRetCore::RefI31 | WastRetCore::RefI31Shared, Value::AnyRef(v)) => v.as_i31().is_some(),
        (WastRetCore::RefStruct | WastRetCore::RefArray, Value::AnyRef(v)) => v.as_object().is_some(),
        (WastRetCore::RefExtern(None), Value::ExternRef(v)) => !v.is_null(),
        (WastRetCore::RefExtern(Some(n)), Value::ExternRef(v)) => v.as_host() == Some(*n),
        // Scripts cannot name functions: an index would be one of no module in particular.
        (WastRetCore::RefFunc(None), Value::FuncRef(v)) => v.as_func().is_some(),
        (WastRetCore::Either(patterns), v) => patterns.iter().any(|p| matches(v, p)),
        _ => false,
    }
}

/// The values as text, with the bits of floats.
pub fn list(values: &[Value]) -> String {
    let text = |v: &Value| match v {
        Value::F32(f) => format!("{v} (0x{:08x})", f.to_bits()),
        Value::F64(f) => format!("{v} (0x{:016x})", f.to_bits()),
        _ => v.to_string(),
    };
    format!("[{}]", values.iter().map(text).collect::<Vec<_>>().join(", "))
}

#[cfg(test)]
mod tests {
    use super::*;
    use wast::parser::{self, ParseBuffer};

    fn check(value: Value, pattern: &str) -> bool {
        let buffer = ParseBuffer::new(pattern).unwrap();
        matches(value, &parser::parse::<WastRetCore<'_>>(&buffer).unwrap())
    }

    #[test]
    fn numbers_match_by_type_and_bits() {
        assert!(check(Value::I32(-1), "i32.const 0xffffffff"));
        assert!(!check(Value::I32(-1), "i64.const -1"));
        assert!(check(Value::I64(i64::MIN), "i64.const 0x8000000000000000"));
        assert!(check(Value::F32(-0.0), "f32.const -0"));
        assert!(!check(Value::F32(-0.0), "f32.const 0"));
        assert!(check(Value::F64(0.1), "f64.const 0.1"));
        assert!(check(Value::F32(f32::from_bits(0x7f80_0001)), "f32.const nan:0x1"));
    }

    #[test]
    fn nan_patterns_follow_the_specification() {
        for (bits, canonical, arithmetic) in [
            (0x7fc0_0000, true, true),
            (0xffc0_0000, true, true),
            (0x7fc0_0001, false, true),
            (0x7f80_0001, false, false),
            (0x7f80_0000, false, false),
            (0, false, false),
        ] {
            let v = Value::F32(f32::from_bits(bits));
            assert_eq!(check(v, "f32.const nan:canonical"), canonical, "{bits:#x}");
            assert_eq!(check(v, "f32.const nan:arithmetic"), arithmetic, "{bits:#x}");
        }
        for (bits, canonical, arithmetic) in [
            (0x7ff8_0000_0000_0000, true, true),
            (0xfff8_0000_0000_0000, true, true),
            (0x7ff8_0000_0000_0001, false, true),
            (0x7ff0_0000_0000_0001, false, false),
            (0x7ff0_0000_0000_0000, false, false),
        ] {
            let v = Value::F64(f64::from_bits(bits));
            assert_eq!(check(v, "f64.const nan:canonical"), canonical, "{bits:#x}");
            assert_eq!(check(v, "f64.const nan:arithmetic"), arithmetic, "{bits:#x}");
        }
    }

    #[test]
    fn vectors_match_lane_by_lane() {
        let v = |low: u64, high: u64| Value::V128((u128::from(high) << 64 | u128::from(low)).to_le_bytes());
        assert!(check(v(0xff, 1 << 63), "v128.const i8x16 -1 0 0 0 0 0 0 0 0 0 0 0 0 0 0 128"));
        assert!(check(v(0xffff_0001, 7 << 48), "v128.const i16x8 1 -1 0 0 0 0 0 7"));
        assert!(check(v(1 << 32, 3), "v128.const i32x4 0 1 3 0") && !check(v(1 << 32, 3), "v128.const i32x4 0 1 2 0"));
        assert!(check(v(9, !0), "v128.const i64x2 9 -1") && !check(v(9, !0), "v128.const i64x2 9 1"));
        let nans = v(0x7fc0_0000_3f80_0000, 0x7f80_0000_ffc0_0001);
        assert!(check(nans, "v128.const f32x4 1 nan:canonical nan:arithmetic inf"));
        assert!(!check(nans, "v128.const f32x4 1 nan:canonical nan:canonical inf"));
        assert!(check(v(0x7ff8 << 48, 0), "v128.const f64x2 nan:canonical 0"));
        assert!(!check(v(0x7ff8 << 48, 1 << 63), "v128.const f64x2 nan:canonical 0"));
        assert!(!check(Value::I64(0), "v128.const i64x2 0 0"));
    }

    #[test]
    fn references_match_by_kind() {
        let (null_func, null_extern) = (Value::FuncRef(Ref::NULL), Value::ExternRef(Ref::NULL));
        let (func, host) = (Value::FuncRef(Ref::func(0)), Value::ExternRef(Ref::host(7)));
        for (pattern, allowed) in [
            ("ref.null", [true, true, false, false]),
            ("ref.null func", [true, false, false, false]),
            ("ref.null extern", [false, true, false, false]),
            ("ref.func", [false, false, true, false]),
            ("ref.extern", [false, false, false, true]),
            ("ref.extern 7", [false, false, false, true]),
            ("ref.extern 8", [false; 4]),
            ("either (ref.null extern) (ref.extern 7)", [false, true, false, true]),
        ] {
            assert_eq!([null_func, null_extern, func, host].map(|v| check(v, pattern)), allowed, "{pattern}");
        }
        assert!(check(Value::I32(2), "either (i32.const 1) (i32.const 2)"));
        assert!(!check(Value::I32(3), "either (i32.const 1) (i32.const 2)"));
    }
}
