// SPDX-License-Identifier: MIT
//! [`Loan`]: one value that several owners hand to each other without waiting.

use core::cell::UnsafeCell;
use core::sync::atomic::{AtomicU8, Ordering};

const AWAY: u8 = 0;
const MOVING: u8 = 1;
const HERE: u8 = 2;

/// A value that is here or with whoever took it. Taking never waits: it fails.
#[derive(Debug)]
pub struct Loan<T> {
    state: AtomicU8,
    value: UnsafeCell<Option<T>>,
}

// SAFETY: only the thread that set `state` to MOVING touches the value, and it moves it in or out, so T: Send is enough.
unsafe impl<T: Send> Sync for Loan<T> {}

impl<T> Loan<T> {
    /// It is here.
    pub const fn new(value: T) -> Loan<T> {
        Loan { state: AtomicU8::new(HERE), value: UnsafeCell::new(Some(value)) }
    }

    fn change(&self, from: u8, new: Option<T>, to: u8) -> Result<Option<T>, Option<T>> {
        if self.state.compare_exchange(from, MOVING, Ordering::Acquire, Ordering::Relaxed).is_err() {
            return Err(new);
        }
        // SAFETY: this thread changed `state` to MOVING, so nobody else is between here and the store.
        let old = core::mem::replace(unsafe { &mut *self.value.get() }, new);
        self.state.store(to, Ordering::Release);
        Ok(old)
    }

    /// Takes it away; `None` when somebody else has it.
    pub fn take(&self) -> Option<T> {
        self.change(HERE, None, AWAY).ok().flatten()
    }

    /// Brings it back.
    ///
    /// # Errors
    /// The value, when one is here already.
    pub fn put(&self, value: T) -> Result<(), T> {
        match self.change(AWAY, Some(value), HERE) {
            Ok(_) => Ok(()),
            Err(Some(value)) => Err(value),
            Err(None) => Ok(()),
        }
    }
}
