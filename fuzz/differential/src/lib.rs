// SPDX-License-Identifier: MIT
//! What the fuzz targets share: random modules, and how a target is run. WRT's side of a comparison is in `tests/replay`.
//!
//! Everything follows from one seed, so a finding is repeated by its number.

pub mod modules;
pub mod rewrite;

use std::time::{Duration, Instant};
use wrt_replay_tests::Counts;

/// `TARGET [SEED] [SECONDS]`, or `TARGET SEED..SEED`: calls `try_one` with one seed after the other until the time is
/// over. It gives what it found, and the module to keep for it; then the program ends with 1.
pub fn run(target: &str, mut try_one: impl FnMut(u64, &mut Counts) -> Result<(), (String, Vec<u8>)>) {
    let mut args = std::env::args().skip(1);
    let first = args.next().unwrap_or_else(|| "1".into());
    let (mut seed, last): (u64, u64) = match first.split_once("..") {
        Some((a, b)) => (a.parse().expect("a seed"), b.parse().expect("a seed")),
        None => (first.parse().expect("a seed"), u64::MAX),
    };
    let seconds: u64 = args.next().map_or(if last == u64::MAX { 60 } else { 1 << 30 }, |s| s.parse().expect("seconds"));
    let begin = seed;
    let begun = Instant::now();
    let mut told = Instant::now();
    let mut counts = Counts::new();
    let mut found = 0;
    let line = |seed: u64, counts: &Counts| {
        let counts: Vec<String> = counts.iter().map(|(name, n)| format!("{n} {name}")).collect();
        format!("{target}: seeds {begin}..{seed}, {} s: {}", begun.elapsed().as_secs(), counts.join(", "))
    };
    while begun.elapsed() < Duration::from_secs(seconds) && seed < last {
        let outcome = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| try_one(seed, &mut counts)));
        let finding = match outcome {
            Ok(Ok(())) => None,
            Ok(Err(finding)) => Some(finding),
            Err(e) => {
                let text = e.downcast_ref::<String>().cloned().or_else(|| e.downcast_ref::<&str>().map(|s| s.to_string()));
                Some((format!("panic: {}", text.unwrap_or_default()), Vec::new()))
            }
        };
        if let Some((why, module)) = finding {
            let file = format!("difference-{target}-{seed}.wasm");
            println!("{target} seed {seed}: {why}\nagain: {target} {seed}..{}", seed + 1);
            if !module.is_empty() {
                std::fs::write(&file, &module).expect("a file");
                println!("module in {file}");
            }
            found += 1;
            // A few in one run show whether they are one or several bugs.
            if found == std::env::var("FINDINGS").ok().and_then(|n| n.parse().ok()).unwrap_or(1) {
                break;
            }
        }
        seed += 1;
        if told.elapsed() > Duration::from_secs(20) {
            eprintln!("{}", line(seed, &counts));
            told = Instant::now();
        }
    }
    println!("{}, {found} findings", line(seed, &counts));
    if found > 0 {
        std::process::exit(1);
    }
}
