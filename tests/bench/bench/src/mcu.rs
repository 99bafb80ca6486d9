// SPDX-License-Identifier: MIT
//! Kernels on boards under QEMU: executed instructions, natively and on engines; flash, RAM and the cost of loading. The programs
//! are the workspace `tests/bench/boards`: one engine each, and one without any, whose flash and RAM are not the engine's.

use crate::folder;
use crate::kernel::Kernel;
use crate::stats::geometric_mean;
use anyhow::{Context, Result, bail};
use object::{Object, ObjectSection, SectionFlags, SectionKind, elf};
use std::collections::BTreeMap;
use std::fmt::Write;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

/// A machine of QEMU's.
struct Board {
    name: &'static str,
    processor: &'static str,
    target: &'static str,
    emulator: &'static [&'static str],
    /// What the native kernels are compiled by.
    compiler: &'static str,
}

const BOARDS: [Board; 2] = [
    Board {
        name: "mps2-an385",
        processor: "Cortex-M3",
        target: "thumbv7m-none-eabi",
        emulator: &["qemu-system-arm", "-machine", "mps2-an385", "-cpu", "cortex-m3"],
        compiler: "arm-none-eabi-gcc -O2",
    },
    Board {
        name: "riscv32-virt",
        processor: "RV32IMAC",
        target: "riscv32imac-unknown-none-elf",
        emulator: &["qemu-system-riscv32", "-machine", "virt", "-bios", "none", "-m", "32M"],
        compiler: "riscv64-unknown-elf-gcc -O2",
    },
];
/// Features of `tests/bench/boards`.
const ENGINES: [&str; 3] = ["wrt", "wasmi", "wasm3"];
/// Optimisation levels.
const LEVELS: [&str; 2] = ["3", "s"];
/// Longest time of a run.
const LIMIT: Duration = Duration::from_secs(300);

/// What one run has said.
struct Run {
    load: u64,
    instantiate: u64,
    run: u64,
    result: i64,
    bytes: u64,
    pages: u64,
    stack: u64,
}

impl Run {
    /// Bytes of RAM that are not linear memory.
    fn beyond(&self) -> u64 {
        self.bytes.saturating_sub(self.pages << 16)
    }
}

/// An engine on a board.
struct Column {
    engine: &'static str,
    level: &'static str,
    flash: u64,
    ram: u64,
    /// Of the kernels that it runs with the native result.
    runs: BTreeMap<String, Run>,
    /// Instructions to load the large module; `None`: it cannot.
    large: Option<u64>,
}

