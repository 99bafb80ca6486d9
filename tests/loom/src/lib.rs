// SPDX-License-Identifier: MIT
//! Every order of threads that wait and notify, as far as three preemptions reach (`LOOM_MAX_PREEMPTIONS` sets more).
//!
//! The table and the count of waiters are the product's source files; their atomics, lock and parkers are loom's. A deadline here is one that may pass
//! at any moment: `park` returns for it whenever it is called.
#![cfg(test)]

mod atomic {
    pub(crate) use loom::sync::atomic::{AtomicU32, Ordering};
}
#[allow(dead_code)] // what only real threads need
#[path = "../../../rust/wrt-platform/src/wait.rs"]
mod wait;
mod order {
    pub(crate) use loom::sync::atomic::{AtomicU32, Ordering, fence};
}
#[path = "../../../rust/wrt-runtime/src/waiters.rs"]
mod waiters;

use loom::sync::atomic::fence;
use loom::sync::{Arc, Condvar, Mutex};
use loom::thread;
use wait::{FOREVER, Key, Parked, Parking, Stop, WaitOutcome, WaitTable, Waiter};
use waiters::Waiters;
use wrt_foundation::WrtResult;

/// `1`: parkers are readied under the lock.
struct Loom(Mutex<()>, bool);

#[derive(Default)]
struct Sleeper(Mutex<bool>, Condvar);

/// The clock's only moment.
const NOW: u64 = 1000;

impl Parking for Loom {
    type Parker = Sleeper;
    fn locked<R>(&self, work: impl FnOnce() -> R) -> R {
        let _lock = self.0.lock().unwrap();
        work()
    }
    fn now_ns(&self) -> u64 {
        NOW
    }
    fn init(&self, parker: &Sleeper) -> WrtResult<()> {
        *parker.0.lock().unwrap() = false;
        Ok(())
    }
    fn init_locked(&self, parker: &Sleeper) -> bool {
        if self.1 {
            *parker.0.lock().unwrap() = false;
        }
        self.1
    }
    fn park(&self, parker: &Sleeper, deadline_ns: u64) -> Parked {
        let mut unparked = parker.0.lock().unwrap();
        if deadline_ns != FOREVER && !*unparked {
            return Parked::TimedOut;
        }
        while !*unparked {
            unparked = parker.1.wait(unparked).unwrap();
        }
        *unparked = false;
        Parked::Unparked
    }
    fn unpark(&self, parker: &Sleeper) {
        self.unpark_first(parker);
        self.kick(parker);
    }
    fn unpark_first(&self, parker: &Sleeper) -> bool {
        *parker.0.lock().unwrap() = true;
        true
    }
    fn kick(&self, parker: &Sleeper) {
        parker.1.notify_one();
    }
    fn done(&self, _: &Sleeper) {}
}

const KEY: Key = Key { memory: 0, offset: 0 };

/// A waiter per deadline on a word that is 0, with `entries` entries; then `main` on the table and the word, whose result is
/// how many it has notified. As many come back woken.
fn model(entries: usize, deadlines: &'static [u64], main: fn(&WaitTable<'static, Loom>, &atomic::AtomicU32) -> u32) {
    for locked in [false, true] {
        model_of(locked, entries, deadlines, main);
    }
}
fn model_of(locked: bool, entries: usize, deadlines: &'static [u64], main: fn(&WaitTable<'static, Loom>, &atomic::AtomicU32) -> u32) {
    let mut builder = loom::model::Builder::new();
    builder.preemption_bound = builder.preemption_bound.or(Some(3));
    builder.check(move || {
        // Loom's objects live within one execution, of which this makes as many as there are orders.
        let slots: &'static [Waiter<Sleeper>] = (0..entries).map(|_| Waiter::default()).collect::<Vec<_>>().leak();
        let table = Arc::new(WaitTable::new(Loom(Mutex::new(()), locked), slots));
        let word = Arc::new(atomic::AtomicU32::new(0));
        let waiters: Vec<_> = deadlines
            .iter()
            .map(|deadline| {
                let (table, word) = (table.clone(), word.clone());
                thread::spawn(move || {
                    let equal = || word.load(atomic::Ordering::SeqCst) == 0;
                    match table.wait(KEY, equal, *deadline).unwrap() {
                        WaitOutcome::Woken => 1,
                        WaitOutcome::TimedOut => {
                            assert_ne!(*deadline, FOREVER);
                            0
                        }
                        WaitOutcome::NotEqual => {
                            assert_eq!(word.load(atomic::Ordering::SeqCst), 1);
                            0
                        }
                    }
                })
            })
            .collect();
        let notified = main(&table, &word);
        let woken: u32 = waiters.into_iter().map(|w| w.join().unwrap()).sum();
        assert_eq!(woken, notified, "who was notified returns as woken, and no other");
        assert_eq!(table.notify(KEY, u32::MAX), 0, "nobody is left behind");
    });
}

/// What a program does: change the word, then notify. Loom reports a waiter that sleeps on as a deadlock.
fn change_and_notify(table: &WaitTable<'static, Loom>, word: &atomic::AtomicU32) -> u32 {
    word.store(1, atomic::Ordering::SeqCst);
    table.notify(KEY, u32::MAX)
}

