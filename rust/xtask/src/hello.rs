// SPDX-License-Identifier: MIT
//! `cargo xtask hello`: build the sample for boards, boot it, show what the guest printed.

use crate::boards::{Board, all_names};
use crate::tool;
use anyhow::{Result, bail};
use std::path::PathBuf;
use std::time::Instant;

/// The sample's last line when all went well, and when not.
const GOOD: &str = "hello_wasm: done";
const BAD: &str = "hello_wasm: failed";

/// Runs the sample on each board of a list.
pub(crate) fn run(list: &str, mode: &str) -> Result<()> {
    let names: Vec<String> = if list == "all" { all_names() } else { list.split(',').map(|n| n.trim().to_string()).collect() };
    for name in names {
        match Board::named(&name) {
            Ok(board) => {
                eprintln!("{name}: building ({mode})");
                let begun = Instant::now();
                let text = boot(&board, mode, &[])?;
                eprintln!("{name}: booted after {:.1} s; the board says:", begun.elapsed().as_secs_f32());
                println!("{}", text.trim_end());
            }
            Err(why) if list == "all" => println!("{name}: skipped: {why:#}"),
            Err(why) => return Err(why),
        }
    }
    Ok(())
}

/// Builds and runs the sample; what the board said.
pub(crate) fn boot(board: &Board, mode: &str, options: &[&str]) -> Result<String> {
    board.prepare()?;
    let start = board.build(mode, &wrt()?, options)?;
    let shown = format!("{start:?}");
    let mut start = start;
    start.stdin(std::process::Stdio::null());
    let output = tool::watch(start, board.limit(), &[GOOD, BAD])?;
    if !output.text.contains(GOOD) {
        let why = if output.late { "nothing more came within the time limit" } else { "the sample failed" };
        bail!("{}: {why}\n{shown}\n{}", board.name(), output.text);
    }
    Ok(output.text)
}

/// The `wrt` program of this checkout.
pub(crate) fn wrt() -> Result<PathBuf> {
    tool::cargo(&["build", "--quiet", "--release", "--package", "wrt-cli"])?;
    let target = std::env::var_os("CARGO_TARGET_DIR").map_or_else(|| tool::root().join("target"), PathBuf::from);
    Ok(target.join("release/wrt"))
}
