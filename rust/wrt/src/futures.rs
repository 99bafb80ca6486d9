// SPDX-License-Identifier: MIT
//! Calls as futures of any executor, and host functions that are futures.
//!
//! A guest's call of such a function leaves the loop as a value. Its future is polled by whoever polls the guest's call; its
//! results are the answer to the host call. It may call the guest in its turn, whose calls may be futures again: so there is a
//! list of them, each called by the guest that the one before it called. All are polled, because one that waits for
//! its own call of the guest may wait for something else as well, and give the call up.
//!
//! While a future is polled the store is with it, in the [`Desk`] that it shares with the instance; so nothing is borrowed
//! across an `await`.

use crate::ModuleInstance;
use crate::imports::trap_of;
use alloc::boxed::Box;
use alloc::rc::Rc;
use alloc::vec::Vec;
use core::cell::Cell;
use core::future::poll_fn;
use core::pin::Pin;
use core::task::{Context, Poll, Waker};
use wrt_foundation::{Error, ErrorKind, Trap, Value, WrtResult};
use wrt_runtime::stack::Run;
use wrt_runtime::{Exit, Extern, GuestMemory, InstanceId, StackId, Store};

/// Fuel between two returns to the executor.
const ASYNC_TURN: i64 = 1 << 14;

/// A moment at which a wait ends; without `std` there is no clock.
#[cfg(feature = "std")]
pub(crate) type Moment = std::time::Instant;
#[cfg(not(feature = "std"))]
pub(crate) type Moment = core::convert::Infallible;

/// How a turn of an instance that shares its thread has ended.
#[derive(Debug)]
pub(crate) enum Turn {
    /// The call is over, or paused for another reason than its turn.
    Ended(WrtResult<Vec<Value>>),
    /// There is more to do.
    Yields,
    /// It waits for another thread or for a host function, until then.
    Waits(Option<Moment>),
}

/// What a host function is at work on.
pub(crate) type Pending = Pin<Box<dyn Future<Output = WrtResult<Vec<Value>>>>>;

/// What a host function has called.
enum Nested {
    /// Nothing.
    None,
    /// This function, which runs.
    Open(u32),
    /// One that is over.
    Over(WrtResult<Vec<Value>>),
}

/// Where an instance and a host function that it has called meet.
struct Desk {
    /// While the host function is polled.
    store: Cell<Option<Store<'static>>>,
    stack: StackId,
    instance: InstanceId,
    /// The guest when it called.
    kept: Run,
    nested: Cell<Nested>,
    /// It has given up a call of the guest.
    dropped: Cell<bool>,
}

impl Desk {
    /// Lends `store` to what is done in `f`, which may panic.
    fn lend<R>(&self, store: &mut Store<'static>, f: impl FnOnce() -> R) -> R {
        struct Lent<'a>(&'a Desk, &'a mut Store<'static>);
        impl Drop for Lent<'_> {
            fn drop(&mut self) {
                if let Some(store) = self.0.store.take() {
                    *self.1 = store;
                }
            }
        }
        self.store.set(Some(core::mem::replace(store, Store::owned(0))));
        let _lent = Lent(self, store);
        f()
    }
    /// Takes the store for what is done in `f`; `None` when it is not here.
    fn borrow<R>(&self, f: impl FnOnce(&mut Store<'static>) -> R) -> Option<R> {
        struct Borrowed<'a>(&'a Desk, Option<Store<'static>>);
        impl Drop for Borrowed<'_> {
            fn drop(&mut self) {
                self.0.store.set(self.1.take());
            }
        }
        let mut borrowed = Borrowed(self, self.store.take());
        borrowed.1.as_mut().map(f)
    }
    /// The guest as it was when it called.
    fn restore(&self, store: &mut Store<'static>) {
        if let Some(stack) = store.stack_mut(self.stack) {
            stack.run = self.kept;
        }
    }
}

