// SPDX-License-Identifier: MIT
//! `cargo xtask bench`: kernels on WRT and on other engines, in turn, as ratios to the same sources compiled natively.
#![forbid(unsafe_code)]

mod chart;
mod check;
mod engine;
mod generate;
mod instructions;
mod kernel;
mod mcu;
mod report;
mod startup;
mod stats;
mod timing;

use anyhow::{Result, bail};
use clap::Parser;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

/// Times kernels on WRT and other engines, in turn, as ratios to the same sources compiled natively
#[derive(Parser)]
#[command(name = "bench", bin_name = "cargo xtask bench")]
struct Cli {
    /// Shorter runs, 2 rounds: for a first look
    #[arg(long)]
    quick: bool,
    /// Only kernels whose name or class is one of these
    #[arg(long, value_name = "LIST", value_delimiter = ',')]
    only: Vec<String>,
    /// Only these engines, `--list` names them; programs of the configuration file too
    #[arg(long, value_name = "LIST", value_delimiter = ',')]
    engines: Vec<String>,
    /// How often each engine runs each kernel
    #[arg(long, value_name = "N")]
    rounds: Option<u32>,
    /// Also with a limit of fuel that is not reached, where the engine has that
    #[arg(long)]
    fuel: bool,
    /// Count executed instructions under valgrind instead of time; WRT only, unless --engines is given
    #[arg(long)]
    instructions: bool,
    /// Measure what it takes to load a tiny and a 1 MB module instead: CPU time and peak memory of the process
    #[arg(long)]
    startup: bool,
    /// Count executed instructions on Cortex-M3 and RV32 under QEMU instead, on WRT, wasmi and wasm3; also flash, RAM and load cost
    #[arg(long)]
    mcu: bool,
    /// Compare the results of all kernels on WRT with the native ones, and stop
    #[arg(long)]
    check: bool,
    /// Compile the kernels to .wasm again, with clang and rustc, and stop
    #[arg(long)]
    rebuild_kernels: bool,
    /// List kernels and engines, and stop
    #[arg(long)]
    list: bool,
    /// Engines that are programs
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
    /// Where tables, charts and raw data go; nowhere if not given
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,
}

/// The folder of this workspace.
fn folder() -> PathBuf {
    let manifest = Path::new(env!("CARGO_MANIFEST_DIR"));
    manifest.parent().unwrap_or(manifest).to_path_buf()
}

fn main() -> ExitCode {
    match run(&Cli::parse()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(e) => {
            eprintln!("error: {e:#}");
            ExitCode::FAILURE
        }
    }
}

fn run(cli: &Cli) -> Result<()> {
    let all = kernel::all()?;
    let config = cli.config.clone().unwrap_or_else(|| folder().join("engines.toml"));
    let engines = engine::all(&config)?;
    if cli.list {
        all.iter().for_each(|k| println!("kernel  {:<10} {}", k.name, k.class));
        engines.iter().for_each(|e| println!("engine  {:<14} {}", e.name, e.what()));
        return Ok(());
    }
    for only in &cli.only {
        if !all.iter().any(|k| k.name == *only || k.class == *only) {
            bail!("no kernel and no class \"{only}\"; --list names them");
        }
    }
    let kernels: Vec<_> =
        all.into_iter().filter(|k| cli.only.is_empty() || cli.only.contains(&k.name) || cli.only.contains(&k.class)).collect();
    if cli.rebuild_kernels {
        return kernel::rebuild(&kernels);
    }
    if cli.check {
        return check::run(&kernels);
    }
    if cli.mcu {
        return mcu::run(&kernels, &cli.engines, cli.out.as_deref());
    }
    let chosen = engine::choose(&engines, &cli.engines, cli.fuel, cli.instructions, cli.startup)?;
    if cli.instructions {
        return instructions::run(&kernels, &chosen, cli.out.as_deref());
    }
    if cli.startup {
        return startup::run(&chosen, cli.out.as_deref());
    }
    let rounds = cli.rounds.unwrap_or(if cli.quick { 2 } else { 5 });
    let runs = timing::run(&kernels, &chosen, rounds, cli.quick)?;
    let report = report::Report::new(&kernels, &runs);
    println!("{}", report.terminal());
    if let Some(dir) = &cli.out {
        report.write(dir, &runs)?;
    }
    if let Some((kernel, engine, why)) = runs.failed.iter().find(|f| f.1.starts_with("wrt")) {
        bail!("{kernel} on {engine}: {why}");
    }
    Ok(())
}
