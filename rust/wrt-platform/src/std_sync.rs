// SPDX-License-Identifier: MIT
//! What a [`WaitTable`](crate::WaitTable) takes from Rust's standard library, on any system that has one.

#[cfg(all(feature = "platform-linux", target_os = "linux"))]
use crate::FutexLike;
use crate::WrtResult;
use crate::wait::{FOREVER, Parked, Parking};
use alloc::vec::Vec;
use core::sync::atomic::{AtomicBool, Ordering};
use core::task::Waker;
use core::time::Duration;
#[cfg(not(all(feature = "platform-linux", target_os = "linux")))]
use std::sync::Condvar;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Instant;

/// A mutex, condition variables (on Linux, with `platform-linux`, futexes), and the clock of [`Instant`].
///
/// What sleeps and what wakes is inlined into its caller, down to the system call: returns from functions that were entered
/// before a switch of threads are slow. Where none is left, as in `wrt`, a round of two guests takes a sixth less.
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
    unparked: Flag,
    waker: Mutex<Option<Waker>>,
    /// Whether there may be a waker: threads, which have none, take no lock for it. Who sets one goes under the table's lock
    /// afterwards, where it looks whether it has been unparked already; so who unparks sees this, or is seen.
    task: AtomicBool,
}

/// One thread waits until it is set; it is cleared by that.
#[cfg(all(feature = "platform-linux", target_os = "linux"))]
type Flag = crate::LinuxFutex;
/// One thread waits until it is set; it is cleared by that.
#[cfg(not(all(feature = "platform-linux", target_os = "linux")))]
#[derive(Debug, Default)]
struct Flag {
    set: Mutex<bool>,
    changed: Condvar,
}

#[cfg(all(feature = "platform-linux", target_os = "linux"))]
impl StdParker {
    fn clear(&self) {
        self.unparked.store(0, Ordering::Relaxed);
    }
    fn set_first(&self) -> bool {
        self.unparked.store(1, Ordering::Release);
        true
    }
    #[inline(always)]
    fn kick(&self) {
        let _ = self.unparked.wake_one();
    }
    #[inline(always)]
    /// Waits for so long, or for ever; tells whether it was set. It may return early for no reason.
    fn wait(&self, left: Option<Duration>) -> bool {
        let take = || self.unparked.compare_exchange_weak(1, 0, Ordering::Acquire, Ordering::Relaxed).is_ok();
        if take() {
            return true;
        }
        let _ = self.unparked.wait(0, left);
        take()
    }
}

#[cfg(not(all(feature = "platform-linux", target_os = "linux")))]
impl StdParker {
    fn clear(&self) {
        *lock(&self.unparked.set) = false;
    }
    fn set(&self) {
        *lock(&self.unparked.set) = true;
        self.unparked.changed.notify_one();
    }
    fn set_first(&self) -> bool {
        self.set();
        false
    }
    fn kick(&self) {}
    /// Waits for so long, or for ever; tells whether it was set. It may return early for no reason.
    fn wait(&self, left: Option<Duration>) -> bool {
        let set = lock(&self.unparked.set);
        if *set {
            drop(set);
            self.clear();
            return true;
        }
        let mut set = match left {
            Some(left) => self.unparked.changed.wait_timeout(set, left).unwrap_or_else(PoisonError::into_inner).0,
            None => self.unparked.changed.wait(set).unwrap_or_else(PoisonError::into_inner),
        };
        core::mem::take(&mut *set)
    }
}

impl StdParker {
    /// Has the next unpark wake this task too: for waits that block no thread. Look afterwards whether it has been already.
    pub fn set_waker(&self, waker: Option<Waker>) {
        let some = waker.is_some();
        if some || self.task.load(Ordering::Relaxed) {
            *lock(&self.waker) = waker;
            self.task.store(some, Ordering::Relaxed);
        }
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
        if self.any.load(Ordering::Relaxed) && self.any.swap(false, Ordering::AcqRel) {
            let wakers = core::mem::take(&mut *lock(&self.wakers));
            wakers.into_iter().for_each(Waker::wake);
        }
        result
    }
    fn now_ns(&self) -> u64 {
        u64::try_from(self.epoch.elapsed().as_nanos()).unwrap_or(FOREVER - 1)
    }
    fn init(&self, parker: &StdParker) -> WrtResult<()> {
        parker.clear();
        parker.set_waker(None);
        Ok(())
    }
    fn init_locked(&self, parker: &StdParker) -> bool {
        parker.clear(); // `done` has forgotten the waker
        true
    }
    #[inline(always)]
    fn park(&self, parker: &StdParker, deadline_ns: u64) -> Parked {
        loop {
            let left = || Duration::from_nanos(deadline_ns.saturating_sub(self.now_ns()));
            if parker.wait((deadline_ns != FOREVER).then(left)) {
                return Parked::Unparked;
            }
            if deadline_ns != FOREVER && self.now_ns() >= deadline_ns {
                return Parked::TimedOut;
            }
        }
    }
    fn unpark(&self, parker: &StdParker) {
        self.unpark_first(parker);
        parker.kick();
    }
    #[inline(always)]
    fn kick(&self, parker: &StdParker) {
        parker.kick();
    }
    fn unpark_first(&self, parker: &StdParker) -> bool {
        let kick = parker.set_first();
        if parker.task.load(Ordering::Relaxed)
            && let Some(waker) = lock(&parker.waker).take()
        {
            lock(&self.wakers).push(waker);
            self.any.store(true, Ordering::Release);
        }
        kick
    }
    fn done(&self, parker: &StdParker) {
        parker.set_waker(None);
    }
}
