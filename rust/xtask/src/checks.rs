// SPDX-License-Identifier: MIT
//! `cargo xtask test`: every check, each with its seconds. A check that cannot run here says why. Two run at a time: one of this
//! machine and one of a board, then two of this machine.

use crate::boards::{self, Board, Program};
use crate::setup;
use crate::tool::{self, cargo, command};
use crate::{hello, size};
use anyhow::{Result, bail};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Instant;

/// What a check came to.
enum Verdict {
    /// It passed; a line about it.
    Passed(String),
    /// It could not run here, and why.
    Skipped(String),
}

type Check = fn() -> Result<Verdict>;

/// On this machine.
const HERE: &[(&str, Check)] = &[
    ("format, lock files", format),
    ("clippy", clippy),
    ("dependencies run as the table says", arrows),
    ("unit and doc tests: std", unit_std),
    ("unit tests: alloc", unit_alloc),
    ("unit tests: no allocator", unit_none),
    ("decoder against the official suite", decode_suite),
    ("official suite", suite),
    ("official suite with hardly a near cell, and `optimize`", suite_far),
    ("official suite with the small window, on the plain loop", suite_small),
    ("engine on 32 bits, with the loop that boards have", engine_32),
    ("threaded loop: tail calls are jumps", tail_calls),
    ("words between two looks at the interrupt word", words),
    ("fuzzing: replay of a small corpus", replay),
    ("fuzzing: hostile modules", hostile),
    ("faults: memory refused, bits flipped, threads misused, small stacks", faults),
    ("benchmark kernels: native results on WRT", kernels),
    ("documentation", documentation),
    ("build modes", build_modes),
    ("C interface under sanitizers", c_interface),
    ("C interface under Miri", || miri(&["-p", "wrt-capi", "--test", "miri"])),
    ("wrt-helper: C program, header, boards", helper),
    // Bytes and words of shared memories are copied as what they are; Miri's model of weak memory knows one size per place.
    ("wrt-helper under Miri", || miri_with("-Zmiri-disable-weak-memory-emulation", &["-p", "wrt-helper", "--lib"])),
    ("shared memories under Miri", || miri(&["-p", "wrt-runtime", "--lib", "shared"])),
    ("shared memories under ThreadSanitizer", thread_sanitizer),
    ("platform layer under Miri", || miri(&["-p", "wrt-platform", "--test", "memory"])),
    ("wait table in every order of threads", loom),
    ("CMake: ctest, install, find_package", cmake_project),
    ("programs that people have: Rust", program_rust),
    ("programs that people have: C", program_c),
    ("ports have at most 300 lines of C", port_lines),
    ("port of POSIX: this machine", port_posix),
    ("threads: this machine", threads_here),
    ("port of FreeRTOS: configurations that cannot work", freertos_refuses),
];

/// On boards and kernels. They share folders of builds, so none runs beside another.
const BOARDS: &[(&str, Check)] = &[
    ("bare board mps2-an385, image", || bare("mps2-an385", "image")),
    ("bare board mps2-an385, interp", || bare("mps2-an385", "interp")),
    ("bare board riscv32-virt", aligned),
    ("bare board aarch64-virt", || bare("aarch64-virt", "image")),
    ("guest text decides the output", guest_decides),
    ("a board tells where a trap came from", board_backtrace),
    ("official suite on Cortex-M3", suite_on_m3),
    ("official suite on RV32", suite_on_rv32),
    ("official suite in a FreeRTOS task: mps2-an385", suite_on_freertos),
    ("loading cost on Cortex-M3", load_on_board),
    ("Rust firmware without an allocator", hello_rust),
    ("firmware symbols and sizes", firmware),
    ("FreeRTOS: POSIX port", || greets("freertos:posix")),
    ("FreeRTOS: mps2-an385", || greets("freertos:mps2-an385")),
    ("FreeRTOS: mps2-an385-mpu, an unprivileged task", unprivileged),
    ("FreeRTOS: mps2-an385-mpu, a fault ends one program of two", restricted),
    ("Zephyr: qemu_cortex_m3", || greets("zephyr:qemu_cortex_m3")),
    ("Zephyr: mps2/an385", || greets("zephyr:mps2/an385")),
    ("Zephyr: qemu_riscv32", || greets("zephyr:qemu_riscv32")),
    ("Zephyr: native_sim/native/64", || greets("zephyr:native_sim/native/64")),
    ("port of FreeRTOS: POSIX port", || port("freertos:posix", &[])),
    ("port of FreeRTOS: mps2-an385", || port("freertos:mps2-an385", &[])),
    ("port of FreeRTOS: mps2-an385, semaphores", || port("freertos:mps2-an385", &["-DDEMO_NOTIFICATIONS=1"])),
    ("port of FreeRTOS: mps2-an385-mpu, unprivileged tasks", || port("freertos:mps2-an385-mpu", &[])),
    ("port of FreeRTOS: two cores, mps2-an521", || port("freertos:mps2-an521", &[])),
    ("port of FreeRTOS: two cores, mps2-an521, semaphores", || port("freertos:mps2-an521", &["-DDEMO_NOTIFICATIONS=1"])),
    ("port of Zephyr: qemu_cortex_m3", || port("zephyr:qemu_cortex_m3", &[])),
    ("port of Zephyr: native_sim/native/64", || port("zephyr:native_sim/native/64", &[])),
    ("deadline on FreeRTOS: POSIX port", || deadline("freertos:posix")),
    ("deadline on FreeRTOS: mps2-an385", || deadline("freertos:mps2-an385")),
    ("deadline on Zephyr: qemu_cortex_m3", || deadline("zephyr:qemu_cortex_m3")),
    ("deadline on Zephyr: qemu_riscv32", || deadline("zephyr:qemu_riscv32")),
    ("threads on FreeRTOS: POSIX port", || threads("freertos:posix")),
    ("threads on FreeRTOS: mps2-an385", || threads("freertos:mps2-an385")),
    ("threads on FreeRTOS: mps2-an385-mpu, unprivileged tasks", || threads("freertos:mps2-an385-mpu")),
    ("threads on FreeRTOS: two cores, mps2-an521", || threads("freertos:mps2-an521")),
    ("threads on Zephyr: qemu_cortex_m3", || threads("zephyr:qemu_cortex_m3")),
    ("threads on Zephyr: native_sim/native/64", || threads("zephyr:native_sim/native/64")),
    ("threads on Zephyr: mps2/an385, user mode", || threads_user("zephyr:mps2/an385")),
    ("threads on Zephyr: qemu_riscv32, user mode", || threads_user("zephyr:qemu_riscv32")),
    ("wrt-helper in a firmware: FreeRTOS, POSIX port", || helper_firmware("freertos:posix")),
    ("wrt-helper in a firmware: FreeRTOS, mps2-an385", || helper_firmware("freertos:mps2-an385")),
    ("wrt-helper in a firmware: Zephyr, qemu_cortex_m3", || helper_firmware("zephyr:qemu_cortex_m3")),
    ("Zephyr: configurations that cannot work", zephyr_refuses),
    ("Zephyr: west wrt compile, inspect, size", west_commands),
    ("shell on Zephyr: qemu_cortex_m3", || shell("zephyr:qemu_cortex_m3")),
    ("shell on Zephyr: native_sim/native/64", || shell("zephyr:native_sim/native/64")),
    ("update on Zephyr: native_sim/native/64", || update("zephyr:native_sim/native/64")),
    ("update on Zephyr: mps2/an385", || update("zephyr:mps2/an385")),
    ("host functions on Zephyr: native_sim/native/64", || host_function("zephyr:native_sim/native/64")),
    ("host functions on Zephyr: mps2/an385", || host_function("zephyr:mps2/an385")),
    ("host function in Rust over zephyr-sys: qemu_cortex_m3", host_function_rust),
    ("user mode on Zephyr: mps2/an385", || user_mode("zephyr:mps2/an385")),
    ("user mode on Zephyr: qemu_riscv32", || user_mode("zephyr:qemu_riscv32")),
    ("user mode on Zephyr: qemu_cortex_a53", || user_mode("zephyr:qemu_cortex_a53")),
    ("port of Zephyr: mps2/an385, user mode", || port("zephyr:mps2/an385", USER)),
    ("port of Zephyr: qemu_riscv32, user mode", || port("zephyr:qemu_riscv32", USER)),
];

