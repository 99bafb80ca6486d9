// SPDX-License-Identifier: MIT
//! Development commands: `cargo xtask hello`, `cargo xtask test`, `cargo xtask fuzz`, `cargo xtask faults`, `cargo xtask size`, `cargo xtask bench`.
#![forbid(unsafe_code)]

mod bench;
mod boards;
mod checks;
mod faults;
mod fuzz;
mod hello;
mod setup;
mod size;
mod suite;
mod tool;

use clap::{Parser, Subcommand};
use std::process::ExitCode;

/// Development commands of WRT.
#[derive(Parser)]
#[command(name = "cargo xtask", version, disable_help_subcommand = true)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Build the runtime for a board, boot samples/hello_wasm there and show what the guest prints
    Hello {
        /// Boards, separated by commas; `all` for every one that this machine can run
        #[arg(long, default_value = "mps2-an385", value_name = "LIST")]
        board: String,
        /// Ship the guest as translated image or as .wasm that the board translates
        #[arg(long, default_value = "image", value_parser = ["image", "interp"])]
        mode: String,
    },
    /// Run every check; what CI runs
    Test {
        /// Run only the checks whose name contains this
        #[arg(long, value_name = "TEXT")]
        only: Option<String>,
        /// List the checks and stop
        #[arg(long)]
        list: bool,
        /// Only run the official suite, on the host and on boards under QEMU, and print the table of the README
        #[arg(long)]
        boards: bool,
    },
    /// Run random modules and images against other engines; prints seeds, with which a finding can be seen again
    Fuzz {
        /// How long, all targets together
        #[arg(long, default_value_t = 10, value_name = "N")]
        minutes: u64,
        /// The first seed; another one each time if it is not given
        #[arg(long, value_name = "N")]
        seed: Option<u64>,
        /// On WRT with the feature `optimize`
        #[arg(long)]
        optimize: bool,
        /// Only this one: verdicts of wasmparser, runs on wasmtime, runs on wasmi, damaged images
        #[arg(value_parser = fuzz::TARGETS)]
        target: Option<String>,
    },
    /// Flip every bit of images and engine state, one at a time, and write what came of it to docs/faults.md
    Faults {
        /// Only each so many-th bit, and print the table only
        #[arg(long, default_value_t = 1, value_name = "N")]
        part: u32,
    },
    /// Measure flash, RAM and load cost on Cortex-M3 and print the table of the README
    Size {
        /// Measure what each proposal adds to the flash instead
        #[arg(long)]
        features: bool,
        /// Measure instead how many instructions kernels that use no proposal execute in builds that have one
        #[arg(long, conflicts_with = "features")]
        instructions: bool,
        /// Measure instead what hello_wasm takes on Zephyr's qemu_cortex_m3 above Zephyr's own hello_world
        #[arg(long, conflicts_with_all = ["features", "instructions"])]
        zephyr: bool,
    },
    /// Time kernels on WRT and on other engines, as ratios to native; `cargo xtask bench --help` lists the options
    #[command(disable_help_flag = true)]
    Bench {
        /// Options of the driver
        #[arg(trailing_var_arg = true, allow_hyphen_values = true, value_name = "OPTIONS")]
        args: Vec<String>,
    },
}

fn main() -> ExitCode {
    let result = match Cli::parse().command {
        Command::Hello { board, mode } => hello::run(&board, &mode),
        Command::Test { boards: true, .. } => suite::run(),
        Command::Test { only, list, boards: false } => checks::run(only.as_deref(), list),
        Command::Size { zephyr: true, .. } => size::zephyr(),
        Command::Size { instructions: true, .. } => size::instructions(),
        Command::Size { features: true, .. } => size::features(),
        Command::Size { .. } => size::run(),
        Command::Faults { part } => faults::run(part),
        Command::Bench { args } => bench::run(&args),
        Command::Fuzz { minutes, seed, optimize, target } => fuzz::run(minutes, target.as_deref(), seed, optimize),
    };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(e) => {
            eprintln!("error: {e:#}");
            ExitCode::FAILURE
        }
    }
}
