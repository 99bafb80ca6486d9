// SPDX-License-Identifier: MIT
//! The runner passes what is right and fails what is wrong: each pair of directives differs in one point.

use wrt_wast::{Mode, Verdict, run};

const MODULE: &str = r#"(module $m
  (global (export "g") i32 (i32.const 7))
  (func (export "nan") (param f32) (result f32) (f32.add (local.get 0) (f32.const 1)))
  (func (export "add") (param i32 i32) (result i32) (i32.add (local.get 0) (local.get 1)))
  (func (export "trap") (unreachable))
  (func $deep (export "deep") (call $deep)))
(register "m" $m)
"#;

/// The verdict on the last directive after [`MODULE`], the same in both modes.
fn verdict(directive: &str) -> Verdict {
    let text = format!("{MODULE}{directive}");
    let [plain, slices] = [Mode::Plain, Mode::Slices].map(|mode| run("test", &text, mode));
    assert_eq!((&plain.directives, plain.fuel), (&slices.directives, slices.fuel), "{directive}");
    assert!(plain.directives[..2].iter().all(|d| d.verdict == Verdict::Passed), "{plain:?}");
    assert_eq!(plain.directives.len(), 3);
    plain.directives[2].verdict.clone()
}

fn pass(directive: &str) {
    assert_eq!(verdict(directive), Verdict::Passed, "{directive}");
}

fn fail(directive: &str) {
    assert!(matches!(verdict(directive), Verdict::Failed(_)), "{directive}");
}

#[test]
fn results_are_compared() {
    pass(r#"(assert_return (invoke "add" (i32.const 1) (i32.const 2)) (i32.const 3))"#);
    fail(r#"(assert_return (invoke "add" (i32.const 1) (i32.const 2)) (i32.const 4))"#);
    fail(r#"(assert_return (invoke "add" (i32.const 1) (i32.const 2)) (i64.const 3))"#);
    fail(r#"(assert_return (invoke "add" (i32.const 1) (i32.const 2)))"#);
    fail(r#"(assert_return (invoke "add" (i32.const 1)) (i32.const 3))"#);
    fail(r#"(assert_return (invoke "absent"))"#);
    pass(r#"(assert_return (invoke $m "nan" (f32.const nan:0x12)) (f32.const nan:canonical))"#);
    fail(r#"(assert_return (invoke $m "nan" (f32.const 0)) (f32.const nan:arithmetic))"#);
    pass(r#"(assert_return (get $m "g") (i32.const 7))"#);
    fail(r#"(assert_return (get $m "g") (i32.const 8))"#);
    pass(r#"(invoke "add" (i32.const 1) (i32.const 2))"#);
    fail(r#"(invoke "trap")"#);
}

#[test]
fn traps_are_compared_by_text() {
    pass(r#"(assert_trap (invoke "trap") "unreachable")"#);
    fail(r#"(assert_trap (invoke "trap") "integer overflow")"#);
    fail(r#"(assert_trap (invoke "add" (i32.const 1) (i32.const 2)) "unreachable")"#);
    pass(r#"(assert_trap (module (func $f (unreachable)) (start $f)) "unreachable")"#);
    fail(r#"(assert_trap (module (func $f) (start $f)) "unreachable")"#);
    pass(r#"(assert_exhaustion (invoke "deep") "call stack exhausted")"#);
    fail(r#"(assert_exhaustion (invoke "trap") "call stack exhausted")"#);
}

#[test]
fn refusals_are_compared_by_kind() {
    pass(r#"(assert_invalid (module (func (result i32))) "type mismatch")"#);
    fail(r#"(assert_invalid (module (func)) "type mismatch")"#);
    fail(r#"(assert_invalid (module binary "\00asn\01\00\00\00") "type mismatch")"#);
    assert!(matches!(verdict(r#"(assert_invalid (module (func (result i32))) "unknown type")"#), Verdict::OtherText { .. }));
    pass(r#"(assert_malformed (module binary "\00asn\01\00\00\00") "magic header not detected")"#);
    fail(r#"(assert_malformed (module binary "\00asm\01\00\00\00") "magic header not detected")"#);
    fail(r#"(assert_malformed (module (func (result i32))) "type mismatch")"#);
    assert!(matches!(
        verdict(r#"(assert_malformed (module quote "(func") "unclosed")"#),
        Verdict::Skipped(reason) if reason.contains("text parser")
    ));
    pass(r#"(assert_unlinkable (module (import "m" "absent" (func))) "unknown import")"#);
    pass(r#"(assert_unlinkable (module (import "m" "add" (func))) "incompatible import type")"#);
    fail(r#"(assert_unlinkable (module (import "m" "trap" (func))) "unknown import")"#);
}

#[test]
fn modules_link_with_each_other_and_with_spectest() {
    pass(r#"(module (import "m" "add" (func (param i32 i32) (result i32))) (import "spectest" "print_i32" (func (param i32))))"#);
    fail(r#"(module (import "n" "add" (func (param i32 i32) (result i32))))"#);
    fail(r#"(module (import "spectest" "print_i32" (func (param i64))))"#);
    pass(r#"(module definition $d (func))"#);
    fail(r#"(module instance $i $d)"#);
    let report = run("test", "(module definition $d (func (export \"f\")))\n(module instance $i $d)\n(invoke $i \"f\")", Mode::Slices);
    assert_eq!(report.counts().passed, 3, "{report:?}");
}

#[test]
fn what_follows_a_failed_module_fails() {
    let report = run("test", "(module (func (export \"f\")))\n(module (import \"a\" \"b\" (func)))\n(invoke \"f\")", Mode::Plain);
    assert_eq!(report.failures().map(|(line, _)| line).collect::<Vec<_>>(), [2, 3]);
}

#[test]
fn a_text_that_is_no_script_fails() {
    let report = run("test", "(module)\n(module (unheard of))", Mode::Plain);
    assert_eq!((report.counts().failed, report.directives[0].line), (1, 2), "{report:?}");
}

/// What could run long without a look at the interrupt word does not: in slices the engine checks each charge.
#[test]
fn no_charge_is_larger_than_an_interrupt_may_be_late() {
    let straight = "(local.set 0 (i32.add (local.get 0) (i32.const 1)))".repeat(1000);
    let blocks = format!("(block (br_if 0 (local.get 0)) {straight})").repeat(3);
    let text = format!(
        "(module (memory 2)
          (func (export \"straight\") (param i32) (result i32) {straight} (local.get 0))
          (func (export \"blocks\") (param i32) (result i32) {blocks} (local.get 0))
          (func (export \"bulk\") (param i32) (result i32)
            (memory.fill (i32.const 0) (i32.const 1) (i32.const 131072))
            (memory.copy (i32.const 1) (i32.const 0) (i32.const 131071)) {straight} (local.get 0)))
        (assert_return (invoke \"straight\" (i32.const 1)) (i32.const 1001))
        (assert_return (invoke \"blocks\" (i32.const 0)) (i32.const 1000))
        (assert_return (invoke \"bulk\" (i32.const 2)) (i32.const 1002))"
    );
    let report = wrt_wast::run("latency.wast", &text, Mode::Slices);
    assert!(report.directives.iter().all(|d| d.verdict == Verdict::Passed), "{:?}", report.directives);
    assert_eq!(report.directives.len(), 4);
}
