// SPDX-License-Identifier: MIT
//! The `wrt` program: output and exit codes.

use std::path::PathBuf;
use std::process::{Command, Output};

/// A folder of this test's own.
fn folder(name: &str) -> PathBuf {
    let dir = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(name);
    std::fs::create_dir_all(&dir).unwrap();
    dir
}

fn wasm(name: &str, wat: &str) -> PathBuf {
    let path = folder("modules").join(format!("{name}.wasm"));
    std::fs::write(&path, wat::parse_str(wat).unwrap()).unwrap();
    path
}

fn wrt(args: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_wrt")).args(args).output().unwrap()
}

/// Standard output of a run that ends with `code`.
fn says(args: &[&str], code: i32) -> String {
    let o = wrt(args);
    let err = String::from_utf8_lossy(&o.stderr);
    assert_eq!(o.status.code(), Some(code), "{args:?}: {err}");
    String::from_utf8(o.stdout).unwrap()
}

/// Standard error of a run that ends with `code`.
fn complains(args: &[&str], code: i32) -> String {
    let o = wrt(args);
    assert_eq!(o.status.code(), Some(code), "{args:?}: {}", String::from_utf8_lossy(&o.stderr));
    String::from_utf8(o.stderr).unwrap()
}

/// `wrt inspect FILE | head -1`: no complaint about the pipe.
#[cfg(unix)]
#[test]
fn output_that_nobody_reads() {
    use std::io::Read;
    use std::process::Stdio;
    // More than a pipe holds.
    let many: String = (0..20_000).map(|i| format!(r#"(export "a long name {i}" (func 0))"#)).collect();
    let file = wasm("many", &format!("(module (func) {many})"));
    let mut c = Command::new(env!("CARGO_BIN_EXE_wrt"));
    let mut child = c.arg("inspect").arg(file).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    drop(child.stdout.take());
    let mut said = String::new();
    child.stderr.take().unwrap().read_to_string(&mut said).unwrap();
    assert!(!child.wait().unwrap().success());
    assert_eq!(said, "");
}

const MATH: &str = r#"(module
    (func (export "swap") (param i32 f64) (result f64 i32) (local.get 1) (local.get 0))
    (func (export "div") (param i32 i32) (result i32) (i32.div_s (local.get 0) (local.get 1)))
    (func (export "spin") (loop (br 0))))"#;

#[test]
fn vectors_are_numbers_of_128_bits() {
    let file = wasm("vector", r#"(module (func (export "not") (param v128) (result v128) (v128.not (local.get 0))))"#);
    let file = file.to_str().unwrap();
    assert_eq!(says(&["run", file, "--invoke", "not", "0x0f"], 0), format!("0x{}f0:v128\n", "f".repeat(30)));
    assert!(complains(&["run", file, "--invoke", "not", "-1"], 2).contains("-1 is no v128"));
}

#[test]
fn run_prints_results_one_per_line() {
    let file = wasm("math", MATH);
    let file = file.to_str().unwrap();
    assert_eq!(says(&["run", file, "--invoke", "swap", "-7", "2.5"], 0), "2.5:f64\n-7:i32\n");
    assert_eq!(says(&["run", file, "--invoke", "div", "0xffffffff", "1"], 0), "-1:i32\n");
    assert_eq!(says(&["run", file], 0), "");
}

#[test]
fn exit_codes_tell_the_cause() {
    let file = wasm("causes", MATH);
    let file = file.to_str().unwrap();
    let trap = complains(&["run", file, "--invoke", "div", "1", "0"], 134);
    assert_eq!(trap, format!("wrt: {file}: trap: integer divide by zero\n  at div (wasm byte 0x48)\n"));
    assert!(complains(&["run", file, "--fuel", "1000", "--invoke", "spin"], 5).contains("fuel is used up"));
    assert!(complains(&["run", file, "--invoke", "spin", "--fuel", "10"], 5).contains("fuel is used up"));
    assert_eq!(says(&["run", file, "--invoke", "div", "7", "-2", "--fuel", "10"], 0), "-3:i32\n");
    assert!(complains(&["run", file, "--invoke", "div", "1"], 2).contains("div takes 2"));
    assert!(complains(&["run", file, "--invoke", "div", "1", "x"], 2).contains("x is no i32"));
    assert!(complains(&["run", file, "--invoke", "nothing"], 2).contains("nothing"));
    assert!(complains(&["run", "no such file"], 1).contains("no such file"));
    let import = wasm("import", r#"(module (import "a" "b" (func (param i32))))"#);
    assert!(complains(&["run", import.to_str().unwrap()], 4).contains("a.b (func [i32] -> [])"));
    let exit = wasm(
        "exit",
        r#"(module (import "wasi_snapshot_preview1" "proc_exit" (func $exit (param i32))) (memory 1)
            (func (export "_start") (call $exit (i32.const 42))))"#,
    );
    says(&["run", exit.to_str().unwrap()], 42);
}

#[test]
fn an_invalid_function_is_seen_at_once_or_when_it_is_called() {
    let file = folder("late").join("late.wasm");
    // The second function lacks its result, which the text parser leaves to the validator.
    let wat = r#"(module (func (export "good") (result i32) (i32.const 5)) (func (export "bad") (result i32)))"#;
    std::fs::write(&file, wat::parse_str(wat).unwrap()).unwrap();
    let file = file.to_str().unwrap();
    let invalid = complains(&["run", "--lazy", file, "--invoke", "good"], 3);
    assert!(invalid.contains("type mismatch"), "{invalid}");
    assert_eq!(complains(&["run", file, "--invoke", "good"], 3), invalid);
    assert_eq!(says(&["run", "--lazy-validation", file, "--invoke", "good"], 0), "5:i32\n");
    assert_eq!(complains(&["run", "--lazy-validation", file, "--invoke", "bad"], 3), invalid);
}

#[test]
fn a_trap_shows_the_calls_that_led_to_it() {
    let file = wasm(
        "calls",
        r#"(module
            (func $divide (param i32 i32) (result i32) (i32.div_s (local.get 0) (local.get 1)))
            (func (param i32) (result i32) (call $divide (i32.const 100) (local.get 0)))
            (func (export "share") (param i32) (result i32) (i32.add (call 1 (local.get 0)) (i32.const 1)))
            (func $deep (export "deep") (call $deep)))"#,
    );
    let image = folder("calls").join("calls.wrti");
    let (file, image) = (file.to_str().unwrap(), image.to_str().unwrap());
    let (byte, trap) = (|n| format!("wasm byte {n:#x}"), "trap: integer divide by zero");
    let lines = |file, places: [String; 3]| {
        let [a, b, c] = places;
        format!("wrt: {file}: {trap}\n  at divide ({a})\n  at function 1 ({b})\n  at share ({c})\n")
    };
    let bytes = std::fs::read(file).unwrap();
    let after = |code: &[u8]| bytes.windows(code.len()).position(|w| w == code).unwrap() + code.len() - 1;
    // i32.div_s, and the two calls: 0x6d, 0x10 0, 0x10 1
    let places = [after(&[0x20, 0, 0x20, 1, 0x6d]), after(&[0x20, 0, 0x10, 0]) - 1, after(&[0x20, 0, 0x10, 1]) - 1].map(byte);
    for lazily in [&[][..], &["--lazy"], &["--lazy-validation"]] {
        let args = [&["run", file, "--invoke", "share"], lazily, &["0"]].concat();
        assert_eq!(complains(&args, 134), lines(file, places.clone()));
    }
    // An image has lost the bytes; with --names it has the names.
    let words = ["function 0, word 0", "word 3", "function 2, word 2"].map(String::from);
    says(&["compile", "--names", file, "-o", image], 0);
    assert_eq!(complains(&["run", image, "--invoke", "share", "0"], 134), lines(image, words.clone()));
    says(&["compile", file, "-o", image], 0);
    let without = lines(image, words).replace("divide (function 0, word 0)", "function 0 (word 0)");
    assert_eq!(complains(&["run", image, "--invoke", "share", "0"], 134), without);
    assert!(complains(&["compile", "--names", "--mode", "interp", "--emit", "c", file], 2).contains("--names"));
    // As many as there is room for, and not all shown.
    let deep = complains(&["run", file, "--invoke", "deep"], 134);
    assert_eq!(deep.lines().filter(|l| l.starts_with("  at deep (wasm byte 0x")).count(), 24);
    assert_eq!(deep.lines().last(), Some("  and 16360 more"), "{deep}");
}

#[test]
fn a_trap_in_the_start_function_is_placed_too() {
    let file = wasm("starts", "(module (memory 1) (func $inner unreachable) (func $begin (call $inner)) (start $begin))");
    let text = complains(&["run", file.to_str().unwrap()], 134);
    let names: Vec<&str> = text.lines().skip(1).filter_map(|l| l.split(" (").next()).collect();
    assert_eq!(names, ["  at inner", "  at begin", "  at initialisation"], "{text}");
    let data = wasm("outside", r#"(module (memory 1) (func) (data (i32.const 65536) "x"))"#);
    let text = complains(&["run", data.to_str().unwrap()], 134);
    assert!(text.contains("trap: out of bounds memory access\n  at initialisation (word "), "{text}");
}

#[test]
fn exceptions_of_a_compiler() {
    let file = concat!(env!("CARGO_MANIFEST_DIR"), "/../../tests/programs/exceptions.wasm");
    // Destructors, handlers, what handlers throw, what passes through functions.
    for (value, digits) in [(0, 21473), (1, 116573), (2, 2126573), (4, 2146573), (9, 11538), (10, 212538), (16, 21439)] {
        assert_eq!(says(&["run", file, "--invoke", "run", &value.to_string()], 0), format!("{digits}:i32\n"));
    }
}

#[test]
fn dwarf_gives_the_lines() {
    let file = concat!(env!("CARGO_MANIFEST_DIR"), "/../../tests/programs/trap.wasm");
    let lines = "  at part (inlined) ./trap.c:9\n  at divide (wasm byte 0x4f) ./trap.c:14\n  at share (wasm byte 0x3e) ./trap.c:19\n";
    assert_eq!(complains(&["run", file, "--invoke", "share", "0"], 134), format!("wrt: {file}: trap: integer divide by zero\n{lines}"));
    // Damaged DWARF, cut DWARF: fewer lines, the same trap.
    let bytes = std::fs::read(file).unwrap();
    let damaged = folder("dwarf").join("damaged.wasm");
    let begin = bytes.windows(12).position(|w| w == b".debug_abbre").unwrap();
    for at in (begin..bytes.len()).step_by(7) {
        let mut bytes = bytes.clone();
        bytes[at] ^= 0x15;
        std::fs::write(&damaged, bytes).unwrap();
        let o = wrt(&["run", damaged.to_str().unwrap(), "--invoke", "share", "0"]);
        let text = String::from_utf8_lossy(&o.stderr).into_owned();
        assert!(matches!(o.status.code(), Some(134 | 3)) && !text.contains("panicked"), "{at}: {text}");
    }
}

#[test]
fn wasi_reads_arguments_and_writes_lines() {
    // Prints the second argument: args_get to 100, text to 200; an iovec at 0 of 5 bytes.
    let echo = wasm(
        "echo",
        r#"(module
            (import "wasi_snapshot_preview1" "args_get" (func $args_get (param i32 i32) (result i32)))
            (import "wasi_snapshot_preview1" "fd_write" (func $fd_write (param i32 i32 i32 i32) (result i32)))
            (memory (export "memory") 1)
            (func (export "_start")
                (drop (call $args_get (i32.const 100) (i32.const 200)))
                (i32.store (i32.const 0) (i32.load (i32.const 104)))
                (i32.store (i32.const 4) (i32.const 5))
                (drop (call $fd_write (i32.const 1) (i32.const 0) (i32.const 1) (i32.const 8)))))"#,
    );
    assert_eq!(says(&["run", echo.to_str().unwrap(), "hello"], 0), "hello");
    assert_eq!(says(&["run", echo.to_str().unwrap(), "--", "--abc"], 0), "--abc");
}

#[test]
fn validate_names_message_and_offset() {
    let good = wasm("good", "(module)");
    let bad = folder("modules").join("bad.wasm");
    std::fs::write(&bad, b"\0asm\x01\0\0\0\x0e\0").unwrap();
    let (good, bad) = (good.to_str().unwrap(), bad.to_str().unwrap());
    assert_eq!(says(&["validate", good], 0), format!("{good}: valid\n"));
    assert!(complains(&["validate", good, bad], 3).contains("malformed module: malformed section id (at byte "));
}

#[test]
fn compile_gives_an_image_that_runs() {
    let file = wasm("compile", MATH);
    let image = folder("compile").join("math.wrti");
    let (file, image) = (file.to_str().unwrap(), image.to_str().unwrap());
    says(&["compile", file, "-o", image], 0);
    assert_eq!(says(&["run", image, "--invoke", "div", "7", "2"], 0), "3:i32\n");
    let mut bytes = std::fs::read(image).unwrap();
    let last = bytes.len() / 2;
    bytes[last] ^= 4;
    std::fs::write(image, bytes).unwrap();
    assert!(complains(&["run", image, "--invoke", "div", "7", "2"], 3).contains("bad image"));
}

#[test]
fn compile_for_the_small_window() {
    let locals = |n: usize| (0..n).map(|i| format!("(local.set {i} (i32.const {i}))")).collect::<String>();
    let text = format!(r#"(module (func (export "f") (result i32) (local{}){} (local.get 119)))"#, " i32".repeat(120), locals(120));
    let file = wasm("small", &text);
    let dir = folder("small");
    let [large, small] = ["large.wrti", "small.wrti"].map(|name| dir.join(name).to_str().unwrap().to_string());
    let file = file.to_str().unwrap();
    says(&["compile", file, "-o", &large], 0);
    says(&["compile", "--small-window", file, "-o", &small], 0);
    assert_ne!(std::fs::read(&large).unwrap(), std::fs::read(&small).unwrap());
    // The host's engine has the large window and runs both.
    for image in [&large, &small] {
        assert_eq!(says(&["run", image, "--invoke", "f"], 0), "119:i32\n");
    }
    assert!(complains(&["compile", "--small-window", "--emit", "c", &large, "-o", &small], 3).contains("for the large window"));
}

#[test]
fn a_memory_that_ends_where_the_heap_would_begin() {
    let file = wasm(
        "shrink",
        r#"(module (memory (export "memory") 1) (global (export "__heap_base") i32 (i32.const 1040)) (data (i32.const 1024) "some text")
            (func (export "load") (param i32) (result i32) (i32.load (local.get 0))))"#,
    );
    let image = folder("shrink").join("shrink.wrti");
    let (file, image) = (file.to_str().unwrap(), image.to_str().unwrap());
    let load = |file, at| wrt(&["run", file, "--invoke", "load", at]);
    for (option, last, beyond) in [("--shrink", "1036", "1037"), ("--shrink=2000", "1996", "1997")] {
        says(&["compile", option, file, "-o", image], 0);
        assert!(says(&["inspect", image], 0).contains(&format!("linear memory   {} bytes", last.parse::<u32>().unwrap() + 4)));
        for at in ["1024", last] {
            assert_eq!(load(image, at), load(file, at));
        }
        assert!(load(file, beyond).status.success());
        assert!(complains(&["run", image, "--invoke", "load", beyond], 134).contains("out of bounds memory access"));
    }
    let grows = wasm("grows", "(module (memory 1) (func (drop (memory.grow (i32.const 1)))))");
    assert!(complains(&["compile", "--shrink=5", grows.to_str().unwrap()], 3).contains("the module grows it"));
    assert!(complains(&["compile", "--shrink", "--mode", "interp", "--emit", "c", file], 2).contains("--shrink is for images"));
}

#[test]
fn compile_writes_c() {
    let file = wasm("emit", MATH);
    let c = folder("emit").join("guest.c");
    says(&["compile", "--emit", "c", "--name", "guest", file.to_str().unwrap(), "-o", c.to_str().unwrap()], 0);
    let (source, header) = (std::fs::read_to_string(&c).unwrap(), std::fs::read_to_string(c.with_extension("h")).unwrap());
    assert!(source.contains("const wrt_module_t wrt_module_guest = { data, ") && source.contains("wrt_load_image };"));
    assert!(source.contains("static const uint32_t data[] = {\n    0x49545257u, "));
    assert!(header.contains("#define WRT_GUEST_STORE_BYTES (WRT_STORE_BYTES(1u, 0u, 0u, 3u, 1u, "), "{header}");
    let interp = ["compile", "--emit", "c", "--mode", "interp", "--name", "guest", file.to_str().unwrap(), "-o", c.to_str().unwrap()];
    says(&interp, 0);
    assert!(std::fs::read_to_string(&c).unwrap().contains("static const uint8_t data[] = {\n    0, 97, 115, 109, "));
    assert!(complains(&["compile", "--emit", "c", "--name", "7up", file.to_str().unwrap()], 2).contains("C identifier"));
}

#[test]
fn inspect_is_exact_where_it_can_be() {
    let file = wasm(
        "inspect",
        r#"(module (import "host" "print" (func $print (param i32 i32))) (memory 1) (global (mut i64) (i64.const 0))
            (func $inner (param i64 i64) (result i64) (local.get 1))
            (func (export "main") (local i32) (drop (call $inner (i64.const 1) (i64.const 2))) (call $print (i32.const 0) (i32.const 0))))"#,
    );
    let text = says(&["inspect", file.to_str().unwrap()], 0);
    for line in ["func host.print: [i32 i32] -> []", "func main: [] -> []", "linear memory   65536 bytes", "The stack is exact"] {
        assert!(text.contains(line), "{line} is missing:\n{text}");
    }
    // main's local, the cell that could be zero and, above them, the two arguments of 64 bits; frames: initialiser or call from the host, main, inner.
    assert!(text.contains("cells           24 bytes (6 cells)") && text.contains("(2 frames)"), "{text}");
    let loops = wasm("loops", r#"(module (func $f (export "f") (call $f)))"#);
    assert!(says(&["inspect", loops.to_str().unwrap()], 0).contains("no bound: function 0 may call itself"));
    // 300 locals and the hole lie 316 - 264 cells beyond the window, or 316 - 136 beyond the small one.
    let many = wasm("many", &format!(r#"(module (func (export "f") (local{})))"#, " i32".repeat(300)));
    let many = many.to_str().unwrap();
    assert!(says(&["inspect", many], 0).contains("(52 cells)"));
    assert!(says(&["inspect", "--small-window", many], 0).contains("(180 cells)"));
}

/// What `--costs` says of a small module, word for word.
const COSTS: &str = "\
image, in bytes of flash
  code                      72
  data segments             12
  element segments           8
  names                      0
  everything else          492
  together                 584
longest straight path between two charges
  5 operations, in function 2; a charge is for 15 instructions at most
worst stack             cells  frames     bytes  longest path
  initialisation            3       1        24
  print                     2       1        20  imported
  inner                     4       1        28  1 in function 1
  main                      6       2        48  5 in function 2
  again                     ∞       ∞         ∞  1 in function 3
A stack has a window of 1056 bytes more. \"∞\": recursion, or calls that lead anywhere.
";

#[test]
fn costs_in_a_table() {
    let file = wasm(
        "costs",
        r#"(module (import "host" "print" (func $print (param i32 i32))) (export "print" (func $print))
            (memory 1) (data "some text") (table 2 funcref)
            (elem (i32.const 0) $print $inner)
            (func $inner (export "inner") (param i64 i64) (result i64) (local.get 1))
            (func (export "main") (local i32)
                (drop (call $inner (i64.const 1) (i64.const 2)))
                (if (local.get 0) (then (local.set 0 (i32.load (i32.add (local.get 0) (i32.const 4))))))
                (local.set 0 (i32.mul (local.get 0) (i32.const 3)))
                (i32.store (i32.const 8) (local.get 0)))
            (func $again (export "again") (call $again)))"#,
    );
    let text = says(&["inspect", "--costs", file.to_str().unwrap()], 0);
    assert_eq!(text.split_once('\n').unwrap().1, COSTS, "{text}");
}

#[test]
fn wast_counts() {
    let dir = folder("wast");
    std::fs::write(
        dir.join("good.wast"),
        r#"(module (func (export "f") (result i32) (i32.const 1)))
           (assert_return (invoke "f") (i32.const 1))
           (assert_malformed (module quote "(func") "unexpected")"#,
    )
    .unwrap();
    let text = says(&["wast", dir.to_str().unwrap()], 0);
    assert_eq!(text.lines().last(), Some("2 passed, 0 failed, 1 skipped"), "{text}");
    let bad = folder("bad-wast").join("bad.wast");
    std::fs::write(&bad, r#"(module (func (export "f") (result i32) (i32.const 1))) (assert_return (invoke "f") (i32.const 2))"#).unwrap();
    let text = says(&["wast", "--slices", bad.to_str().unwrap()], 1);
    assert_eq!(text.lines().last(), Some("1 passed, 1 failed, 0 skipped"), "{text}");
}

const TWO_LOOPS: &str = r#"(module
    (func $busy (param i32) (loop (br_if 0 (local.tee 0 (i32.sub (local.get 0) (i32.const 1))))))
    (func (export "busy") (param i32) (call $busy (local.get 0)))
    (func (export "both") (call $busy (i32.const 9000)) (call $brief))
    (func $brief (export "brief") (call $busy (i32.const 1000)) (unreachable)))"#;

#[test]
fn profiles_tell_where_instructions_went() {
    let file = wasm("two_loops", TWO_LOOPS);
    let flame = folder("modules").join("flame.svg");
    let (file, flame) = (file.to_str().unwrap(), flame.to_str().unwrap());
    // 5 instructions each time round, so 50000 in all, all of them in $busy; a tenth of them under $brief. A trap ends it.
    let text = complains(&["profile", file, "--invoke", "both", "--every", "100", "--flame", flame], 134);
    let row = |name: &str| text.lines().find(|l| l.ends_with(name)).unwrap_or_else(|| panic!("no {name} in {text}")).to_string();
    let share = |name: &str, nth: usize| row(name).split_whitespace().nth(nth).unwrap().parse::<f64>().unwrap();
    assert!(share("  both", 1) < 1.0 && share("  both", 4) > 99.0, "{text}");
    assert!((9.0..11.0).contains(&share("  brief", 4)), "{text}");
    assert!(text.contains("no lines") && text.contains("unreachable"), "{text}");
    let svg = std::fs::read_to_string(flame).unwrap();
    assert!(svg.contains("<svg") && svg.contains("brief"), "no flame graph");
    // The limit of fuel is still one.
    assert!(complains(&["profile", file, "--invoke", "busy", "100000", "--fuel", "5000"], 5).contains("fuel is used up"));
}