/// The caller of a host function of [`ImportMap::define_async`](crate::ImportMap::define_async): memory of the guest, and calls
/// into it. It serves within that function, while the guest's call is polled; elsewhere there is no memory, and a call is a
/// [`Usage`](ErrorKind::Usage) error.
pub struct AsyncCaller(Rc<Desk>);

impl core::fmt::Debug for AsyncCaller {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_tuple("AsyncCaller").field(&self.0.instance).finish()
    }
}

impl AsyncCaller {
    /// Gives memory 0 of the calling instance to `f`. `None`: it has none.
    pub fn memory<R>(&mut self, f: impl FnOnce(&mut GuestMemory<'_>) -> R) -> Option<R> {
        self.memory_at(0, f)
    }
    /// Gives memory `i` of the calling instance to `f`. `None`: there is no such memory.
    pub fn memory_at<R>(&mut self, i: u32, f: impl FnOnce(&mut GuestMemory<'_>) -> R) -> Option<R> {
        let instance = self.0.instance;
        self.0.borrow(|store| store.memory_of(instance, i).map(|mut memory| f(&mut memory)))?
    }

    /// Calls an exported function that has at most one result; [`Value::Unit`] stands for none. It runs by the same turns and
    /// on the same fuel as what has called the host, and ends when the future is dropped. A trap in it ends nothing else.
    ///
    /// # Errors
    /// [`Usage`](ErrorKind::Usage): no such function, wrong arguments, more than one result, or the future is not polled by the
    /// guest's call. [`Trap`](ErrorKind::Trap). Fuel that is used up and an interrupt pause the guest's call as a whole.
    pub async fn invoke(&mut self, name: &str, args: &[Value]) -> WrtResult<Value> {
        self.enter(name, args, true)?;
        Ok(self.open().await?.first().copied().unwrap_or(Value::Unit))
    }
    /// Calls an exported function; all its results.
    ///
    /// # Errors
    /// As [`AsyncCaller::invoke`].
    pub async fn invoke_multi(&mut self, name: &str, args: &[Value]) -> WrtResult<Vec<Value>> {
        self.enter(name, args, false)?;
        self.open().await
    }

    fn enter(&mut self, name: &str, args: &[Value], single: bool) -> WrtResult<()> {
        let desk = &*self.0;
        match desk.nested.replace(Nested::None) {
            Nested::None => {}
            other => {
                desk.nested.set(other);
                return Err(Error::new(ErrorKind::Usage, "an earlier call is not over"));
            }
        }
        let entered = desk.borrow(|store| {
            let func = exported(store, desk.instance, name)?;
            if single && result_count(store, func) > 1 {
                return Err(SEVERAL);
            }
            desk.restore(store); // one that was given up may be there still
            store.enter(desk.stack, func, args)?;
            Ok(func)
        });
        let func = entered.unwrap_or(Err(Error::new(ErrorKind::Usage, "the guest's call is not polled")))?;
        desk.nested.set(Nested::Open(func));
        Ok(())
    }

    /// The call that was entered; dropped, it is given up.
    fn open(&self) -> impl Future<Output = WrtResult<Vec<Value>>> {
        struct Open<'a>(&'a Desk);
        impl Drop for Open<'_> {
            fn drop(&mut self) {
                if let Nested::Open(_) = self.0.nested.replace(Nested::None) {
                    self.0.dropped.set(true);
                }
            }
        }
        let open = Open(&self.0);
        poll_fn(move |_| {
            let Open(desk) = &open; // all of it, so that it is dropped with the future
            match desk.nested.replace(Nested::None) {
                Nested::Over(result) => Poll::Ready(result),
                other => {
                    desk.nested.set(other);
                    Poll::Pending
                }
            }
        })
    }
}

pub(crate) const SEVERAL: Error = Error::new(ErrorKind::Usage, "the function has several results: use invoke_multi");

