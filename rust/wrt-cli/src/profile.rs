// SPDX-License-Identifier: MIT
//! `wrt profile`: stops the guest each time it has executed so many instructions and looks at its open calls. The same
//! guest gives the same profile on every machine.
//!
//! A guest stops where it leaves a block, so what is counted belongs to the block that it leaves.

use crate::run::run_by;
use crate::trace::{Source, name};
use crate::{Failure, Outcome, run};
use std::collections::BTreeMap;
use std::fmt::Write;
use std::path::PathBuf;
use wrt::prelude::*;

#[derive(clap::Args)]
#[group(skip)]
pub(crate) struct Args {
    #[command(flatten)]
    run: run::Args,
    /// Look where the guest is each time it has executed so many instructions
    #[arg(long, value_name = "N", default_value_t = 1009, value_parser = clap::value_parser!(u64).range(1..))]
    every: u64,
    /// Draw a flame graph
    #[arg(long, value_name = "SVG")]
    flame: Option<PathBuf>,
    /// Lines of each table
    #[arg(long, value_name = "N", default_value_t = 20)]
    top: usize,
}

/// Calls that a flame graph shows above each other, from the outermost on.
const DEPTH: usize = 200;
/// Places whose lines are looked up, the busiest ones: each costs a translation of the module.
const PLACES: usize = 200;

/// How often the guest was found where.
#[derive(Default)]
struct Profile {
    /// By the names of the open calls, outermost first.
    stacks: BTreeMap<Vec<String>, u64>,
    /// By function and word of its code; the initialiser is `u32::MAX` and has no lines.
    places: BTreeMap<(u32, u32), u64>,
    samples: u64,
}

pub(crate) fn run(args: &Args) -> Outcome {
    let mut profile = Profile::default();
    let mut lines = None;
    let outcome = run_by(&args.run, &mut |instance, bytes, function, values| {
        let results = profile.watch(instance, function, values, args);
        lines = profile.lines(&Source::of(bytes));
        results
    });
    // Of a guest that trapped, too.
    eprint!("{}", profile.functions(args));
    match lines {
        Some(lines) => eprint!("\n{}", profile.table("line", lines, args)),
        None => eprintln!("\nno lines: the module has no DWARF, which -g makes"),
    }
    if let Some(path) = &args.flame {
        profile.flame(path)?;
    }
    outcome
}

impl Profile {
    /// Calls the function and looks at it now and then.
    fn watch(&mut self, instance: &mut ModuleInstance, function: &str, values: &[Value], args: &Args) -> WrtResult<Vec<Value>> {
        let mut left = args.run.fuel.unwrap_or(u64::MAX);
        let mut slice = args.every.min(left);
        instance.set_fuel(slice)?;
        let mut outcome = instance.invoke_multi(function, values);
        loop {
            match outcome {
                Err(e) if e.kind() == ErrorKind::Paused && instance.fuel() == 0 => {
                    left -= slice;
                    self.look(instance);
                    if left == 0 {
                        return Err(e);
                    }
                    slice = args.every.min(left);
                    instance.set_fuel(slice)?;
                    outcome = instance.resume();
                }
                other => return other,
            }
        }
    }

    fn look(&mut self, instance: &ModuleInstance) {
        let frames = instance.backtrace();
        let place = frames.first().map(|innermost| (innermost.func.unwrap_or(u32::MAX), innermost.offset));
        if let Some(place) = place {
            *self.places.entry(place).or_default() += 1;
        }
        let names = frames.iter().rev().take(DEPTH).map(name).collect();
        *self.stacks.entry(names).or_default() += 1;
        self.samples += 1;
    }

    /// What a row has, in instructions and hundredths.
    fn share(&self, samples: u64, args: &Args) -> String {
        format!("{:>14} {:>6.2} %", samples * args.every, samples as f64 * 100.0 / self.samples.max(1) as f64)
    }

    fn functions(&self, args: &Args) -> String {
        let (mut own, mut total) = (BTreeMap::new(), BTreeMap::new());
        for (stack, samples) in &self.stacks {
            if let Some(innermost) = stack.last() {
                *own.entry(innermost).or_default() += samples;
            }
            // Once, however often it called itself.
            let mut names: Vec<&String> = stack.iter().collect();
            names.sort_unstable();
            names.dedup();
            names.into_iter().for_each(|name| *total.entry(name).or_default() += samples);
        }
        let mut rows: Vec<(&String, u64, u64)> = total.iter().map(|(name, t)| (*name, own.get(*name).copied().unwrap_or(0), *t)).collect();
        rows.sort_by_key(|(name, own, total)| (u64::MAX - own, u64::MAX - total, *name));
        let mut text = format!("{:>23} {:>23}  function, of {} samples\n", "own instructions", "with calls", self.samples);
        for (name, own, total) in rows.iter().take(args.top) {
            _ = writeln!(text, "{} {}  {name}", self.share(*own, args), self.share(*total, args));
        }
        text + &more(rows.len(), args)
    }

    /// Samples by `file:line`; `None` without lines.
    fn lines(&self, source: &Source<'_>) -> Option<BTreeMap<String, u64>> {
        if !source.has_lines() {
            return None;
        }
        let mut places: Vec<((u32, u32), u64)> = self.places.iter().map(|(place, n)| (*place, *n)).collect();
        places.sort_by_key(|(place, n)| (u64::MAX - n, *place));
        let mut lines = BTreeMap::new();
        for (i, ((func, offset), n)) in places.into_iter().enumerate() {
            let line = if i < PLACES { source.line(func, offset).unwrap_or("?".into()) } else { "elsewhere".into() };
            *lines.entry(line).or_default() += n;
        }
        Some(lines)
    }

    fn table(&self, what: &str, samples: BTreeMap<String, u64>, args: &Args) -> String {
        let mut rows: Vec<(String, u64)> = samples.into_iter().collect();
        rows.sort_by_key(|(_, n)| u64::MAX - n);
        let mut text = format!("{:>23}  {what}\n", "instructions");
        for (name, n) in rows.iter().take(args.top) {
            _ = writeln!(text, "{}  {name}", self.share(*n, args));
        }
        text + &more(rows.len(), args)
    }

    fn flame(&self, path: &PathBuf) -> Result<(), Failure> {
        let file = std::fs::File::create(path).map_err(|e| Failure::file(path, &e))?;
        if self.stacks.is_empty() {
            return Err(Failure::usage("nothing to draw: the guest ended before the first look; a smaller --every helps"));
        }
        // A semicolon stands between calls, so it cannot be in a name.
        let lines: Vec<String> = self
            .stacks
            .iter()
            .map(|(s, n)| format!("{} {n}", s.iter().map(|name| name.replace(';', ":")).collect::<Vec<_>>().join(";")))
            .collect();
        let mut options = inferno::flamegraph::Options::default();
        options.title = "Executed WebAssembly instructions".into();
        options.count_name = "samples".into();
        inferno::flamegraph::from_lines(&mut options, lines.iter().map(String::as_str), file)
            .map_err(|e| Failure { code: 1, text: format!("{}: {e}", path.display()) })
    }
}

fn more(rows: usize, args: &Args) -> String {
    match rows.saturating_sub(args.top) {
        0 => String::new(),
        more => format!("{:>23}  and {more} more; --top shows them\n", ""),
    }
}
