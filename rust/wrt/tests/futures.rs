// SPDX-License-Identifier: MIT
//! Host functions that are futures: with a small executor, with Tokio, and where nobody can wait for them.
#![cfg(all(feature = "alloc", feature = "loader", feature = "float"))]

use std::cell::{Cell, RefCell};
use std::collections::VecDeque;
use std::future::{pending, poll_fn};
use std::pin::pin;
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering::SeqCst};
use std::task::{Context, Poll, Wake, Waker};
use std::time::{Duration, Instant};
use wrt::prelude::*;
#[cfg(feature = "std")]
use wrt::{Scheduler, Step, Urgency};

const I: ValType = ValType::I32;

fn guest(wat: &str, imports: ImportMap) -> ModuleInstance {
    let limits = Limits { cells: 1 << 12, frames: 64, ..Limits::default() };
    ModuleInstance::with_limits(Module::from_bytes(&wat::parse_str(wat).unwrap()).unwrap(), imports, limits).unwrap()
}

/// Unparks the thread, and counts.
struct Unpark(AtomicU32, std::thread::Thread);
impl Wake for Unpark {
    fn wake(self: Arc<Self>) {
        self.0.fetch_add(1, SeqCst);
        self.1.unpark();
    }
}
fn waker() -> (Arc<Unpark>, Waker) {
    let unpark = Arc::new(Unpark(AtomicU32::new(0), std::thread::current()));
    (unpark.clone(), Waker::from(unpark))
}

/// A small executor: it sleeps until somebody wakes it.
fn block_on<F: Future>(future: F) -> F::Output {
    let (mut future, (count, waker)) = (pin!(future), waker());
    loop {
        let before = count.0.load(SeqCst);
        if let Poll::Ready(output) = future.as_mut().poll(&mut Context::from_waker(&waker)) {
            return output;
        }
        let begun = Instant::now();
        while count.0.load(SeqCst) == before {
            assert!(begun.elapsed() < Duration::from_secs(60), "nobody wakes it");
            std::thread::park_timeout(Duration::from_secs(60));
        }
    }
}

/// Both, on one thread.
async fn join<A: Future, B: Future>(a: A, b: B) -> (A::Output, B::Output) {
    let (mut a, mut b) = (pin!(a), pin!(b));
    let (mut x, mut y) = (None, None);
    poll_fn(move |context| {
        if x.is_none()
            && let Poll::Ready(r) = a.as_mut().poll(context)
        {
            x = Some(r);
        }
        if y.is_none()
            && let Poll::Ready(r) = b.as_mut().poll(context)
        {
            y = Some(r);
        }
        if x.is_some() && y.is_some() { Poll::Ready((x.take().unwrap(), y.take().unwrap())) } else { Poll::Pending }
    })
    .await
}

/// Messages between guests of one thread.
#[derive(Clone, Default)]
struct Channel(Rc<Queue>);
#[derive(Default)]
struct Queue {
    messages: RefCell<VecDeque<i32>>,
    waiting: Cell<Option<Waker>>,
}
impl Channel {
    fn send(&self, n: i32) {
        self.0.messages.borrow_mut().push_back(n);
        if let Some(waker) = self.0.waiting.take() {
            waker.wake();
        }
    }
    async fn receive(&self) -> i32 {
        poll_fn(|context| match self.0.messages.borrow_mut().pop_front() {
            Some(n) => Poll::Ready(n),
            None => {
                self.0.waiting.set(Some(context.waker().clone()));
                Poll::Pending
            }
        })
        .await
    }
}

/// Pending once.
async fn yield_now() {
    let mut first = true;
    poll_fn(|context| {
        context.waker().wake_by_ref();
        if std::mem::take(&mut first) { Poll::Pending } else { Poll::Ready(()) }
    })
    .await;
}

/// Tells that it was dropped.
struct Told(Rc<Cell<u32>>);
impl Drop for Told {
    fn drop(&mut self) {
        self.0.set(self.0.get() + 1);
    }
}