#[test]
fn one_waiter_is_never_missed() {
    model(1, &[FOREVER], change_and_notify);
}

#[test]
fn two_waiters_are_never_missed() {
    model(2, &[FOREVER, FOREVER], change_and_notify);
}

#[test]
fn woken_one_by_one() {
    model(2, &[FOREVER, FOREVER], |table, word| {
        word.store(1, atomic::Ordering::SeqCst);
        let first = table.notify(KEY, 1);
        first + table.notify(KEY, 1)
    });
}

#[test]
fn a_deadline_against_a_waker() {
    model(1, &[NOW], change_and_notify);
}

#[test]
fn a_deadline_beside_a_waiter() {
    model(2, &[NOW, FOREVER], change_and_notify);
}

#[test]
fn a_notification_that_finds_nobody_counted_was_for_nobody() {
    for locked in [false, true] {
        let mut builder = loom::model::Builder::new();
        builder.preemption_bound = builder.preemption_bound.or(Some(3));
        builder.check(move || {
            let slots: &'static [Waiter<Sleeper>] = vec![Waiter::default()].leak();
            let table = Arc::new(WaitTable::new(Loom(Mutex::new(()), locked), slots));
            let word = Arc::new(atomic::AtomicU32::new(0));
            let waiters = Arc::new(Waiters::counted());
            let waiter = thread::spawn({
                let (table, word, waiters) = (table.clone(), word.clone(), waiters.clone());
                move || {
                    waiters.enter();
                    let outcome = table.wait(KEY, || word.load(atomic::Ordering::Relaxed) == 0, FOREVER).unwrap();
                    waiters.leave();
                    u32::from(outcome == WaitOutcome::Woken)
                }
            });
            word.store(1, atomic::Ordering::Relaxed);
            let notified = if waiters.none() { 0 } else { table.notify(KEY, 1) };
            assert_eq!(waiter.join().unwrap(), notified);
            assert!(waiters.none() && !Waiters::unknown().none());
        });
    }
}

/// What an interrupt is: a word, and the entry that its thread waits in, plus one.
struct Interrupt(atomic::AtomicU32, atomic::AtomicU32);

impl Stop<Sleeper> for Interrupt {
    fn asked(&self) -> bool {
        self.0.load(atomic::Ordering::SeqCst) != 0
    }
    fn waits(&self, entry: Option<(u32, &Sleeper)>) {
        self.1.store(entry.map_or(0, |(i, _)| i + 1), atomic::Ordering::SeqCst);
        fence(atomic::Ordering::SeqCst); // loom takes SeqCst accesses for AcqRel; its fences are in one order
    }
}

/// A waiter for ever; `main` gets the table and its interrupt, and tells how many it has notified. A request that came before
/// the wait, in the middle of its beginning or while it sleeps ends it: one that were lost would be a deadlock.
fn interrupted(main: fn(&WaitTable<'static, Loom>, &Interrupt) -> u32) {
    for locked in [false, true] {
        interrupted_of(locked, main);
    }
}
fn interrupted_of(locked: bool, main: fn(&WaitTable<'static, Loom>, &Interrupt) -> u32) {
    let mut builder = loom::model::Builder::new();
    builder.preemption_bound = builder.preemption_bound.or(Some(3));
    builder.check(move || {
        let slots: &'static [Waiter<Sleeper>] = vec![Waiter::default()].leak();
        let table = Arc::new(WaitTable::new(Loom(Mutex::new(()), locked), slots));
        let word = || atomic::AtomicU32::new(0);
        let interrupt = Arc::new(Interrupt(word(), word()));
        let waiter = thread::spawn({
            let (table, interrupt) = (table.clone(), interrupt.clone());
            move || table.wait_or_stop(KEY, || true, FOREVER, &*interrupt).unwrap()
        });
        let notified = main(&table, &interrupt);
        let woken = u32::from(waiter.join().unwrap() == Some(WaitOutcome::Woken));
        assert_eq!(woken, notified, "who was counted returns as woken");
        assert_eq!((interrupt.1.load(atomic::Ordering::SeqCst), table.notify(KEY, 1)), (0, 0), "nobody is left behind");
    });
}

#[test]
fn an_interrupt_is_never_missed() {
    interrupted(|table, interrupt| {
        interrupt.0.store(1, atomic::Ordering::SeqCst);
        table.stop(|| interrupt.1.load(atomic::Ordering::SeqCst).checked_sub(1));
        0
    });
}

#[test]
fn an_interrupt_without_the_lock_is_never_missed() {
    // As a handler does it that must not take a lock: it unparks what it reads.
    interrupted(|table, interrupt| {
        interrupt.0.store(1, atomic::Ordering::SeqCst);
        fence(atomic::Ordering::SeqCst);
        if let Some(entry) = interrupt.1.load(atomic::Ordering::SeqCst).checked_sub(1) {
            table.system().unpark(table.parker(entry).unwrap());
        }
        0
    });
}

#[test]
fn an_interrupt_against_a_waker() {
    interrupted(|table, interrupt| {
        let notified = table.notify(KEY, 1);
        interrupt.0.store(1, atomic::Ordering::SeqCst);
        table.stop(|| interrupt.1.load(atomic::Ordering::SeqCst).checked_sub(1));
        notified
    });
}
