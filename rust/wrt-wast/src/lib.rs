// SPDX-License-Identifier: MIT
//! Runs scripts of the specification's test suite (`.wast`) on WRT: `wrt wast`, the host's and the boards' tests.
//!
//! | module | what it does |
//! |---|---|
//! | [`scan`] | finds the directives of a script without parsing it, so that none can get lost |
//! | `script` | carries the directives out, one verdict each |
//! | [`value`] | arguments, and whether a result is what a pattern allows |
//! | `legacy` | rewrites the folded form of `try`, which the parser does not know |
//! | `engine` | all that touches WRT: one store per script, plainly or in slices |
//! | [`report`] | verdicts and their numbers |
//!
//! The text format is the `wast` crate's; what its parser refuses never reached WRT and is counted apart.
#![forbid(unsafe_code)]

mod engine;
mod legacy;
pub mod report;
pub mod scan;
mod script;
pub mod value;

pub use report::{Counts, Directive, Report, Verdict};

/// How invocations are carried out.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Mode {
    /// In one run each.
    Plain,
    /// With one unit of fuel at a time; at every stop the stack is copied into another slot as plain bytes, wiped, and
    /// the copy goes on.
    Slices,
    /// As [`Mode::Slices`], and before every allocation of an object all garbage is collected.
    Stress,
    /// As [`Mode::Plain`]; each function is translated when it is first called, if the build can do that.
    Lazy,
    /// That, as [`Mode::Stress`].
    LazyStress,
}

impl Mode {
    /// One word for it.
    pub const fn name(self) -> &'static str {
        match self {
            Mode::Plain => "plain",
            Mode::Slices => "slices",
            Mode::Stress => "stress",
            Mode::Lazy => "lazy",
            Mode::LazyStress => "lazy stress",
        }
    }
}

/// Carries out the script `text`, called `file` in the report, in a store of its own. A script that cannot be parsed
/// gives one failure; so does a directive that got lost.
pub fn run(file: &str, text: &str, mode: Mode) -> Report {
    let text = &legacy::unfold(text);
    let (directives, fuel) = match script::run(text, mode) {
        Ok((mut directives, fuel)) => {
            directives.extend(scan::first_difference(text, &directives));
            (directives, fuel)
        }
        Err((line, text)) => (vec![Directive { line, head: "script", verdict: Verdict::Failed(text) }], 0),
    };
    Report { file: file.into(), mode, fuel, directives }
}