const PLAYER: &str = r#"(module
    (import "env" "send" (func $send (param i32)))
    (import "env" "receive" (func $receive (result i32)))
    ;; Sends each message back, one greater, until it is at least $end.
    (func (export "play") (param $end i32) (result i32) (local $n i32)
        (loop $next
            (local.set $n (call $receive))
            (call $send (i32.add (local.get $n) (i32.const 1)))
            (br_if $next (i32.lt_s (local.get $n) (local.get $end))))
        (local.get $n)))"#;

fn player(from: &Channel, to: &Channel) -> ModuleInstance {
    let (from, to, mut imports) = (from.clone(), to.clone(), ImportMap::new());
    imports.define("env", "send", &[I], &[], move |_, args, _| {
        if let [Value::I32(n)] = args {
            to.send(*n);
        }
        Ok(())
    });
    imports.define_async("env", "receive", &[], &[I], move |_, _| {
        let from = from.clone();
        async move { Ok(vec![Value::I32(from.receive().await)]) }
    });
    guest(PLAYER, imports)
}

#[test]
fn guests_wait_for_each_others_messages() {
    let (a, b) = (Channel::default(), Channel::default());
    let (mut one, mut other) = (player(&a, &b), player(&b, &a));
    a.send(0);
    let end = [Value::I32(50)];
    let both = join(one.invoke_async("play", &end), other.invoke_async("play", &end));
    assert_eq!(block_on(both), (Ok(Value::I32(50)), Ok(Value::I32(51))));
}

#[test]
#[cfg_attr(miri, ignore)] // Tokio asks the system for events
fn guests_wait_for_each_others_messages_in_tokio() {
    let (a, b) = (Channel::default(), Channel::default());
    let (mut one, mut other) = (player(&a, &b), player(&b, &a));
    let rt = tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
    let results = tokio::task::LocalSet::new().block_on(&rt, async move {
        let first = tokio::task::spawn_local(async move { one.invoke_async("play", &[Value::I32(50)]).await });
        let second = tokio::task::spawn_local(async move { other.invoke_async("play", &[Value::I32(50)]).await });
        tokio::time::sleep(Duration::from_millis(5)).await;
        a.send(0); // both wait
        (first.await.unwrap(), second.await.unwrap())
    });
    assert_eq!(results, (Ok(Value::I32(50)), Ok(Value::I32(51))));
}

/// One guest sleeps by Tokio's clock, the other computes meanwhile and yields.
#[test]
#[cfg_attr(miri, ignore)]
fn one_sleeps_while_another_computes() {
    let mut imports = ImportMap::new();
    imports.define_async("env", "sleep", &[I], &[], |_, args| async move {
        let [Value::I32(ms)] = args[..] else { return Err(Trap::Host.into()) };
        tokio::time::sleep(Duration::from_millis(ms as u64)).await;
        Ok(vec![])
    });
    let mut sleeper = guest(
        r#"(module (import "env" "sleep" (func $sleep (param i32)))
            (func (export "run") (result i32) (call $sleep (i32.const 20)) (call $sleep (i32.const 10)) (i32.const 7)))"#,
        imports,
    );
    let mut worker = guest(r#"(module (func (export "for_ever") (loop (br 0))))"#, ImportMap::new());
    let rt = tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
    let begun = Instant::now();
    let result = tokio::task::LocalSet::new().block_on(&rt, async move {
        let busy = tokio::task::spawn_local(async move { worker.invoke_async("for_ever", &[]).await });
        let result = sleeper.invoke_async("run", &[]).await;
        assert!(!busy.is_finished());
        busy.abort();
        result
    });
    assert_eq!(result, Ok(Value::I32(7)));
    assert!(begun.elapsed() >= Duration::from_millis(30));
}