/// Runs those of `kernels` that boards can on those of `engines` that they can, all if it is empty, prints tables, writes them into
/// `out`.
pub(crate) fn run(kernels: &[Kernel], engines: &[String], out: Option<&Path>) -> Result<()> {
    let kernels: Vec<&Kernel> = kernels.iter().filter(|k| k.board).collect();
    if kernels.is_empty() {
        bail!("none of these kernels runs on a board");
    }
    if let Some(unknown) = engines.iter().find(|e| !ENGINES.contains(&e.as_str())) {
        bail!("no engine \"{unknown}\" on boards; there are: {}", ENGINES.join(", "));
    }
    let chosen: Vec<&str> = ENGINES.iter().copied().filter(|e| engines.is_empty() || engines.iter().any(|n| n == e)).collect();
    let large = folder().join("../boards/modules/device.wasm");
    let mut text = String::new();
    let mut csv = String::from("board,opt_level,engine,kernel,n,native,executed,wasm_bytes,load,instantiate,ram,pages,stack\n");
    let mut firmware = String::from("board,opt_level,engine,flash,ram,load_30k\n");
    let mut failed = Vec::new();
    for board in &BOARDS {
        eprintln!("{}: native", board.name);
        let program = build(board, "native", "s")?;
        let native: BTreeMap<String, Run> = kernels
            .iter()
            .map(|k| Ok((k.name.clone(), start(board, &program, &k.name, Some(k.small), &k.wasm())?)))
            .collect::<Result<_>>()?;
        let mut columns = Vec::new();
        for level in LEVELS {
            let (flash, ram) = sizes(&build(board, "", level)?)?;
            for engine in &chosen {
                eprint!("{}: {engine} at opt-level {level}: building", board.name);
                let program = build(board, engine, level)?;
                let (all_flash, all_ram) = sizes(&program)?;
                let mut runs = BTreeMap::new();
                for k in &kernels {
                    eprint!(", {}", k.name);
                    match start(board, &program, &k.name, Some(k.small), &k.wasm()) {
                        Ok(run) if run.result == native[&k.name].result => {
                            runs.insert(k.name.clone(), run);
                        }
                        Ok(run) => {
                            eprint!(" (FAILED: {} instead of {})", run.result, native[&k.name].result);
                            failed.push((*engine, k.name.clone()));
                        }
                        Err(e) => {
                            eprint!(" (FAILED: {e:#})");
                            failed.push((*engine, k.name.clone()));
                        }
                    }
                }
                eprintln!();
                let large = start(board, &program, "-", None, &large).ok().map(|r| r.load);
                columns.push(Column { engine, level, flash: all_flash - flash, ram: all_ram.saturating_sub(ram), runs, large });
            }
        }
        for c in &columns {
            let large = c.large.map_or(String::new(), |n| n.to_string());
            writeln!(firmware, "{},{},{},{},{},{large}", board.name, c.level, c.engine, c.flash, c.ram)?;
            for k in kernels.iter().filter(|k| c.runs.contains_key(&k.name)) {
                let (r, wasm) = (&c.runs[&k.name], size(&k.wasm())?);
                write!(csv, "{},{},{},{},{},{},", board.name, c.level, c.engine, k.name, k.small, native[&k.name].run)?;
                writeln!(csv, "{},{wasm},{},{},{},{},{}", r.run, r.load, r.instantiate, r.bytes, r.pages, r.stack)?;
            }
        }
        writeln!(text, "## {}\n", board.processor)?;
        text.push_str(&executed(&kernels, &native, &columns)?);
        text.push_str(&costs(&kernels, &columns, size(&large)?)?);
    }
    let compilers: Vec<String> = BOARDS.iter().map(|b| format!("{}: {}", b.processor, b.compiler)).collect();
    text.push_str(&NOTES.replace("COMPILERS", &compilers.join(", ")));
    println!("{text}");
    if let Some(dir) = out {
        std::fs::create_dir_all(dir)?;
        std::fs::write(dir.join("mcu.md"), &text)?;
        std::fs::write(dir.join("mcu.csv"), csv)?;
        std::fs::write(dir.join("mcu-firmware.csv"), firmware)?;
    }
    if let Some((engine, kernel)) = failed.iter().find(|(engine, _)| *engine == "wrt") {
        bail!("{kernel} on {engine} has no native result");
    }
    Ok(())
}

const NOTES: &str = "\
Executed instructions are counted under QEMU with `-icount shift=0`, those of the call alone; native by COMPILERS, with the soft \
floats of the Rust compiler, as the engines. A kernel without a figure does not run: wasm3 0.4.7 knows no bulk memory. Left out: WAMR, whose sources no crate brings; tinywasm \
and wasmtime, whose interpreters are the slowest on computers. WRT counts \
fuel; the others do not, and wasm3 does not validate.

Flash and static RAM are the program's with the engine less the same program's without: WRT with loader and floats \
(`cargo xtask size` has other choices), wasmi without std, with portable dispatch (the other one overflows the stack on RV32 and is slower on Cortex-M3), wasm3 with \
its limits for small devices. RAM beyond linear memory is the most that a kernel takes: what WRT uses of what it is lent, image \
included, which may lie in flash instead; what the others have of the allocator at once. Loading goes from bytes to code of all \
functions, which wasm3 would translate when they are called first, and is not in the figures above; instances are not in it.
";

/// Bytes of a file.
fn size(path: &Path) -> Result<u64> {
    Ok(std::fs::metadata(path).with_context(|| path.display().to_string())?.len())
}

