// SPDX-License-Identifier: MIT
//! What came of the directives of a script.

use crate::Mode;
use std::fmt;
use std::ops::AddAssign;

/// What came of one directive.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Verdict {
    /// WRT did as the directive demands.
    Passed,
    /// WRT refused for the reason demanded (malformed, invalid, unlinkable), in other words than the suite's.
    OtherText {
        /// The suite's words.
        expected: String,
        /// WRT's.
        got: String,
    },
    /// Not carried out by WRT, and why.
    Skipped(&'static str),
    /// WRT did something else.
    Failed(String),
}

/// One directive of a script and what came of it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Directive {
    /// Line of its first word, from 1.
    pub line: u32,
    /// Its first word, or `script` for the script as a whole.
    pub head: &'static str,
    /// What came of it.
    pub verdict: Verdict,
}

/// Numbers of directives.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Counts {
    /// [`Verdict::Passed`] and [`Verdict::OtherText`].
    pub passed: usize,
    /// [`Verdict::Failed`].
    pub failed: usize,
    /// [`Verdict::Skipped`].
    pub skipped: usize,
}

impl AddAssign for Counts {
    fn add_assign(&mut self, other: Counts) {
        self.passed += other.passed;
        self.failed += other.failed;
        self.skipped += other.skipped;
    }
}

impl fmt::Display for Counts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} passed, {} failed, {} skipped", self.passed, self.failed, self.skipped)
    }
}

/// What came of a script.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Report {
    /// The script's name.
    pub file: String,
    /// How it was carried out.
    pub mode: Mode,
    /// Fuel that it used, which does not depend on the mode.
    pub fuel: i64,
    /// Its directives, in order.
    pub directives: Vec<Directive>,
}

impl Report {
    /// The numbers.
    pub fn counts(&self) -> Counts {
        let mut counts = Counts::default();
        for d in &self.directives {
            match d.verdict {
                Verdict::Passed | Verdict::OtherText { .. } => counts.passed += 1,
                Verdict::Failed(_) => counts.failed += 1,
                Verdict::Skipped(_) => counts.skipped += 1,
            }
        }
        counts
    }

    /// The failures, as line and text.
    pub fn failures(&self) -> impl Iterator<Item = (u32, &str)> {
        self.directives.iter().filter_map(|d| match &d.verdict {
            Verdict::Failed(text) => Some((d.line, text.as_str())),
            _ => None,
        })
    }
}