const CALLS: &str = r#"(module
    (import "env" "f" (func $f (param i32 i64) (result i64 i32)))
    (func (export "run") (param i32) (result i32) (local $b i32)
        (call $f (local.get 0) (i64.const 5)) (local.set $b) (i32.wrap_i64) (i32.add (local.get $b)))
    (func (export "one") (result i32) (i32.const 1)))"#;

fn with_f<F>(f: impl Fn(AsyncCaller, Vec<Value>) -> F + 'static) -> ModuleInstance
where
    F: Future<Output = WrtResult<Vec<Value>>> + 'static,
{
    let mut imports = ImportMap::new();
    imports.define_async("env", "f", &[I, ValType::I64], &[ValType::I64, I], f);
    guest(CALLS, imports)
}

#[test]
fn arguments_results_and_fuel_are_those_of_other_host_functions() {
    let sum = |args: &[Value]| match args {
        [Value::I32(a), Value::I64(b)] => [Value::I64(i64::from(*a) * 10), Value::I32(*b as i32)],
        _ => panic!("{args:?}"),
    };
    let mut imports = ImportMap::new();
    imports.define("env", "f", &[I, ValType::I64], &[ValType::I64, I], move |_, args, results| {
        results.copy_from_slice(&sum(args));
        Ok(())
    });
    let mut plain = guest(CALLS, imports);
    plain.set_fuel(1000).unwrap();
    assert_eq!(plain.invoke("run", &[Value::I32(3)]), Ok(Value::I32(35)));
    for waits in [false, true] {
        let mut made = with_f(move |_, args| async move {
            if waits {
                yield_now().await;
            }
            Ok(sum(&args).into())
        });
        made.set_fuel(1000).unwrap();
        assert_eq!(block_on(made.invoke_async("run", &[Value::I32(3)])), Ok(Value::I32(35)));
        assert_eq!(made.fuel(), plain.fuel());
    }
}

#[test]
fn wrong_results_and_errors_are_traps() {
    let wrong = [
        vec![],
        vec![Value::I64(1)],
        vec![Value::I64(1), Value::I32(2), Value::I32(3)],
        vec![Value::I32(1), Value::I32(2)],
        vec![Value::I64(1), Value::F32(2.0)],
        vec![Value::I64(1), Value::Unit],
    ];
    for results in wrong {
        let mut made = with_f({
            let results = results.clone();
            move |_, _| {
                let results = results.clone();
                async move { Ok(results) }
            }
        });
        let e = block_on(made.invoke_async("run", &[Value::I32(3)])).unwrap_err();
        assert_eq!(e.trap(), Some(Trap::Host), "{results:?}");
        assert_eq!(made.invoke("one", &[]), Ok(Value::I32(1)));
    }
    for (error, trap) in [(Trap::IntegerOverflow.into(), Trap::IntegerOverflow), (Error::new(ErrorKind::Platform, "no"), Trap::Host)] {
        let mut made = with_f(move |_, _| {
            let error: Error = Error::clone(&error);
            async move {
                yield_now().await;
                Err(error)
            }
        });
        let e = block_on(made.invoke_async("run", &[Value::I32(3)])).unwrap_err();
        assert_eq!(e.trap(), Some(trap));
        assert!(e.to_string().contains("in function 1"), "{e}");
    }
}

/// A guest whose host function is never ready, and tells that it was dropped.
fn never(dropped: &Rc<Cell<u32>>) -> ModuleInstance {
    let dropped = dropped.clone();
    with_f(move |_, _| {
        let told = Told(dropped.clone());
        async move {
            pending::<()>().await;
            drop(told);
            Ok(vec![])
        }
    })
}

#[test]
fn nobody_waits_in_a_plain_call() {
    let dropped = Rc::default();
    let mut made = never(&dropped);
    let e = made.invoke("run", &[Value::I32(3)]).unwrap_err();
    assert_eq!(e.trap(), Some(Trap::CannotSuspend));
    assert!(e.to_string().contains("env.f is asynchronous: it needs invoke_async; in function 1"), "{e}");
    assert_eq!(made.backtrace().len(), 1);
    assert_eq!((made.invoke("one", &[]), dropped.get()), (Ok(Value::I32(1)), 0), "it was not begun");

    // Nor in a start function, nor under a host function that is none.
    let module = |start: &str| {
        let text = format!(
            r#"(module (import "env" "wait" (func $wait)) (import "env" "call" (func $call (param funcref) (result i32)))
                (func $inner (export "inner") (call $wait)) (elem declare func $inner)
                (func (export "outer") (result i32) (call $call (ref.func $inner))) {start})"#
        );
        Module::from_bytes(&wat::parse_str(text).unwrap()).unwrap()
    };
    let imports = |passes_on: bool| {
        let mut imports = ImportMap::new();
        imports.define_async("env", "wait", &[], &[], |_, _| pending());
        imports.define("env", "call", &[ValType::FUNCREF], &[I], move |caller, args, results| {
            let Value::FuncRef(f) = args[0] else { panic!("{args:?}") };
            let exit = caller.invoke(f.as_func().unwrap(), &[], &mut [])?;
            assert_eq!(exit, wrt::runtime::Exit::Trap(Trap::CannotSuspend));
            results[0] = Value::I32(-1);
            if passes_on { Err(Trap::CannotSuspend.into()) } else { Ok(()) }
        });
        imports
    };
    let e = ModuleInstance::new(module("(start $inner)"), imports(false)).err().unwrap();
    assert!(e.to_string().contains("env.wait is asynchronous"), "{e}");
    for invoke_async in [false, true] {
        let call = |passes_on| {
            let mut made = ModuleInstance::new(module(""), imports(passes_on)).unwrap();
            if invoke_async { block_on(made.invoke_async("outer", &[])) } else { made.invoke("outer", &[]) }
        };
        assert_eq!(call(false), Ok(Value::I32(-1)), "the inner call's trap is its own");
        let e = call(true).unwrap_err();
        assert!(e.to_string().contains("env.wait is asynchronous"), "{e}");
    }
}

