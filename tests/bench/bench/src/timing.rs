// SPDX-License-Identifier: MIT
//! CPU times: in each round each kernel runs on each engine in turn, a process each, so that what disturbs the machine
//! disturbs all of them.

use crate::engine::Engine;
use crate::kernel::Kernel;
use anyhow::{Context, Result};
use std::collections::BTreeSet;
use std::io::{IsTerminal, Write};
use std::time::Instant;

/// One run.
pub(crate) struct Timed {
    /// From 0 on.
    pub(crate) round: u32,
    /// Name of the kernel.
    pub(crate) kernel: String,
    /// Name of the engine.
    pub(crate) engine: String,
    /// Rounds of the kernel.
    pub(crate) n: i32,
    /// CPU time of the call.
    pub(crate) run_ns: u64,
}

/// All runs, and who could not.
pub(crate) struct Runs {
    /// Native first.
    pub(crate) engines: Vec<String>,
    /// In the order in which they were made.
    pub(crate) timed: Vec<Timed>,
    /// Kernel, engine, reason.
    pub(crate) failed: Vec<(String, String, String)>,
    /// Rounds.
    pub(crate) rounds: u32,
    /// The machine's load average before and after.
    pub(crate) load: (f64, f64),
}

/// Runs `kernels` on `engines`, the first of which is native, in turn. Who fails on a kernel, or gives another result than native,
/// has no times for it.
pub(crate) fn run(kernels: &[Kernel], engines: &[Engine], rounds: u32, quick: bool) -> Result<Runs> {
    let (native, others) = engines.split_first().context("native")?;
    let mut failed = Vec::new();
    let mut out = BTreeSet::new();
    let mut timed = Vec::new();
    let before = load();
    let begun = Instant::now();
    for round in 0..rounds {
        clear();
        eprintln!("[{:4} s] round {}/{rounds}", begun.elapsed().as_secs(), round + 1);
        for (i, k) in kernels.iter().enumerate() {
            let n = if quick { (k.n / 8).max(1) } else { k.n };
            let wasm = k.wasm();
            let wanted = native.run(&wasm, n, true).with_context(|| k.name.clone())?;
            let mut add =
                |engine: &Engine, run_ns| timed.push(Timed { round, kernel: k.name.clone(), engine: engine.name.clone(), n, run_ns });
            add(native, wanted.run_ns);
            // Another one is first in each round.
            let shift = round as usize % others.len().max(1);
            for engine in others[shift..].iter().chain(&others[..shift]) {
                if out.contains(&(k.name.clone(), engine.name.clone())) {
                    continue;
                }
                progress(&format!("round {}/{rounds}, {}/{} {}, {:<14}", round + 1, i + 1, kernels.len(), k.name, engine.name), begun);
                let why = match engine.run(&wasm, n, true) {
                    Ok(got) if got.result == wanted.result && got.warm.is_none_or(|w| Some(w) == wanted.warm) => {
                        add(engine, got.run_ns);
                        continue;
                    }
                    Ok(got) => format!("wrong result: {} for n = {n}, natively {}", got.result, wanted.result),
                    Err(why) => format!("{why:#}"),
                };
                clear();
                println!("skipped: {} on {}: {why}", k.name, engine.name);
                out.insert((k.name.clone(), engine.name.clone()));
                failed.push((k.name.clone(), engine.name.clone(), why));
            }
        }
    }
    clear();
    let engines = engines.iter().map(|e| e.name.clone()).collect();
    Ok(Runs { engines, timed, failed, rounds, load: (before, load()) })
}

/// One line on a terminal, which the next one replaces. Elsewhere nothing: what is done says so itself.
pub(crate) fn progress(text: &str, begun: Instant) {
    let mut err = std::io::stderr();
    if err.is_terminal() {
        // Whoever cannot be told anything needs no progress.
        let _ = write!(err, "\r\x1b[K[{:4} s] {text}", begun.elapsed().as_secs());
        let _ = err.flush();
    }
}

/// Takes the line of progress away.
pub(crate) fn clear() {
    if std::io::stderr().is_terminal() {
        eprint!("\r\x1b[K");
    }
}

/// The load average of the last minute.
pub(crate) fn load() -> f64 {
    let text = std::fs::read_to_string("/proc/loadavg").unwrap_or_default();
    text.split(' ').next().and_then(|w| w.parse().ok()).unwrap_or(f64::NAN)
}

/// The processor, as it calls itself.
pub(crate) fn machine() -> String {
    let text = std::fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let model = text.lines().find_map(|l| l.strip_prefix("model name")?.split_once(": ")).map_or("unknown processor", |m| m.1);
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    format!("{model}, {} {}, {cores} cores", std::env::consts::ARCH, std::env::consts::OS)
}
