// SPDX-License-Identifier: MIT
//! futex(2): private to the process, with absolute deadlines on the monotonic clock.

use crate::sync::{FutexLike, FutexParking, WaitOutcome};
use crate::{Error, ErrorKind, WrtResult};
use core::num::NonZeroU32;
use core::sync::atomic::{AtomicU32, Ordering};
use core::time::Duration;
use rustix::io::Errno;
use rustix::thread::futex;
use rustix::time::{ClockId, Timespec, clock_gettime};

/// How a [`LinuxFutex`] is made.
#[derive(Clone, Debug, Default)]
#[must_use]
pub struct LinuxFutexBuilder {
    value: u32,
}

impl LinuxFutexBuilder {
    /// The word is 0.
    pub fn new() -> Self {
        Self::default()
    }
    /// What the word is at first.
    pub fn with_initial_value(mut self, value: u32) -> Self {
        self.value = value;
        self
    }
    /// The futex.
    ///
    /// # Errors
    /// None; ports that need something of their system for each have some.
    pub fn build(self) -> WrtResult<LinuxFutex> {
        Ok(LinuxFutex::new(self.value))
    }
}

/// A word that threads of this process wait on.
#[derive(Debug, Default)]
pub struct LinuxFutex(AtomicU32);

impl LinuxFutex {
    /// A word that is `value`.
    pub const fn new(value: u32) -> LinuxFutex {
        LinuxFutex(AtomicU32::new(value))
    }

    #[inline(always)] // see `StdParking`
    fn wake_up_to(&self, n: u32) -> WrtResult<u32> {
        match futex::wake(&self.0, futex::Flags::PRIVATE, n) {
            Ok(woken) => Ok(woken as u32),
            Err(_) => Err(Error::new(ErrorKind::Platform, "futex wake failed")),
        }
    }
}

/// A moment `after` now; `None` beyond what the kernel's clock counts, 2^63 ns.
fn moment(after: Duration) -> Option<Timespec> {
    let moment = clock_gettime(ClockId::Monotonic).checked_add(after.try_into().ok()?)?;
    (moment.tv_sec < i64::MAX / 1_000_000_000).then_some(moment)
}

impl FutexLike for LinuxFutex {
    #[inline(always)] // see `StdParking`
    fn wait(&self, expected: u32, timeout: Option<Duration>) -> Result<(), Error> {
        match self.wait_outcome(expected, timeout)? {
            WaitOutcome::TimedOut => Err(Error::new(ErrorKind::Timeout, "nobody woke it in time")),
            _ => Ok(()),
        }
    }
    #[inline(always)] // see `StdParking`
    fn wake_one(&self) -> Result<u32, Error> {
        self.wake_up_to(1)
    }
    fn wake_all(&self) -> Result<u32, Error> {
        self.wake_up_to(i32::MAX as u32)
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
    fn wake(&self, n: u32) -> Result<u32, Error> {
        match n {
            0 => Ok(0), // the kernel would wake one
            n => self.wake_up_to(n.min(i32::MAX as u32)),
        }
    }
    #[inline(always)] // see `StdParking`
    fn wait_outcome(&self, expected: u32, timeout: Option<Duration>) -> WrtResult<WaitOutcome> {
        let deadline = timeout.and_then(moment);
        loop {
            match futex::wait_bitset(&self.0, futex::Flags::PRIVATE, expected, deadline.as_ref(), NonZeroU32::MAX) {
                Ok(()) => return Ok(WaitOutcome::Woken),
                Err(Errno::AGAIN) => return Ok(WaitOutcome::NotEqual),
                Err(Errno::TIMEDOUT) => return Ok(WaitOutcome::TimedOut),
                Err(Errno::INTR) => {} // the deadline is absolute
                Err(_) => return Err(Error::new(ErrorKind::Platform, "futex wait failed")),
            }
        }
    }
}

/// Nanoseconds of the monotonic clock.
fn now_ns() -> u64 {
    let now = clock_gettime(ClockId::Monotonic);
    let (seconds, nanos) = (u64::try_from(now.tv_sec).unwrap_or(0), u64::try_from(now.tv_nsec).unwrap_or(0));
    seconds.saturating_mul(1_000_000_000).saturating_add(nanos)
}

/// What a [`WaitTable`](crate::WaitTable) takes from Linux.
pub type LinuxParking = FutexParking<LinuxFutex>;

impl LinuxParking {
    /// On futexes and the monotonic clock.
    pub fn linux() -> LinuxParking {
        FutexParking::new(LinuxFutex::new(0), now_ns)
    }
}
