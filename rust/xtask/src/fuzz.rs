// SPDX-License-Identifier: MIT
//! `cargo xtask fuzz`: builds `fuzz/` and runs its targets in turn.

use crate::tool::{self, command};
use anyhow::{Result, bail};
use std::path::PathBuf;

/// The targets, in the order in which they run.
pub(crate) const TARGETS: [&str; 4] = ["validation", "wasmtime", "wasmi", "images"];

/// Runs `target`, or all of them, for `minutes` together, from `seed` on; `optimize`: on WRT with that feature.
pub(crate) fn run(minutes: u64, target: Option<&str>, seed: Option<u64>, optimize: bool) -> Result<()> {
    let targets: Vec<&str> = TARGETS.into_iter().filter(|t| target.is_none_or(|only| only == *t)).collect();
    // Another one each time; whoever wants to see a run again gives it.
    let seed = seed.unwrap_or_else(|| {
        let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
        now.map_or(1, |d| d.as_secs() % 1_000_000 * 1_000_000)
    });
    let dir = match std::env::var_os("CARGO_TARGET_DIR") {
        Some(dir) => PathBuf::from(dir).join("fuzz"),
        None => tool::root().join("fuzz/target"),
    };
    let mut c = command("cargo", ["build", "--release", "--locked", "--manifest-path", "fuzz/Cargo.toml", "--target-dir"]);
    c.arg(&dir);
    if targets.contains(&"wasmtime") {
        eprintln!("wasmtime is built the first time; that takes minutes");
        c.args(["--features", "wasmtime"]);
    }
    if optimize {
        c.args(["--features", "optimize"]);
    }
    for target in &targets {
        c.args(["--bin", target]);
    }
    if !c.status()?.success() {
        bail!("the fuzz targets do not build");
    }
    let seconds = (minutes * 60 / targets.len() as u64).max(1);
    let mut failed = Vec::new();
    for target in targets {
        println!("{target}: {seconds} s from seed {seed} on");
        let mut c = command(&dir.join("release").join(target).to_string_lossy(), [seed.to_string(), seconds.to_string()]);
        c.current_dir(tool::root().join("fuzz"));
        if !c.status()?.success() {
            println!("again: {}/release/{target} SEED..SEED+1, with the seed above", dir.display());
            failed.push(target);
        }
    }
    if !failed.is_empty() {
        bail!("findings in {}", failed.join(", "));
    }
    Ok(())
}
