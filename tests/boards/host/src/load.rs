// SPDX-License-Identifier: MIT
//! What loading modules costs on a board, in executed instructions per byte of module.

use crate::board::{self, Board, Job, Trouble};
use crate::pack;
use crate::suite::scripts;
use std::path::Path;
use std::time::Duration;

/// Most instructions per byte for a translation; RV32 takes a sixth more than Cortex-M3.
const MOST_PER_BYTE: f64 = 70.0;
const MOST_PER_BYTE_RV32: f64 = 80.0;
/// Modules of the suite that are taken: so many of the largest.
const OF_THE_SUITE: usize = 5;
/// Longest time on a board.
const LIMIT: Duration = Duration::from_secs(120);

/// Measures on `board`; whether the modules of `modules/` stay below the limit.
pub(crate) fn run(board: &Board, opt_level: &str, more: &[String]) -> Result<bool, Trouble> {
    let most = if board.name.starts_with("riscv32") { MOST_PER_BYTE_RV32 } else { MOST_PER_BYTE };
    let mut modules = samples()?;
    let ours = modules.len();
    for path in more {
        modules.push((path.replace(' ', "_"), std::fs::read(path).map_err(|e| format!("{path}: {e}"))?));
    }
    modules.extend(largest()?);
    let mut blob = Vec::new();
    modules.iter().for_each(|(name, wasm)| pack::entry(&mut blob, name, wasm));
    let path = board::file("load.pack", &blob)?;
    let firmware = board.build(opt_level, "")?;
    // One instruction per nanosecond of the board's clock.
    let job = Job { mode: "load", pack: &path, emulator: &["-icount", "shift=0"], limit: LIMIT };
    let mut good = true;
    let mut line = 0;
    let code = board.run(&firmware, &job, &mut |text| {
        let Some(figures) = text.strip_prefix("load ") else {
            if text != "end" {
                println!("{text}");
            }
            return;
        };
        let number = |key: &str| figures.split(' ').find_map(|f| f.strip_prefix(key)?.parse::<f64>().ok());
        let (Some(bytes), Some(validate), Some(translate)) = (number("bytes="), number("validate="), number("translate=")) else {
            println!("FAILED not understood: {text}");
            good = false;
            return;
        };
        let too_much = line < ours && translate / bytes > most;
        good &= !too_much;
        line += 1;
        let mark = if too_much { " TOO MUCH" } else { "" };
        println!("load {figures} validate/byte={:.1} translate/byte={:.1}{mark}", validate / bytes, translate / bytes);
    })?;
    Ok(good && code == 0 && line == modules.len())
}

/// The modules in `modules/`.
fn samples() -> Result<Vec<(String, Vec<u8>)>, Trouble> {
    let dir = Path::new(env!("CARGO_MANIFEST_DIR")).join("../modules");
    let mut found = Vec::new();
    for entry in std::fs::read_dir(&dir).map_err(|e| format!("{}: {e}", dir.display()))?.flatten() {
        let path = entry.path();
        if path.extension().is_some_and(|e| e == "wasm") {
            let wasm = std::fs::read(&path).map_err(|e| format!("{}: {e}", path.display()))?;
            found.push((entry.file_name().to_string_lossy().into_owned(), wasm));
        }
    }
    found.sort();
    if found.is_empty() { Err(format!("no module in {}", dir.display())) } else { Ok(found) }
}

/// The largest modules of the suite.
fn largest() -> Result<Vec<(String, Vec<u8>)>, Trouble> {
    let named = |s: crate::pack::Packed| {
        let file = s.file;
        s.modules.into_iter().enumerate().map(move |(i, wasm)| (format!("{file}#{i}"), wasm))
    };
    let mut all: Vec<_> = scripts()?.into_iter().flat_map(named).collect();
    all.sort_by_key(|(_, wasm)| std::cmp::Reverse(wasm.len()));
    all.truncate(OF_THE_SUITE);
    Ok(all)
}
