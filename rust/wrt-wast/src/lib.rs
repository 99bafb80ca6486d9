// SPDX-License-Identifier: MIT
//! Runs scripts of the specification's test suite (`.wast`) on WRT: `wrt wast`, the host's and the boards' tests.
//!
//! | module | what it does |
//! |---|---|
//! | [`scan`] | finds the directives of a script without parsing it, so that none can get lost |
//! | [`value`] | arguments, and whether a result is what a pattern allows |
//! | [`report`] | verdicts and their numbers |
//!
//! The text format is the `wast` crate's; what its parser refuses never reached WRT and is counted apart.
#![forbid(unsafe_code)]

pub mod report;
pub mod scan;
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
}

impl Mode {
    /// One word for it.
    pub const fn name(self) -> &'static str {
        match self {
            Mode::Plain => "plain",
            Mode::Slices => "slices",
        }
    }
}
