// SPDX-License-Identifier: MIT
//! The Rust API with the names of its documents.
#![cfg(all(feature = "std", feature = "loader", feature = "float"))]

use std::cell::RefCell;
use std::rc::Rc;
use wrt::prelude::*;

fn instance(wat: &str, imports: ImportMap) -> WrtResult<ModuleInstance> {
    ModuleInstance::new(Module::from_bytes(&wat::parse_str(wat).unwrap())?, imports)
}

#[test]
fn results_of_every_number() {
    let mut i = instance(
        r#"(module
            (func (export "none"))
            (func (export "one") (param i64) (result i64) (i64.add (local.get 0) (i64.const 1)))
            (func (export "two") (param f32 f64) (result f64 f32) (local.get 1) (local.get 0)))"#,
        ImportMap::new(),
    )
    .unwrap();
    assert_eq!(i.invoke("none", &[]).unwrap(), Value::Unit);
    assert_eq!(i.invoke("one", &[Value::I64(-1)]).unwrap(), Value::I64(0));
    assert_eq!(i.invoke("two", &[Value::F32(1.5), Value::F64(2.5)]).unwrap_err().kind(), ErrorKind::Usage);
    assert_eq!(i.invoke_multi("two", &[Value::F32(1.5), Value::F64(2.5)]).unwrap(), [Value::F64(2.5), Value::F32(1.5)]);
    for wrong in [&[][..], &[Value::I32(1)], &[Value::I64(1), Value::I64(2)]] {
        assert_eq!(i.invoke("one", wrong).unwrap_err().kind(), ErrorKind::Usage);
    }
    assert_eq!(i.invoke("absent", &[]).unwrap_err().kind(), ErrorKind::Usage);
}

#[test]
fn refusals_tell_where() {
    let e = Module::from_bytes(b"\0asm\x02\0\0\0").unwrap_err();
    assert_eq!((e.kind(), e.message()), (ErrorKind::Malformed, "unknown binary version"));
    let invalid = wat::parse_str("(module (func (result i32)))").unwrap();
    let e = Module::from_bytes(&invalid).unwrap_err().with_context("Failed to parse WebAssembly module");
    assert_eq!((e.kind(), e.message()), (ErrorKind::Invalid, "type mismatch"));
    assert!(e.at() > 8 && e.at() as usize <= invalid.len());
    assert!(e.to_string().starts_with("Failed to parse WebAssembly module: invalid module: type mismatch (at byte "), "{e}");
}

#[test]
fn a_missing_import_is_named() {
    let wat = r#"(module (import "env" "log" (func (param i32 i64) (result f32))))"#;
    let e = instance(wat, ImportMap::new()).err().unwrap();
    assert_eq!(e.to_string(), "unlinkable: unknown import: env.log (func [i32 i64] -> [f32])");
    let mut imports = ImportMap::new();
    imports.define("env", "log", &[ValType::I32], &[], |_, _, _| Ok(()));
    let e = instance(wat, imports).err().unwrap();
    assert_eq!((e.kind(), e.message()), (ErrorKind::Unlinkable, "incompatible import type"));
}

#[test]
fn fuel_stops_and_goes_on() {
    let count = r#"(module (func (export "count") (param i32) (result i32) (local i32)
        (loop (local.set 1 (i32.add (local.get 1) (i32.const 1)))
              (br_if 0 (i32.lt_u (local.get 1) (local.get 0))))
        (local.get 1)))"#;
    let mut i = instance(count, ImportMap::new()).unwrap();
    i.set_fuel(1_000_000).unwrap();
    assert_eq!(i.invoke("count", &[Value::I32(100)]).unwrap(), Value::I32(100));
    // Each turn: get, const, add, set, get, get, lt, br_if; and before and after: loop, get.
    assert_eq!(i.fuel(), 1_000_000 - 100 * 8 - 2);

    i.set_fuel(50).unwrap();
    let e = i.invoke("count", &[Value::I32(100)]).unwrap_err();
    assert_eq!((e.kind(), e.message(), i.fuel()), (ErrorKind::Paused, "fuel is used up", 0));
    assert_eq!(i.invoke("count", &[Value::I32(1)]).unwrap_err().kind(), ErrorKind::Usage, "a call is paused");
    i.set_fuel(1_000_000).unwrap();
    assert_eq!(i.resume().unwrap(), [Value::I32(100)]);

    i.set_fuel(10).unwrap();
    i.invoke("count", &[Value::I32(100)]).unwrap_err();
    i.cancel();
    i.set_fuel(1000).unwrap();
    assert_eq!(i.invoke("count", &[Value::I32(1)]).unwrap(), Value::I32(1));
}

