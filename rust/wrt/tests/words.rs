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
    instance.invoke("run", &[Value::I32(2000)]).unwrap();
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
        ("selects", guest("", "(local i64 i64)", &"(local.set 1 (select (local.get 1) (local.get 2) (local.get $n)))".repeat(100))),
    ];
    // A unit of fuel is an instruction, and there is one that hands on as many values as its function has results, a word for
    // each: then it takes more words than the 1,000 that all others keep to.
    let (mut worst, mut handing_on) = (0, 0);
    for (name, text) in cases {
        let words = most(&text);
        println!("{words:5} words: {name}");
        assert!(words > 0, "{name}: nothing was counted");
        let most = if name.ends_with("handed on") { &mut handing_on } else { &mut worst };
        *most = words.max(*most);
    }
    println!("at most {worst} words between two looks, {handing_on} where calls hand on many values");
    assert!(worst <= 1000, "{worst} words");
    assert!(handing_on <= 10_000, "{handing_on} words");
}
