// SPDX-License-Identifier: MIT
//! [`WaitTable`]: threads wait on addresses, in the order in which they came, and are counted exactly. It is what
//! `memory.atomic.wait` and `notify` of the threads proposal come down to (spec: threads, 4.4.7 wait and notify), once for
//! all systems, over the few things that a system gives ([`Parking`]; `port.h`, "waiting").
//!
//! Invariant, under the lock: entries that wait form one list by age; an entry that was woken is not in it. All fields are
//! atomics, although the lock alone orders them: so a wrong [`Parking`] makes the table wrong, and never unsound.

use crate::atomic::{AtomicU32, Ordering};
use wrt_foundation::{Error, ErrorKind, WrtResult};

/// No deadline.
pub const FOREVER: u64 = u64::MAX;

/// How a wait ended.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum WaitOutcome {
    /// Somebody woke it.
    Woken,
    /// The value was another one from the start.
    NotEqual,
    /// The deadline passed first.
    TimedOut,
}

impl WaitOutcome {
    /// The result of `memory.atomic.wait`: 0, 1, 2.
    pub const fn code(self) -> u32 {
        match self {
            WaitOutcome::Woken => 0,
            WaitOutcome::NotEqual => 1,
            WaitOutcome::TimedOut => 2,
        }
    }
}

/// How [`Parking::park`] ended.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Parked {
    /// Unparked, or for no reason.
    Unparked,
    /// The deadline has passed.
    TimedOut,
}

/// What a table takes from a system: the functions of `port.h` for waiting, and its clock.
pub trait Parking {
    /// Where one thread at a time sleeps.
    type Parker;

    /// Runs `work` under the lock, which is not recursive. `work` touches memory and calls `unpark`, nothing else.
    fn locked<R>(&self, work: impl FnOnce() -> R) -> R;
    /// Nanoseconds since some moment; never goes back.
    fn now_ns(&self) -> u64;
    /// Readies a parker for the calling thread: no wake-up is pending. Not under the lock.
    ///
    /// # Errors
    /// The system has no room for one more, or cannot wait here.
    fn init(&self, parker: &Self::Parker) -> WrtResult<()>;
    /// The same where it touches memory only and cannot fail: under the lock, which is then taken once for a wait instead of
    /// twice. False: it is not so here, and nothing has been done.
    fn init_locked(&self, parker: &Self::Parker) -> bool {
        let _ = parker;
        false
    }
    /// Blocks the thread that readied the parker until `unpark`, which may have been before, or until the deadline on the
    /// clock of `now_ns`; [`FOREVER`]: none. It may return for no reason. Not under the lock.
    fn park(&self, parker: &Self::Parker, deadline_ns: u64) -> Parked;
    /// Lets the parker's thread go on, or its next `park` return at once. Under the lock.
    fn unpark(&self, parker: &Self::Parker);
    /// As `unpark`, or its beginning: true if `kick` has to follow when the lock is free, so that who wakes does not
    /// find the lock taken. Meanwhile the thread may go on by itself, and another one may ready the parker.
    fn unpark_first(&self, parker: &Self::Parker) -> bool {
        self.unpark(parker);
        false
    }
    /// See `unpark_first`. Not under the lock.
    fn kick(&self, parker: &Self::Parker) {
        let _ = parker;
    }
    /// Ends a parker. By the thread that readied it, when nobody can unpark it any more. Not under the lock.
    fn done(&self, parker: &Self::Parker);
}

/// What ends a wait from outside, besides waking and time.
///
/// Who asks sets what [`asked`](Stop::asked) reads, and then unparks what [`waits`](Stop::waits) has noted: under the table's
/// lock by [`WaitTable::stop`], or, where a system's parkers can be unparked without it, anywhere, interrupt handlers
/// included. The two sides meet if both do so in this order with sequentially consistent accesses.
pub trait Stop<P> {
    /// Whether it has been asked for. Touches memory only.
    fn asked(&self) -> bool;
    /// `Some`: the thread is going to wait in this entry, noted under the lock; `None`: it does not any more, without it.
    /// Touches memory only.
    fn waits(&self, entry: Option<(u32, &P)>);
}

