// SPDX-License-Identifier: MIT
//! Rules of a [`FutexLike`] and of a [`WaitTable`] over any [`Parking`], with real threads.
//!
//! None of them depends on how fast the machine is: what has to happen is waited for, and only "not earlier" is timed.

use crate::{ErrorKind, FutexLike, Key, Parking, Stop, WaitOutcome, WaitTable};
use core::sync::atomic::{AtomicU32, AtomicU64, Ordering::*};
use core::time::Duration;
use std::thread;
use std::time::Instant;
use std::vec::Vec;

/// Threads that wait at once.
pub const THREADS: usize = 64;
/// How long a thread gets for what it must not do.
const GRACE: Duration = Duration::from_millis(30);

/// When a wait that a failing rule has forgotten ends, in nanoseconds.
const LATE: i64 = 60_000_000_000;

/// Waits for something that has to happen.
fn until(what: &str, mut holds: impl FnMut() -> bool) {
    let begun = Instant::now();
    while !holds() {
        assert!(begun.elapsed() < Duration::from_secs(20), "this does not happen: {what}");
        thread::yield_now();
    }
}

/// All rules of a futex; `new` makes one whose word is its argument.
pub fn futex<F: FutexLike>(new: impl Fn(u32) -> F) {
    word(&new(7));
    timeouts(&new(0));
    wakes(&new(0));
    nothing_is_lost(&new(0), &new(0));
}

/// The word is an atomic one.
fn word(f: &impl FutexLike) {
    assert_eq!(f.load(SeqCst), 7, "the initial value");
    f.store(8, SeqCst);
    assert_eq!(f.compare_exchange_weak(7, 9, SeqCst, SeqCst), Err(8));
    until("compare_exchange_weak succeeds", || f.compare_exchange_weak(8, 9, SeqCst, SeqCst) == Ok(8));
    assert_eq!(f.load(SeqCst), 9);
    f.store(0, SeqCst);
    thread::scope(|s| {
        for _ in 0..4 {
            s.spawn(|| {
                for _ in 0..1000 {
                    let add = || f.load(Relaxed);
                    until("an increment", || {
                        let now = add();
                        f.compare_exchange_weak(now, now + 1, AcqRel, Relaxed).is_ok()
                    });
                }
            });
        }
    });
    assert_eq!(f.load(SeqCst), 4000, "increments are lost");
}

/// Another value returns at once; a timeout comes, and never early.
fn timeouts(f: &impl FutexLike) {
    f.wait(1, None).unwrap();
    f.wait(1, Some(Duration::MAX)).unwrap();
    assert_eq!(f.wait_outcome(1, None).unwrap(), WaitOutcome::NotEqual);
    assert_eq!((f.wake_one().unwrap(), f.wake_all().unwrap(), f.wake(5).unwrap(), f.wake(0).unwrap()), (0, 0, 0, 0), "nobody waits");
    for timeout in [Duration::ZERO, Duration::from_nanos(1), Duration::from_micros(999), Duration::from_nanos(20_000_001)] {
        let begun = Instant::now();
        until("a timeout", || {
            let begun = Instant::now();
            match f.wait(0, Some(timeout)) {
                Ok(()) => false, // for no reason, which is allowed
                Err(e) => {
                    assert_eq!(e.kind(), ErrorKind::Timeout, "{e}");
                    assert!(begun.elapsed() >= timeout, "{:?} is earlier than {timeout:?}", begun.elapsed());
                    true
                }
            }
        });
        until("a timeout", || f.wait_outcome(0, Some(timeout)).unwrap() == WaitOutcome::TimedOut);
        assert!(begun.elapsed() >= timeout * 2);
    }
}