fn head(first: &str, columns: &[Column]) -> String {
    let names: String = columns.iter().map(|c| format!(" {} -O{} |", c.engine, c.level)).collect();
    format!("| {first} |{names}\n|---|{}\n", "---|".repeat(columns.len()))
}

/// The table of executed instructions over native ones.
fn executed(kernels: &[&Kernel], native: &BTreeMap<String, Run>, columns: &[Column]) -> Result<String> {
    let mut text = head("executed instructions over native", columns);
    let ratio = |k: &Kernel, c: &Column| Some(c.runs.get(&k.name)?.run as f64 / native[&k.name].run as f64);
    let cell = |r: Option<f64>| r.map_or("-".to_string(), |r| format!("{r:.1}"));
    let floats = |k: &&&Kernel| matches!(k.class.as_str(), "f32" | "f64");
    for (of, wanted) in [("integers", false), ("floats", true)] {
        let group: Vec<&&Kernel> = kernels.iter().filter(|k| floats(k) == wanted).collect();
        let by_all: Vec<&&Kernel> = group.iter().copied().filter(|k| columns.iter().all(|c| c.runs.contains_key(&k.name))).collect();
        for k in &group {
            let cells: String = columns.iter().map(|c| format!(" {} |", cell(ratio(k, c)))).collect();
            writeln!(text, "| {} |{cells}", k.name)?;
        }
        let mut means = |name: &str, of: &[&&Kernel]| {
            let mean = |c: &Column| geometric_mean(of.iter().filter_map(|k| ratio(k, c)));
            let cells: String = columns
                .iter()
                .map(|c| match mean(c) {
                    Some(mean) if of.iter().all(|k| c.runs.contains_key(&k.name)) => format!(" **{mean:.2}** |"),
                    _ => " - |".into(),
                })
                .collect();
            writeln!(text, "| **geometric mean, {name}** |{cells}")
        };
        if !group.is_empty() {
            means(of, &group)?;
        }
        if by_all.len() < group.len() && !by_all.is_empty() {
            means(&format!("the {} {of} that all run", by_all.len()), &by_all)?;
        }
    }
    text.push('\n');
    Ok(text)
}

/// The table of what an engine takes.
fn costs(kernels: &[&Kernel], columns: &[Column], large: u64) -> Result<String> {
    let mut text = head("what it takes", columns);
    let mut row = |name: &str, cell: &dyn Fn(&Column) -> Option<String>| {
        let cells: String = columns.iter().map(|c| format!(" {} |", cell(c).unwrap_or("-".into()))).collect();
        writeln!(text, "| {name} |{cells}")
    };
    let most = |c: &Column, of: &dyn Fn(&Run) -> u64| c.runs.values().map(of).max().map(|n| n.to_string());
    row("flash, KiB", &|c| Some(format!("{:.1}", c.flash as f64 / 1024.0)))?;
    row("static RAM, bytes", &|c| Some(c.ram.to_string()))?;
    row("RAM beyond linear memory, bytes", &|c| most(c, &Run::beyond))?;
    row("C stack, bytes", &|c| most(c, &|r| r.stack))?;
    row("loading a kernel, instructions per byte of wasm", &|c| {
        let per_byte = |k: &&Kernel| Some(c.runs.get(&k.name)?.load as f64 / size(&k.wasm()).ok()? as f64);
        Some(format!("{:.1}", geometric_mean(kernels.iter().filter_map(per_byte))?))
    })?;
    row(&format!("loading a module of {large} bytes, the same"), &|c| Some(format!("{:.1}", c.large? as f64 / large as f64)))?;
    text.push('\n');
    Ok(text)
}

