// SPDX-License-Identifier: MIT
//! [`FutexLike`]: a 32-bit word that threads wait on; and [`FutexParking`], a lock and parkers made of such words.

use crate::wait::{FOREVER, Parked, Parking};
use core::sync::atomic::Ordering;
use core::time::Duration;
use wrt_foundation::{Error, ErrorKind, WrtResult};

pub use crate::wait::WaitOutcome;

/// A word to wait on. Counts are those of the system; who needs exact ones and an order uses a
/// [`WaitTable`](crate::WaitTable).
pub trait FutexLike: Send + Sync {
    /// Waits as long as the word is `expected`: until woken or, at the earliest, for `timeout`. It may return early for no
    /// reason. A timeout beyond the system's clock is for ever.
    ///
    /// # Errors
    /// [`Timeout`](ErrorKind::Timeout): nobody woke it in time. [`Platform`](ErrorKind::Platform).
    fn wait(&self, expected: u32, timeout: Option<Duration>) -> Result<(), Error>;

    /// Wakes one thread that waits; how many, 0 or 1.
    ///
    /// # Errors
    /// [`Platform`](ErrorKind::Platform).
    fn wake_one(&self) -> Result<u32, Error>;

    /// Wakes all threads that wait; how many.
    ///
    /// # Errors
    /// [`Platform`](ErrorKind::Platform).
    fn wake_all(&self) -> Result<u32, Error>;

    /// The word.
    fn load(&self, ordering: Ordering) -> u32;

    /// Sets the word. It wakes nobody.
    fn store(&self, value: u32, ordering: Ordering);

    /// Sets the word to `new` if it is `current`; what it was. It may fail for no reason.
    ///
    /// # Errors
    /// What it is instead.
    fn compare_exchange_weak(&self, current: u32, new: u32, success: Ordering, failure: Ordering) -> Result<u32, u32>;

    /// Wakes up to `n` threads; how many.
    ///
    /// # Errors
    /// [`Platform`](ErrorKind::Platform).
    fn wake(&self, n: u32) -> Result<u32, Error> {
        for woken in 0..n {
            if self.wake_one()? == 0 {
                return Ok(woken);
            }
        }
        Ok(n)
    }

    /// As `wait`, with the three ends told apart. A return for no reason counts as woken.
    ///
    /// # Errors
    /// [`Platform`](ErrorKind::Platform).
    fn wait_outcome(&self, expected: u32, timeout: Option<Duration>) -> WrtResult<WaitOutcome> {
        if self.load(Ordering::Acquire) != expected {
            return Ok(WaitOutcome::NotEqual);
        }
        match self.wait(expected, timeout) {
            Ok(()) => Ok(WaitOutcome::Woken),
            Err(e) if e.kind() == ErrorKind::Timeout => Ok(WaitOutcome::TimedOut),
            Err(e) => Err(e),
        }
    }
}

/// A [`Parking`] of words: the lock is one, each parker is one, all of them 0 at first.
///
/// Should the system refuse to wait on a word, the lock spins, and a parker returns for no reason.
#[derive(Debug)]
pub struct FutexParking<F> {
    lock: F,
    now_ns: fn() -> u64,
}

// Of the lock; of a parker: 1 = a wake-up is pending.
const UNLOCKED: u32 = 0;
const LOCKED: u32 = 1;
const CONTENDED: u32 = 2;

impl<F: FutexLike> FutexParking<F> {
    /// `lock` is a word that nobody else uses and that is 0, `now_ns` a clock that never goes back, in nanoseconds.
    pub fn new(lock: F, now_ns: fn() -> u64) -> FutexParking<F> {
        FutexParking { lock, now_ns }
    }

    fn lock(&self) {
        let change = |from, to| self.lock.compare_exchange_weak(from, to, Ordering::Acquire, Ordering::Relaxed);
        if change(UNLOCKED, LOCKED).is_ok() {
            return;
        }
        loop {
            match self.lock.load(Ordering::Relaxed) {
                // Others may wait as well; who unlocks has to look.
                UNLOCKED if change(UNLOCKED, CONTENDED).is_ok() => return,
                CONTENDED => {
                    let _ = self.lock.wait(CONTENDED, None);
                }
                LOCKED => {
                    let _ = change(LOCKED, CONTENDED);
                }
                _ => core::hint::spin_loop(),
            }
        }
    }
    fn unlock(&self) {
        let alone = self.lock.compare_exchange_weak(LOCKED, UNLOCKED, Ordering::Release, Ordering::Relaxed);
        if alone.is_err() {
            self.lock.store(UNLOCKED, Ordering::Release);
            let _ = self.lock.wake_one();
        }
    }
}

impl<F: FutexLike> Parking for FutexParking<F> {
    type Parker = F;

    fn locked<R>(&self, work: impl FnOnce() -> R) -> R {
        struct Unlock<'a, F: FutexLike>(&'a FutexParking<F>);
        impl<F: FutexLike> Drop for Unlock<'_, F> {
            fn drop(&mut self) {
                self.0.unlock();
            }
        }
        self.lock();
        let _unlock = Unlock(self);
        work()
    }
    fn now_ns(&self) -> u64 {
        (self.now_ns)()
    }
    fn init(&self, parker: &F) -> WrtResult<()> {
        parker.store(0, Ordering::Relaxed);
        Ok(())
    }
    fn init_locked(&self, parker: &F) -> bool {
        parker.store(0, Ordering::Relaxed);
        true
    }
    fn park(&self, parker: &F, deadline_ns: u64) -> Parked {
        let mut parked = Parked::Unparked;
        if parker.load(Ordering::Acquire) == 0 {
            let left = || Duration::from_nanos(deadline_ns.saturating_sub(self.now_ns()));
            let timeout = (deadline_ns != FOREVER).then(left);
            if parker.wait(0, timeout).is_err_and(|e| e.kind() == ErrorKind::Timeout) {
                parked = Parked::TimedOut;
            }
        }
        // Only this thread takes the wake-up away. One that comes now stays for the next call.
        match parker.compare_exchange_weak(1, 0, Ordering::Acquire, Ordering::Relaxed) {
            Ok(_) => Parked::Unparked,
            Err(_) => parked,
        }
    }
    fn unpark(&self, parker: &F) {
        parker.store(1, Ordering::Release);
        let _ = parker.wake_one();
    }
    fn done(&self, parker: &F) {
        let _ = parker;
    }
}