/// Runs the checks whose name contains `only`.
pub(crate) fn run(only: Option<&str>, list: bool) -> Result<()> {
    let [here, boards] =
        [HERE, BOARDS].map(|checks| checks.iter().filter(|(name, _)| only.is_none_or(|o| name.contains(o))).collect::<Vec<_>>());
    let all = here.len().saturating_add(boards.len());
    if list {
        here.iter().chain(&boards).for_each(|(name, _)| println!("{name}"));
        return Ok(());
    }
    if all == 0 {
        bail!("no check has that in its name; `cargo xtask test --list` lists them");
    }
    let [started, passed, failed, skipped] = [const { AtomicUsize::new(0) }; 4];
    let one_more = |n: &AtomicUsize| n.fetch_add(1, Ordering::Relaxed).wrapping_add(1);
    let begun = Instant::now();
    let carry_out = |(name, check): &(&str, Check)| {
        eprintln!("[{}/{all}] {name}", one_more(&started));
        let now = Instant::now();
        let outcome = check();
        let seconds = now.elapsed().as_secs_f32();
        match outcome {
            Ok(Verdict::Passed(text)) => {
                one_more(&passed);
                println!("{seconds:7.1} s  ok       {name}{}{text}", if text.is_empty() { "" } else { ": " });
            }
            Ok(Verdict::Skipped(why)) => {
                one_more(&skipped);
                println!("{seconds:7.1} s  skipped: {why} ({name})");
            }
            Err(e) => {
                one_more(&failed);
                println!("{seconds:7.1} s  FAILED   {name}\n{e:#}");
            }
        }
    };
    let next = AtomicUsize::new(0);
    let all_here = || {
        while let Some(check) = here.get(next.fetch_add(1, Ordering::Relaxed)) {
            carry_out(check);
        }
    };
    // A check that panics ends all, with its message.
    std::thread::scope(|scope| {
        scope.spawn(all_here);
        boards.iter().copied().for_each(carry_out);
        all_here();
    });
    println!("{:7.1} s  in all", begun.elapsed().as_secs_f32());
    let [passed, failed, skipped] = [passed, failed, skipped].map(AtomicUsize::into_inner);
    println!("{passed} passed, {failed} failed, {skipped} skipped");
    if failed > 0 {
        bail!("{failed} checks failed");
    }
    Ok(())
}

fn done() -> Result<Verdict> {
    Ok(Verdict::Passed(String::new()))
}

/// The last line of an output that tells numbers of tests.
fn numbers(output: &str) -> String {
    let line = output.lines().rev().find(|l| l.contains(" passed")).unwrap_or_default();
    line.trim().to_string()
}

/// The sum over all test programs of a cargo run.
fn tests_run(output: &str) -> Result<Verdict> {
    let counts = output.lines().filter_map(|l| l.strip_prefix("test result: ok. ")?.split(' ').next()?.parse::<u32>().ok());
    let n: u32 = counts.sum();
    if n == 0 {
        bail!("no test ran");
    }
    Ok(Verdict::Passed(format!("{n} tests")))
}

fn format() -> Result<Verdict> {
    setup::components("stable", &["rustfmt", "clippy"])?;
    cargo(&["fmt", "--all", "--check"])?;
    // Lock files of the workspaces beside the main one, which has `--locked` everywhere: a crate's new dependency is in them too. That of
    // samples/host_function_rust stands in Zephyr's build.
    for workspace in ["fuzz", "samples/hello_rust", "tests/bench", "tests/bench/boards", "tests/boards", "tests/loom"] {
        let mut c = command("cargo", ["update", "--quiet", "--workspace", "--locked"]);
        c.current_dir(tool::root().join(workspace));
        tool::run(c)?;
    }
    done()
}

fn clippy() -> Result<Verdict> {
    cargo(&["clippy", "--quiet", "--workspace", "--all-targets", "--locked", "--", "-D", "warnings"])?;
    done()
}

/// What each crate of the device may use: the table of ARCHITECTURE.md.
const ARROWS: [(&str, &[&str]); 8] = [
    ("wrt-foundation", &["bytemuck", "heapless"]),
    ("wrt-instructions", &["wrt-foundation", "libm"]),
    ("wrt-decoder", &["wrt-foundation", "wrt-instructions"]),
    ("wrt-runtime", &["wrt-foundation", "wrt-instructions", "wrt-decoder", "bytemuck"]),
    ("wrt-wasi", &["wrt-foundation", "wrt-runtime", "getrandom"]),
    ("wrt-platform", &["wrt-foundation", "rustix"]),
    ("wrt-helper", &["wrt-foundation", "wrt-platform"]),
    ("wrt", &["wrt-foundation", "wrt-runtime", "wrt-wasi", "wrt-platform"]),
];

fn arrows() -> Result<Verdict> {
    let mut n = 0;
    for (name, may) in ARROWS {
        let output = cargo(&[
            "tree",
            "--locked",
            "--package",
            name,
            "--depth",
            "1",
            "--edges",
            "normal",
            "--target",
            "all",
            "--prefix",
            "none",
            "--all-features",
        ])?;
        let used = output.lines().filter_map(|l| l.split(' ').next()).filter(|used| !used.is_empty() && *used != name);
        for used in used {
            if !may.contains(&used) {
                bail!("{name} uses {used}");
            }
            n += 1;
        }
    }
    Ok(Verdict::Passed(format!("{n} arrows of {} crates", ARROWS.len())))
}

fn unit_std() -> Result<Verdict> {
    setup::packages(&[setup::GCC])?;
    tests_run(&cargo(&[
        "test",
        "--workspace",
        "--locked",
        "--exclude",
        "wrt-spec-tests",
        "--exclude",
        "wrt-decode-tests",
        "--exclude",
        "wrt-replay-tests",
        "--exclude",
        "wrt-capi",
        "--exclude",
        "wrt-helper",
        "--exclude",
        "wrt-fault-tests",
    ])?)
}

/// The crates of the device, which have the three build modes.
const DEVICE: [&str; 12] =
    ["-p", "wrt-foundation", "-p", "wrt-instructions", "-p", "wrt-decoder", "-p", "wrt-runtime", "-p", "wrt-platform", "-p", "wrt"];

