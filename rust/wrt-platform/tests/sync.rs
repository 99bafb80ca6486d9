// SPDX-License-Identifier: MIT
//! Futex and wait table against the suite for ports: on Linux, and on a parking made of what std has.
#![cfg(all(feature = "std", not(miri)))]

use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Condvar, Mutex};
use std::time::{Duration, Instant};
use wrt_platform::*;

/// A port of std's: nothing of it is a futex. `nervous` parkers return for no reason every other time.
struct Std {
    lock: Mutex<()>,
    epoch: Instant,
    nervous: bool,
}

#[derive(Default)]
struct Sleeper {
    unparked: Mutex<bool>,
    changed: Condvar,
    calls: AtomicU32,
}

impl Parking for Std {
    type Parker = Sleeper;
    fn locked<R>(&self, work: impl FnOnce() -> R) -> R {
        let _lock = self.lock.lock().unwrap_or_else(|e| e.into_inner());
        work()
    }
    fn now_ns(&self) -> u64 {
        self.epoch.elapsed().as_nanos() as u64
    }
    fn init(&self, parker: &Sleeper) -> WrtResult<()> {
        *parker.unparked.lock().unwrap() = false;
        Ok(())
    }
    fn park(&self, parker: &Sleeper, deadline_ns: u64) -> Parked {
        if self.nervous && parker.calls.fetch_add(1, Ordering::Relaxed).is_multiple_of(2) {
            return if deadline_ns.is_multiple_of(2) { Parked::TimedOut } else { Parked::Unparked }; // a lie
        }
        let mut unparked = parker.unparked.lock().unwrap();
        while !*unparked {
            let left = deadline_ns.saturating_sub(self.now_ns());
            if left == 0 {
                return Parked::TimedOut;
            }
            // Short, as some systems' longest wait is.
            unparked = parker.changed.wait_timeout(unparked, Duration::from_nanos(left.min(1 << 30))).unwrap().0;
        }
        *unparked = false;
        Parked::Unparked
    }
    fn unpark(&self, parker: &Sleeper) {
        *parker.unparked.lock().unwrap() = true;
        parker.changed.notify_one();
    }
    fn done(&self, _: &Sleeper) {}
}

fn entries<P: Default>() -> Vec<Waiter<P>> {
    (0..conformance::sync::THREADS).map(|_| Waiter::default()).collect()
}

#[test]
fn a_table_over_the_standard_library() {
    let entries = entries();
    conformance::sync::table(&WaitTable::new(StdParking::new(), &entries));
}

#[test]
fn a_table_over_a_lock_and_parkers() {
    for nervous in [false, true] {
        let entries = entries();
        conformance::sync::table(&WaitTable::new(Std { lock: Mutex::new(()), epoch: Instant::now(), nervous }, &entries));
    }
}

/// No system at all: waiting is looking again. What a board with one thread per core would have.
struct Spinning(AtomicU32);

impl FutexLike for Spinning {
    fn wait(&self, expected: u32, timeout: Option<Duration>) -> Result<(), Error> {
        let begun = Instant::now();
        while self.0.load(Ordering::Acquire) == expected {
            std::thread::yield_now();
            if timeout.is_some_and(|t| begun.elapsed() >= t) {
                return Err(Error::new(ErrorKind::Timeout, "time is up"));
            }
        }
        Ok(())
    }
    fn wake_one(&self) -> Result<u32, Error> {
        Ok(0)
    }
    fn wake_all(&self) -> Result<u32, Error> {
        Ok(0)
    }
    fn load(&self, ordering: Ordering) -> u32 {
        self.0.load(ordering)
    }
    fn store(&self, value: u32, ordering: Ordering) {
        self.0.store(value, ordering);
    }
    fn compare_exchange_weak(&self, current: u32, new: u32, success: Ordering, failure: Ordering) -> Result<u32, u32> {
        self.0.compare_exchange_weak(current, new, success, failure)
    }
}

#[test]
fn locks_of_words_exclude() {
    let parking = FutexParking::new(Spinning(AtomicU32::new(0)), || 0);
    let sum = AtomicU32::new(0);
    std::thread::scope(|s| {
        for _ in 0..4 {
            s.spawn(|| {
                for _ in 0..5000 {
                    parking.locked(|| sum.store(sum.load(Ordering::Relaxed) + 1, Ordering::Relaxed));
                }
            });
        }
    });
    assert_eq!(sum.into_inner(), 20_000);
}

#[test]
fn a_panic_under_the_lock_gives_it_back() {
    let parking = FutexParking::new(Spinning(AtomicU32::new(0)), || 0);
    let broken = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| parking.locked(|| panic!("on purpose"))));
    assert!(broken.is_err());
    assert_eq!(parking.locked(|| 3), 3);
}

#[test]
fn a_parking_without_room_takes_no_entry() {
    struct Refusing;
    impl Parking for Refusing {
        type Parker = ();
        fn locked<R>(&self, work: impl FnOnce() -> R) -> R {
            work()
        }
        fn now_ns(&self) -> u64 {
            0
        }
        fn init(&self, _: &()) -> WrtResult<()> {
            Err(Error::new(ErrorKind::Unsupported, "the scheduler does not run"))
        }
        fn park(&self, _: &(), _: u64) -> Parked {
            panic!("there is no parker")
        }
        fn unpark(&self, _: &()) {}
        fn done(&self, _: &()) {
            panic!("there is no parker")
        }
    }
    let entries = [Waiter::default()];
    let table = WaitTable::new(Refusing, &entries);
    let key = Key { memory: 0, offset: 0 };
    for _ in 0..3 {
        assert_eq!(table.wait(key, || true, 0).unwrap_err().kind(), ErrorKind::Unsupported);
    }
    assert_eq!(table.waiting(key), 0);
}

#[test]
fn outcomes_have_the_numbers_of_the_specification() {
    assert_eq!([WaitOutcome::Woken, WaitOutcome::NotEqual, WaitOutcome::TimedOut].map(WaitOutcome::code), [0, 1, 2]);
}

#[cfg(all(target_os = "linux", feature = "platform-linux"))]
mod linux {
    use super::*;

    #[test]
    fn the_futex_conforms() {
        conformance::sync::futex(|value| LinuxFutexBuilder::new().with_initial_value(value).build().unwrap());
    }

    #[test]
    fn the_table_conforms() {
        let entries = entries();
        conformance::sync::table(&WaitTable::new(LinuxParking::linux(), &entries));
    }

    /// The kernel counts exactly, and does not wake for no reason.
    #[test]
    fn wake_counts_are_exact() {
        const N: u32 = conformance::sync::THREADS as u32;
        let (futex, back) = (LinuxFutex::new(0), AtomicU32::new(0));
        let settled = |n: u32| {
            while back.load(Ordering::SeqCst) < n {
                std::thread::yield_now();
            }
            std::thread::sleep(Duration::from_millis(20));
            assert_eq!(back.load(Ordering::SeqCst), n);
        };
        std::thread::scope(|s| {
            for _ in 0..N {
                s.spawn(|| {
                    assert_eq!(futex.wait_outcome(0, None).unwrap(), WaitOutcome::Woken);
                    back.fetch_add(1, Ordering::SeqCst);
                });
            }
            let mut woken = 0;
            for n in [1, 5, 20] {
                let mut more = n;
                while more > 0 {
                    more -= futex.wake(more).unwrap(); // some are still on their way
                }
                woken += n;
                settled(woken);
            }
            while woken < N {
                woken += futex.wake_all().unwrap();
            }
            settled(N);
        });
    }
}