#[test]
fn a_call_can_be_given_up_while_it_waits() {
    let dropped = Rc::default();
    let mut made = never(&dropped);
    for n in 1..4 {
        {
            let mut call = pin!(made.invoke_async("run", &[Value::I32(3)]));
            for _ in 0..3 {
                assert!(call.as_mut().poll(&mut Context::from_waker(Waker::noop())).is_pending());
            }
            assert_eq!(dropped.get(), n - 1);
        }
        assert_eq!(dropped.get(), n);
        assert_eq!(made.resume().unwrap_err().kind(), ErrorKind::Usage, "no call is open");
        assert_eq!(made.invoke("one", &[]), Ok(Value::I32(1)));
    }
}

#[test]
fn a_request_is_seen_when_it_is_polled() {
    let dropped = Rc::default();
    let mut made = never(&dropped);
    let handle = made.interrupt_handle();
    let mut call = pin!(made.invoke_async("run", &[Value::I32(3)]));
    assert!(call.as_mut().poll(&mut Context::from_waker(Waker::noop())).is_pending());
    handle.request();
    let Poll::Ready(result) = call.as_mut().poll(&mut Context::from_waker(Waker::noop())) else { panic!("it waits") };
    assert_eq!((result.unwrap_err().kind(), dropped.get()), (ErrorKind::Paused, 1));
}