fn unit_alloc() -> Result<Verdict> {
    let mut args = vec!["test", "--locked", "--no-default-features"];
    args.extend(DEVICE);
    args.extend(["--features", "wrt/alloc,wrt/loader,wrt/float,wrt/proposals,wrt-runtime/alloc,wrt-runtime/loader"]);
    tests_run(&cargo(&args)?)
}

fn unit_none() -> Result<Verdict> {
    let mut args = vec!["test", "--locked", "--no-default-features"];
    args.extend(DEVICE);
    args.extend(["--features", "wrt/loader,wrt/float,wrt/proposals,wrt-runtime/loader"]);
    tests_run(&cargo(&args)?)
}

fn decode_suite() -> Result<Verdict> {
    // A module that needs what a build lacks is refused by the name of it.
    cargo(&["test", "--locked", "-p", "wrt-decoder", "--no-default-features", "--test", "features"])?;
    tests_run(&cargo(&["test", "--locked", "-p", "wrt-decode-tests"])?)
}

/// The line with the numbers of a whole suite.
fn suite_line(output: &str) -> String {
    let line = output.lines().find(|l| l.contains(" passed, 0 failed, ") && !l.contains(".wast"));
    line.map_or_else(|| numbers(output), str::to_string)
}

fn suite() -> Result<Verdict> {
    let output = cargo(&["test", "--locked", "-p", "wrt-spec-tests"])?;
    Ok(Verdict::Passed(suite_line(&output)))
}

/// The same with `--cfg wrt_far`: what is written for functions with hundreds of locals and for far jumps serves them all. And
/// with a threaded loop that takes its slices in place.
fn suite_far() -> Result<Verdict> {
    let mut c = command("cargo", ["test", "--locked", "-p", "wrt-runtime", "-p", "wrt-spec-tests"]);
    c.args(["--features", "wrt-runtime/optimize", "--target-dir"]).arg(tool::scratch().join("far")).env("RUSTFLAGS", "--cfg wrt_far");
    Ok(Verdict::Passed(suite_line(&tool::run(c)?)))
}

/// The engine's tests and the suite with 128 registers, and with the loop that boards have.
fn suite_small() -> Result<Verdict> {
    let mut c = command("cargo", ["test", "--locked", "-p", "wrt-runtime", "-p", "wrt-spec-tests"]);
    c.args(["--features", "wrt-runtime/small-window", "--target-dir"]).arg(tool::scratch().join("small"));
    c.env("RUSTFLAGS", "--cfg wrt_loop");
    Ok(Verdict::Passed(suite_line(&tool::run(c)?)))
}

/// The engine's tests where the loop is phrased as for boards: forged images and random bytes among them, which boards do not get.
fn engine_32() -> Result<Verdict> {
    if !cfg!(all(target_os = "linux", target_arch = "x86_64")) {
        return Ok(Verdict::Skipped("this machine runs no 32-bit programs for Linux on x86".into()));
    }
    let target = "i686-unknown-linux-musl";
    setup::target(target)?;
    let mut c = command("cargo", ["test", "--locked", "--release", "-p", "wrt-runtime", "-p", "wrt", "--tests", "--target", target]);
    // No C compiler for 32 bits has to be there.
    c.arg("--target-dir").arg(tool::scratch().join("engine-32")).env("CARGO_TARGET_I686_UNKNOWN_LINUX_MUSL_LINKER", "rust-lld");
    tests_run(&tool::run(c)?)
}

/// Where a handler of the threaded loop calls the next one instead of jumping to it, the host's stack would grow.
fn tail_calls() -> Result<Verdict> {
    if !cfg!(any(target_arch = "x86_64", target_arch = "aarch64")) {
        return Ok(Verdict::Skipped("this processor has no threaded loop".into()));
    }
    setup::packages(&[setup::GCC])?;
    // A small program of the engine: the wrt program would be built a second time with all that is around it.
    let folder = tool::scratch().join("optimize");
    let mut c = command("cargo", ["build", "--quiet", "--release", "--locked", "-p", "wrt", "--example", "switching"]);
    c.args(["--features", "optimize", "--target-dir"]).arg(&folder);
    tool::run(c)?;
    let [bounded, unbounded] = [handlers(&hello::wrt()?)?, handlers(&folder.join("release/examples/switching"))?];
    Ok(Verdict::Passed(format!("{bounded} handlers, with `optimize` {unbounded}")))
}

/// How many handlers a program has, none of which calls another.
fn handlers(program: &std::path::Path) -> Result<u32> {
    let text = tool::run(command("objdump", ["-d", "--no-show-raw-insn", &program.to_string_lossy()]))?;
    let (mut handler, mut handlers) = (None, 0);
    for line in text.lines() {
        if let Some(symbol) = line.strip_suffix(">:") {
            handler = symbol.contains("threaded8handlers").then_some(symbol);
            handlers += u32::from(handler.is_some());
        }
        let Some(symbol) = handler else { continue };
        let mut words = line.split_whitespace().skip(1);
        let (mnemonic, operand) = (words.next().unwrap_or_default(), words.collect::<String>());
        // Through the table, or to another handler; not a library's function through the linker's table.
        let indirect = operand.starts_with('*') && !operand.contains("(%rip)");
        let calls = matches!(mnemonic, "call" | "callq") && (indirect || operand.contains("threaded8handlers"));
        if calls || mnemonic == "blr" {
            bail!("a call in {symbol}: {}", line.trim());
        }
    }
    if handlers < 500 {
        bail!("{handlers} handlers found: the loop is not in the program");
    }
    Ok(handlers)
}

/// What stops a guest is looked at after so many words of its image, at most.
fn words() -> Result<Verdict> {
    let mut c = command("cargo", ["test", "--locked", "-p", "wrt", "--test", "words", "--target-dir"]);
    c.arg(tool::scratch().join("words")).args(["--", "--nocapture"]).env("RUSTFLAGS", "--cfg wrt_words --cfg wrt_loop");
    let output = tool::run(c)?;
    match output.lines().find(|l| l.contains("at most ")) {
        Some(line) => Ok(Verdict::Passed(line.to_string())),
        None => bail!("nothing was counted:\n{output}"),
    }
}

/// Modules that `cargo xtask fuzz` made, with what wasmtime made of them.
fn replay() -> Result<Verdict> {
    tests_run(&cargo(&["test", "--locked", "-p", "wrt-replay-tests"])?)
}

/// Modules that are made to be slow: each loads within a second and 16 MiB of scratch.
fn hostile() -> Result<Verdict> {
    let output = cargo(&["run", "--quiet", "--release", "--locked", "-p", "wrt-replay-tests", "--bin", "hostile"])?;
    Ok(Verdict::Passed(format!("{} modules", output.lines().count().saturating_sub(1))))
}

/// What docs/faults.md is about, of the flipped bits a part.
fn faults() -> Result<Verdict> {
    tests_run(&cargo(&["test", "--locked", "-p", "wrt-fault-tests"])?)
}

/// Not a time is looked at.
fn kernels() -> Result<Verdict> {
    setup::packages(&[setup::GCC])?;
    let output = tool::run(crate::bench::driver(&["--check".to_string()])?)?;
    match output.lines().find(|l| l.contains(" kernels give ")) {
        Some(line) => Ok(Verdict::Passed(line.to_string())),
        None => bail!("no kernel ran:\n{output}"),
    }
}

fn documentation() -> Result<Verdict> {
    let mut c = command("cargo", ["doc", "--workspace", "--no-deps", "--locked", "--quiet"]);
    c.env("RUSTDOCFLAGS", "-D warnings");
    tool::run(c)?;
    done()
}

