// SPDX-License-Identifier: MIT
//! Tests that run on boards, in QEMU: `host suite` carries out the specification's suite, `host load` measures what
//! loading modules costs, `host cost` what proposals cost those who do not use them. `--board NAME`, `--opt-level s|3`; `load` also
//! measures the modules that are named, `cost` only the proposals that are.
#![forbid(unsafe_code)]

mod board;
mod cost;
mod load;
mod pack;
mod suite;

use board::{BOARDS, Board, Trouble};
use std::process::ExitCode;

fn main() -> ExitCode {
    match run() {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(trouble) => {
            eprintln!("{trouble}");
            ExitCode::FAILURE
        }
    }
}

fn run() -> Result<bool, Trouble> {
    let mut args = std::env::args().skip(1);
    let mode = args.next().unwrap_or_default();
    let (mut board, mut opt_level, mut more) = (&BOARDS[0], "\"s\"".to_string(), Vec::new());
    while let Some(arg) = args.next() {
        let mut value = || args.next().ok_or_else(|| format!("{arg}: what?"));
        match arg.as_str() {
            "--board" => board = Board::named(&value()?)?,
            "--opt-level" => {
                let level = value()?;
                opt_level = if level.parse::<u32>().is_ok() { level } else { format!("\"{level}\"") };
            }
            _ => more.push(arg),
        }
    }
    match mode.as_str() {
        "suite" => suite::run(board, &opt_level),
        "load" => load::run(board, &opt_level, &more),
        "cost" => cost::run(board, &opt_level, &more),
        _ => Err("host suite|load|cost [--board NAME] [--opt-level s|3]".into()),
    }
}