#[test]
fn a_trap_leaves_the_instance_usable() {
    let mut i = instance(
        r#"(module (memory (export "memory") 1) (global (export "g") i32 (i32.const 7))
            (func (export "div") (param i32 i32) (result i32) (i32.div_s (local.get 0) (local.get 1)))
            (func $deep (export "deep") (call $deep))
            (func (export "far") (result i32) (i32.load (i32.const 65533))))"#,
        ImportMap::new(),
    )
    .unwrap();
    let trap = |r: WrtResult<Value>| r.unwrap_err().trap().unwrap();
    assert_eq!(trap(i.invoke("div", &[Value::I32(1), Value::I32(0)])), Trap::DivideByZero);
    assert_eq!(trap(i.invoke("div", &[Value::I32(i32::MIN), Value::I32(-1)])), Trap::IntegerOverflow);
    assert_eq!(trap(i.invoke("deep", &[])), Trap::StackExhausted);
    let e = i.invoke("far", &[]).unwrap_err();
    assert_eq!(e.trap(), Some(Trap::MemoryOutOfBounds));
    assert!(e.to_string().contains("in function 2 (far), word "), "{e}");
    assert_eq!(i.invoke("div", &[Value::I32(7), Value::I32(2)]).unwrap(), Value::I32(3));
    assert_eq!(i.global("g"), Some(Value::I32(7)));
    assert_eq!(i.memory("memory").unwrap().len(), 65536);
}

#[test]
fn hosts_reach_every_memory() {
    let mut imports = ImportMap::new();
    imports.define("host", "mark", &[ValType::I32, ValType::I64], &[], |caller, args, _| {
        let (Value::I32(memory), Value::I64(at)) = (args[0], args[1]) else { unreachable!() };
        let mut memory = caller.memory_at(memory as u32).ok_or(Trap::Host)?;
        memory.write_from(at as u32, b"x").ok_or(Trap::MemoryOutOfBounds)?;
        Ok(())
    });
    let mut i = instance(
        r#"(module
            (import "host" "mark" (func $mark (param i32 i64)))
            (memory 1) (memory $wide (export "wide") i64 2) (memory $last (export "last") 1)
            (func (export "mark") (param i32 i64) (call $mark (local.get 0) (local.get 1)))
            (func (export "wide-at") (param i64) (result i32) (i32.load8_u $wide (local.get 0)))
            (func (export "last-at") (param i32) (result i32) (i32.load8_u $last (local.get 0))))"#,
        imports,
    )
    .unwrap();
    i.invoke("mark", &[Value::I32(1), Value::I64(0x1_ffff)]).unwrap();
    i.invoke("mark", &[Value::I32(2), Value::I64(7)]).unwrap();
    assert_eq!(i.invoke("wide-at", &[Value::I64(0x1_ffff)]).unwrap(), Value::I32(0x78));
    assert_eq!(i.invoke("last-at", &[Value::I32(7)]).unwrap(), Value::I32(0x78));
    assert_eq!((i.memory("wide").unwrap().len(), i.memory("last").unwrap().as_slice().unwrap()[7]), (0x2_0000, 0x78));
    assert!(i.invoke("mark", &[Value::I32(3), Value::I64(0)]).is_err());
}

