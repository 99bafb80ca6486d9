// SPDX-License-Identifier: MIT
//! What a [`WaitTable`](crate::WaitTable) takes from Rust's standard library, on any system that has one.

use crate::WrtResult;
use crate::wait::{FOREVER, Parked, Parking};
use alloc::vec::Vec;
use core::sync::atomic::{AtomicBool, Ordering};
use core::task::Waker;
use core::time::Duration;
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Instant;

/// A mutex, condition variables, and the clock of [`Instant`].
#[derive(Debug)]
pub struct StdParking {
    lock: Mutex<()>,
    epoch: Instant,
    /// Who is to be woken when the lock is free again: a waker may do anything.
    wakers: Mutex<Vec<Waker>>,
    any: AtomicBool,
}

/// Where one thread sleeps.
#[derive(Debug, Default)]
pub struct StdParker {
    unparked: Mutex<bool>,
    changed: Condvar,
    waker: Mutex<Option<Waker>>,
}

impl StdParker {
    /// Has the next unpark wake this task too: for waits that block no thread. Look afterwards whether it has been already.
    pub fn set_waker(&self, waker: Option<Waker>) {
        *lock(&self.waker) = waker;
    }
}

impl StdParking {
    /// Its clock begins now.
    #[allow(clippy::new_without_default)] // it reads a clock
    pub fn new() -> StdParking {
        StdParking { lock: Mutex::new(()), epoch: Instant::now(), wakers: Mutex::new(Vec::new()), any: AtomicBool::new(false) }
    }
}

/// What is guarded is plain data: a panic while it was locked leaves nothing half done.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Parking for StdParking {
    type Parker = StdParker;

    fn locked<R>(&self, work: impl FnOnce() -> R) -> R {
        let held = lock(&self.lock);
        let result = work();
        drop(held);
        if self.any.swap(false, Ordering::AcqRel) {
            let wakers = core::mem::take(&mut *lock(&self.wakers));
            wakers.into_iter().for_each(Waker::wake);
        }
        result
    }
    fn now_ns(&self) -> u64 {
        u64::try_from(self.epoch.elapsed().as_nanos()).unwrap_or(FOREVER - 1)
    }
    fn init(&self, parker: &StdParker) -> WrtResult<()> {
        *lock(&parker.unparked) = false;
        parker.set_waker(None);
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
        if let Some(waker) = lock(&parker.waker).take() {
            lock(&self.wakers).push(waker);
            self.any.store(true, Ordering::Release);
        }
    }
    fn done(&self, parker: &StdParker) {
        parker.set_waker(None);
    }
}