/// Everything but threads, with an allocator.
const NO_THREADS: &str =
    "alloc,loader,float,relaxed-simd,tail-call,gc,legacy-exceptions,multi-memory,memory64,custom-page-sizes,wide-arithmetic";

/// Targets without an operating system, each with and without an allocator. Nothing of these builds runs, so none is optimized.
fn build_modes() -> Result<Verdict> {
    let plain = ["foundation", "instructions", "decoder", "runtime"].map(|name| format!("profile.dev.package.wrt-{name}.opt-level=0"));
    let build = |features: &str, others: &[&str]| {
        let mut args: Vec<&str> = vec!["build", "--quiet", "--locked", "-p", "wrt", "--no-default-features", "--features", features];
        args.extend(others);
        for setting in &plain {
            args.extend(["--config", setting]);
        }
        cargo(&args)
    };
    let mut n = 0;
    for target in
        ["thumbv6m-none-eabi", "thumbv7m-none-eabi", "riscv32imac-unknown-none-elf", "aarch64-unknown-none", "x86_64-unknown-none"]
    {
        setup::target(target)?;
        // Threads need compare-and-swap.
        let all = if target == "thumbv6m-none-eabi" { NO_THREADS } else { "alloc,loader,float,proposals" };
        for features in ["", "loader", "float", "loader,float", all] {
            build(features, &["--target", target])?;
            n += 1;
        }
    }
    for features in ["", "loader", "alloc,loader", "std", "std,loader,float"] {
        build(features, &[])?;
        n += 1;
    }
    Ok(Verdict::Passed(format!("{n} builds")))
}

fn c_interface() -> Result<Verdict> {
    setup::packages(&[setup::GCC])?;
    setup::sanitizers()?;
    let output = cargo(&["test", "--locked", "-p", "wrt-capi", "--", "--nocapture"])?;
    if let Some(why) = output.lines().find_map(|l| l.trim().strip_prefix("skipped: ")) {
        return Ok(Verdict::Skipped(why.to_string()));
    }
    tests_run(&output)
}

/// The helper library with the C program, its header, and the interpreter's operations beside it.
fn helper() -> Result<Verdict> {
    setup::packages(&[setup::GCC])?;
    setup::sanitizers()?;
    cargo(&["test", "--locked", "-p", "wrt-platform", "--test", "port_header"])?;
    let output = cargo(&["test", "--locked", "-p", "wrt-helper", "--", "--nocapture"])?;
    if let Some(why) = output.lines().find_map(|l| l.trim().strip_prefix("skipped: ")) {
        return Ok(Verdict::Skipped(why.to_string()));
    }
    // Boards: with a port and without, and no panicking code in either.
    for target in ["thumbv6m-none-eabi", "thumbv7m-none-eabi", "riscv32imac-unknown-none-elf"] {
        setup::target(target)?;
        for features in ["", "port"] {
            let folder = tool::scratch().join("helper");
            let mut c = command("cargo", ["build", "--quiet", "--locked", "-p", "wrt-helper", "--profile", "device", "--target", target]);
            c.args(["--no-default-features", "--features", features, "--target-dir"]).arg(&folder);
            tool::run(c)?;
            let library = folder.join(target).join("device/libwrt_helper.a");
            let symbols = tool::run(command("nm", ["-C", &library.to_string_lossy()]))?;
            if !symbols.contains("T wrt_memory_grow") {
                bail!("{target}, features \"{features}\": wrt_memory_grow is not in the library");
            }
            if let Some(bad) = size::bad_symbol(&symbols) {
                bail!("{target}, features \"{features}\": {bad}");
            }
        }
    }
    tests_run(&output)
}

fn miri(tests: &[&str]) -> Result<Verdict> {
    miri_with("", tests)
}

fn miri_with(flags: &str, tests: &[&str]) -> Result<Verdict> {
    if !setup::components("nightly", &["miri", "rust-src"])? {
        return Ok(Verdict::Skipped("no nightly toolchain; `rustup toolchain install nightly` brings it".into()));
    }
    let mut c = command("cargo", ["+nightly", "miri", "test", "--locked"]);
    c.args(tests).env("MIRIFLAGS", format!("-Zmiri-disable-isolation {flags}"));
    tests_run(&tool::run(c)?)
}

/// Guests in several OS threads on one memory; the standard library is instrumented too.
fn thread_sanitizer() -> Result<Verdict> {
    if !setup::components("nightly", &["rust-src"])? {
        return Ok(Verdict::Skipped("no nightly toolchain; `rustup toolchain install nightly` brings it".into()));
    }
    let target = format!("{}-unknown-linux-gnu", std::env::consts::ARCH);
    let mut c = command("cargo", ["+nightly", "test", "--locked", "-Zbuild-std", "--target", &target, "-p", "wrt", "--test", "threads"]);
    c.arg("--target-dir").arg(tool::scratch().join("tsan")).env("RUSTFLAGS", "-Zsanitizer=thread");
    tests_run(&tool::run(c)?)
}

fn loom() -> Result<Verdict> {
    let mut c = command("cargo", ["test", "--locked", "--manifest-path", "tests/loom/Cargo.toml", "--target-dir"]);
    c.arg(tool::scratch().join("loom"));
    tests_run(&tool::run(c)?)
}

fn cmake_project() -> Result<Verdict> {
    setup::packages(&[setup::CMAKE, setup::NINJA, setup::GCC, setup::PKG_CONFIG])?;
    let dir = tool::scratch().join("cmake");
    let prefix = dir.join("prefix");
    let build = dir.join("build");
    let mut c = command("cmake", ["-S", ".", "-G", "Ninja", "-B"]);
    c.arg(&build).arg(format!("-DWRT_TOOL={}", hello::wrt()?.display())).arg(format!("-DCMAKE_INSTALL_PREFIX={}", prefix.display()));
    tool::run(c)?;
    let mut c = command("cmake", ["--build"]);
    c.arg(&build);
    tool::run(c)?;
    let mut c = command("ctest", ["--output-on-failure", "--test-dir"]);
    c.arg(&build);
    let tests = tool::run(c)?;
    let mut c = command("cmake", ["--install"]);
    c.arg(&build);
    tool::run(c)?;
    // The smallest C host against the installed package, by CMake and by pkg-config.
    let user = dir.join("user");
    let mut c = command("cmake", ["-S", "samples/embed_c", "-G", "Ninja", "-B"]);
    c.arg(&user).arg(format!("-DCMAKE_PREFIX_PATH={}", prefix.display()));
    tool::run(c)?;
    let mut c = command("cmake", ["--build"]);
    c.arg(&user);
    tool::run(c)?;
    tool::run(command(user.join("embed_c").to_string_lossy().as_ref(), [""; 0]))?;
    let mut c = command("pkg-config", ["--cflags", "--libs", "wrt"]);
    let folders = [prefix.join("lib/pkgconfig"), prefix.join(format!("lib/{}-linux-gnu/pkgconfig", std::env::consts::ARCH))];
    let folders: Vec<String> = folders.iter().map(|f| f.display().to_string()).collect();
    c.env("PKG_CONFIG_PATH", folders.join(":"));
    let flags = tool::run(c)?;
    if !flags.contains("-lwrt") {
        bail!("pkg-config does not name the library: {flags}");
    }
    let line = tests.lines().find(|l| l.contains("tests passed")).unwrap_or_default();
    Ok(Verdict::Passed(line.trim().to_string()))
}