/// Nobody asks.
struct NeverStops;
impl<P> Stop<P> for NeverStops {
    fn asked(&self) -> bool {
        false
    }
    fn waits(&self, _: Option<(u32, &P)>) {}
}

/// What threads wait on: an address of a memory.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct Key {
    /// Which memory, by a number that the embedder gives each.
    pub memory: u32,
    /// Offset in bytes.
    pub offset: u64,
}

// States of an entry.
const FREE: u32 = 0;
/// A thread has it, outside of the list.
const TAKEN: u32 = 1;
/// In the list.
const WAITING: u32 = 2;
/// Taken out of the list by a waker.
const WOKEN: u32 = 3;
/// Threads that are kicked after the lock; more than these at once are unparked under it.
const LATE: usize = 8;
/// No entry.
const NONE: u32 = u32::MAX;

/// Room for one waiting thread: 20 bytes and the parker.
#[derive(Debug)]
pub struct Waiter<P> {
    state: AtomicU32,
    memory: AtomicU32,
    offset: [AtomicU32; 2],
    next: AtomicU32,
    parker: P,
}

impl<P> Waiter<P> {
    /// Nobody waits in it.
    pub fn new(parker: P) -> Waiter<P> {
        let word = || AtomicU32::new(0);
        Waiter { state: word(), memory: word(), offset: [word(), word()], next: AtomicU32::new(NONE), parker }
    }
    fn key(&self) -> Key {
        let [low, high] = &self.offset;
        Key { memory: get(&self.memory), offset: u64::from(get(low)) | u64::from(get(high)) << 32 }
    }
    fn set_key(&self, key: Key) {
        let [low, high] = &self.offset;
        set(&self.memory, key.memory);
        set(low, key.offset as u32);
        set(high, (key.offset >> 32) as u32);
    }
}

impl<P: Default> Default for Waiter<P> {
    fn default() -> Self {
        Waiter::new(P::default())
    }
}

fn get(word: &AtomicU32) -> u32 {
    word.load(Ordering::Relaxed)
}
fn set(word: &AtomicU32, value: u32) {
    word.store(value, Ordering::Relaxed);
}

/// A table with room for as many waiting threads as it has entries. Waiting and waking take time in proportion to the
/// number of threads that wait.
#[derive(Debug)]
pub struct WaitTable<'m, S: Parking> {
    system: S,
    entries: &'m [Waiter<S::Parker>],
    head: AtomicU32,
    tail: AtomicU32,
}

