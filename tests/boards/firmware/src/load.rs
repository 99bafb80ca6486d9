// SPDX-License-Identifier: MIT
//! Measures what loading a module costs, in executed instructions.

use crate::board::{count, counted, spin};
use crate::budget::Budget;
use crate::entries::Entries;
use crate::semihosting::Out;
use wrt_decoder::validate;
use wrt_runtime::translate::translate;

/// Instructions of the loop that the counter is checked with.
const LOOP: u32 = 2_000_000;

/// Instructions that `f` executes.
fn cost<T>(f: impl FnOnce() -> T) -> (u32, T) {
    let since = count();
    let result = f();
    (counted(since), result)
}

/// Measures all modules; whether all could be translated and the counter counts.
pub(crate) fn run(entries: &mut Entries, budget: &mut Budget, out: &mut Out) -> bool {
    // The emulator translates the loop the first time.
    spin(1);
    let (measured, ()) = cost(|| spin(LOOP / 2));
    out.say(format_args!("calibration executed={LOOP} measured={measured}"));
    let mut good = measured.abs_diff(LOOP) < LOOP / 1000;
    while let Some((name, wasm)) = entries.next(budget.script) {
        let (validated, valid) = cost(|| validate(wasm, budget.scratch));
        let (translated, done) = cost(|| translate(wasm, budget.scratch, budget.images));
        let (words, scratch) = done.map_or((0, 0), |t| (t.words, t.scratch_words));
        good &= valid.is_ok() && done.is_ok();
        out.say(format_args!(
            "load {name} bytes={} validate={validated} translate={translated} image={} scratch={}",
            wasm.len(),
            words * 4,
            scratch * 4
        ));
    }
    good && entries.at_end()
}