/// Wakers wake no more than they say, all waiters can be woken, and a wait without end or with a very late one does not end
/// by itself.
fn wakes(f: &impl FutexLike) {
    for timeout in [None, Some(Duration::MAX), Some(Duration::from_secs(u64::MAX / 2)), Some(Duration::from_secs(1 << 34))] {
        f.store(0, SeqCst);
        let (asleep, back) = (AtomicU32::new(0), AtomicU32::new(0));
        thread::scope(|s| {
            for _ in 0..THREADS {
                s.spawn(|| {
                    asleep.fetch_add(1, SeqCst);
                    while f.load(SeqCst) == 0 {
                        f.wait(0, timeout).unwrap();
                    }
                    back.fetch_add(1, SeqCst);
                });
            }
            until("threads start", || asleep.load(SeqCst) == THREADS as u32);
            for n in [1, 2, 10] {
                until("somebody is woken", || {
                    let woken = f.wake(n).unwrap();
                    assert!(woken <= n, "{woken} woken instead of {n}");
                    woken > 0
                });
                assert!(f.wake_one().unwrap() <= 1);
            }
            assert_eq!(back.load(SeqCst), 0, "who is woken looks at the word, which has not changed");
            f.store(1, SeqCst);
            until("all return", || {
                assert!(f.wake_all().unwrap() <= THREADS as u32);
                back.load(SeqCst) == THREADS as u32
            });
        });
        assert_eq!(f.wake_all().unwrap(), 0, "all are back");
    }
}

/// Two threads hand a number to each other; a wake-up that is lost would stop them.
fn nothing_is_lost<F: FutexLike>(a: &F, b: &F) {
    const ROUNDS: u32 = 2000;
    let wait_for = |f: &F, n: u32| {
        loop {
            let now = f.load(Acquire);
            if now == n {
                return;
            }
            f.wait(now, None).unwrap();
        }
    };
    thread::scope(|s| {
        s.spawn(|| {
            for n in 1..=ROUNDS {
                wait_for(a, n);
                b.store(n, Release);
                b.wake_one().unwrap();
            }
        });
        for n in 1..=ROUNDS {
            a.store(n, Release);
            a.wake_one().unwrap();
            wait_for(b, n);
        }
    });
    assert_eq!((a.load(SeqCst), b.load(SeqCst)), (ROUNDS, ROUNDS));
}

