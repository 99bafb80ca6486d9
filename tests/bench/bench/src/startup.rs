// SPDX-License-Identifier: MIT
//! What it takes to load a module and call a function that does nothing much: CPU time and peak memory of the process.

use crate::engine::Engine;
use crate::generate;
use crate::stats::Spread;
use crate::timing::{clear, load, machine, progress};
use anyhow::{Context, Result, bail};
use std::fmt::Write;
use std::path::Path;
use std::time::Instant;

/// Rounds are cheap here, and the times short.
const ROUNDS: u32 = 15;

/// Runs both modules on each engine in turn, prints a table, writes it into `out`.
pub(crate) fn run(engines: &[Engine], out: Option<&Path>) -> Result<()> {
    let dir = std::env::temp_dir().join(format!("wrt-bench-{}", std::process::id()));
    std::fs::create_dir_all(&dir)?;
    let measured = measure(engines, &dir);
    std::fs::remove_dir_all(&dir)?;
    let (markdown, csv) = measured?;
    println!("{markdown}");
    if let Some(out) = out {
        std::fs::create_dir_all(out)?;
        std::fs::write(out.join("startup.md"), markdown)?;
        std::fs::write(out.join("startup.csv"), csv)?;
    }
    Ok(())
}

fn measure(engines: &[Engine], dir: &Path) -> Result<(String, String)> {
    let begun = Instant::now();
    let before = load();
    let mut files = Vec::new();
    for (name, bytes) in [("tiny", generate::tiny()), ("large", generate::large())] {
        let path = dir.join(name).with_extension("wasm");
        std::fs::write(&path, &bytes)?;
        files.push((name, path, bytes.len()));
    }
    let engines: Vec<&Engine> = engines.iter().filter(|e| !e.is_native()).collect();
    let mut csv = String::from("round,module,engine,process_ns,peak_kib\n");
    // Of each engine and module: milliseconds and MB.
    let mut cells = vec![vec![(Vec::new(), Vec::new()); files.len()]; engines.len()];
    let mut broken = vec![None; engines.len()];
    for round in 0..ROUNDS {
        for (m, (name, path, _)) in files.iter().enumerate() {
            for (e, engine) in engines.iter().enumerate() {
                progress(&format!("round {}/{ROUNDS}, {name} on {:<14}", round + 1, engine.name), begun);
                if broken[e].is_some() {
                    continue;
                }
                match engine.start(path, 7) {
                    Ok(f) if f.result != generate::result(7) => bail!("{name} on {} gives {}", engine.name, f.result),
                    Ok(f) => {
                        writeln!(csv, "{round},{name},{},{},{}", engine.name, f.process_ns, f.peak_kib)?;
                        cells[e][m].0.push(f.process_ns as f64 / 1e6);
                        cells[e][m].1.push(f.peak_kib as f64 / 1024.0);
                    }
                    Err(why) => {
                        clear();
                        println!("skipped: {}: {why:#}", engine.name);
                        broken[e] = Some(format!("{why:#}"));
                    }
                }
            }
        }
    }
    clear();
    let mut text = String::from("| load and one call: CPU time of the process, peak memory |");
    files.iter().for_each(|(name, _, bytes)| text = format!("{text} {name}, {bytes} B | |"));
    text.push_str("\n|---|---|---|---|---|\n");
    for ((engine, cells), broken) in engines.iter().zip(&cells).zip(&broken) {
        write!(text, "| {} |", engine.name)?;
        for (ms, mb) in cells {
            match broken {
                Some(_) => text.push_str(" - | - |"),
                None => {
                    let ms = Spread::of(ms.iter().copied()).context("no runs")?;
                    let mb = Spread::of(mb.iter().copied()).context("no runs")?;
                    // What the parent had is counted in for programs.
                    let most = if engine.is_program() { "≤ " } else { "" };
                    write!(text, " {:.2} ms ({:.2}..{:.2}) | {most}{:.1} MiB |", ms.median, ms.min, ms.max, mb.median)?;
                }
            }
        }
        text.push('\n');
    }
    text.push_str("\n`nothing` is a program of the same parts without an engine. ");
    if engines.iter().all(|e| e.is_standalone()) {
        text.push_str("Programs are linked statically, without relocations.\n");
    } else {
        text.push_str("Times and memory of some programs have the dynamic linker in them.\n");
    }
    writeln!(text, "\n{}; {ROUNDS} rounds; load average {before:.2} before, {:.2} after.", machine(), load())?;
    for (engine, why) in engines.iter().zip(&broken).filter_map(|(e, b)| Some((e, b.as_ref()?))) {
        writeln!(text, "Not run: {} ({why}).", engine.name)?;
    }
    Ok((text, csv))
}