/// The function that an instance exports.
pub(crate) fn exported(store: &Store<'static>, instance: InstanceId, name: &str) -> WrtResult<u32> {
    match store.export(instance, name) {
        Some(Extern::Func(f)) => Ok(f),
        _ => Err(Error::new(ErrorKind::Usage, "no exported function of this name").with_detail_fmt(format_args!("{name}"))),
    }
}

pub(crate) fn result_count(store: &Store<'static>, func: u32) -> usize {
    store.func_type(func).map_or(0, |t| t.results.len())
}

/// The results of a call that is over.
pub(crate) fn results(store: &Store<'static>, stack: StackId, func: u32) -> WrtResult<Vec<Value>> {
    let mut results = crate::collected(core::iter::repeat_n(Value::Unit, result_count(store, func)))?;
    store.results(stack, func, &mut results)?;
    Ok(results)
}

/// A host function at work.
pub(crate) struct HostFuture {
    future: Pending,
    desk: Rc<Desk>,
    /// Its number in the map of imports.
    pub(crate) host: u32,
}

/// Gives up a call whose future is dropped.
struct Call<'a>(&'a mut ModuleInstance);
impl Drop for Call<'_> {
    fn drop(&mut self) {
        self.0.cancel();
    }
}

impl ModuleInstance {
    /// [`ModuleInstance::invoke`] as a future, for any executor: it returns to that every 16384 instructions, and while the guest
    /// waits for another thread (`memory.atomic.wait`) it is pending, until it is notified, interrupted, or its time is over;
    /// so it is while the guest waits for a host function of [`ImportMap::define_async`](crate::ImportMap::define_async).
    /// Dropped, it gives the call up.
    ///
    /// Executors have clocks of their own: without [`ModuleInstance::set_timer`] a wait that has a timeout, or an instance that
    /// has a deadline, asks to be polled again at once while it waits.
    ///
    /// ```
    /// # #[cfg(all(feature = "std", feature = "loader"))]
    /// # fn main() -> wrt::WrtResult<()> {
    /// # let wasm_bytes = wat::parse_str(r#"(module (func (export "sum") (param $n i32) (result i32) (local $s i32)
    /// #     (loop $l (local.set $s (i32.add (local.get $s) (local.get $n)))
    /// #         (br_if $l (local.tee $n (i32.sub (local.get $n) (i32.const 1))))) (local.get $s)))"#).unwrap();
    /// use std::pin::pin;
    /// use std::task::{Context, Poll, Waker};
    /// use wrt::prelude::*;
    ///
    /// /// The smallest executor.
    /// fn block_on<F: Future>(future: F) -> F::Output {
    ///     let (mut future, mut context) = (pin!(future), Context::from_waker(Waker::noop()));
    ///     loop {
    ///         if let Poll::Ready(output) = future.as_mut().poll(&mut context) {
    ///             return output;
    ///         }
    ///     }
    /// }
    ///
    /// let mut instance = ModuleInstance::new(Module::from_bytes(&wasm_bytes)?, ImportMap::new())?;
    /// let result = block_on(async { instance.invoke_async("sum", &[Value::I32(50_000)]).await })?;
    /// assert_eq!(result, Value::I32(1_250_025_000));
    /// # Ok(())
    /// # }
    /// # #[cfg(not(all(feature = "std", feature = "loader")))]
    /// # fn main() {}
    /// ```
    ///
    /// # Errors
    /// As [`ModuleInstance::invoke`], except that a paused call is given up.
    pub async fn invoke_async(&mut self, name: &str, args: &[Value]) -> WrtResult<Value> {
        self.check_single(name)?;
        self.enter(name, args)?;
        let call = Call(self);
        let results = poll_fn(|context| match call.0.turn(ASYNC_TURN, context.waker()) {
            Turn::Ended(result) => Poll::Ready(result),
            Turn::Yields => {
                context.waker().wake_by_ref();
                Poll::Pending
            }
            Turn::Waits(until) => {
                if let Some(until) = until {
                    call.0.wake_at(until, context.waker());
                }
                Poll::Pending
            }
        });
        Ok(results.await?.first().copied().unwrap_or(Value::Unit))
    }