/// A module that a toolchain made runs with what it expects of WASI: exit code and output.
fn program(wasm: &std::path::Path, code: i32, says: &[&str]) -> Result<Verdict> {
    let mut c = command(&hello::wrt()?.to_string_lossy(), ["run", "--env", "NAME=value"]);
    c.arg(wasm).args(["a", "b"]);
    let output = tool::watch(c, std::time::Duration::from_secs(60), &[])?;
    if output.code != Some(code) || !says.iter().all(|s| output.text.contains(s)) {
        bail!("exit code {:?}, output\n{}", output.code, output.text);
    }
    Ok(Verdict::Passed(format!("{} bytes of wasm", std::fs::metadata(wasm)?.len())))
}

fn program_rust() -> Result<Verdict> {
    setup::target("wasm32-wasip1")?;
    std::fs::create_dir_all(tool::scratch())?;
    let wasm = tool::scratch().join("hello-rust.wasm");
    let mut c = command("rustc", ["--target", "wasm32-wasip1", "-O", "tests/programs/hello.rs", "-o"]);
    c.arg(&wasm);
    tool::run(c)?;
    program(&wasm, 3, &["hello from Rust [\"a\", \"b\"]\nSome(3.0) slept true Ok(\"value\")\n", "and to stderr\n"])
}

fn program_c() -> Result<Verdict> {
    if let Err(why) = setup::packages(&[setup::CLANG, setup::LLD]).and_then(|()| setup::wasi_libc()) {
        return Ok(Verdict::Skipped(format!("{why:#}").replace('\n', " ")));
    }
    std::fs::create_dir_all(tool::scratch())?;
    let wasm = tool::scratch().join("hello-c.wasm");
    let mut c = command("clang", ["--target=wasm32-wasi", "-O2", "tests/programs/hello.c", "-o"]);
    c.arg(&wasm);
    tool::run(c)?;
    program(&wasm, 4, &["hello from C, 3 b\n0.5 1\n"])
}

/// What the checked-in guest prints.
const GREETING: &str = "Hello from WebAssembly";

fn boots(board: &Board, mode: &str) -> Result<Verdict> {
    let text = hello::boot(board, mode, &[])?;
    let Some(line) = text.lines().find(|l| l.contains(GREETING)) else {
        bail!("the guest's text is missing:\n{text}");
    };
    Ok(Verdict::Passed(format!("\"{}\"", line.trim())))
}

fn bare(name: &str, mode: &str) -> Result<Verdict> {
    boots(&Board::named(name)?, mode)
}

/// RV32, which reads and writes aligned values at once: what does so byte by byte has to be a function of its own, or the compiler
/// has made one of both ways, the slow one.
fn aligned() -> Result<Verdict> {
    let board = Board::named("riscv32-virt")?;
    let verdict = boots(&board, "image")?;
    let elf = board.folder("image", &[]).join("samples/hello_wasm/hello_wasm.elf");
    let symbols = tool::run(tool::command("riscv64-unknown-elf-nm", ["-C", &elf.to_string_lossy()]))?;
    for slow in ["half_slow", "word_slow", "double_slow", "put_half_slow", "put_word_slow", "put_double_slow"] {
        if !symbols.lines().any(|line| line.ends_with(&format!("bytes::{slow}"))) {
            bail!("there is no function bytes::{slow} in {}", elf.display());
        }
    }
    Ok(verdict)
}

/// A board of an RTOS, or why its kernel is not here.
fn rtos(name: &str) -> Result<Board, Verdict> {
    match Board::named(name) {
        Ok(Board::Zephyr(..)) if !tool::has("west") => Err(Verdict::Skipped("west is not installed".into())),
        Ok(board) => Ok(board),
        Err(why) => Err(Verdict::Skipped(format!("{why:#}"))),
    }
}

/// The sample on a board of an RTOS.
fn greets(name: &str) -> Result<Verdict> {
    match rtos(name) {
        Ok(board) => boots(&board, "image"),
        Err(skipped) => Ok(skipped),
    }
}

/// Builds a program and runs it until it says the last of `lines` or `bad`; all of `lines` must come, in that order. Shows
/// the line that has the last one.
fn says(name: &str, program: &Program, lines: &[&str], bad: &str) -> Result<Verdict> {
    let board = match rtos(name) {
        Ok(board) => board,
        Err(skipped) => return Ok(skipped),
    };
    board.prepare()?;
    let mut start = board.build_program(program, &hello::wrt()?)?;
    start.stdin(std::process::Stdio::null());
    let good = lines.last().copied().unwrap_or_default();
    let output = tool::watch(start, board.limit(), &[good, bad])?;
    let mut said = output.text.lines();
    let mut last = "";
    for line in lines {
        let Some(found) = said.find(|l| l.contains(line)) else {
            bail!("{name}: {}, no \"{line}\" in\n{}", if output.late { "too late" } else { "failed" }, output.text);
        };
        last = found;
    }
    Ok(Verdict::Passed(last.trim().to_string()))
}

/// What the FreeRTOS demo says of its task where the kernel has an MPU.
const UNPRIVILEGED: &str = "the task was unprivileged";

/// The sample in an unprivileged task.
fn unprivileged() -> Result<Verdict> {
    let program = Program { name: "hello_wasm", zephyr: "", options: &[] };
    says("freertos:mps2-an385-mpu", &program, &[GREETING, "hello_wasm: done", UNPRIVILEGED], "hello_wasm: failed")
}

/// Two programs in unprivileged tasks, each with a region of its own.
fn restricted() -> Result<Verdict> {
    let program = Program { name: "restricted", zephyr: "", options: &[] };
    let lines =
        ["a: round 2, unprivileged", "a: ended by a fault", "in function 4 ask", "in function 2 run", "b: finished", "restricted: done"];
    says("freertos:mps2-an385-mpu", &program, &lines, "restricted: failed")
}

/// The checks of wrt/port.h; with `options` for Zephyr where they run in user mode, for FreeRTOS where they wait by semaphores.
fn port(name: &str, options: &'static [&'static str]) -> Result<Verdict> {
    let user = name.starts_with("zephyr") && !options.is_empty();
    let program = if user { "port_check_user" } else { "port_check" };
    let lines: &[&str] = match name {
        "freertos:mps2-an521" => &["threads, passed", "both cores had work"],
        "freertos:mps2-an385-mpu" => &["threads, passed", UNPRIVILEGED],
        _ => &["threads, passed"],
    };
    says(name, &Program { name: program, zephyr: "tests/port", options }, lines, "threads, failed")
}

/// Guests that never return are stopped by a timer's interrupt.
fn deadline(name: &str) -> Result<Verdict> {
    let program = Program { name: "deadline", zephyr: "samples/deadline", options: &[] };
    says(name, &program, &["bulk: stopped, went on, stopped again", "us after the interrupt"], "deadline: failed")
}

/// What samples/threads says, and what it says if it fails.
const THREADS: ([&str; 6], &str) = (
    [
        "0 calls of the port",
        "2 guests have counted to 1400",
        "has woken the other one",
        "has stopped a guest that waited",
        "has counted on to 1600",
        "threads: done",
    ],
    "threads: failed",
);

