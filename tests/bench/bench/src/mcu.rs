// SPDX-License-Identifier: MIT
//! Kernels on boards under QEMU: executed instructions, natively and on WRT. `tests/boards` builds and runs them; flash and
//! RAM of firmware are `cargo xtask size`.

use crate::folder;
use crate::kernel::Kernel;
use crate::stats::geometric_mean;
use anyhow::{Context, Result, bail};
use std::collections::BTreeMap;
use std::fmt::Write;
use std::path::Path;
use std::process::{Command, Stdio};

/// Board as `tests/boards` names it, its processor, the native compiler.
const BOARDS: [(&str, &str, &str); 2] =
    [("mps2-an385", "Cortex-M3", "arm-none-eabi-gcc -O2"), ("riscv32-virt", "RV32IMAC", "riscv64-unknown-elf-gcc -O2")];
/// Optimisation levels of WRT.
const LEVELS: [&str; 2] = ["3", "s"];

/// What a kernel did on a board.
struct Counted {
    native: u64,
    wrt: u64,
    bytes: u64,
    translate: u64,
    image: u64,
}

impl Counted {
    fn ratio(&self) -> f64 {
        self.wrt as f64 / self.native as f64
    }
    fn per_byte(&self) -> f64 {
        self.translate as f64 / self.bytes as f64
    }
}

/// Runs those of `kernels` that boards can, prints a table, writes it into `out`.
pub(crate) fn run(kernels: &[Kernel], out: Option<&Path>) -> Result<()> {
    let kernels: Vec<&Kernel> = kernels.iter().filter(|k| k.board).collect();
    if kernels.is_empty() {
        bail!("none of these kernels runs on a board");
    }
    let mut columns = Vec::new();
    let mut csv = String::from("board,opt_level,kernel,n,native,wrt,wasm_bytes,translate,image_bytes\n");
    for (board, processor, compiler) in BOARDS {
        for level in LEVELS {
            eprintln!("{board}, WRT at opt-level {level}");
            let counted = on_board(board, level, &kernels)?;
            for k in &kernels {
                let c = counted.get(&k.name).with_context(|| format!("{board} says nothing about {}", k.name))?;
                writeln!(csv, "{board},{level},{},{},{},{},{},{},{}", k.name, k.small, c.native, c.wrt, c.bytes, c.translate, c.image)?;
            }
            columns.push((processor, compiler, level, counted));
        }
    }
    let mut text = String::from("| executed instructions of WRT over native |");
    columns.iter().for_each(|(processor, _, level, _)| text = format!("{text} {processor}, opt-level {level} |"));
    write!(text, " image over wasm, bytes |\n|---|{}\n", "---|".repeat(columns.len() + 1))?;
    for k in &kernels {
        write!(text, "| {} |", k.name)?;
        for (.., counted) in &columns {
            write!(text, " {:.1} |", counted[&k.name].ratio())?;
        }
        let c = &columns[0].3[&k.name];
        writeln!(text, " {:.2} |", c.image as f64 / c.bytes as f64)?;
    }
    let mean = |f: &dyn Fn(&Counted) -> f64, counted: &BTreeMap<String, Counted>| {
        geometric_mean(kernels.iter().map(|k| f(&counted[&k.name]))).context("no kernels")
    };
    text.push_str("| **geometric mean** |");
    for (.., counted) in &columns {
        write!(text, " **{:.2}** |", mean(&Counted::ratio, counted)?)?;
    }
    writeln!(text, " {:.2} |", mean(&|c| c.image as f64 / c.bytes as f64, &columns[0].3)?)?;
    text.push_str("| translation, instructions per byte of wasm |");
    for (.., counted) in &columns {
        write!(text, " {:.1} |", mean(&Counted::per_byte, counted)?)?;
    }
    text.push_str(" |\n\n");
    let compilers: Vec<String> = BOARDS.iter().map(|(_, processor, compiler)| format!("{processor}: {compiler}")).collect();
    writeln!(
        text,
        "QEMU with `-icount shift=0`; native by {}; WRT with all proposals and the counter for fuel. `cargo xtask size` has flash \
         and RAM.",
        compilers.join(", ")
    )?;
    println!("{text}");
    if let Some(dir) = out {
        std::fs::create_dir_all(dir)?;
        std::fs::write(dir.join("mcu.md"), &text)?;
        std::fs::write(dir.join("mcu.csv"), csv)?;
    }
    Ok(())
}

fn on_board(board: &str, level: &str, kernels: &[&Kernel]) -> Result<BTreeMap<String, Counted>> {
    let mut c = Command::new("cargo");
    c.args(["run", "--quiet", "--release", "--locked", "--package", "host", "--", "kernels", "--board", board, "--opt-level", level]);
    c.args(kernels.iter().map(|k| format!("{}={}", k.name, k.small))).current_dir(folder().join("../boards")).stderr(Stdio::inherit());
    let output = c.output().context("cargo")?;
    let text = String::from_utf8_lossy(&output.stdout);
    if !output.status.success() {
        bail!("{board}: not all kernels run with native results\n{}", text.trim());
    }
    let mut counted = BTreeMap::new();
    for line in text.lines().filter_map(|l| l.strip_prefix("kernel ")) {
        let name = line.split(' ').next().unwrap_or_default();
        let number = |key: &str| -> Result<u64> {
            let word = line.split(' ').find_map(|w| w.strip_prefix(key)?.strip_prefix('='));
            Ok(word.with_context(|| format!("no {key} in {line}"))?.parse()?)
        };
        let c = Counted {
            native: number("native")?,
            wrt: number("wrt")?,
            bytes: number("bytes")?,
            translate: number("translate")?,
            image: number("image")?,
        };
        counted.insert(name.to_string(), c);
    }
    Ok(counted)
}