    /// Goes on with a call for `fuel` at most, and blocks nobody. `waker` is woken when a wait is over.
    pub(crate) fn turn(&mut self, fuel: i64, waker: &Waker) -> Turn {
        let Some(func) = self.open else { return Turn::Ended(Err(Error::new(ErrorKind::Usage, "no call is paused"))) };
        // What was called first may be woken as well as what was called last; afterwards only the last one can have news.
        let (mut left, mut from) = (fuel, 0);
        loop {
            if self.control.is_stopped() && !self.futures.is_empty() {
                return Turn::Ended(self.settle(func, Exit::Interrupted));
            }
            if let Some(exit) = self.poll_futures(from, waker) {
                match self.end_nested(exit) {
                    Some(exit) => return Turn::Ended(self.settle(func, exit)),
                    None => {
                        from = self.futures.len().saturating_sub(1);
                        continue;
                    }
                }
            }
            // Only a wait of threads comes round again.
            #[cfg(all(feature = "std", feature = "threads"))]
            {
                from = self.futures.len();
            }
            if self.waits_for_host() {
                return self.wait_for_host(func, waker);
            }
            #[cfg(all(feature = "std", feature = "threads"))]
            match crate::threads::look(&self.control, &mut self.store, self.stack, Some(waker)) {
                crate::threads::Waited::Waits(until) => return Turn::Waits(crate::threads::instant(until)),
                crate::threads::Waited::Stopped => return Turn::Ended(self.settle(func, Exit::Interrupted)),
                crate::threads::Waited::Over => {}
            }
            if left <= 0 {
                return Turn::Yields;
            }
            self.control.take_turns(Some(left));
            let before = self.budget;
            let exit = self.drive();
            self.control.take_turns(None);
            left = left.saturating_sub(before.saturating_sub(self.budget).max(1));
            match exit {
                Exit::OutOfBudget if self.budget > 0 => return Turn::Yields,
                // The wait is looked at once more, with the waker.
                #[cfg(all(feature = "std", feature = "threads"))]
                Exit::Wait { .. } if self.control.pending.get().is_some() => {}
                exit => {
                    let exit = match exit {
                        Exit::HostCall { host, .. } => self.begin_future(host),
                        exit => Some(exit),
                    };
                    from = self.futures.len().saturating_sub(1);
                    if let Some(exit) = exit.and_then(|exit| self.end_nested(exit)) {
                        return Turn::Ended(self.settle(func, exit));
                    }
                }
            }
        }
    }

    /// The guest has called a host function that is a future. The exit, if that cannot be.
    fn begin_future(&mut self, host: u32) -> Option<Exit> {
        self.control.refused.set(None);
        let Some(begin) = self.imports.begin(host) else { return Some(self.store.abort(self.stack, Trap::Host)) };
        let (store, stack) = (&self.store, self.stack);
        let params = store.host_type(stack).map_or(0, |ty| ty.params.len());
        let args = crate::collected((0..params).map(|i| store.host_arg(stack, i).unwrap_or(Value::Unit)));
        let (Ok(args), Some(kept)) = (args, store.stack(stack).map(|s| s.run)) else {
            return Some(self.store.abort(stack, Trap::Host));
        };
        let (nested, dropped) = (Cell::new(Nested::None), Cell::new(false));
        let desk = Rc::new(Desk { store: Cell::new(None), stack, instance: self.instance, kept, nested, dropped });
        let future = desk.lend(&mut self.store, || begin(AsyncCaller(desk.clone()), args));
        match crate::push(&mut self.futures, HostFuture { future, desk, host }) {
            Ok(()) => None,
            Err(_) => Some(self.store.abort(stack, Trap::Host)),
        }
    }

