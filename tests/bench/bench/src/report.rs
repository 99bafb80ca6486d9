// SPDX-License-Identifier: MIT
//! Tables of ratios: for the terminal, as Markdown, and the runs themselves as CSV.

use crate::kernel::Kernel;
use crate::stats::{Spread, geometric_mean};
use crate::timing::{Runs, machine};
use anyhow::Result;
use std::collections::BTreeMap;
use std::fmt::Write;
use std::path::Path;

/// What the runs came to.
pub(crate) struct Report {
    /// Native is not among them.
    pub(crate) engines: Vec<String>,
    /// Kernel, class, and a ratio for each engine that ran it.
    pub(crate) rows: Vec<(String, String, Vec<Option<Spread>>)>,
    /// Of each engine over the kernels that it ran: how many, and the means of the rounds.
    pub(crate) means: Vec<(usize, Option<Spread>)>,
    /// WRT's time over that engine's over the kernels that both ran, and the kernel where WRT is worst.
    against: Vec<Option<(Spread, String, f64)>>,
    notes: Vec<String>,
}

impl Report {
    /// From the runs.
    pub(crate) fn new(kernels: &[Kernel], runs: &Runs) -> Report {
        let engines: Vec<String> = runs.engines.iter().skip(1).cloned().collect();
        let mut times = BTreeMap::new();
        for t in &runs.timed {
            times.insert((t.kernel.as_str(), t.engine.as_str(), t.round), t.run_ns as f64);
        }
        let native = runs.engines.first().map_or("", String::as_str);
        // The ratio of two engines' times in one round.
        let ratio =
            |kernel: &str, over: &str, under: &str, round| Some(times.get(&(kernel, over, round))? / times.get(&(kernel, under, round))?);
        let spread = |kernel: &str, over: &str, under: &str| Spread::of((0..runs.rounds).filter_map(|r| ratio(kernel, over, under, r)));
        // Over the kernels that both ran in all rounds.
        let mean = |over: &str, under: &str| {
            let common: Vec<&str> =
                kernels.iter().map(|k| k.name.as_str()).filter(|k| (0..runs.rounds).all(|r| ratio(k, over, under, r).is_some())).collect();
            let of_round = |r| geometric_mean(common.iter().filter_map(|k| ratio(k, over, under, r)));
            (common.len(), Spread::of((0..runs.rounds).filter_map(of_round)))
        };
        let rows = kernels.iter().map(|k| (k.name.clone(), k.class.clone(), engines.iter().map(|e| spread(&k.name, e, native)).collect()));
        let against = engines.iter().filter(|e| *e != "wrt").map(|e| {
            let worst = kernels.iter().filter_map(|k| Some((k.name.clone(), spread(&k.name, "wrt", e)?.median)));
            let worst = worst.max_by(|a, b| a.1.total_cmp(&b.1))?;
            Some((mean("wrt", e).1?, worst.0, worst.1))
        });
        let mut notes =
            vec![format!("{}; {} rounds; load average {:.2} before, {:.2} after.", machine(), runs.rounds, runs.load.0, runs.load.1)];
        let mut reasons: BTreeMap<(&str, &str), Vec<&str>> = BTreeMap::new();
        for (kernel, engine, why) in &runs.failed {
            reasons.entry((engine, why)).or_default().push(kernel);
        }
        notes.extend(reasons.into_iter().map(|((engine, why), kernels)| format!("Not run on {engine}: {} ({why}).", kernels.join(", "))));
        Report {
            rows: rows.collect(),
            means: engines.iter().map(|e| mean(e, native)).collect(),
            against: against.collect(),
            engines,
            notes,
        }
    }

    /// The name of the row with an engine's mean: says it if kernels are missing.
    fn mean_cell(&self, (count, mean): &(usize, Option<Spread>)) -> String {
        match mean {
            Some(s) if *count == self.rows.len() => cell(s),
            Some(s) => format!("{} of {count}", cell(s)),
            None => "-".into(),
        }
    }

    /// Columns under each other.
    pub(crate) fn terminal(&self) -> String {
        let mut lines = vec![std::iter::once(String::new()).chain(self.engines.iter().cloned()).collect::<Vec<_>>()];
        for (kernel, _, ratios) in &self.rows {
            lines.push(std::iter::once(kernel.clone()).chain(ratios.iter().map(|r| r.as_ref().map_or("-".into(), cell))).collect());
        }
        lines.push(std::iter::once("geomean".to_string()).chain(self.means.iter().map(|m| self.mean_cell(m))).collect());
        let mut text = String::from("CPU time over native: median (min..max)\n");
        for line in &lines {
            for (i, word) in line.iter().enumerate() {
                let width = lines.iter().map(|l| l[i].chars().count()).max().unwrap_or(0);
                let _ = if i == 0 { write!(text, "{word:<width$}") } else { write!(text, "  {word:>width$}") };
            }
            text.push('\n');
        }
        let mut others = self.engines.iter().filter(|e| *e != "wrt").zip(&self.against).peekable();
        if self.engines.iter().any(|e| e == "wrt") && others.peek().is_some() {
            text.push_str("WRT's CPU time over that of\n");
            for (engine, a) in others {
                let _ = match a {
                    Some((mean, worst, by)) => writeln!(text, "  {engine:<14} {}; at worst {by:.2} ({worst})", cell(mean)),
                    None => writeln!(text, "  {engine:<14} -"),
                };
            }
        }
        self.notes.iter().for_each(|n| text = format!("{text}{n}\n"));
        text
    }

    fn markdown(&self) -> String {
        let mut text = String::from("| CPU time over native | class |");
        self.engines.iter().for_each(|e| text = format!("{text} {e} |"));
        text.push_str(&format!("\n|---|---|{}\n", "---|".repeat(self.engines.len())));
        for (kernel, class, ratios) in &self.rows {
            text.push_str(&format!("| {kernel} | {class} |"));
            ratios.iter().for_each(|r| text = format!("{text} {} |", r.as_ref().map_or("-".into(), cell)));
            text.push('\n');
        }
        text.push_str("| **geometric mean** | |");
        self.means.iter().for_each(|m| text = format!("{text} {} |", self.mean_cell(m)));
        text.push_str("\n\n");
        self.notes.iter().for_each(|n| text = format!("{text}{n}\n"));
        text
    }

    /// Writes what can be written.
    pub(crate) fn write(&self, dir: &Path, runs: &Runs) -> Result<()> {
        std::fs::create_dir_all(dir)?;
        let mut csv = String::from("round,kernel,engine,n,run_ns\n");
        for t in &runs.timed {
            writeln!(csv, "{},{},{},{},{}", t.round, t.kernel, t.engine, t.n, t.run_ns)?;
        }
        std::fs::write(dir.join("times.csv"), csv)?;
        std::fs::write(dir.join("times.md"), self.markdown())?;
        crate::chart::draw(self, &dir.join("times.svg"))?;
        Ok(())
    }
}

fn cell(s: &Spread) -> String {
    format!("{:.2} ({:.2}..{:.2})", s.median, s.min, s.max)
}
