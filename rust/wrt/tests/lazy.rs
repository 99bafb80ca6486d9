// SPDX-License-Identifier: MIT
//! Functions that are translated, and perhaps validated, when they are first called.
#![cfg(all(feature = "std", feature = "threaded", feature = "loader", feature = "float"))]

use std::sync::Arc;
use wrt::Validated;
use wrt::prelude::*;
use wrt::runtime::image::Word;
use wrt::runtime::translate::lazy::AVAILABLE;

fn lazily(wat: &str, validated: Validated) -> WrtResult<Module> {
    Module::from_bytes_lazily(Arc::new(wat::parse_str(wat).unwrap()), validated)
}

const PROGRAM: &str = r#"(module
    (memory 1) (table funcref (elem $double $triple)) (global $calls (mut i32) (i32.const 0))
    (type $number (func (param i32) (result i32)))
    (func $double (param i32) (result i32) (i32.shl (local.get 0) (i32.const 1)))
    (func $triple (param i32) (result i32) (i32.add (local.get 0) (call $double (local.get 0))))
    (func (export "count") (result i32)
        (global.set $calls (i32.add (global.get $calls) (i32.const 1))) (global.get $calls))
    (func (export "all") (param i32) (result i32)
        (local $i i32) (local $sum i32)
        (loop
            (local.set $sum (i32.add (local.get $sum)
                (call_indirect (type $number) (local.get 0) (i32.and (local.get $i) (i32.const 1)))))
            (local.set $i (i32.add (local.get $i) (i32.const 1)))
            (br_if 0 (i32.lt_u (local.get $i) (i32.const 10))))
        (local.get $sum))
    (func (export "divide") (param i32) (result i32) (i32.div_u (i32.const 7) (local.get 0)))
    (data (i32.const 8) "text") (start $begin) (func $begin (drop (call $triple (i32.const 1)))))"#;

#[test]
fn results_traps_and_fuel_are_the_same() {
    let run = |module: Module| {
        let mut i = ModuleInstance::new(module, ImportMap::new()).unwrap();
        let mut seen = Vec::new();
        for (name, args) in [("count", &[][..]), ("all", &[Value::I32(3)]), ("all", &[Value::I32(4)]), ("count", &[])] {
            i.set_fuel(1_000_000).unwrap();
            seen.push((i.invoke(name, args).unwrap(), i.fuel()));
        }
        let e = i.invoke("divide", &[Value::I32(0)]).unwrap_err();
        let frames: Vec<_> = i.backtrace().into_iter().map(|f| (f.func, f.name, f.offset)).collect();
        (seen, e.trap(), frames, i.memory("absent").is_none())
    };
    let eager = run(Module::from_bytes(&wat::parse_str(PROGRAM).unwrap()).unwrap());
    assert_eq!(eager.0[1].0, Value::I32(75));
    for validated in [Validated::AtOnce, Validated::WhenCalled] {
        let module = lazily(PROGRAM, validated).unwrap();
        // Instances share nothing that they translate.
        assert_eq!((run(module.clone()), run(module)), (eager.clone(), eager.clone()));
    }
}

#[test]
fn nothing_is_translated_before_it_is_called() {
    let module = lazily(PROGRAM, Validated::AtOnce).unwrap();
    let image = module.image().unwrap();
    let code = &image.words()[image.get(Word::CodeAt) as usize..image.get(Word::CodeEnd) as usize];
    assert_eq!(code.iter().all(|word| *word == 0), AVAILABLE);
    assert_eq!(module.exports().count(), 3);
}

#[test]
fn what_is_invalid_is_refused_at_once_or_when_it_is_called() {
    let wat = r#"(module (func (export "good") (result i32) (i32.const 5))
        (func (export "bad") (result i32) (i64.const 5))
        (func (export "calls") (result i32) (call 1)))"#;
    let refused = lazily(wat, Validated::AtOnce).unwrap_err();
    assert_eq!((refused.kind(), refused.message()), (ErrorKind::Invalid, "type mismatch"));
    let module = lazily(wat, Validated::WhenCalled);
    if !AVAILABLE {
        assert_eq!(module.unwrap_err().at(), refused.at());
        return;
    }
    let mut i = ModuleInstance::new(module.unwrap(), ImportMap::new()).unwrap();
    for name in ["bad", "calls", "bad"] {
        let e = i.invoke(name, &[]).unwrap_err();
        assert_eq!((e.kind(), e.message(), e.at()), (ErrorKind::Invalid, "type mismatch", refused.at()), "{name}");
        assert_eq!(i.invoke("good", &[]).unwrap(), Value::I32(5));
    }
    // Everything else is validated all the same.
    let e = lazily(r#"(module (export "absent" (func 3)))"#, Validated::WhenCalled).unwrap_err();
    assert_eq!((e.kind(), e.message()), (ErrorKind::Invalid, "unknown function"));
}

/// Jumps of 16 bits suffice; are found to be too short; are not tried, in a body so large.
#[test]
fn code_that_needs_the_other_form_of_jumps() {
    for calls in [5_000, 17_500, 40_000] {
        let many = "(call $f)".repeat(calls);
        let wat = format!(
            r#"(module
                (global $n (mut i32) (i32.const 0))
                (func $f (global.set $n (i32.add (global.get $n) (i32.const 1))))
                (func (export "jump") (param i64) (result i32)
                    (block (br_if 0 (i64.eqz (local.get 0))) {many} (return (global.get $n))) (i32.const 2)))"#
        );
        let eager = Module::from_bytes(&wat::parse_str(&wat).unwrap()).unwrap();
        for module in [eager, lazily(&wat, Validated::AtOnce).unwrap(), lazily(&wat, Validated::WhenCalled).unwrap()] {
            let mut i = ModuleInstance::new(module, ImportMap::new()).unwrap();
            assert_eq!(i.invoke("jump", &[Value::I64(0)]).unwrap(), Value::I32(2));
            assert_eq!(i.invoke("jump", &[Value::I64(9)]).unwrap(), Value::I32(calls as i32));
        }
    }
}

#[test]
fn code_many_times_as_large_as_usual_is_refused_when_it_is_called() {
    // Each label of the table has values to move: several words for one byte.
    let results = format!("(result{})", " i32".repeat(24));
    let (values, drops) = ("(i32.const 1)".repeat(24), "(drop)".repeat(25));
    let labels = "0 1 ".repeat(2000);
    let wat = format!(
        r#"(module (func (export "small") (result i32) (i32.const 1))
            (func (export "large") (param i32)
                (i32.const 1) (block {results}
                    (i32.const 1) (block {results} (i32.const 1) {values} (local.get 0) (br_table {labels}))
                    {drops} {values})
                {drops}))"#
    );
    let wasm = wat::parse_str(&wat).unwrap();
    let mut eager = ModuleInstance::new(Module::from_bytes(&wasm).unwrap(), ImportMap::new()).unwrap();
    assert_eq!(eager.invoke("large", &[Value::I32(3)]).unwrap(), Value::Unit);
    let mut i = ModuleInstance::new(lazily(&wat, Validated::AtOnce).unwrap(), ImportMap::new()).unwrap();
    let result = i.invoke("large", &[Value::I32(3)]).map_err(|e| e.kind());
    assert_eq!(result, if AVAILABLE { Err(ErrorKind::Unsupported) } else { Ok(Value::Unit) });
    assert_eq!(i.invoke("small", &[]).unwrap(), Value::I32(1));
}