#[test]
fn host_functions_see_memory_and_call_back() {
    let seen = Rc::new(RefCell::new(String::new()));
    let mut imports = ImportMap::new();
    let log = seen.clone();
    imports.define("host", "log", &[ValType::I32, ValType::I32], &[], move |caller, args, _| {
        let (Value::I32(at), Value::I32(len)) = (args[0], args[1]) else { unreachable!() };
        let mut bytes = vec![0; len as usize];
        caller.memory().ok_or(Trap::Host)?.read_into(at as u32, &mut bytes).ok_or(Trap::MemoryOutOfBounds)?;
        log.borrow_mut().push_str(&String::from_utf8(bytes).unwrap());
        Ok(())
    });
    imports.define("host", "twice", &[ValType::I32], &[ValType::I32], |caller, args, results| {
        let Some(wrt::runtime::Extern::Func(f)) = caller.store.export(caller.instance(), "inc") else { unreachable!() };
        let mut once = [Value::Unit];
        caller.invoke(f, args, &mut once)?;
        caller.invoke(f, &once, results)?;
        Ok(())
    });
    imports.define_global("host", "base", Value::I32(40), false);
    let mut i = instance(
        r#"(module
            (import "host" "log" (func $log (param i32 i32)))
            (import "host" "twice" (func $twice (param i32) (result i32)))
            (import "host" "base" (global $base i32))
            (memory 1) (data (i32.const 5) "hello")
            (func (export "inc") (param i32) (result i32) (i32.add (local.get 0) (i32.const 1)))
            (func (export "run") (result i32)
                (call $log (i32.const 5) (i32.const 5))
                (call $twice (global.get $base)))
            (func (export "bad") (call $log (i32.const 65535) (i32.const 5))))"#,
        imports,
    )
    .unwrap();
    assert_eq!(i.invoke("run", &[]).unwrap(), Value::I32(42));
    assert_eq!(seen.borrow().as_str(), "hello");
    assert_eq!(i.invoke("bad", &[]).unwrap_err().trap(), Some(Trap::MemoryOutOfBounds));
    assert_eq!(i.invoke("inc", &[Value::I32(1)]).unwrap(), Value::I32(2));
}

#[test]
fn images_are_run_and_checked() {
    let wasm = wat::parse_str(r#"(module (func (export "f") (result i32) (i32.const 42)))"#).unwrap();
    let words = wrt::runtime::translate::translate_vec(&wasm).unwrap().0;
    let mut bytes: Vec<u8> = words.iter().flat_map(|w| w.to_le_bytes()).collect();
    let module = Module::from_image_bytes(&bytes).unwrap();
    assert_eq!(module.exports().map(|(name, _)| name).collect::<Vec<_>>(), ["f"]);
    assert_eq!(ModuleInstance::new(module, ImportMap::new()).unwrap().invoke("f", &[]).unwrap(), Value::I32(42));
    for at in 0..bytes.len() {
        bytes[at] ^= 1;
        assert!(Module::from_image_bytes(&bytes).is_err(), "byte {at} changed");
        bytes[at] ^= 1;
    }
    for short in 0..bytes.len() {
        assert!(Module::from_image_bytes(&bytes[..short]).is_err(), "cut at {short}");
    }
}

#[test]
fn stackless_runtime_needs_no_allocator() {
    fn print(caller: &mut Caller<'_, '_, Vec<i32>>) -> Result<wrt::Flow, Trap> {
        let v = caller.arg_i32(0);
        caller.data.push(v);
        Ok(wrt::Flow::Ready)
    }
    let wasm = wat::parse_str(
        r#"(module (import "host" "print" (func $print (param i32)))
            (func $init (call $print (i32.const 1))) (start $init)
            (func (export "main") (result i32) (call $print (i32.const 2)) (i32.const 3)))"#,
    )
    .unwrap();
    let hosts = [HostImport { module: "host", name: "print", params: &[ValType::I32], results: &[], call: print }];
    let mut runtime: StacklessRuntime<1024, 512, 512, 16, 64, 1024> = StacklessRuntime::with_sizes();
    let mut data = Vec::new();
    for _ in 0..2 {
        assert_eq!(runtime.execute_module_with(&wasm, &hosts, &mut data).unwrap(), Value::I32(3));
    }
    assert_eq!(data, [1, 2, 1, 2]);
    assert_eq!(runtime.execute_module(&wasm).unwrap_err().kind(), ErrorKind::Unlinkable);
    let large = wat::parse_str("(module (memory 1))").unwrap();
    let e = runtime.execute_module(&large).unwrap_err();
    assert_eq!((e.kind(), e.at()), (ErrorKind::Memory, 65536));
}

