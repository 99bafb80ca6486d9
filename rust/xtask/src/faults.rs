// SPDX-License-Identifier: MIT
//! `cargo xtask faults`: runs the campaign of bit flips of `tests/faults`, and puts its table into docs/faults.md.

use crate::tool::{self, command};
use anyhow::{Context, Result, bail};
use std::process::Stdio;

/// The table stands between these lines.
const BEGIN: &str = "<!-- begin: cargo xtask faults -->";
const END: &str = "<!-- end -->";

/// Flips each `part`-th bit; writes the table when it is every one.
pub(crate) fn run(part: u32) -> Result<()> {
    let table = campaign(part)?;
    println!("{table}");
    if part == 1 {
        let path = tool::root().join("docs/faults.md");
        let text = std::fs::read_to_string(&path)?;
        let (before, rest) = text.split_once(BEGIN).context("docs/faults.md has no place for the table")?;
        let (_, after) = rest.split_once(END).context("docs/faults.md: the place for the table has no end")?;
        std::fs::write(&path, format!("{before}{BEGIN}\n{}\n{END}{after}", table.trim()))?;
    }
    Ok(())
}

/// What the program prints; how far it is goes to the terminal.
fn campaign(part: u32) -> Result<String> {
    let part = part.max(1).to_string();
    let args = ["run", "--quiet", "--release", "--locked", "-p", "wrt-fault-tests", "--bin", "campaign", "--", &part];
    let output = command("cargo", args).stderr(Stdio::inherit()).output()?;
    let text = String::from_utf8(output.stdout)?;
    if !output.status.success() {
        bail!("something escaped\n{text}");
    }
    Ok(text)
}
