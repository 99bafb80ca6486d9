// SPDX-License-Identifier: MIT
//! How the host governs an instance while it runs: stopping it from outside, and limiting its time.

use crate::ImportMap;
use crate::imports::HostCaller;
use core::cell::Cell;
use wrt_foundation::Trap;
use wrt_runtime::{Exit, Flow, HostTable};
#[cfg(target_has_atomic = "ptr")]
use {
    alloc::{sync::Arc, vec, vec::Vec},
    core::sync::atomic::{AtomicU32, Ordering::SeqCst},
};
#[cfg(feature = "std")]
use {
    core::task::Waker,
    std::sync::{Mutex, PoisonError},
    std::time::Instant,
};

/// Stops a guest from elsewhere: see [`ModuleInstance::interrupt_handle`](crate::ModuleInstance::interrupt_handle).
///
/// The request stays until [`clear`](InterruptHandle::clear), so one that comes before the guest runs, or just before it waits, is
/// not lost.
#[cfg(target_has_atomic = "ptr")]
#[derive(Clone, Debug)]
pub struct InterruptHandle(
    /// The request, which the engine reads; the entry of the wait table that the guest waits in, plus one.
    Arc<Vec<AtomicU32>>,
    /// Who polls the host function that the guest waits for; only where there are such functions.
    #[cfg(feature = "std")]
    Option<Arc<Mutex<Option<Waker>>>>,
);

#[cfg(target_has_atomic = "ptr")]
impl InterruptHandle {
    /// `for_futures`: the guest may wait for a host function that is a future.
    #[cfg_attr(not(feature = "std"), allow(unused_variables))] // then nobody is woken
    pub(crate) fn new(for_futures: bool) -> InterruptHandle {
        InterruptHandle(
            Arc::new(vec![AtomicU32::new(0), AtomicU32::new(0)]),
            #[cfg(feature = "std")]
            for_futures.then(Arc::default),
        )
    }
    /// Whom a request wakes from now on; who was it until now.
    #[cfg(feature = "std")]
    pub(crate) fn set_waker(&self, waker: Option<Waker>) -> Option<Waker> {
        let slot = self.1.as_ref()?;
        core::mem::replace(&mut *slot.lock().unwrap_or_else(PoisonError::into_inner), waker)
    }
    pub(crate) fn words(&self) -> Arc<Vec<AtomicU32>> {
        self.0.clone()
    }
    fn set(&self, word: usize, value: u32) {
        if let Some(word) = self.0.get(word) {
            word.store(value, SeqCst);
        }
    }
    fn get(&self, word: usize) -> u32 {
        self.0.get(word).map_or(0, |word| word.load(SeqCst))
    }

    /// Stops the guest: a running one within 1000 instructions, where 64 bytes of a bulk operation count as one; one that waits
    /// in `memory.atomic.wait`, or for a host function that is a future, at once. The call returns
    /// [`Paused`](crate::ErrorKind::Paused), "interrupted", and can be resumed when the request has been cleared. Time in other
    /// host functions comes on top.
    ///
    /// For threads. With `std` it takes locks, which are held for short walks only, and wakes a waker; where that must not be,
    /// as in a handler of a signal, there is [`request`](InterruptHandle::request). Without `std` the two are the same: one
    /// store, for interrupt handlers too; a guest that waits for a host function is stopped when that is polled next.
    pub fn interrupt(&self) {
        self.request();
        #[cfg(feature = "std")]
        if let Some(waker) = self.set_waker(None) {
            waker.wake();
        }
        #[cfg(all(feature = "std", feature = "threads"))]
        crate::threads::table().stop(|| self.get(1).checked_sub(1));
    }

    /// Stops the guest if it runs, or as soon as it does; one that waits goes on waiting. One store of a word: for interrupt
    /// and signal handlers too.
    pub fn request(&self) {
        self.set(0, 1);
    }

    /// Takes the request back; the engine never does.
    pub fn clear(&self) {
        self.set(0, 0);
    }

    /// Whether the request is there.
    pub fn is_interrupted(&self) -> bool {
        self.get(0) != 0
    }
}

#[cfg(all(feature = "std", feature = "threads"))]
impl<P> wrt_platform::Stop<P> for InterruptHandle {
    fn asked(&self) -> bool {
        self.is_interrupted()
    }
    fn waits(&self, entry: Option<(u32, &P)>) {
        self.set(1, entry.map_or(0, |(i, _)| i.wrapping_add(1)));
    }
}

