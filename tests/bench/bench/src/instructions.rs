// SPDX-License-Identifier: MIT
//! Executed instructions, counted by valgrind: the same on a busy machine and on an idle one.

use crate::engine::{self, Engine};
use crate::kernel::Kernel;
use crate::stats::geometric_mean;
use crate::timing::{clear, progress};
use anyhow::{Context, Result, bail};
use std::fmt::Write;
use std::path::Path;
use std::time::Instant;

/// Counts each kernel on each engine, the first of which is native; prints a table, and puts the raw data into `out`.
pub(crate) fn run(kernels: &[Kernel], engines: &[Engine], out: Option<&Path>) -> Result<()> {
    let begun = Instant::now();
    let (native, others) = engines.split_first().context("native")?;
    let mut csv = String::from("kernel,engine,n,instructions\n");
    print!("{:<10} {:>12}", "instructions", "native");
    others.iter().for_each(|e| print!(" {:>14} {:>7}", e.name, "ratio"));
    println!();
    let mut ratios = vec![Vec::new(); others.len()];
    for k in kernels {
        progress(&format!("{} native", k.name), begun);
        let base = count(native, k)?;
        writeln!(csv, "{},{},{},{base}", k.name, native.name, k.small)?;
        let mut line = format!("{:<12} {base:>12}", k.name);
        for (engine, ratios) in others.iter().zip(&mut ratios) {
            progress(&format!("{} {}", k.name, engine.name), begun);
            match count(engine, k) {
                Ok(n) => {
                    let ratio = n as f64 / base as f64;
                    ratios.push(ratio);
                    write!(line, " {n:>14} {ratio:>7.2}")?;
                    writeln!(csv, "{},{},{},{n}", k.name, engine.name, k.small)?;
                }
                Err(why) => {
                    clear();
                    println!("skipped: {} on {}: {why:#}", k.name, engine.name);
                    write!(line, " {:>14} {:>7}", "-", "-")?;
                }
            }
        }
        clear();
        println!("{line}");
    }
    print!("{:<12} {:>12}", "geomean", "");
    for ratios in ratios {
        match geometric_mean(ratios.iter().copied()) {
            Some(mean) if ratios.len() == kernels.len() => print!(" {:>14} {mean:>7.2}", ""),
            Some(mean) => print!(" {:>14} {mean:>7.2}", format!("of {} kernels", ratios.len())),
            None => print!(" {:>14} {:>7}", "", "-"),
        }
    }
    println!();
    if let Some(dir) = out {
        std::fs::create_dir_all(dir)?;
        std::fs::write(dir.join("instructions.csv"), csv)?;
    }
    Ok(())
}

/// Instructions of `run(small)`: those of a process with that call, less those of one with `run(0)`. Both call `run(1)` before,
/// if they can, so that functions which are translated when they are called have been.
fn count(engine: &Engine, k: &Kernel) -> Result<u64> {
    let (full, empty) = (valgrind(&engine.command(&k.wasm(), k.small, true)?)?, valgrind(&engine.command(&k.wasm(), 0, true)?)?);
    match full.checked_sub(empty) {
        Some(n) if n > 0 => Ok(n),
        _ => bail!("{full} instructions with n = {}, {empty} with 0", k.small),
    }
}

fn valgrind(command: &[String]) -> Result<u64> {
    let options = ["valgrind", "--tool=cachegrind", "--cache-sim=no", "--cachegrind-out-file=/dev/null"];
    let words: Vec<String> = options.into_iter().map(String::from).chain(command.iter().cloned()).collect();
    let text = engine::process(&words)?.text;
    let line =
        text.lines().find(|l| l.contains("I ") && l.contains("refs:")).with_context(|| format!("no number from valgrind: {text}"))?;
    let number = line.rsplit(' ').next().unwrap_or_default().replace(',', "");
    number.parse().with_context(|| format!("no number from valgrind: {line}"))
}