#[test]
#[cfg(feature = "std")]
fn an_interrupt_and_a_deadline_end_the_waiting() {
    let dropped = Rc::default();
    let mut made = never(&dropped);
    let handle = made.interrupt_handle();
    let (count, waker) = waker();
    {
        let mut call = pin!(made.invoke_async("run", &[Value::I32(3)]));
        assert!(call.as_mut().poll(&mut Context::from_waker(&waker)).is_pending());
        assert_eq!(count.0.load(SeqCst), 0, "it does not ask to be polled");
        let other = handle.clone();
        std::thread::spawn(move || other.interrupt()).join().unwrap();
        assert_eq!(count.0.load(SeqCst), 1);
        let Poll::Ready(result) = call.as_mut().poll(&mut Context::from_waker(&waker)) else { panic!("it waits") };
        assert_eq!(result.unwrap_err().to_string(), "paused: interrupted");
    }
    // One that is there before.
    assert_eq!(block_on(made.invoke_async("run", &[Value::I32(3)])).unwrap_err().kind(), ErrorKind::Paused);
    handle.clear();
    made.set_timer(|at, waker| {
        std::thread::spawn(move || {
            std::thread::sleep(at.saturating_duration_since(Instant::now()));
            waker.wake();
        });
    });
    // Long enough for the guest to come to its host function.
    made.set_deadline(Some(Instant::now() + Duration::from_millis(if cfg!(miri) { 5000 } else { 200 })));
    let e = block_on(made.invoke_async("run", &[Value::I32(3)])).unwrap_err();
    assert_eq!(e.to_string(), "paused: its deadline has passed");
    made.set_deadline(None);
    assert_eq!(made.invoke("one", &[]), Ok(Value::I32(1)));
    assert_eq!(dropped.get(), 2, "the second call was stopped before it came to the host function");
}

const NESTED: &str = r#"(module
    (import "env" "ask" (func $ask (param i32) (result i32)))
    (memory 1)
    (func $down (export "down") (param $n i32) (result i32)
        (if (result i32) (local.get $n)
            (then (i32.add (i32.const 1) (call $ask (i32.sub (local.get $n) (i32.const 1)))))
            (else (i32.load (i32.const 8)))))
    (func (export "spin") (param i32) (result i32) (loop (br 0)) (unreachable))
    (func (export "sum") (param $n i32) (result i32) (local $s i32)
        (loop $l (local.set $s (i32.add (local.get $s) (local.get $n)))
            (br_if $l (local.tee $n (i32.sub (local.get $n) (i32.const 1))))) (local.get $s))
    (func (export "fail") (param i32) (result i32) (i32.div_s (i32.const 1) (i32.const 0)))
    (func (export "two") (result i32 i32) (i32.const 1) (i32.const 2)))"#;

/// Turns of a loop that take several turns of the executor; under Miri one.
const MUCH: i32 = if cfg!(miri) { 100 } else { 20_000 };

fn n_of(args: &[Value]) -> i32 {
    match args {
        [Value::I32(n)] => *n,
        _ => panic!("{args:?}"),
    }
}

#[test]
fn a_host_function_calls_back_and_that_call_waits_too() {
    let mut imports = ImportMap::new();
    imports.define_async("env", "ask", &[I], &[I], |mut caller, args| async move {
        let n = n_of(&args);
        if n == 3 {
            caller.memory(|memory| memory.write_from(8, &100u32.to_le_bytes())).unwrap().unwrap();
        }
        yield_now().await;
        // It takes several turns.
        assert_eq!(caller.invoke("sum", &[Value::I32(MUCH)]).await?, Value::I32(MUCH * (MUCH + 1) / 2));
        let below = caller.invoke("down", &[Value::I32(n)]).await?;
        Ok(vec![Value::I32(n_of(&[below]) + 1000)])
    });
    let mut made = guest(NESTED, imports);
    made.set_fuel(10_000_000).unwrap();
    assert_eq!(block_on(made.invoke_async("down", &[Value::I32(5)])), Ok(Value::I32(5105)));
    let used = 10_000_000 - made.fuel();
    // 9 per turn of the loop, 5 times, and some around.
    assert!((45 * MUCH as u64..45 * MUCH as u64 + 1000).contains(&used), "{used}");
    // It ends where the guest's stack does, not the host's.
    made.set_fuel(u64::MAX).unwrap();
    let e = block_on(made.invoke_async("down", &[Value::I32(1000)])).unwrap_err();
    assert_eq!(e.trap(), Some(Trap::StackExhausted));
    assert_eq!(block_on(made.invoke_async("down", &[Value::I32(1)])), Ok(Value::I32(1101)));
}

