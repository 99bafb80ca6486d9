// SPDX-License-Identifier: MIT
//! `campaign [PART]`: flips every bit of images and engine state, or each PART-th, and prints what came of it as a table.
#![forbid(unsafe_code)]

use std::io::Write;
use std::process::ExitCode;
use wrt_fault_tests::campaign::{Came, TARGETS, campaign};

fn main() -> ExitCode {
    let part = std::env::args().nth(1).and_then(|p| p.parse().ok()).unwrap_or(1);
    // What panics is told by the list; a message for each would hide it.
    std::panic::set_hook(Box::new(|_| {}));
    let begun = std::time::Instant::now();
    let (table, escaped) = campaign(part, |guest, target| {
        let _ = write!(std::io::stderr(), "\r{:5.0} s  {guest}: {target:40}", begun.elapsed().as_secs_f32());
    });
    eprintln!();
    println!("| bits of | flipped | refused | trapped | stopped by fuel | no difference | wrong result | escaped |");
    println!("|---|---:|---:|---:|---:|---:|---:|---:|");
    let mut all = 0;
    for (name, target) in TARGETS {
        let of = |came| table.get(name).and_then(|row| row.get(&came)).copied().unwrap_or(0);
        let kinds = [Came::Refused, Came::Trapped, Came::Stopped, Came::Same, Came::Wrong].map(of);
        let out = escaped.iter().filter(|e| e.contains(&format!("{target:?} "))).count() as u64;
        let sum = kinds.iter().sum::<u64>() + out;
        all += sum;
        let rates = kinds.map(|n| format!("{:.2} %", n as f64 * 100.0 / sum.max(1) as f64)).join(" | ");
        println!("| {name} | {sum} | {rates} | {out} |");
    }
    println!("\n{all} flips, {} escaped", escaped.len());
    escaped.iter().take(40).for_each(|e| println!("- {e}"));
    if escaped.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}
