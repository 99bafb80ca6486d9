// SPDX-License-Identifier: MIT
//! What guests in several threads ask of each other: waiting on a place of a shared memory, and waking (spec: threads
//! proposal). One table serves the process; a place is known by the address of its word.

use crate::control::Control;
use alloc::vec::Vec;
use std::sync::OnceLock;
use std::time::Instant;
use wrt_platform::wait::FOREVER;
use wrt_platform::{Key, StdParking, WaitOutcome, WaitTable, Waiter};
use wrt_runtime::shared::SharedMem;
use wrt_runtime::{Exit, StackId, Store};

/// Threads that can wait at once.
const WAITERS: usize = 1024;

pub(crate) fn table() -> &'static WaitTable<'static, StdParking> {
    static TABLE: OnceLock<WaitTable<'static, StdParking>> = OnceLock::new();
    TABLE.get_or_init(|| {
        let entries: Vec<_> = (0..WAITERS).map(|_| Waiter::default()).collect();
        WaitTable::new(StdParking::new(), entries.leak())
    })
}

fn key(memory: &SharedMem<'_>, offset: usize) -> Option<Key> {
    Some(Key { memory: 0, offset: memory.key(offset)? })
}

/// Wakes up to `count` threads; how many.
pub(crate) fn notify(memory: &SharedMem<'_>, offset: usize, count: u32) -> u32 {
    key(memory, offset).map_or(0, |key| table().notify(key, count))
}

/// Threads that wait at `offset` now.
pub(crate) fn waiting(memory: &SharedMem<'_>, offset: usize) -> u32 {
    key(memory, offset).map_or(0, |key| table().waiting(key))
}

/// A moment on the table's clock.
fn moment(at: Option<Instant>) -> u64 {
    at.map_or(FOREVER, |at| {
        let left = at.saturating_duration_since(Instant::now());
        table().deadline(i64::try_from(left.as_nanos()).unwrap_or(i64::MAX))
    })
}

/// Serves `exit`; `None`: the guest can go on.
pub(crate) fn serve(control: &Control, store: &mut Store<'_>, stack: StackId, exit: Exit) -> Option<Exit> {
    let answer = match exit {
        Exit::Wait { memory, offset, expected, wide, timeout_ns, again } => {
            let Some(memory) = store.shared_memory(memory) else { return Some(exit) };
            let Some(key) = key(memory, offset) else { return Some(exit) };
            if !again {
                control.wait_until.set(table().deadline(timeout_ns));
            }
            let (until, limit) = (control.wait_until.get(), moment(control.deadline.get()));
            match table().wait_or_stop(key, || memory.holds(offset, wide, expected), until.min(limit), &control.interrupt) {
                Ok(Some(WaitOutcome::TimedOut)) if limit < until => return Some(Exit::Interrupted),
                Ok(Some(outcome)) => outcome.code(),
                Ok(None) => return Some(Exit::Interrupted),
                Err(_) => return Some(exit),
            }
        }
        Exit::Notify { memory, offset, count } => {
            let Some(memory) = store.shared_memory(memory) else { return Some(exit) };
            notify(memory, offset, count)
        }
        Exit::Contended => {
            std::thread::yield_now();
            return None;
        }
        exit => return Some(exit),
    };
    store.answer_thread(stack, answer);
    None
}
