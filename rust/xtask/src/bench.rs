// SPDX-License-Identifier: MIT
//! `cargo xtask bench`: builds the driver in `tests/bench` and hands it the arguments; it builds the engines.

use crate::setup;
use crate::tool::{self, command};
use anyhow::{Result, bail};
use std::path::PathBuf;
use std::process::Command;

/// Runs the driver; its own errors are on the terminal already.
pub(crate) fn run(args: &[String]) -> Result<()> {
    if args.iter().any(|a| a == "--mcu") {
        setup::packages(&[setup::QEMU_ARM, setup::QEMU_RISCV, setup::GCC_ARM, setup::GCC_RISCV])?;
        ["thumbv7m-none-eabi", "riscv32imac-unknown-none-elf"].into_iter().try_for_each(setup::target)?;
    }
    if !driver(args)?.status()?.success() {
        bail!("no result");
    }
    Ok(())
}

/// The driver, built, with these arguments. Paths in them are the caller's.
pub(crate) fn driver(args: &[String]) -> Result<Command> {
    let dir = match std::env::var_os("CARGO_TARGET_DIR") {
        Some(dir) => PathBuf::from(dir).join("bench"),
        None => tool::root().join("tests/bench/target"),
    };
    let manifest = "tests/bench/Cargo.toml";
    let mut build =
        command("cargo", ["build", "--quiet", "--release", "--locked", "--manifest-path", manifest, "--package", "bench", "--target-dir"]);
    if !build.arg(&dir).status()?.success() {
        bail!("{manifest} does not build");
    }
    let mut driver = command(&dir.join("release/bench").to_string_lossy(), args);
    driver.current_dir(std::env::current_dir()?);
    Ok(driver)
}
