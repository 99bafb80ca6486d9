// SPDX-License-Identifier: MIT
//! What guests in several threads ask of each other: waiting on a place of a shared memory, and waking (spec: threads
//! proposal). One table serves the process; a place is known by the address of its word.

use crate::control::Control;
use alloc::vec::Vec;
use core::task::Waker;
use std::sync::OnceLock;
use std::time::{Duration, Instant};
use wrt_platform::wait::FOREVER;
use wrt_platform::{Key, Parking, StdParker, StdParking, Stop, WaitOutcome, WaitTable, Waiter};
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
#[inline(always)] // see `ModuleInstance::drive`
pub(crate) fn notify(memory: &SharedMem<'_>, offset: usize, count: u32) -> u32 {
    match key(memory, offset) {
        Some(key) => table().notify(key, count),
        None => 0,
    }
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
#[inline(always)] // see `ModuleInstance::drive`
pub(crate) fn serve(control: &Control, store: &mut Store<'_>, stack: StackId, exit: Exit) -> Option<Exit> {
    let answer = match exit {
        Exit::Wait { memory, offset, expected, wide, timeout_ns, again } => {
            let memory_slot = memory;
            let Some(memory) = store.shared_memory(memory) else { return Some(exit) };
            let Some(key) = key(memory, offset) else { return Some(exit) };
            if !again {
                control.wait_until.set(table().deadline(timeout_ns));
            }
            if control.turn.get().is_some() {
                return begin(control, store, stack, key, memory_slot, |memory| memory.holds(offset, wide, expected)).map(|()| exit);
            }
            let (until, limit) = (control.wait_until.get(), moment(control.deadline.get()));
            memory.will_wait();
            let ended = table().wait_or_stop(key, || memory.holds(offset, wide, expected), until.min(limit), &control.interrupt);
            memory.waited();
            match ended {
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
        Exit::Contended if control.turn.get().is_some() => return Some(Exit::OutOfBudget),
        Exit::Contended => {
            std::thread::yield_now();
            return None;
        }
        exit => return Some(exit),
    };
    store.answer_thread(stack, answer);
    None
}

/// Begins a wait that does not block the thread; `None`: it was over at once.
fn begin(
    control: &Control,
    store: &mut Store<'_>,
    stack: StackId,
    key: Key,
    slot: u32,
    equal: impl Fn(&SharedMem<'_>) -> bool,
) -> Option<()> {
    let memory = store.shared_memory(slot)?;
    memory.will_wait();
    let begun = table().begin(key, || equal(memory));
    if !matches!(begun, Ok(Some(_))) {
        memory.waited();
    }
    match begun {
        Ok(None) => {
            store.answer_thread(stack, WaitOutcome::NotEqual.code());
            None
        }
        Ok(Some(entry)) => {
            control.pending.set(Some((entry, slot)));
            table().stop(|| {
                Stop::<StdParker>::waits(&control.interrupt, table().parker(entry).map(|parker| (entry, parker)));
                None
            });
            Some(())
        }
        Err(_) => Some(()),
    }
}

/// What has become of a wait that was begun.
pub(crate) enum Waited {
    /// Nothing yet: until then, on the table's clock.
    Waits(u64),
    /// It is over, or there was none.
    Over,
    /// An interrupt or the deadline ends it.
    Stopped,
}

/// Looks after the wait that was begun, if one was.
pub(crate) fn look(control: &Control, store: &mut Store<'_>, stack: StackId, waker: Option<&Waker>) -> Waited {
    let Some((entry, _)) = control.pending.get() else { return Waited::Over };
    if let (Some(waker), Some(parker)) = (waker, table().parker(entry)) {
        parker.set_waker(Some(waker.clone()));
    }
    let (until, limit) = (control.wait_until.get(), moment(control.deadline.get()));
    let now = table().system().now_ns();
    let stopped = control.interrupt.is_interrupted() || now >= limit;
    if !table().is_woken(entry) && now < until && !stopped {
        return Waited::Waits(until.min(limit));
    }
    let woken = give_up(control, store);
    if !woken && now < until {
        return Waited::Stopped;
    }
    store.answer_thread(stack, if woken { WaitOutcome::Woken } else { WaitOutcome::TimedOut }.code());
    Waited::Over
}

/// Ends the wait that was begun, if one was; whether it was woken.
pub(crate) fn give_up(control: &Control, store: &Store<'_>) -> bool {
    let Some((entry, slot)) = control.pending.take() else { return false };
    if let Some(memory) = store.shared_memory(slot) {
        memory.waited();
    }
    table().stop(|| {
        Stop::<StdParker>::waits(&control.interrupt, None);
        None
    });
    table().end(entry)
}

/// The moment of the table's clock.
pub(crate) fn instant(at: u64) -> Option<Instant> {
    let left = at.saturating_sub(table().system().now_ns());
    if at == FOREVER { None } else { Instant::now().checked_add(Duration::from_nanos(left)) }
}