/// Just below the hole between near and far cells a value of two cells is far and one of a single cell is not.
#[test]
fn wrapping_at_the_last_near_cell() {
    for operands in 230..245 {
        let locals = "(local i32)".repeat(operands);
        let wat = format!(
            r#"(module
                (func (export "operand") (param i64) (result i32) {locals} (i32.wrap_i64 (i64.add (local.get 0) (i64.const 1))))
                (func (export "local") (param i64) (result i32) {locals} (local i64 i64)
                    (local.set {0} (local.get 0)) (local.set {1} (i64.const 7))
                    (i32.add (i32.wrap_i64 (local.get {0})) (i32.wrap_i64 (local.get {1})))))"#,
            operands + 1,
            operands + 2
        );
        let mut i = instance(&wat, ImportMap::new()).unwrap();
        let arg = [Value::I64(0x1_0000_0005)];
        assert_eq!(i.invoke("operand", &arg).unwrap(), Value::I32(6), "{operands}");
        assert_eq!(i.invoke("local", &arg).unwrap(), Value::I32(12), "{operands}");
    }
}

/// A value of four cells around the hole between near and far cells: as parameter, local, operand, argument and result;
/// and two results of one operation, of which only one may be near.
#[test]
fn vectors_and_wide_results_around_the_last_near_cell() {
    let vector = |n: u128| Value::V128((n << 96 | n << 64 | n << 32 | n).to_le_bytes());
    for cells in 222..250 {
        let wat = format!(
            r#"(module
                (type $three (func (param v128 v128 i32) (result v128 i64 v128)))
                (global $g (mut v128) (v128.const i32x4 3 3 3 3))
                (memory 1)
                (func $callee (type $three)
                    (i32x4.add (local.get 0) (local.get 1)) (i64.const 5) (i32x4.splat (local.get 2)))
                (func (export "operands") (param v128) (result v128 i64) {locals} (local $v v128) (local $n i64)
                    (local.set $v (i32x4.add (local.get 0) (v128.const i32x4 1 1 1 1)))
                    (v128.bitselect (local.get $v) (global.get $g) (i32x4.splat (i32.const 0xf0)))
                    (v128.store offset=3 (i32.const 1) (local.tee $v (i32x4.sub (local.get $v) (local.get 0))))
                    (select (v128.load32_lane offset=8 2 (i32.const 0) (local.get $v)) (local.get $v) (i32x4.extract_lane 3 (local.get $v)))
                    (global.set $g)
                    (i8x16.shuffle 0 1 2 3 20 21 22 23 8 9 10 11 28 29 30 31 (global.get $g) (global.get $g)) drop
                    (i64x2.extract_lane 1 (local.get $v)))
                (func (export "calls") (param v128) (result v128 i64 v128) {locals}
                    (call $callee (i32x4.neg (local.get 0)) (i32x4.abs (local.get 0)) (i32.const 9))
                    (block (param v128 i64 v128) (result v128 i64 v128) (br_if 0 (i32.const 1))))
                (func (export "wide") (param i64 i64) (result i64 i64 i64 i64) {locals}
                    (i64.mul_wide_u (local.get 0) (local.get 1))
                    (i64.sub128 (i64.const 1) (i64.const 2) (local.get 0) (local.get 1))))"#,
            locals = "(local i32)".repeat(cells),
        );
        let mut i = instance(&wat, ImportMap::new()).unwrap();
        let results = i.invoke_multi("operands", &[vector(0x5f)]).unwrap();
        // (0x60 & 0xf0) | (3 & !0xf0), and lanes of ones
        assert_eq!(results, [vector(0x63), Value::I64(1 << 32 | 1)], "{cells}");
        let results = i.invoke_multi("calls", &[vector(7)]).unwrap();
        assert_eq!(results, [vector(0), Value::I64(5), vector(9)], "{cells}");
        let results = i.invoke_multi("wide", &[Value::I64(1 << 62), Value::I64(12)]).unwrap();
        assert_eq!(results, [0, 3, 1 - (1 << 62), -11].map(Value::I64), "{cells}");
        // As parameters and results, across the hole.
        let params = "(param i32)".repeat(cells);
        let wat = format!(
            r#"(module (func $f {params} (param v128) (result i32 v128) (local v128)
                    (local.set {1} (local.get {cells})) (local.get 0) (i32x4.add (local.get {1}) (local.get {cells})))
                (func (export "f") (param v128) (result i32 v128) {0} (local.get 0) (call $f)))"#,
            "(i32.const 4) ".repeat(cells),
            cells + 1,
        );
        let mut i = instance(&wat, ImportMap::new()).unwrap();
        assert_eq!(i.invoke_multi("f", &[vector(7)]).unwrap(), [Value::I32(4), vector(14)], "{cells}");
    }
}

