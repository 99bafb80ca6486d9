// SPDX-License-Identifier: MIT
//! What a [`WaitTable`](crate::WaitTable) takes from Rust's standard library, on any system that has one.

use crate::WrtResult;
use crate::wait::{FOREVER, Parked, Parking};
use core::time::Duration;
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Instant;

/// A mutex, condition variables, and the clock of [`Instant`].
#[derive(Debug)]
pub struct StdParking {
    lock: Mutex<()>,
    epoch: Instant,
}

/// Where one thread sleeps.
#[derive(Debug, Default)]
pub struct StdParker {
    unparked: Mutex<bool>,
    changed: Condvar,
}

impl StdParking {
    /// Its clock begins now.
    #[allow(clippy::new_without_default)] // it reads a clock
    pub fn new() -> StdParking {
        StdParking { lock: Mutex::new(()), epoch: Instant::now() }
    }
}

/// What is guarded is plain data: a panic while it was locked leaves nothing half done.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Parking for StdParking {
    type Parker = StdParker;

    fn locked<R>(&self, work: impl FnOnce() -> R) -> R {
        let _lock = lock(&self.lock);
        work()
    }
    fn now_ns(&self) -> u64 {
        u64::try_from(self.epoch.elapsed().as_nanos()).unwrap_or(FOREVER - 1)
    }
    fn init(&self, parker: &StdParker) -> WrtResult<()> {
        *lock(&parker.unparked) = false;
        Ok(())
    }
    fn park(&self, parker: &StdParker, deadline_ns: u64) -> Parked {
        let mut unparked = lock(&parker.unparked);
        while !*unparked {
            if deadline_ns == FOREVER {
                unparked = parker.changed.wait(unparked).unwrap_or_else(PoisonError::into_inner);
                continue;
            }
            let left = deadline_ns.saturating_sub(self.now_ns());
            if left == 0 {
                return Parked::TimedOut;
            }
            let woken = parker.changed.wait_timeout(unparked, Duration::from_nanos(left));
            unparked = woken.unwrap_or_else(PoisonError::into_inner).0;
        }
        *unparked = false;
        Parked::Unparked
    }
    fn unpark(&self, parker: &StdParker) {
        *lock(&parker.unparked) = true;
        parker.changed.notify_one();
    }
    fn done(&self, _: &StdParker) {}
}
