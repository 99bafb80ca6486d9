// SPDX-License-Identifier: MIT
//! Carries out packed scripts. Says one line for each directive with its trace, one more if it did not pass, and one for
//! each script, after one with the bytes of C stack that it took.

use crate::budget::Budget;
use crate::entries::Entries;
use crate::paint::Paint;
use crate::semihosting::Out;
use core::array::from_fn;
use script::budget::{INSTANCES, MEMORIES, TABLES, TYPES};
use script::{Listener, Room, SHARED, Trace, Verdict, play};
use wrt_foundation::Buf;
use wrt_runtime::shared::SharedMem;
use wrt_runtime::store::{Instance, MemSlot, Table, TypeSource};
use wrt_runtime::{Stack, StoreParts};

/// Counts verdicts.
struct Counter<'a> {
    out: &'a mut Out,
    passed: u32,
    failed: u32,
    no_room: u32,
}

impl Listener for Counter<'_> {
    fn verdict(&mut self, number: u32, verdict: Verdict, trace: Trace) {
        self.out.say(format_args!("trace {number} {trace}"));
        match verdict {
            Verdict::Passed => self.passed += 1,
            Verdict::Failed(failure) => {
                self.failed += 1;
                self.out.say(format_args!("failed {number} {failure}"));
            }
            Verdict::NoRoom(lack) => {
                self.no_room += 1;
                self.out.say(format_args!("no-room {number} {} {} {}", lack.missing, lack.needed, lack.what));
            }
        }
    }
}

/// Carries out all scripts; whether none failed.
pub(crate) fn run(entries: &mut Entries, budget: &mut Budget, out: &mut Out) -> bool {
    let Budget { script, images, scratch, words, heap, memories, shared, cells, frames } = budget;
    let mut good = true;
    while let Some((name, body)) = entries.next(script) {
        let shared_memory = SharedMem::new(shared, &SHARED);
        let mut instances: [Instance<'_>; INSTANCES] = from_fn(|_| Instance::default());
        let mut slots: [MemSlot<'_>; MEMORIES] = from_fn(|_| MemSlot::default());
        let mut tables: [Table<'_>; TABLES] = from_fn(|_| Table::default());
        let mut types = [TypeSource::default(); TYPES];
        let mut stacks = [Stack::default()];
        let parts = StoreParts {
            instances: Buf::Lent(&mut instances),
            memories: Buf::Lent(&mut slots),
            tables: Buf::Lent(&mut tables),
            types: Buf::Lent(&mut types),
            stacks: Buf::Lent(&mut stacks),
            words: Buf::Lent(words),
            bytes: Buf::Lent(memories),
            heap: Buf::Lent({
                // As nobody has used it.
                heap.fill(0);
                heap
            }),
            ..StoreParts::default()
        };
        let Some(shared) = &shared_memory else { return false };
        let room = Room { parts, stack: Stack::new(cells, frames), shared, images, scratch };
        let mut counter = Counter { out: &mut *out, passed: 0, failed: 0, no_room: 0 };
        let paint = Paint::new();
        let played = play(body, room, &mut counter);
        let depth = paint.depth().unwrap_or(usize::MAX);
        let Counter { passed, failed, no_room, .. } = counter;
        out.say(format_args!("stack {depth}"));
        out.say(format_args!("script {name} {passed} {failed} {no_room}"));
        if played.is_err() {
            out.say(format_args!("the pack is damaged"));
        }
        good &= played.is_ok() && failed == 0;
    }
    good && entries.at_end()
}