    /// Polls the host functions at work, from that number on. The exit of the guest above, if one has failed.
    fn poll_futures(&mut self, from: usize, waker: &Waker) -> Option<Exit> {
        let mut i = from;
        while let Some(HostFuture { future, desk, .. }) = self.futures.get_mut(i) {
            let polled = desk.lend(&mut self.store, || future.as_mut().poll(&mut Context::from_waker(waker)));
            let desk = desk.clone();
            match polled {
                Poll::Ready(result) => {
                    self.give_up_from(i);
                    desk.restore(&mut self.store);
                    let answered = result.map_err(|e| trap_of(&e));
                    let answered = answered.and_then(|results| self.store.answer(self.stack, &results).map_err(|_| Trap::Host));
                    return answered.err().map(|trap| self.store.abort(self.stack, trap));
                }
                Poll::Pending if desk.dropped.take() => {
                    self.give_up_from(i.saturating_add(1));
                    if !is_open(&desk) {
                        desk.restore(&mut self.store);
                    }
                }
                Poll::Pending => {}
            }
            i = i.saturating_add(1);
        }
        None
    }

    /// Drops the host functions from that number on, last one first, and what the guest above them waits for.
    fn give_up_from(&mut self, n: usize) {
        #[cfg(all(feature = "std", feature = "threads"))]
        crate::threads::give_up(&self.control, &self.store);
        #[cfg(feature = "std")]
        drop(self.control.interrupt.set_waker(None));
        while self.futures.len() > n {
            self.futures.pop();
        }
    }
    /// The same for all of them; what the embedder has called is where it called the first one.
    pub(crate) fn give_up_futures(&mut self) {
        let first = self.futures.first().map(|first| first.desk.clone());
        self.give_up_from(0);
        if let Some(first) = first {
            first.restore(&mut self.store);
        }
    }

    /// Whether a host function has to be woken before the guest can go on.
    fn waits_for_host(&self) -> bool {
        self.futures.last().is_some_and(|last| !is_open(&last.desk))
    }
    fn wait_for_host(&mut self, func: u32, waker: &Waker) -> Turn {
        #[cfg(feature = "std")]
        let until = {
            drop(self.control.interrupt.set_waker(Some(waker.clone())));
            self.control.deadline.get()
        };
        #[cfg(not(feature = "std"))]
        let until = {
            let _ = waker;
            None
        };
        // Whoever asks for it after this look finds the waker.
        if self.control.is_stopped() {
            return Turn::Ended(self.settle(func, Exit::Interrupted));
        }
        Turn::Waits(until)
    }

    /// What has run is the call of a host function, if one is at work: that gets the outcome. Else, or if the call has not come
    /// to its end, `exit` is the caller's.
    fn end_nested(&mut self, exit: Exit) -> Option<Exit> {
        let Some(desk) = self.futures.last().map(|last| last.desk.clone()) else { return Some(exit) };
        let Nested::Open(func) = desk.nested.replace(Nested::None) else { return Some(exit) };
        desk.nested.set(match exit {
            Exit::Done => Nested::Over(results(&self.store, self.stack, func)),
            Exit::Trap(_) => Nested::Over(Err(self.failure(exit))),
            #[cfg(feature = "threads")]
            Exit::Wait { .. } | Exit::Notify { .. } => Nested::Over(Err(self.failure(exit))),
            exit => {
                desk.nested.set(Nested::Open(func));
                return Some(exit);
            }
        });
        desk.restore(&mut self.store);
        None
    }

    /// Has `waker` woken at that moment, or now where there is no timer.
    fn wake_at(&mut self, at: Moment, waker: &Waker) {
        #[cfg(feature = "std")]
        match &mut self.timer {
            Some(timer) => timer(at, waker.clone()),
            None => waker.wake_by_ref(),
        }
        #[cfg(not(feature = "std"))]
        let (_, _) = (at, waker);
    }
}

fn is_open(desk: &Desk) -> bool {
    let nested = desk.nested.replace(Nested::None);
    let open = matches!(nested, Nested::Open(_));
    desk.nested.set(nested);
    open
}