/// Results past the near cells, each a constant: none may pass through a register that an earlier one stands in.
#[test]
fn hundreds_of_constant_results() {
    let types = "i32 f64 ".repeat(100);
    let body: String = (0..100).map(|n| format!("(i32.const {n}) (f64.const {n}.5)")).collect();
    let mut i = instance(&format!(r#"(module (func (export "f") (result {types}) {body}))"#), ImportMap::new()).unwrap();
    let results = i.invoke_multi("f", &[]).unwrap();
    for (n, pair) in results.chunks(2).enumerate() {
        assert_eq!(pair, [Value::I32(n as i32), Value::F64(n as f64 + 0.5)]);
    }
}

/// However many there are: the threaded loop zeroes some numbers of cells at once, and may zero more than there are locals. What has a
/// constant address or stores a zero uses a cell behind them, up to the last near one.
#[test]
fn locals_begin_as_zeros_and_those_of_the_caller_stay() {
    let many = |n: usize, text: &dyn Fn(usize) -> String| (0..n).map(text).collect::<String>();
    for n in (0..40).chain(100..125).chain(220..250) {
        let text = format!(
            r#"(module
                (memory 1) (data (i32.const 8) "\01\02\03\04")
                (func $dirty (local {}) {})
                (func $f (param i32) (result i32) (local {}) (i32.load8_u offset=1 (i32.const 8)) (local.get 0) (i32.add) {})
                (func (export "run") (result i32) (local {})
                    {} (i32.store8 (i32.const 8) (i32.const 0)) (call $dirty) (call $f (i32.const 62)) {}
                    (i32.add (i32.load8_u (i32.const 8)))))"#,
            "i32 ".repeat(60),
            many(60, &|i| format!("(local.set {i} (i32.const -1))")),
            "i32 ".repeat(n),
            many(n, &|i| format!("(i32.or (local.get {}))", i + 1)),
            "i32 ".repeat(n),
            many(n, &|i| format!("(local.set {i} (i32.const 7))")),
            many(n, &|i| format!("(i32.add (local.get {i}))")),
        );
        let module = Module::from_bytes(&wat::parse_str(text).unwrap()).unwrap();
        let mut instance = ModuleInstance::new(module, ImportMap::new()).unwrap();
        assert_eq!(instance.invoke("run", &[]).unwrap(), Value::I32(64 + 7 * n as i32), "{n} locals");
    }
}
