// SPDX-License-Identifier: MIT
//! The host's stack does not follow the guest's: whatever guests do, a thread with 64 KiB suffices to translate, link and run
//! them. One byte too much meets the thread's guard page, which ends this program. Boards paint theirs: see
//! docs/faults.md.

use std::thread;
use wrt_fault_tests::campaign::GUESTS;
use wrt_foundation::{Shared, Trap, Value};
use wrt_runtime::{Exit, Extern, Options, Stack, StackId, Store, run, translate};

/// Bytes of a thread's stack, that of Rust's thread start-up included.
const STACK: usize = 64 << 10;

fn limited(work: impl FnOnce() + Send + 'static) {
    thread::Builder::new().stack_size(STACK).spawn(work).unwrap().join().unwrap();
}

/// Translates, links and runs `run`.
fn play(wasm: &[u8], frames: usize) -> (Exit, Value) {
    let (image, _) = translate::translate_vec(wasm).unwrap();
    let mut store = Store::owned(1 << 20);
    let stack: StackId = store.add_stack(Stack::owned(frames * 8, frames).unwrap()).unwrap();
    let instance = store.instantiate(Shared::Arc(image.into()), &mut |_, _| None, &Options::default()).unwrap();
    store.enter_init(stack, instance).unwrap();
    assert_eq!(run(&mut store, stack, &mut { i64::MAX }), Exit::Done);
    let Some(Extern::Func(f)) = store.export(instance, "run") else { panic!() };
    store.enter(stack, f, &[]).unwrap();
    let exit = run(&mut store, stack, &mut { i64::MAX });
    let mut results = [Value::Unit];
    if exit == Exit::Done {
        store.results(stack, f, &mut results).unwrap();
    }
    (exit, results[0])
}

#[test]
fn guests_of_all_kinds_run_on_a_small_stack() {
    for (name, text) in GUESTS {
        let wasm = wat::parse_str(text).unwrap();
        limited(move || assert_eq!(play(&wasm, 64).0, Exit::Done, "{name}"));
    }
}

#[test]
fn recursion_a_million_deep_takes_none_of_it() {
    let wasm = wat::parse_str(
        r#"(module (func $down (param i32) (result i32)
            (if (result i32) (local.get 0) (then (i32.add (call $down (i32.sub (local.get 0) (i32.const 1))) (i32.const 1))) (else (i32.const 0))))
            (func (export "run") (result i32) (call $down (i32.const 1000000))))"#,
    );
    let wasm = wasm.unwrap();
    let endless = wat::parse_str(r#"(module (func $f (export "run") (result i32) (i32.add (call $f) (i32.const 1))))"#).unwrap();
    limited(move || {
        assert_eq!(play(&wasm, 1_000_010), (Exit::Done, Value::I32(1_000_000)));
        assert_eq!(play(&endless, 100_000).0, Exit::Trap(Trap::StackExhausted));
    });
}

/// Blocks as deep as the limit lets them be: validation does not recurse either.
#[test]
fn nesting_takes_none_of_it() {
    let deep = 9_000;
    let mut body = vec![0u8];
    body.extend([0x02, 0x40].repeat(deep));
    body.extend([0x0b].repeat(deep));
    body.extend([0x41, 0x07, 0x0b]);
    let leb = |mut n: usize| {
        let mut bytes = Vec::new();
        loop {
            let more = n > 127;
            bytes.push(n as u8 & 127 | if more { 128 } else { 0 });
            n >>= 7;
            if !more {
                return bytes;
            }
        }
    };
    let code = [vec![1], leb(body.len()), body].concat();
    let mut wasm = b"\0asm\x01\0\0\0\x01\x05\x01\x60\0\x01\x7f\x03\x02\x01\0\x07\x07\x01\x03run\0\0\x0a".to_vec();
    wasm.extend(leb(code.len()));
    wasm.extend(code);
    limited(move || assert_eq!(play(&wasm, 8), (Exit::Done, Value::I32(7))));
}