/// Guests in threads of their own share a memory and a lock; an interrupt handler stops one that waits.
fn threads(name: &str) -> Result<Verdict> {
    let options: &[&str] = if name.starts_with("freertos") { &["-DWRT_FEATURES=float;custom-page-sizes;threads"] } else { &[] };
    let mut lines = THREADS.0.to_vec();
    if name.ends_with("-mpu") {
        lines.push(UNPRIVILEGED);
    }
    says(name, &Program { name: "threads", zephyr: "samples/threads", options }, &lines, THREADS.1)
}

/// The same with all of it in user mode.
fn threads_user(name: &str) -> Result<Verdict> {
    let program = Program { name: "threads_user", zephyr: "samples/threads", options: &["-DCONFIG_USERSPACE=y"] };
    let lines = [&["the guests' threads are in user mode"], &THREADS.0[..]].concat();
    says(name, &program, &lines, THREADS.1)
}

/// The helper library beside the interpreter's, waiting by the system's port.
fn helper_firmware(name: &str) -> Result<Verdict> {
    says(name, &Program { name: "helper", zephyr: "tests/helper/zephyr", options: &[] }, &["helper: passed"], "helper: failed")
}

/// The same over the port for POSIX.
fn threads_here() -> Result<Verdict> {
    setup::packages(&[setup::CMAKE, setup::NINJA, setup::GCC])?;
    let dir = tool::scratch().join("threads-posix");
    let mut c = command("cmake", ["-S", "samples/threads", "-G", "Ninja", "-B"]);
    c.arg(&dir).arg(format!("-DWRT_TOOL={}", hello::wrt()?.display()));
    tool::run(c)?;
    let mut c = command("cmake", ["--build"]);
    c.arg(&dir);
    tool::run(c)?;
    let text = tool::run(command(&dir.join("threads").to_string_lossy(), [""; 0]))?;
    for line in THREADS.0 {
        if !text.contains(line) {
            bail!("no \"{line}\" in\n{text}");
        }
    }
    Ok(Verdict::Passed(text.lines().find(|l| l.contains("have counted")).unwrap_or_default().to_string()))
}

/// What a new RTOS takes, by those that there are: lines that are neither empty nor comments.
fn port_lines() -> Result<Verdict> {
    setup::packages(&[setup::GCC])?;
    let mut lines = Vec::new();
    for port in ["zephyr", "freertos", "posix"] {
        let code = tool::run(command("cc", ["-w", "-fpreprocessed", "-dD", "-E", "-P", &format!("{port}/port.c")]))?;
        let n = code.lines().filter(|l| !l.trim().is_empty()).count();
        if !(100..=300).contains(&n) {
            bail!("{port}/port.c has {n} lines of C");
        }
        lines.push(format!("{port} {n}"));
    }
    Ok(Verdict::Passed(lines.join(", ")))
}

/// The checks of wrt/port.h for posix/port.c.
fn port_posix() -> Result<Verdict> {
    setup::packages(&[setup::GCC])?;
    std::fs::create_dir_all(tool::scratch())?;
    let program = tool::scratch().join("port_check_posix");
    let mut c = command("cc", ["-std=gnu11", "-O2", "-Wall", "-Wextra", "-Werror", "-pthread", "-Irust/wrt-platform/include"]);
    c.args(["posix/port.c", "tests/port/check.c", "tests/port/check_posix.c", "-o"]).arg(&program);
    tool::run(c)?;
    let output = tool::watch(command(&program.to_string_lossy(), [""; 0]), std::time::Duration::from_secs(120), &[])?;
    match output.text.lines().find(|l| l.contains("threads, passed")) {
        Some(line) if output.code == Some(0) => Ok(Verdict::Passed(line.to_string())),
        _ => bail!("{:?}\n{}", output.code, output.text),
    }
}

/// A guest blinks an LED through a driver of Zephyr's.
fn host_function(name: &str) -> Result<Verdict> {
    let program = Program { name: "host_function", zephyr: "samples/host_function", options: &[] };
    says(name, &program, &["the LED was right 10 times of 10", "host_function: done"], "host_function: failed")
}

/// A Rust application of Zephyr's own Rust module, whose bindings bindgen makes of the kernel's headers.
fn host_function_rust() -> Result<Verdict> {
    let module = match boards::zephyr_lang_rust() {
        Ok(module) => module,
        Err(why) => return Ok(Verdict::Skipped(format!("{why:#}"))),
    };
    let board = match rtos("zephyr:qemu_cortex_m3") {
        Ok(board) => board,
        Err(skipped) => return Ok(skipped),
    };
    board.prepare()?;
    setup::packages(&[setup::LIBCLANG])?;
    let dir = tool::scratch().join("host_function_rust");
    let option = format!("-DZEPHYR_EXTRA_MODULES={}", module.display());
    let mut start = boards::west("qemu_cortex_m3", &boards::zephyr()?, &dir, "samples/host_function_rust", &[&option])?;
    start.stdin(std::process::Stdio::null());
    let output = tool::watch(start, board.limit(), &["host_function_rust: "])?;
    match output.text.lines().find(|l| l.contains("host_function_rust: done")) {
        Some(line) if output.text.contains(GREETING) => Ok(Verdict::Passed(line.trim().to_string())),
        _ => bail!("{}", output.text),
    }
}

/// A host function's fault ends its program, and the report says where the guest was.
fn user_mode(name: &str) -> Result<Verdict> {
    let program = Program { name: "user_mode", zephyr: "samples/user_mode", options: &[] };
    let lines = ["a: ended by a fault", "in function 4 ask", "in function 2 run", "b: finished", "user_mode: done"];
    says(name, &program, &lines, "user_mode: failed")
}

/// The lines that send a module over the shell of samples/shell.
fn upload(file: &str) -> Result<Vec<(String, &'static str)>> {
    let hex: String = std::fs::read(tool::root().join(file))?.iter().map(|b| format!("{b:02x}")).collect();
    let lines = hex.as_bytes().chunks(64).map(|piece| (format!("wrt load counter {}", String::from_utf8_lossy(piece)), "~$ "));
    Ok(lines.collect())
}

