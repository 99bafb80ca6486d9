// SPDX-License-Identifier: MIT
//! What guests in several threads ask of each other: waiting on a place of a shared memory, and waking (spec: threads
//! proposal). One table serves the process; a place is known by the address of its word.

use alloc::vec::Vec;
use std::sync::OnceLock;
use wrt_platform::{Key, StdParking, WaitTable, Waiter};
use wrt_runtime::shared::SharedMem;
use wrt_runtime::{Exit, StackId, Store};

/// Threads that can wait at once.
const WAITERS: usize = 1024;

fn table() -> &'static WaitTable<'static, StdParking> {
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

/// Serves `exit`; tells whether the guest can go on.
pub(crate) fn serve(store: &mut Store<'_>, stack: StackId, exit: &Exit) -> bool {
    let answer = match *exit {
        Exit::Wait { memory, offset, expected, wide, timeout_ns } => {
            let Some(memory) = store.shared_memory(memory) else { return false };
            let Some(key) = key(memory, offset) else { return false };
            let deadline = table().deadline(timeout_ns);
            match table().wait(key, || memory.holds(offset, wide, expected), deadline) {
                Ok(outcome) => outcome.code(),
                Err(_) => return false,
            }
        }
        Exit::Notify { memory, offset, count } => {
            let Some(memory) = store.shared_memory(memory) else { return false };
            notify(memory, offset, count)
        }
        Exit::Contended => {
            std::thread::yield_now();
            return true;
        }
        _ => return false,
    };
    store.answer_thread(stack, answer);
    true
}