#[test]
fn failures_of_nested_calls_are_their_callers() {
    let mut imports = ImportMap::new();
    let kept: Rc<RefCell<Option<AsyncCaller>>> = Rc::default();
    let later = kept.clone();
    imports.define_async("env", "ask", &[I], &[I], move |mut caller, _| {
        let kept = kept.clone();
        async move {
            let e = caller.invoke("fail", &[Value::I32(1)]).await.unwrap_err();
            assert_eq!(e.trap(), Some(Trap::DivideByZero));
            assert!(e.to_string().contains("in function 4"), "{e}");
            for (name, args) in [("absent", &[Value::I32(1)][..]), ("fail", &[]), ("two", &[])] {
                assert_eq!(caller.invoke(name, args).await.unwrap_err().kind(), ErrorKind::Usage);
            }
            assert_eq!(caller.invoke_multi("two", &[]).await.unwrap(), [Value::I32(1), Value::I32(2)]);
            assert!(caller.memory(|memory| memory.read_into(65_536, &mut [0])).unwrap().is_none());
            assert!(caller.memory_at(1, |_| ()).is_none());
            *kept.borrow_mut() = Some(caller);
            Ok(vec![Value::I32(11)])
        }
    });
    let mut made = guest(NESTED, imports);
    assert_eq!(block_on(made.invoke_async("down", &[Value::I32(1)])), Ok(Value::I32(12)));
    // A caller that outlives its call is of no use, and does no harm.
    let mut caller = later.borrow_mut().take().unwrap();
    assert!(caller.memory(|_| ()).is_none());
    assert_eq!(block_on(caller.invoke("two", &[])).unwrap_err().kind(), ErrorKind::Usage);
    assert_eq!(made.invoke_multi("two", &[]).unwrap(), [Value::I32(1), Value::I32(2)]);
}

#[test]
fn a_nested_call_can_be_given_up() {
    let dropped: Rc<Cell<u32>> = Rc::default();
    let told = dropped.clone();
    let mut imports = ImportMap::new();
    imports.define_async("env", "ask", &[I], &[I], move |mut caller, args| {
        let told = Told(told.clone());
        async move {
            let _told = &told;
            match n_of(&args) {
                // Gives up one that computes, one that waits for a host function, and calls again.
                3 => {
                    for (name, n) in [("spin", 0), ("down", 1)] {
                        let args = [Value::I32(n)];
                        let mut call = pin!(caller.invoke(name, &args));
                        let mut turns = 3;
                        poll_fn(|context| {
                            assert!(call.as_mut().poll(context).is_pending());
                            context.waker().wake_by_ref();
                            turns -= 1;
                            if turns == 0 { Poll::Ready(()) } else { Poll::Pending }
                        })
                        .await;
                    }
                    caller.invoke("sum", &[Value::I32(10)]).await.map(|sum| vec![sum])
                }
                _ => pending().await,
            }
        }
    });
    let mut made = guest(NESTED, imports);
    assert_eq!(block_on(made.invoke_async("down", &[Value::I32(4)])), Ok(Value::I32(56)));
    assert_eq!(dropped.get(), 2);
    // All levels go when the whole call is given up.
    {
        let mut call = pin!(made.invoke_async("down", &[Value::I32(1)]));
        assert!(call.as_mut().poll(&mut Context::from_waker(Waker::noop())).is_pending());
    }
    assert_eq!(dropped.get(), 3);
    assert_eq!(made.invoke("sum", &[Value::I32(10)]), Ok(Value::I32(55)));
}