/// Units of fuel between two looks at the clock.
#[cfg(feature = "std")]
const BETWEEN_LOOKS: i64 = 1 << 16;

/// What governs one instance.
#[derive(Debug)]
pub(crate) struct Control {
    #[cfg(target_has_atomic = "ptr")]
    pub(crate) interrupt: InterruptHandle,
    /// The host function, a future, that was called last where nobody could wait for it.
    pub(crate) refused: Cell<Option<u32>>,
    #[cfg(feature = "std")]
    pub(crate) deadline: Cell<Option<Instant>>,
    /// The end of the wait that is or was going on, on the clock of the wait table.
    #[cfg(all(feature = "std", feature = "threads"))]
    pub(crate) wait_until: Cell<u64>,
    /// The entry of the wait table in which it waits without blocking its thread, and the memory's slot.
    #[cfg(all(feature = "std", feature = "threads"))]
    pub(crate) pending: Cell<Option<(u32, u32)>>,
    /// Fuel of a turn; `None`: it has the thread for itself.
    pub(crate) turn: Cell<Option<i64>>,
    /// The turn has begun.
    begun: Cell<bool>,
}

impl Control {
    /// Of an instance with these imports.
    #[cfg_attr(not(target_has_atomic = "ptr"), allow(unused_variables))] // then there is no interrupt
    pub(crate) fn new(imports: &ImportMap) -> Control {
        Control {
            #[cfg(target_has_atomic = "ptr")]
            interrupt: InterruptHandle::new(imports.has_futures()),
            refused: Cell::new(None),
            #[cfg(feature = "std")]
            deadline: Cell::new(None),
            #[cfg(all(feature = "std", feature = "threads"))]
            wait_until: Cell::new(0),
            #[cfg(all(feature = "std", feature = "threads"))]
            pending: Cell::new(None),
            turn: Cell::new(None),
            begun: Cell::new(false),
        }
    }

    /// From now on it leaves after so much fuel, and blocks nobody; `None`: no longer.
    pub(crate) fn take_turns(&self, fuel: Option<i64>) {
        self.turn.set(fuel);
        self.begun.set(false);
    }

    /// Whether the deadline has passed.
    pub(crate) fn is_late(&self) -> bool {
        #[cfg(feature = "std")]
        return self.deadline.get().is_some_and(|deadline| Instant::now() >= deadline);
        #[cfg(not(feature = "std"))]
        false
    }

    /// Whether something outside asks the guest to stop, or its deadline does.
    pub(crate) fn is_stopped(&self) -> bool {
        #[cfg(target_has_atomic = "ptr")]
        if self.interrupt.is_interrupted() {
            return true;
        }
        self.is_late()
    }
}

/// The host of an instance: its functions, under control.
pub(crate) struct Hosts<'a> {
    pub(crate) imports: &'a ImportMap,
    pub(crate) control: &'a Control,
}

impl HostTable<()> for Hosts<'_> {
    fn call(&self, index: u32, caller: &mut HostCaller<'_, '_>) -> Result<Flow, Trap> {
        if self.imports.is_async(index) {
            self.control.refused.set(Some(index));
        }
        self.imports.call(index, caller)
    }
    #[cfg(all(feature = "std", feature = "threads"))]
    fn serve(&self, store: &mut wrt_runtime::Store<'_>, stack: wrt_runtime::StackId, exit: Exit, nested: bool) -> Option<Exit> {
        if !nested && self.control.turn.get().is_none() {
            return Some(exit); // `ModuleInstance::drive` serves it
        }
        crate::threads::serve(self.control, store, stack, exit)
    }
    fn slice(&self) -> i64 {
        #[cfg(feature = "std")]
        let looks = if self.control.deadline.get().is_some() { BETWEEN_LOOKS } else { i64::MAX };
        #[cfg(not(feature = "std"))]
        let looks = i64::MAX;
        self.control.turn.get().map_or(looks, |turn| turn.min(looks))
    }
    fn due(&self, nested: bool) -> Option<Exit> {
        if self.control.is_late() {
            return Some(Exit::Interrupted);
        }
        // A nested call is the host function's affair: the turn ends when that has returned.
        if !nested && self.control.turn.get().is_some() && self.control.begun.replace(true) {
            return Some(Exit::OutOfBudget);
        }
        None
    }
}
