// SPDX-License-Identifier: MIT
//! `cargo xtask test --boards`: the official suite on the host and on boards under QEMU, as a table by directory.

use crate::{boards, setup, tool};
use anyhow::{Result, bail};
use std::collections::BTreeMap;

/// Name of a board, its Rust target and what its emulator and its kernel, where it has one, take.
const BOARDS: [(&str, &str, &[setup::Package]); 3] = [
    ("mps2-an385", "thumbv7m-none-eabi", &[setup::QEMU_ARM]),
    (FREERTOS, "thumbv7m-none-eabi", &[setup::QEMU_ARM, setup::GCC_ARM]),
    ("riscv32-virt", "riscv32imac-unknown-none-elf", &[setup::QEMU_RISCV]),
];
/// The one in a task of FreeRTOS. It has no column in the table: all that it may differ in is how often it is interrupted.
pub(crate) const FREERTOS: &str = "freertos:mps2-an385";

/// Passed, failed, skipped or without room, and on boards what was bit-equal to the host's, by directory.
type Table = BTreeMap<String, [u64; 4]>;

/// Runs everything and prints the table; fails when anything failed.
pub(crate) fn run() -> Result<()> {
    eprintln!("the host");
    let mut columns = vec![("host".to_string(), directories(&host()?))];
    for (board, ..) in BOARDS.iter().filter(|(board, ..)| *board != FREERTOS) {
        eprintln!("{board}");
        columns.push((board.to_string(), directories(&on_board(board)?)));
    }
    println!("{}", table(&columns));
    Ok(())
}

fn host() -> Result<String> {
    tool::run(tool::command("cargo", ["test", "--quiet", "--locked", "-p", "wrt-spec-tests"]))
}

/// The suite on one of [`BOARDS`]: what the run said.
pub(crate) fn on_board(board: &str) -> Result<String> {
    let Some((_, target, packages)) = BOARDS.iter().find(|b| b.0 == board) else { bail!("no board is called {board}") };
    setup::target(target)?;
    setup::packages(packages)?;
    let host = ["run", "--quiet", "--release", "--locked", "--manifest-path", "tests/boards/Cargo.toml", "-p", "host"];
    let mut c = tool::command("cargo", host.into_iter().chain(["--", "suite", "--board", board]));
    if board == FREERTOS {
        c.env("FREERTOS_KERNEL_PATH", boards::freertos()?);
    }
    tool::run(c)
}

/// Sums of the lines `directory/script: N passed, N failed, N ...[, N traces equal]`.
fn directories(output: &str) -> Table {
    let mut table = Table::new();
    for line in output.lines() {
        let Some((script, numbers)) = line.split_once(".wast: ") else { continue };
        let Some((directory, _)) = script.split_once('/') else { continue };
        let mut counts = numbers.split(", ").map(|n| n.split(' ').next().and_then(|n| n.parse::<u64>().ok()));
        let (Some(Some(a)), Some(Some(b)), Some(Some(c))) = (counts.next(), counts.next(), counts.next()) else { continue };
        let sum = table.entry(directory.to_string()).or_default();
        for (sum, n) in sum.iter_mut().zip([a, b, c, counts.next().flatten().unwrap_or(0)]) {
            *sum += n;
        }
    }
    table
}

fn table(columns: &[(String, Table)]) -> String {
    let mut text = String::from("| suite |");
    columns.iter().for_each(|(name, _)| text += &format!(" {name} |"));
    text += "\n|---|";
    columns.iter().for_each(|_| text += "---|");
    let mut names: Vec<&String> = columns.iter().flat_map(|(_, table)| table.keys()).collect();
    names.sort();
    names.dedup();
    let cell = |first: bool, n: Option<&[u64; 4]>| match n {
        None => " not run |".to_string(),
        Some([passed, failed, rest, _]) if first => format!(" {passed} / {failed} / {rest} skipped |"),
        Some([passed, failed, rest, equal]) => format!(" {passed} / {failed} / {rest} no room / {equal} equal |"),
    };
    for name in names {
        text += &format!("\n| {name} |");
        columns.iter().enumerate().for_each(|(i, (_, table))| text += &cell(i == 0, table.get(name)));
    }
    text += "\n| all |";
    for (i, (_, table)) in columns.iter().enumerate() {
        let all = table.values().fold([0; 4], |sum: [u64; 4], n| std::array::from_fn(|i| sum[i] + n[i]));
        text += &cell(i == 0, Some(&all));
    }
    text
}

#[cfg(test)]
mod tests {
    #[test]
    fn lines_are_summed_by_directory() {
        let host = super::directories("a/x.wast: 2 passed, 0 failed, 1 skipped\na/y.wast: 3 passed, 0 failed, 0 skipped\nnoise: 1\n");
        let board = super::directories("b/z.wast: 7 passed, 1 failed, 4 do not fit, 8 traces equal\n");
        let text = super::table(&[("host".into(), host), ("board".into(), board)]);
        assert_eq!(
            text,
            "| suite | host | board |\n|---|---|---|\n| a | 5 / 0 / 1 skipped | not run |\n| b | not run | 7 / 1 / 4 no room / 8 equal |\n\
             | all | 5 / 0 / 1 skipped | 7 / 1 / 4 no room / 8 equal |"
        );
    }
}
