// SPDX-License-Identifier: MIT
//! [`Waiters`]: whether somebody may wait on a memory, so that a notification that nobody waits for is over at once.
//!
//! Invariant: who waits counts first and compares the value then; who notifies has changed the value first and looks at the
//! count then; a fence between the two on either side. So either the count is seen, or the changed value is.

use crate::order::{AtomicU32, Ordering::Relaxed, Ordering::SeqCst, fence};

/// A count of threads.
#[derive(Debug)]
pub(crate) struct Waiters(AtomicU32);

impl Waiters {
    /// Of a memory where those that wait are not counted: there may always be one.
    pub(crate) fn unknown() -> Waiters {
        Waiters(AtomicU32::new(1))
    }
    /// Of one where they are.
    pub(crate) fn counted() -> Waiters {
        Waiters(AtomicU32::new(0))
    }
    /// One more, which compares the value after this.
    pub(crate) fn enter(&self) {
        self.0.fetch_add(1, Relaxed);
        fence(SeqCst);
    }
    /// One that has entered waits no longer.
    pub(crate) fn leave(&self) {
        self.0.fetch_sub(1, Relaxed);
    }
    /// Whether there is none, after the value has been changed.
    pub(crate) fn none(&self) -> bool {
        fence(SeqCst);
        self.0.load(Relaxed) == 0
    }
}