/// Programs over the shell: run, sent, replaced while the old one runs, killed, trapped, refused.
fn shell(name: &str) -> Result<Verdict> {
    let board = match rtos(name) {
        Ok(board) => board,
        Err(skipped) => return Ok(skipped),
    };
    board.prepare()?;
    let program = Program { name: "shell", zephyr: "samples/shell", options: &[] };
    let mut start = board.build_program(&program, &hello::wrt()?)?;
    if name.contains("native_sim") {
        start.arg("-uart_stdinout");
    }
    let typed = |lines: &[(&str, &'static str)]| lines.iter().map(|(l, a)| (l.to_string(), *a)).collect::<Vec<_>>();
    let mut dialogue = typed(&[
        ("", "~$ "),
        ("wrt run hello", "[1] 1 + 2 + ... + 100 = 5050"),
        ("wrt run absent", "no module absent"),
        ("wrt load counter 00617", "not hexadecimal"),
        ("wrt load counter", "nothing was sent"),
    ]);
    dialogue.extend(upload("samples/shell/guest/counter1.wasm")?);
    dialogue.extend(typed(&[
        ("wrt load counter", "counter: loaded, "),
        ("wrt run counter scale 7", "[2] counter"),
        ("wrt ps", "returned 0x46, fuel "),
        ("wrt run counter forever", "[3] counter"),
        ("wrt run runaway jumps", "[4] runaway"),
        ("wrt run hello", "(2) run already"),
        ("wrt ps", "used by 1"),
    ]));
    dialogue.extend(upload("samples/shell/guest/counter2.wasm")?);
    dialogue.extend(typed(&[
        ("wrt load counter", "counter: replaced, "),
        ("wrt ps", "replaced, used by 1"),
        ("wrt kill 4", "~$ "),
        ("wrt ps", "runaway         killed, fuel "),
        ("wrt run counter scale 7", "[5] counter"),
        ("wrt ps", "returned 0x1b58, fuel "),
        ("wrt kill 3", "~$ "),
        ("wrt ps", "counter         killed, fuel "),
        ("wrt kill 3", "no program 3 runs"),
        ("wrt run counter divide 0", "counter: integer divide by zero"),
        ("wrt ps", "trapped: integer divide by zero"),
        ("wrt load counter 0061736d01000000ff", "~$ "),
        ("wrt load counter", "counter: "),
        ("wrt run counter", "[7] counter"),
        ("wrt ps", "returned 0x2, fuel "),
        ("wrt stats", "2 host functions"),
    ]));
    let lines: Vec<(&str, &str)> = dialogue.iter().map(|(l, a)| (l.as_str(), *a)).collect();
    let text = tool::talk(start, board.limit(), &lines)?;
    if text.contains("replaced, used by 0") {
        bail!("a replaced module is not freed\n{text}");
    }
    let stats = text.lines().find(|l| l.contains(" host functions")).unwrap_or_default();
    Ok(Verdict::Passed(format!("{} lines typed; {}", lines.len(), stats.trim())))
}

/// A module in flash replaced while the old one runs; where flash remembers, it is the one after a restart.
fn update(name: &str) -> Result<Verdict> {
    let board = match rtos(name) {
        Ok(board) => board,
        Err(skipped) => return Ok(skipped),
    };
    board.prepare()?;
    let program = Program { name: "update", zephyr: "samples/update", options: &[] };
    let native = name.contains("native_sim");
    let memory = tool::scratch().join("update-flash.bin");
    if memory.exists() {
        std::fs::remove_file(&memory)?;
    }
    let start = || -> Result<std::process::Command> {
        let mut start = board.build_program(&program, &hello::wrt()?)?;
        if native {
            start.arg("-uart_stdinout").arg(format!("-flash={}", memory.display()));
        }
        Ok(start)
    };
    let wasm = std::fs::read(tool::root().join("samples/update/guest/version2.wasm"))?;
    let pieces =
        || wasm.chunks(32).map(|p| (format!("update write {}", p.iter().map(|b| format!("{b:02x}")).collect::<String>()), "done (0)"));
    let begin = (format!("update begin {}", wasm.len()), "done (0)");
    let mut dialogue = vec![(String::new(), "this is version 1"), begin.clone()];
    dialogue.extend(pieces());
    dialogue.extend([("update finish deadbeef".to_string(), "damaged on the way (-74)"), (String::new(), "this is version 1"), begin]);
    dialogue.extend(pieces());
    dialogue.push((format!("update finish {:08x}", crc32(&wasm)), "done (0)"));
    dialogue.extend([(String::new(), "this is version 2, which is longer"), (String::new(), "this is version 2, which is longer")]);
    let lines: Vec<(&str, &str)> = dialogue.iter().map(|(l, a)| (l.as_str(), *a)).collect();
    let text = tool::talk(start()?, board.limit(), &lines)?;
    let Some((_, after)) = text.split_once("from flash, generation 1") else { bail!("nothing was taken from flash\n{text}") };
    if after.contains("this is version 1") {
        bail!("the old module goes on\n{text}");
    }
    if native {
        tool::talk(start()?, board.limit(), &[("", "this is version 2, which is longer")])?;
    }
    Ok(Verdict::Passed(format!("{} lines typed{}", lines.len(), if native { ", and a restart" } else { "" })))
}

/// CRC-32 as zlib has it.
fn crc32(bytes: &[u8]) -> u32 {
    let step = |crc: u32, _| crc >> 1 ^ if crc & 1 != 0 { 0xedb8_8320 } else { 0 };
    !bytes.iter().fold(!0, |crc, byte| (0..8).fold(crc ^ u32::from(*byte), step))
}

/// FreeRTOSConfig.h without what waiting needs stops the compiler, with the option's name; that without waiting compiles.
fn freertos_refuses() -> Result<Verdict> {
    let kernel = match boards::freertos() {
        Ok(kernel) => kernel,
        Err(why) => return Ok(Verdict::Skipped(format!("{why:#}"))),
    };
    setup::packages(&[setup::GCC])?;
    let names = [
        "",
        "configTASK_NOTIFICATION_ARRAY_ENTRIES to 2 or more",
        "INCLUDE_vTaskSuspend to 1",
        "INCLUDE_xTaskGetSchedulerState to 1",
        "configWRT_NOTIFICATION_INDEX must be from 1",
        "configWRT_NOTIFICATION_INDEX must be from 1",
    ];
    for (number, name) in names.iter().enumerate() {
        let mut c = command("cc", ["-fsyntax-only", "-Wall", "-Wextra", "-Werror", "-Itests/port/refused", "-Ifreertos/include"]);
        c.args([&format!("-DREFUSED={number}"), "-Irust/wrt-platform/include", "freertos/port.c", "-isystem"]);
        c.arg(kernel.join("include")).arg("-isystem").arg(kernel.join("portable/ThirdParty/GCC/Posix"));
        let output = tool::watch(c, std::time::Duration::from_secs(60), &[])?;
        let first = output.text.lines().find(|l| l.contains("error:"));
        let right = if number == 0 { output.code == Some(0) } else { first.is_some_and(|l| l.contains("#error") && l.contains(name)) };
        if !right {
            bail!("configuration {number} of tests/port/refused: {:?}\n{}", output.code, output.text);
        }
    }
    Ok(Verdict::Passed(format!("{} configurations", names.len() - 1)))
}

/// `west wrt`, from a workspace that knows WRT, on the sample's firmware.
fn west_commands() -> Result<Verdict> {
    let board = match rtos("zephyr:qemu_cortex_m3") {
        Ok(board) => board,
        Err(skipped) => return Ok(skipped),
    };
    board.prepare()?;
    let wrt = hello::wrt()?;
    drop(board.build("image", &wrt, &[])?);
    let workspace = tool::scratch().join("west-workspace");
    if workspace.exists() {
        std::fs::remove_dir_all(&workspace)?;
    }
    std::fs::create_dir_all(workspace.join("manifest"))?;
    let manifest = "manifest:\n  projects:\n    - name: wrt\n      url: https://invalid/\n      revision: main\n      west-commands: zephyr/west-commands.yml\n";
    std::fs::write(workspace.join("manifest/west.yml"), manifest)?;
    std::os::unix::fs::symlink(tool::root(), workspace.join("wrt"))?;
    let west = |args: &[&str]| {
        let mut c = command("west", args);
        c.current_dir(&workspace).env("WRT_TOOL", &wrt).env("PYTHONDONTWRITEBYTECODE", "1").env_remove("ZEPHYR_BASE");
        tool::run(c)
    };
    west(&["init", "-l", "manifest"])?;
    let guest = tool::root().join("samples/hello_wasm/guest/hello.wasm").display().to_string();
    if !west(&["wrt", "inspect", &guest])?.contains("linear memory") {
        bail!("west wrt inspect does not tell the linear memory");
    }
    let image = workspace.join("hello.wrti");
    west(&["wrt", "compile", &guest, "-o", &image.display().to_string()])?;
    if std::fs::metadata(&image)?.len() == 0 {
        bail!("west wrt compile wrote nothing");
    }
    let sizes = west(&["wrt", "size", "-d", &board.folder("image", &[]).display().to_string()])?;
    let line = sizes.lines().find(|l| l.starts_with("WRT ")).unwrap_or_default();
    let flash: u32 = line.split_whitespace().nth(1).unwrap_or_default().parse()?;
    if !(10_000..60_000).contains(&flash) {
        bail!("west wrt size: {line}");
    }
    Ok(Verdict::Passed(format!("flash {flash} bytes")))
}

/// What a Kconfig combination that cannot work says: the option and the fix.
fn zephyr_refuses() -> Result<Verdict> {
    let board = match rtos("zephyr:qemu_cortex_m3") {
        Ok(board) => board,
        Err(skipped) => return Ok(skipped),
    };
    board.prepare()?;
    let shell = ["-DCONFIG_WRT_SHELL=y", "-DCONFIG_SHELL=y", "-DCONFIG_WRT_LOADER=y", "-DCONFIG_WRT_FATAL_HANDLER=y"];
    let m3 = "qemu_cortex_m3";
    let cases: [(&str, &[&str], &str); 6] = [
        (m3, &shell[..1], "CONFIG_WRT_SHELL=y needs CONFIG_SHELL. Set CONFIG_SHELL=y"),
        (m3, &shell[..2], "CONFIG_WRT_SHELL=y needs CONFIG_WRT_LOADER. Set CONFIG_WRT_LOADER=y"),
        (m3, &shell[..3], "CONFIG_WRT_SHELL=y needs CONFIG_WRT_PORT_HEAP_SIZE. Set CONFIG_WRT_PORT_HEAP_SIZE"),
        (m3, &shell[3..], "CONFIG_WRT_FATAL_HANDLER=y needs CONFIG_USERSPACE. Set CONFIG_USERSPACE=y"),
        ("native_sim", &[], "no Rust target is known for posix"),
        ("qemu_cortex_a53", &["-DCONFIG_FPU=n"], "CONFIG_WRT=y needs CONFIG_FPU. Set CONFIG_FPU=y"),
    ];
    for (board, options, why) in cases {
        let text = boards::west_refuses(board, "samples/hello_wasm", options)?;
        // CMake breaks lines.
        if !text.split_whitespace().collect::<Vec<_>>().join(" ").contains(why) {
            bail!("{options:?}: no \"{why}\" in\n{text}");
        }
    }
    Ok(Verdict::Passed(format!("{} combinations", cases.len())))
}

/// Options of tests/port for Zephyr's user mode, as in its testcase.yaml.
const USER: &[&str] =
    &["-DCONFIG_USERSPACE=y", "-DCONFIG_WRT_MAX_WAITERS=64", "-DCONFIG_MAX_THREAD_BYTES=10", "-DCONFIG_WRT_PORT_HEAP_SIZE=0"];

/// Another text in the guest's data segment is another text on the console, nothing else being touched.
fn guest_decides() -> Result<Verdict> {
    let board = Board::named("mps2-an385")?;
    let wasm = std::fs::read(tool::root().join("samples/hello_wasm/guest/hello.wasm"))?;
    let at = wasm.windows(GREETING.len()).position(|w| w == GREETING.as_bytes());
    let Some(at) = at else { bail!("\"{GREETING}\" is not in the guest's data segment") };
    let mut other = wasm;
    other[at..at + 5].copy_from_slice(b"HOWDY");
    let file = tool::scratch().join("howdy.wasm");
    std::fs::create_dir_all(tool::scratch())?;
    std::fs::write(&file, other)?;
    let text = hello::boot(&board, "image", &[&format!("-DHELLO_WASM_GUEST={}", file.display())])?;
    if !text.contains("HOWDY") || text.contains(GREETING) {
        bail!("the board still prints the old text:\n{text}");
    }
    done()
}

/// The sample prints the calls that led to a trap, from an image with names.
fn board_backtrace() -> Result<Verdict> {
    let board = Board::named("mps2-an385")?;
    board.prepare()?;
    let guest = format!("-DHELLO_WASM_GUEST={}", tool::root().join("tests/programs/board_trap.wasm").display());
    let start = board.build("image", &hello::wrt()?, &[&guest, "-DHELLO_WASM_BACKTRACE=ON"])?;
    let text = tool::watch(start, board.limit(), &[])?.text;
    let mut lines = text.lines().skip_while(|l| !l.contains("hello_wasm: failed: main: ")).skip(1);
    for name in ["divide (1:", "share (2:", "main (3:"] {
        if !lines.next().is_some_and(|l| l.trim().starts_with(&format!("at {name}"))) {
            bail!("no line for {name}) in its place:\n{text}");
        }
    }
    Ok(Verdict::Passed("divide, share, main".into()))
}

fn suite_on_m3() -> Result<Verdict> {
    // Whoever judges boards is tried first.
    cargo(&["test", "--quiet", "--release", "--locked", "--manifest-path", "tests/boards/Cargo.toml", "-p", "host"])?;
    Ok(Verdict::Passed(numbers(&crate::suite::on_board("mps2-an385")?)))
}

/// Another task interrupts it all the time; the traces are those of the host all the same.
fn suite_on_freertos() -> Result<Verdict> {
    match boards::freertos() {
        Ok(_) => Ok(Verdict::Passed(numbers(&crate::suite::on_board(crate::suite::FREERTOS)?))),
        Err(why) => Ok(Verdict::Skipped(format!("{why:#}"))),
    }
}

fn suite_on_rv32() -> Result<Verdict> {
    Ok(Verdict::Passed(numbers(&crate::suite::on_board("riscv32-virt")?)))
}

/// Fails above the instructions per byte of module that the README states as the aim.
fn load_on_board() -> Result<Verdict> {
    let output =
        cargo(&["run", "--quiet", "--release", "--locked", "--manifest-path", "tests/boards/Cargo.toml", "-p", "host", "--", "load"])?;
    let line = output.lines().find(|l| l.starts_with("load ")).unwrap_or_default();
    let words: Vec<&str> = line.split(' ').filter(|w| w.contains("/byte=") || w.starts_with("bytes=")).collect();
    if words.is_empty() {
        bail!("no figures in\n{output}");
    }
    Ok(Verdict::Passed(words.join(", ")))
}

fn hello_rust() -> Result<Verdict> {
    setup::target("thumbv7m-none-eabi")?;
    setup::packages(&[setup::QEMU_ARM])?;
    let mut c = command("cargo", ["run", "--quiet", "--release", "--locked"]);
    c.current_dir(tool::root().join("samples/hello_rust"));
    let output = tool::watch(c, std::time::Duration::from_secs(600), &[])?;
    if output.code != Some(0) || !output.text.contains(GREETING) {
        bail!("exit code {:?}\n{}", output.code, output.text);
    }
    done()
}

fn firmware() -> Result<Verdict> {
    let report = size::check()?;
    println!("{report}");
    done()
}