/// All rules of a table, which has [`THREADS`] entries and nobody waiting.
pub fn table<S: Parking + Sync>(t: &WaitTable<'_, S>)
where
    S::Parker: Sync,
{
    ends(t);
    counts_and_order(t);
    full(t);
    no_wake_up_is_lost(t);
    woken_or_timed_out(t);
    stopped(t);
    begun(t);
}

const A: Key = Key { memory: 1, offset: 0x1_0000_0008 };

/// Not equal, timed out and woken; 32 and 64 bits; keys that differ in any part.
fn ends<S: Parking + Sync>(t: &WaitTable<'_, S>)
where
    S::Parker: Sync,
{
    assert_eq!(t.wait(A, || false, u64::MAX).unwrap(), WaitOutcome::NotEqual);
    assert_eq!((t.notify(A, u32::MAX), t.notify(A, 0), t.waiting(A)), (0, 0, 0));
    for timeout in [0, 1, 999_999, 20_000_001] {
        let begun = Instant::now();
        assert_eq!(t.wait(A, || true, t.deadline(timeout)).unwrap(), WaitOutcome::TimedOut);
        assert!(begun.elapsed() >= Duration::from_nanos(timeout as u64), "early: {:?} of {timeout} ns", begun.elapsed());
        assert_eq!((t.waiting(A), t.notify(A, 1)), (0, 0), "who timed out does not wait any more");
    }
    assert_eq!((t.deadline(-1), t.deadline(i64::MIN)), (u64::MAX, u64::MAX));
    assert!(t.deadline(i64::MAX) > i64::MAX as u64, "clamped, not wrapped");
    let word = AtomicU64::new(1 << 40);
    thread::scope(|s| {
        let waiter = s.spawn(|| t.wait(A, || word.load(SeqCst) == 1 << 40, t.deadline(i64::MAX)).unwrap());
        until("it waits", || t.waiting(A) == 1);
        let others = [Key { memory: 2, ..A }, Key { offset: A.offset + 1, ..A }, Key { offset: 8, ..A }];
        assert_eq!(others.map(|key| (t.notify(key, 9), t.waiting(key))), [(0, 0); 3], "another key");
        assert_eq!(t.notify(A, 0), 0);
        thread::sleep(GRACE);
        assert!(!waiter.is_finished());
        assert_eq!(t.wait(A, || word.load(SeqCst) == 0, u64::MAX).unwrap(), WaitOutcome::NotEqual, "the upper half counts");
        assert_eq!(t.notify(A, 9), 1);
        assert_eq!(waiter.join().unwrap(), WaitOutcome::Woken);
    });
}

/// With 64 waiting, `notify` wakes exactly as many as it says, oldest first, and no other.
fn counts_and_order<S: Parking + Sync>(t: &WaitTable<'_, S>)
where
    S::Parker: Sync,
{
    let back: Vec<AtomicU32> = (0..THREADS).map(|_| AtomicU32::new(0)).collect();
    let count = || back.iter().filter(|b| b.load(SeqCst) == 1).count();
    let other = Key { offset: 0, ..A };
    let key = |i: usize| if i % 4 == 3 { other } else { A };
    thread::scope(|s| {
        for (i, back) in back.iter().enumerate() {
            s.spawn(move || {
                assert_eq!(t.wait(key(i), || true, t.deadline(LATE)).unwrap(), WaitOutcome::Woken);
                back.store(1, SeqCst);
            });
            until("it waits", || t.waiting(A) + t.waiting(other) == i as u32 + 1); // so age is known
        }
        let mut woken = 0;
        for n in [1, 2, 3, 10] {
            assert_eq!(t.notify(A, n), n);
            woken += n as usize;
            until("they return", || count() == woken);
            thread::sleep(GRACE);
            let oldest = (0..THREADS).filter(|i| key(*i) == A).take(woken);
            assert!(oldest.into_iter().all(|i| back[i].load(SeqCst) == 1), "not the {woken} oldest");
            assert_eq!((count(), t.waiting(A)), (woken, 48 - woken as u32), "others have returned");
        }
        assert_eq!(t.notify(other, u32::MAX), 16);
        assert_eq!(t.notify(A, u32::MAX), 48 - woken as u32);
    });
    assert_eq!((count(), t.waiting(A), t.waiting(other)), (THREADS, 0, 0));
}

/// One more than there are entries is refused, and only as long as there are none.
fn full<S: Parking + Sync>(t: &WaitTable<'_, S>)
where
    S::Parker: Sync,
{
    thread::scope(|s| {
        for _ in 0..THREADS {
            s.spawn(|| t.wait(A, || true, t.deadline(LATE)).unwrap());
        }
        until("all wait", || t.waiting(A) == THREADS as u32);
        assert_eq!(t.wait(A, || true, u64::MAX).unwrap_err().kind(), ErrorKind::Memory);
        assert_eq!(t.wait(A, || false, t.deadline(LATE)).unwrap(), WaitOutcome::NotEqual, "which needs no entry");
        assert_eq!(t.notify(A, 1), 1);
        until("an entry is free", || t.wait(A, || true, t.deadline(0)).is_ok());
        assert_eq!(t.notify(A, u32::MAX), THREADS as u32 - 1);
    });
}

/// Threads add up with a lock made of wait and notify; a lost wake-up would stop them.
fn no_wake_up_is_lost<S: Parking + Sync>(t: &WaitTable<'_, S>)
where
    S::Parker: Sync,
{
    const ROUNDS: u32 = 500;
    let (lock, sum) = (AtomicU32::new(0), AtomicU32::new(0));
    thread::scope(|s| {
        for _ in 0..4 {
            s.spawn(|| {
                for _ in 0..ROUNDS {
                    while lock.swap(1, Acquire) != 0 {
                        t.wait(A, || lock.load(SeqCst) == 1, u64::MAX).unwrap();
                    }
                    sum.store(sum.load(Relaxed) + 1, Relaxed);
                    lock.store(0, SeqCst);
                    t.notify(A, 1);
                }
            });
        }
    });
    assert_eq!((sum.load(SeqCst), t.waiting(A)), (4 * ROUNDS, 0));
}

/// Where deadlines and wakers race, each waiter counts once: woken as often as the wakers say.
fn woken_or_timed_out<S: Parking + Sync>(t: &WaitTable<'_, S>)
where
    S::Parker: Sync,
{
    let (woken, notified, left) = (AtomicU32::new(0), AtomicU32::new(0), AtomicU32::new(8));
    thread::scope(|s| {
        for i in 0..8 {
            let (woken, left) = (&woken, &left);
            s.spawn(move || {
                for round in 0..100 {
                    match t.wait(A, || true, t.deadline((i * 37 + round * 11) % 300 * 1000)).unwrap() {
                        WaitOutcome::Woken => woken.fetch_add(1, SeqCst),
                        WaitOutcome::TimedOut => 0,
                        WaitOutcome::NotEqual => panic!("it was equal"),
                    };
                }
                left.fetch_sub(1, SeqCst);
            });
        }
        while left.load(SeqCst) > 0 {
            notified.fetch_add(t.notify(A, 3), SeqCst);
            thread::yield_now();
        }
    });
    assert_eq!(woken.load(SeqCst), notified.load(SeqCst));
    assert_eq!(t.waiting(A), 0);
}

/// A word to set, and the entry that its thread waits in, plus one.
#[derive(Default)]
struct Word(AtomicU32, AtomicU32);

impl<P> Stop<P> for Word {
    fn asked(&self) -> bool {
        self.0.load(SeqCst) != 0
    }
    fn waits(&self, entry: Option<(u32, &P)>) {
        self.1.store(entry.map_or(0, |(i, _)| i + 1), SeqCst);
    }
}

/// A request ends a wait, one that came before it too, and no other one; who was woken first returns as woken.
fn stopped<S: Parking + Sync>(t: &WaitTable<'_, S>)
where
    S::Parker: Sync,
{
    let words: Vec<Word> = (0..8).map(|_| Word::default()).collect();
    let ask = |w: &Word| {
        w.0.store(1, SeqCst);
        t.stop(|| w.1.load(SeqCst).checked_sub(1));
    };
    ask(&words[0]);
    assert_eq!(t.wait_or_stop(A, || true, u64::MAX, &words[0]).unwrap(), None, "asked before");
    assert_eq!(t.wait_or_stop(A, || false, u64::MAX, &words[0]).unwrap(), Some(WaitOutcome::NotEqual));
    words[0].0.store(0, SeqCst);
    thread::scope(|s| {
        let waiters: Vec<_> = words.iter().map(|w| s.spawn(|| t.wait_or_stop(A, || true, t.deadline(LATE), w).unwrap())).collect();
        until("all wait", || t.waiting(A) == words.len() as u32);
        words[..3].iter().for_each(ask);
        until("three return", || t.waiting(A) == 5);
        thread::sleep(GRACE);
        assert_eq!((t.waiting(A), t.notify(A, u32::MAX)), (5, 5));
        let ends: Vec<_> = waiters.into_iter().map(|w| w.join().unwrap()).collect();
        assert_eq!(ends, [[None; 3].as_slice(), &[Some(WaitOutcome::Woken); 5]].concat());
    });
    assert!(words.iter().all(|w| w.1.load(SeqCst) == 0), "nobody waits any more");
    // Requests and wake-ups race: each wake-up that was counted is returned.
    let (woken, notified, left) = (AtomicU32::new(0), AtomicU32::new(0), AtomicU32::new(words.len() as u32));
    thread::scope(|s| {
        for w in &words {
            let (woken, left) = (&woken, &left);
            s.spawn(move || {
                for _ in 0..100 {
                    if t.wait_or_stop(A, || true, u64::MAX, w).unwrap().is_some() {
                        woken.fetch_add(1, SeqCst);
                    }
                    w.0.store(0, SeqCst);
                }
                left.fetch_sub(1, SeqCst);
            });
        }
        while left.load(SeqCst) > 0 {
            words.iter().for_each(ask);
            notified.fetch_add(t.notify(A, 2), SeqCst);
            thread::yield_now();
        }
    });
    assert_eq!((woken.load(SeqCst), t.waiting(A)), (notified.load(SeqCst), 0));
}

/// Waits that block nobody take their turn among those that do.
fn begun<S: Parking + Sync>(t: &WaitTable<'_, S>)
where
    S::Parker: Sync,
{
    assert_eq!(t.begin(A, || false).unwrap(), None);
    let [a, b, c] = [(); 3].map(|()| t.begin(A, || true).unwrap().unwrap());
    assert_eq!((t.waiting(A), t.notify(A, 1)), (3, 1));
    assert_eq!([a, b, c].map(|e| t.is_woken(e)), [true, false, false]);
    assert_eq!((t.end(b), t.notify(A, 9)), (false, 1));
    assert_eq!((t.end(a), t.end(c), t.waiting(A)), (true, true, 0));
}