impl<'m, S: Parking> WaitTable<'m, S> {
    /// A table where nobody waits. No other table uses the entries.
    pub fn new(system: S, entries: &'m [Waiter<S::Parker>]) -> WaitTable<'m, S> {
        WaitTable { system, entries, head: AtomicU32::new(NONE), tail: AtomicU32::new(NONE) }
    }

    /// What it was given.
    pub fn system(&self) -> &S {
        &self.system
    }

    /// The deadline of a wait of `timeout_ns` from now, as `memory.atomic.wait` has it: below 0 for ever. One beyond the
    /// clock's range is clamped to it.
    pub fn deadline(&self, timeout_ns: i64) -> u64 {
        match u64::try_from(timeout_ns) {
            Ok(ns) => self.system.now_ns().saturating_add(ns).min(FOREVER - 1),
            Err(_) => FOREVER,
        }
    }

    /// Waits on `key` until [`notify`](WaitTable::notify) or the deadline, if `equal` holds. `equal` compares 32 or 64 bits, or
    /// whatever it likes, under the table's lock: who changes the value and then notifies is never missed. It is called
    /// up to two times.
    ///
    /// # Errors
    /// `Memory`: all entries are in use. Others of [`Parking::init`].
    pub fn wait(&self, key: Key, equal: impl FnMut() -> bool, deadline_ns: u64) -> WrtResult<WaitOutcome> {
        let ended = self.wait_or_stop(key, equal, deadline_ns, &NeverStops)?;
        Ok(ended.unwrap_or(WaitOutcome::Woken)) // nobody stops it
    }

    /// The same, until `stop` is asked for: then it is `None`. Who has been woken before returns as woken.
    ///
    /// # Errors
    /// As [`WaitTable::wait`].
    #[cfg_attr(feature = "std", inline(always))] // who has slept returns slowly: see `StdParking`
    pub fn wait_or_stop(
        &self,
        key: Key,
        equal: impl FnMut() -> bool,
        deadline_ns: u64,
        stop: &impl Stop<S::Parker>,
    ) -> WrtResult<Option<WaitOutcome>> {
        let Some(i) = self.enter(key, equal, stop)? else { return Ok(Some(WaitOutcome::NotEqual)) };
        let Some(entry) = self.entry(i) else { return Ok(None) };
        loop {
            // Entered first, asked then: a request that came in between has seen no entry, and is seen here.
            let parked = if stop.asked() { Parked::Unparked } else { self.system.park(&entry.parker, deadline_ns) };
            // The usual end, without the lock, which the waker may still hold. It has finished with the entry, which only
            // notes that it was woken after unparking it.
            if entry.state.load(Ordering::Acquire) == WOKEN {
                stop.waits(None);
                self.free(entry);
                return Ok(Some(WaitOutcome::Woken));
            }
            // Never early, whatever the system's clock of timeouts thinks.
            let late = parked == Parked::TimedOut && deadline_ns != FOREVER && self.system.now_ns() >= deadline_ns;
            let ended = self.system.locked(|| {
                let ended = match () {
                    () if get(&entry.state) == WOKEN => Some(Some(WaitOutcome::Woken)),
                    () if late => Some(Some(WaitOutcome::TimedOut)),
                    () if stop.asked() => Some(None),
                    () => None,
                };
                if ended.is_some() {
                    self.unlink(|n, _| n == i, 1, |_| ());
                    stop.waits(None);
                }
                ended
            });
            if let Some(outcome) = ended {
                self.free(entry);
                return Ok(outcome);
            }
        }
    }

    /// Begins a wait that blocks nobody; `None`: `equal` does not hold. [`WaitTable::is_woken`] tells how it goes, and
    /// [`WaitTable::end`] has to follow. The entry's [parker](WaitTable::parker) is unparked when it is woken.
    ///
    /// # Errors
    /// As [`WaitTable::wait`].
    pub fn begin(&self, key: Key, equal: impl FnMut() -> bool) -> WrtResult<Option<u32>> {
        self.enter(key, equal, &NeverStops)
    }

    /// Whether a wait that was begun has been woken.
    pub fn is_woken(&self, entry: u32) -> bool {
        self.entry(entry).is_some_and(|e| self.system.locked(|| get(&e.state) == WOKEN))
    }

    /// Ends a wait that was begun; whether it was woken, and so has been counted. Once for each.
    pub fn end(&self, entry: u32) -> bool {
        let Some(e) = self.entry(entry) else { return false };
        let woken = self.system.locked(|| {
            self.unlink(|n, _| n == entry, 1, |_| ());
            get(&e.state) == WOKEN
        });
        self.free(e);
        woken
    }

    /// The parker of an entry.
    pub fn parker(&self, entry: u32) -> Option<&'m S::Parker> {
        self.entry(entry).map(|e| &e.parker)
    }

    /// Has the thread that waits in the entry `which` tells look at its [`Stop`]. `which` is called under the lock. After the
    /// request has been made, so that [`Stop::asked`] sees it. Should another thread have the entry by now, it wakes for no
    /// reason and sleeps on.
    pub fn stop(&self, which: impl FnOnce() -> Option<u32>) {
        self.system.locked(|| {
            let waits = |e: &&Waiter<S::Parker>| get(&e.state) == WAITING;
            if let Some(entry) = which().and_then(|i| self.entry(i)).filter(waits) {
                self.system.unpark(&entry.parker);
            }
        });
    }

