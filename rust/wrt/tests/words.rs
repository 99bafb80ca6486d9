// SPDX-License-Identifier: MIT
//! How many image words the loop dispatches between two looks at the interrupt word, for guests that make many words of few
//! instructions. A test build of its own: `RUSTFLAGS="--cfg wrt_words --cfg wrt_loop" cargo test -p wrt --test words`.
#![cfg(wrt_words)]

use wrt::prelude::*;
use wrt::runtime::run::counted;

/// Loops so many times over `body`, with locals and functions before it.
fn guest(functions: &str, locals: &str, body: &str) -> String {
    format!(
        "(module (memory 2) {functions} (func (export \"run\") (param $n i32) {locals}
            (loop $next {body} (br_if $next (local.tee $n (i32.sub (local.get $n) (i32.const 1)))))))"
    )
}

fn most(text: &str) -> u32 {
    let module = Module::from_bytes(&wat::parse_str(text).unwrap()).unwrap();
    let mut instance = ModuleInstance::new(module, ImportMap::new()).unwrap();
    counted::most();
    instance.invoke("run", &[Value::I32(200)]).unwrap();
    counted::most()
}

#[test]
fn words_between_two_looks() {
    let values = |n: usize| "(i32.const 7) ".repeat(n);
    let results = |n: usize| format!("(result {})", "i32 ".repeat(n));
    let branch = |n: usize| {
        // The operand below the values has to go, so that each of them moves.
        format!("(block {} {} (i32.const 1) {} (br 0)) {}", results(n), "", values(n), "(drop) ".repeat(n))
    };
    // Each function hands on what another one gave it, from another place.
    let chain = |n: usize| {
        let last = format!("(func $f0 {} {})", results(n), values(n));
        let next = |i: usize| format!("(func $f{} {} (i32.const 1) (call $f{}) (return))", i + 1, results(n), i);
        last + &(0..40).map(next).collect::<String>()
    };
    let handed_on = |n: usize| format!("(call $f40) {}", "(drop) ".repeat(n));
    let far = "(i32.add) ".repeat(400);
    let gets = |n: usize| (0..n).map(|i| format!("(local.get {i})")).collect::<String>();
    let refs = "(func $r (result (ref null any)) (local (ref null any)) (call $s)) (func $s (result (ref null any)) (local (ref null any)) (ref.null any))";
    let globals = "(global $g (mut v128) (v128.const i64x2 1 2))";
    let empty = "(func $f (local i32))";
    let cases = [
        ("additions", guest("", "(local $a i32)", &"(local.set $a (i32.add (local.get $a) (i32.const 3)))".repeat(300))),
        ("empty loop", guest("", "", "")),
        ("blocks", guest("", "", &"(block (br_if 0 (local.get $n)))".repeat(200))),
        ("10 values by a branch", guest("", "", &branch(10))),
        ("100 values by a branch", guest("", "", &branch(100))),
        ("far operands", guest("", "", &format!("{} {far} (drop)", values(401)))),
        ("far locals", guest("", &"(local i32) ".repeat(400), &"(local.set 390 (i32.add (local.get 380) (local.get 385)))".repeat(100))),
        (
            "calls",
            guest("(func $f (param i32 i32 i32) (result i32) (local.get 2))", "", &format!("{} (call $f) (drop)", values(3)).repeat(60)),
        ),
        ("10 values handed on", guest(&chain(10), "", &handed_on(10))),
        ("100 values handed on", guest(&chain(100), "", &handed_on(100))),
        (
            "copies",
            guest(
                "",
                "",
                "(memory.copy (i32.const 0) (i32.const 5) (i32.const 65536)) (memory.fill (i32.const 9) (i32.const 1) (i32.const 4096))",
            ),
        ),
        // A call of a function that has nothing but locals is one instruction.
        ("empty calls", guest(empty, "", &"(call $f)".repeat(200))),
        ("calls that hand references on", guest(&refs, "", &"(call $r) (drop)".repeat(100))),
        (
            "100 locals returned",
            guest(
                &format!("(func $f (param {0}) (result {0}) {1})", "i32 ".repeat(100), gets(100)),
                "",
                &format!("{} {} {}", values(100), "(call $f)".repeat(20), "(drop) ".repeat(100)),
            ),
        ),
        (
            "2 locals returned",
            guest(
                &format!("(func $f (param {0}) (result {0}) {1})", "i32 ".repeat(2), gets(2)),
                "",
                &format!("{} {} {}", values(2), "(call $f)".repeat(90), "(drop) ".repeat(2)),
            ),
        ),
        ("far, one operand", guest("", "", &format!("{} {} {}", values(300), "(i32.clz)".repeat(600), "(drop) ".repeat(300)))),
        (
            "far, two operands",
            guest(
                "",
                &"(local i32) ".repeat(300),
                &format!("{} {} {}", values(300), "(local.get 290) (i32.add)".repeat(600), "(drop) ".repeat(300)),
            ),
        ),
        ("far, all of a stack", guest("", "", &format!("{} {} (drop)", values(900), "(i32.add)".repeat(899)))),
        ("far, three operands", guest("", "", &format!("{} {} (drop)", values(901), "(select)".repeat(450)))),
        ("far, wide", guest("", "", &format!("{} {} (drop)", "(i64.const 7)".repeat(450), "(i64.add)".repeat(449)))),
        ("global vectors", guest(globals, "", &format!("{} {}", "(global.get $g)".repeat(200), "(drop)".repeat(200)))),
        // The slice is used up by what has most words for a unit; then comes what has most words before the next charge.
        (
            "empty calls, then far",
            guest(empty, "", &format!("{} {} {} {}", "(call $f)".repeat(300), values(300), "(i32.clz)".repeat(200), "(drop) ".repeat(300))),
        ),
        (
            "empty calls, then vectors",
            guest(
                &format!("{globals} {empty}"),
                "",
                &format!("{} {} {}", "(call $f)".repeat(255), "(global.get $g)".repeat(100), "(drop)".repeat(100)),
            ),
        ),
        (
            "local vectors handed on",
            guest(
                &format!("(func $f (param {0}) (result {0}) {1})", "v128 ".repeat(20), gets(20)),
                "",
                &format!("{} {} {}", "(v128.const i64x2 1 2)".repeat(20), "(call $f)".repeat(20), "(drop) ".repeat(20)),
            ),
        ),
        // Constants get their words where they are needed, here many at once.
        ("900 constants of a call", guest(&format!("(func $g (param {}))", "i32 ".repeat(900)), "", &format!("{} (call $g)", values(900)))),
        (
            "empty calls, then 230 constants",
            guest(
                &format!("(func $g (param {})) {empty}", "i32 ".repeat(230)),
                "",
                &format!("{} {} (call $g)", values(230), "(call $f)".repeat(255)),
            ),
        ),
        (
            "900 constants of a branch",
            guest("", "", &format!("(block {} (i32.const 1) {} (br 0)) {}", results(900), values(900), "(drop) ".repeat(900))),
        ),
        (
            "900 constants returned",
            guest(&format!("(func $g {} {})", results(900), values(900)), "", &format!("(call $g) {}", "(drop) ".repeat(900))),
        ),
        ("selects", guest("", "(local i64 i64)", &"(local.set 1 (select (local.get 1) (local.get 2) (local.get $n)))".repeat(100))),
    ];
    let mut worst = 0;
    for (name, text) in cases {
        let words = most(&text);
        println!("{words:5} words: {name}");
        assert!(words > 0, "{name}: nothing was counted");
        worst = words.max(worst);
    }
    println!("at most {worst} words between two looks");
    assert!(worst <= 1000, "{worst} words");
}