/// Builds the program with this engine; where it is.
fn build(board: &Board, engine: &str, level: &str) -> Result<PathBuf> {
    let dir = match std::env::var_os("CARGO_TARGET_DIR") {
        Some(dir) => PathBuf::from(dir).join("bench-boards"),
        None => folder().join("target/boards"),
    };
    let level = if level == "s" { "\"s\"" } else { level };
    let mut c = Command::new("cargo");
    c.args(["build", "--quiet", "--release", "--locked", "--target", board.target, "--features", engine, "--target-dir"]).arg(&dir);
    c.arg("--config").arg(format!("profile.release.opt-level={level}")).current_dir(folder().join("boards"));
    // What a surrounding build leaves behind would end up in the program.
    for name in ["RUSTFLAGS", "CARGO_ENCODED_RUSTFLAGS", "RUSTC_WRAPPER"] {
        c.env_remove(name);
    }
    if !c.status().context("cargo")?.success() {
        bail!("tests/bench/boards does not build for {} with \"{engine}\"", board.target);
    }
    let program = dir.join(board.target).join("release/boards");
    let copy = dir.join(format!("{}-{engine}-{}", board.name, level.trim_matches('"')));
    std::fs::copy(&program, &copy)?;
    Ok(copy)
}

/// Flash and static RAM, without the places that stand for flash and for what an engine is given.
fn sizes(program: &Path) -> Result<(u64, u64)> {
    let bytes = std::fs::read(program)?;
    let file = object::File::parse(&*bytes)?;
    let (mut flash, mut ram) = (0, 0);
    for section in file.sections() {
        let SectionFlags::Elf { sh_flags, .. } = section.flags() else { bail!("{}: no ELF file", program.display()) };
        if sh_flags & u64::from(elf::SHF_ALLOC) == 0 || section.name()? == ".memories" {
            continue;
        }
        let filled = section.kind() != SectionKind::UninitializedData;
        let written = sh_flags & u64::from(elf::SHF_WRITE) != 0;
        flash += if filled { section.size() } else { 0 };
        ram += if written { section.size() } else { 0 };
    }
    Ok((flash, ram))
}

/// Runs the program on the board. Without `n` it loads the module only.
fn start(board: &Board, program: &Path, kernel: &str, n: Option<i32>, wasm: &Path) -> Result<Run> {
    let n = n.map_or("-".to_string(), |n| n.to_string());
    let path = wasm.canonicalize()?.display().to_string().replace(',', ",,");
    let mut c = Command::new(board.emulator[0]);
    c.args(&board.emulator[1..]).args(["-icount", "shift=0", "-nographic", "-monitor", "none", "-serial", "none"]);
    let args = format!("arg={kernel},arg={n},arg={},arg={path}", size(wasm)?);
    c.arg("-semihosting-config").arg(format!("enable=on,target=native,arg=boards,{args}"));
    c.arg("-kernel").arg(program).stdin(Stdio::null()).stdout(Stdio::piped());
    let mut child = c.spawn().with_context(|| format!("cannot start {}", board.emulator[0]))?;
    let begun = Instant::now();
    while child.try_wait()?.is_none() {
        if begun.elapsed() > LIMIT {
            child.kill()?;
            child.wait()?;
            bail!("not finished after {} s", LIMIT.as_secs());
        }
        std::thread::sleep(Duration::from_millis(10));
    }
    let mut text = String::new();
    child.stdout.take().context("no output")?.read_to_string(&mut text)?;
    let Some((line, "end")) = text.trim().split_once('\n').map(|(line, end)| (line, end.trim())).filter(|(l, _)| l.starts_with("load="))
    else {
        bail!("{}", text.trim().replace('\n', "; "));
    };
    let number = |key: &str| -> Result<i64> {
        let word = line.split(' ').find_map(|w| w.strip_prefix(key)?.strip_prefix('='));
        Ok(word.with_context(|| format!("no {key} in {line}"))?.parse()?)
    };
    let count = |key: &str| Ok::<u64, anyhow::Error>(u64::try_from(number(key)?)?);
    Ok(Run {
        load: count("load")?,
        instantiate: count("instantiate")?,
        run: count("run")?,
        result: number("result")?,
        bytes: count("bytes")?,
        pages: count("pages")?,
        stack: count("stack")?,
    })
}