    /// Takes an entry and puts it at the end of the list if `equal` holds.
    fn enter(&self, key: Key, mut equal: impl FnMut() -> bool, stop: &impl Stop<S::Parker>) -> WrtResult<Option<u32>> {
        let taken = self.system.locked(|| {
            if !equal() {
                return Ok(None);
            }
            let free = self.entries.iter().enumerate().find(|(_, e)| e.state.load(Ordering::Acquire) == FREE);
            let Some((i, entry)) = free else { return Err(Error::new(ErrorKind::Memory, "all entries of the wait table are in use")) };
            let i = i as u32;
            let ready = self.system.init_locked(&entry.parker);
            match ready {
                true => self.link(key, i, entry, stop),
                false => set(&entry.state, TAKEN),
            }
            Ok(Some((i, entry, ready)))
        })?;
        let Some((i, entry, ready)) = taken else { return Ok(None) };
        if ready {
            return Ok(Some(i));
        }
        if let Err(e) = self.system.init(&entry.parker) {
            entry.state.store(FREE, Ordering::Release);
            return Err(e);
        }
        let entered = self.system.locked(|| {
            let equal = equal();
            if equal {
                self.link(key, i, entry, stop);
            }
            equal
        });
        if !entered {
            self.free(entry);
        }
        Ok(entered.then_some(i))
    }

    /// Puts an entry, the `i`th, at the end of the list. Under the lock.
    fn link(&self, key: Key, i: u32, entry: &Waiter<S::Parker>, stop: &impl Stop<S::Parker>) {
        entry.set_key(key);
        set(&entry.next, NONE);
        set(&entry.state, WAITING);
        let last = self.tail.load(Ordering::Relaxed);
        set(self.entry(last).map_or(&self.head, |e| &e.next), i);
        set(&self.tail, i);
        stop.waits(Some((i, &entry.parker)));
    }

    /// Gives an entry back that is not in the list.
    fn free(&self, entry: &Waiter<S::Parker>) {
        self.system.done(&entry.parker);
        entry.state.store(FREE, Ordering::Release); // after `done`: the next thread readies the parker anew
    }

    /// Wakes up to `count` threads that wait on `key`, those first that have waited longest; how many.
    #[cfg_attr(feature = "std", inline(always))] // see `StdParking`
    pub fn notify(&self, key: Key, count: u32) -> u32 {
        let mut late = [None; LATE];
        let woken = self.system.locked(|| {
            let mut room = late.iter_mut();
            self.unlink(
                |_, e| e.key() == key,
                count,
                |e| {
                    if room.len() == 0 {
                        self.system.unpark(&e.parker);
                    } else if self.system.unpark_first(&e.parker)
                        && let Some(place) = room.next()
                    {
                        *place = Some(&e.parker);
                    }
                    e.state.store(WOKEN, Ordering::Release); // after it: see `wait_or_stop`
                },
            )
        });
        late.iter().map_while(|place| *place).for_each(|parker| self.system.kick(parker));
        woken
    }

    /// Threads that wait on `key` now.
    pub fn waiting(&self, key: Key) -> u32 {
        self.system.locked(|| {
            let mut n = 0u32;
            let mut at = get(&self.head);
            while let Some(e) = self.entry(at) {
                n = n.saturating_add(u32::from(e.key() == key));
                at = get(&e.next);
            }
            n
        })
    }

    fn entry(&self, i: u32) -> Option<&'m Waiter<S::Parker>> {
        self.entries.get(i as usize)
    }

    /// Takes the first `count` entries that `which` holds for out of the list; how many. Under the lock.
    fn unlink(&self, which: impl Fn(u32, &Waiter<S::Parker>) -> bool, count: u32, mut with: impl FnMut(&'m Waiter<S::Parker>)) -> u32 {
        let (mut n, mut before) = (0u32, NONE);
        let mut at = get(&self.head);
        while let Some(e) = self.entry(at).filter(|_| n < count) {
            let next = get(&e.next);
            if which(at, e) {
                set(self.entry(before).map_or(&self.head, |e| &e.next), next);
                if next == NONE {
                    set(&self.tail, before);
                }
                with(e);
                n = n.wrapping_add(1);
            } else {
                before = at;
            }
            at = next;
        }
        n
    }
}