#[test]
#[cfg(feature = "std")]
fn tasks_of_a_scheduler_wait_for_host_functions() {
    let (a, b) = (Channel::default(), Channel::default());
    let mut tasks = Scheduler::new(1000);
    for (from, to) in [(&a, &b), (&b, &a)] {
        tasks.spawn(player(from, to), "play", &[Value::I32(50)], Urgency::default()).unwrap();
    }
    assert!(matches!((tasks.step(), tasks.step(), tasks.step()), (Step::Ran(_), Step::Ran(_), Step::Idle(None))));
    a.send(0);
    let mut results = Vec::new();
    tasks.run(|_, _, result| results.push(result.unwrap()));
    assert_eq!(results, [[Value::I32(50)], [Value::I32(51)]]);

    // One that is interrupted meanwhile cannot go on by itself.
    let dropped = Rc::default();
    let made = never(&dropped);
    let handle = made.interrupt_handle();
    tasks.spawn(made, "run", &[Value::I32(1)], Urgency::default()).unwrap();
    assert!(matches!((tasks.step(), tasks.step()), (Step::Ran(_), Step::Idle(None))));
    handle.interrupt();
    let Step::Ended(_, mut made, Err(e)) = tasks.step() else { panic!("it goes on") };
    assert_eq!((e.kind(), dropped.get()), (ErrorKind::Paused, 0));
    handle.clear();
    let e = made.resume().unwrap_err();
    assert!(e.to_string().contains("env.f is asynchronous"), "{e}");
    assert_eq!((dropped.get(), made.invoke("one", &[])), (1, Ok(Value::I32(1))));
}

#[test]
fn a_host_function_that_panics_harms_nobody_else() {
    let mut made = with_f(|_, _| async {
        yield_now().await;
        panic!("as a test")
    });
    let call = std::panic::AssertUnwindSafe(|| block_on(made.invoke_async("run", &[Value::I32(1)])));
    assert!(std::panic::catch_unwind(call).is_err());
    assert_eq!(made.invoke("one", &[]), Ok(Value::I32(1)));
}

/// Below a host function that is a future a guest may wait for another thread; below one that is none it may not.
#[test]
#[cfg(all(feature = "std", feature = "threads"))]
fn a_nested_call_waits_for_another_thread() {
    let memory = Memory::shared(1, 1).unwrap();
    let mut imports = ImportMap::new();
    imports.define_memory("env", "memory", &memory);
    imports.define_async("env", "ask", &[I], &[I], |mut caller, args| async move {
        if n_of(&args) == 1 {
            return Ok(vec![caller.invoke("wait", &[Value::I32(64)]).await?]);
        }
        let args = [Value::I32(128)];
        let mut call = pin!(caller.invoke("wait", &args));
        let mut polls = 2;
        poll_fn(|context| {
            assert!(call.as_mut().poll(context).is_pending());
            polls -= 1;
            if polls == 0 { Poll::Ready(Ok(vec![Value::I32(77)])) } else { Poll::Pending }
        })
        .await
    });
    let text = r#"(module (import "env" "memory" (memory 1 1 shared)) (import "env" "ask" (func $ask (param i32) (result i32)))
        (func (export "run") (param i32) (result i32) (call $ask (local.get 0)))
        (func (export "wait") (param i32) (result i32) (memory.atomic.wait32 (local.get 0) (i32.const 0) (i64.const -1))))"#;
    let mut made = guest(text, imports);
    let other = std::thread::spawn({
        let memory = memory.clone();
        move || {
            while memory.notify(64, 1) == 0 {
                std::thread::yield_now();
            }
        }
    });
    assert_eq!(block_on(made.invoke_async("run", &[Value::I32(1)])), Ok(Value::I32(0)));
    other.join().unwrap();
    let mut call = pin!(made.invoke_async("run", &[Value::I32(2)]));
    assert!(call.as_mut().poll(&mut Context::from_waker(Waker::noop())).is_pending());
    assert_eq!(memory.waiting(128), 1);
    assert_eq!(call.as_mut().poll(&mut Context::from_waker(Waker::noop())), Poll::Ready(Ok(Value::I32(77))));
    assert_eq!(memory.waiting(128), 0, "who gave the call up waits no more");
}
