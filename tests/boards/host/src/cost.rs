// SPDX-License-Identifier: MIT
//! What a proposal costs those who do not use it: instructions that kernels execute in builds with one proposal more than in
//! builds with none, from the same image: on the host's threaded loop and on the other (callgrind), and on a board (`-icount`).

use crate::board::{self, Board, Job, Trouble};
use kernels::NAMES;
use std::path::Path;
use std::process::Command;
use std::time::Duration;

/// Beside loader and floats, which all builds have.
const PROPOSALS: [&str; 14] = [
    "",
    "custom-page-sizes",
    "tail-call",
    "multi-memory",
    "memory64",
    "function-references",
    "exceptions",
    "legacy-exceptions",
    "gc",
    "wide-arithmetic",
    "simd",
    "relaxed-simd",
    "threads",
    "proposals",
];
/// Most instructions more, in percent.
const MOST: f64 = 2.0;
/// Longest time on a board.
const LIMIT: Duration = Duration::from_secs(120);

/// Instructions of one kernel, and what it did: fuel and result.
#[derive(Clone, PartialEq, Debug)]
struct Count {
    executed: u64,
    work: String,
}

/// Measures builds with the proposals whose name contains one of `only`, or all; whether none costs too much.
pub(crate) fn run(board: &Board, opt_level: &str, only: &[String]) -> Result<bool, Trouble> {
    let wasm = Path::new(env!("CARGO_MANIFEST_DIR")).join("../modules/device.wasm");
    let chosen = |p: &&&str| p.is_empty() || only.is_empty() || only.iter().any(|o| p.contains(o.as_str()));
    // The first build makes it.
    let image = board::file("cost.image", &[])?;
    let mut base: Option<Vec<Count>> = None;
    let mut good = true;
    println!("| build with | {} on the host, threaded | on the plain loop | on {} |\n|---|---|---|---|", NAMES.join(", "), board.name);
    for proposal in PROPOSALS.iter().filter(chosen) {
        let mut counts = on_host(&wasm, &image, "host-threaded", proposal)?;
        counts.extend(on_host(&wasm, &image, "host", proposal)?);
        counts.extend(on_board(board, opt_level, proposal, &image)?);
        let first = base.get_or_insert_with(|| counts.clone());
        let cells: Vec<String> = first.iter().zip(&counts).map(|(a, b)| cell(a, b, proposal.is_empty(), &mut good)).collect();
        let columns: Vec<String> = cells.chunks(NAMES.len()).map(|c| c.join(", ")).collect();
        println!("| {} | {} |", if proposal.is_empty() { "none" } else { proposal }, columns.join(" | "));
    }
    Ok(good)
}

/// A count: as it is in the first build, then in percent of that.
fn cell(first: &Count, count: &Count, is_first: bool, good: &mut bool) -> String {
    if first.work != count.work {
        *good = false;
        return format!("FAILED: {} instead of {}", count.work, first.work);
    }
    if is_first {
        return count.executed.to_string();
    }
    let percent = (count.executed as f64 / first.executed as f64 - 1.0) * 100.0;
    *good &= percent <= MOST;
    format!("{percent:+.2} %{}", if percent > MOST { " TOO MUCH" } else { "" })
}

fn run_command(c: &mut Command) -> Result<std::process::Output, Trouble> {
    let output = c.output().map_err(|e| format!("cannot start {c:?}: {e}"))?;
    if output.status.success() { Ok(output) } else { Err(format!("{c:?}: {}", String::from_utf8_lossy(&output.stderr))) }
}

/// What callgrind counts.
fn on_host(wasm: &Path, image: &Path, host: &str, proposal: &str) -> Result<Vec<Count>, Trouble> {
    let mut c = Command::new(std::env::var_os("CARGO").unwrap_or("cargo".into()));
    c.args(["build", "--quiet", "--locked", "--release", "-p", "kernels", "--features"]).arg(features(host, proposal));
    // As the engine is built elsewhere.
    c.args(["--config", "profile.release.lto=\"fat\"", "--config", "profile.release.codegen-units=1"]);
    run_command(c.current_dir(board::workspace()))?;
    let program = board::target_dir().join("release/kernels");
    let mut counts = Vec::new();
    for name in NAMES {
        let mut c = Command::new("valgrind");
        c.args(["--tool=callgrind", "--collect-atstart=no", "--toggle-collect=measured", "--callgrind-out-file=/dev/null"]);
        let output = run_command(c.arg(&program).arg(wasm).arg(image).arg(name))?;
        let text = String::from_utf8_lossy(&output.stderr);
        let executed = text.lines().find_map(|l| l.split("Collected :").nth(1)?.trim().parse().ok());
        let executed = executed.filter(|n| *n > 0).ok_or_else(|| format!("callgrind counted nothing: {text}"))?;
        counts.push(Count { executed, work: String::from_utf8_lossy(&output.stdout).trim().to_string() });
    }
    Ok(counts)
}

fn on_board(board: &Board, opt_level: &str, proposal: &str, image: &Path) -> Result<Vec<Count>, Trouble> {
    let image = std::fs::read(image).map_err(|e| e.to_string())?;
    let mut pack = (image.len() as u32 / 4).to_le_bytes().to_vec();
    pack.extend_from_slice(&image);
    let path = board::file("cost.pack", &pack)?;
    let firmware = board.build_with("cost-firmware", &["--no-default-features", "--features", &features("cost", proposal)], opt_level)?;
    let job = Job { mode: "cost", pack: &path, emulator: &["-icount", "shift=0"], limit: LIMIT };
    let mut counts = Vec::new();
    let code = board.run(&firmware, &job, &mut |line| {
        let mut words = line.strip_prefix("kernel ").unwrap_or_default().splitn(3, ' ').skip(1);
        let executed = words.next().and_then(|w| w.strip_prefix("executed=")?.parse().ok());
        if let (Some(executed), Some(work)) = (executed, words.next()) {
            counts.push(Count { executed, work: work.into() });
        } else if line != "end" && !line.starts_with("calibration") {
            println!("{line}");
        }
    })?;
    if code != 0 || counts.len() != NAMES.len() { Err(format!("the board counted {} kernels", counts.len())) } else { Ok(counts) }
}

fn features(first: &str, proposal: &str) -> String {
    if proposal.is_empty() { first.into() } else { format!("{first},wrt-runtime/{proposal}") }
}
