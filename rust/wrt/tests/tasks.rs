// SPDX-License-Identifier: MIT
//! Instances that share a thread: by a scheduler, and as futures.
#![cfg(all(feature = "std", feature = "loader", feature = "threads", feature = "float", feature = "proposals"))]

use std::cell::RefCell;
use std::pin::pin;
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering::SeqCst};
use std::task::{Context, Poll, Wake, Waker};
use std::time::{Duration, Instant};
use wrt::prelude::*;
use wrt::{Scheduler, Step, Urgency};

const GUEST: &str = r#"(module
    (import "env" "memory" (memory 1 1 shared))
    (import "env" "log" (func $log (param i32)))
    (func (export "work") (param $me i32) (param $n i32) (result i32)
        (call $log (local.get $me))
        (loop $next (br_if $next (local.tee $n (i32.sub (local.get $n) (i32.const 1)))))
        (call $log (local.get $me))
        (local.get $me))
    (func (export "wait") (param $at i32) (param i64) (result i32)
        (memory.atomic.wait32 (local.get $at) (i32.const 0) (local.get 1)))
    ;; Hands a ball to the other one, n times: word $at is whose it is.
    (func (export "play") (param $me i32) (param $n i32) (result i32)
        (loop $next
            (block $mine (loop $other
                (br_if $mine (i32.eq (i32.atomic.load (i32.const 0)) (local.get $me)))
                (drop (memory.atomic.wait32 (i32.const 0) (i32.eqz (local.get $me)) (i64.const -1)))
                (br $other)))
            (i32.atomic.store (i32.const 0) (i32.eqz (local.get $me)))
            (drop (memory.atomic.notify (i32.const 0) (i32.const 1)))
            (br_if $next (local.tee $n (i32.sub (local.get $n) (i32.const 1)))))
        (i32.const 1)))"#;

type Log = Rc<RefCell<Vec<i32>>>;

struct World {
    module: Module,
    memory: Memory,
    log: Log,
}

impl World {
    fn new() -> World {
        let module = Module::from_bytes(&wat::parse_str(GUEST).unwrap()).unwrap();
        World { module, memory: Memory::shared(1, 1).unwrap(), log: Log::default() }
    }
    fn guest(&self) -> ModuleInstance {
        let (mut imports, log) = (ImportMap::new(), self.log.clone());
        imports.define_memory("env", "memory", &self.memory);
        imports.define("env", "log", &[ValType::I32], &[], move |_, args, _| {
            if let [Value::I32(n)] = args {
                log.borrow_mut().push(*n);
            }
            Ok(())
        });
        let limits = Limits { cells: 1 << 10, frames: 16, ..Limits::default() };
        ModuleInstance::with_limits(self.module.clone(), imports, limits).unwrap()
    }
}

fn i32s(a: i32, b: i32) -> [Value; 2] {
    [Value::I32(a), Value::I32(b)]
}

#[test]
fn hundreds_share_a_thread() {
    let (world, mut tasks, n) = (World::new(), Scheduler::new(1000), 400);
    for i in 0..n {
        tasks.spawn(world.guest(), "work", &i32s(i, 10_000), Urgency::default()).unwrap();
    }
    assert_eq!(tasks.len(), 400);
    let mut ended = Vec::new();
    tasks.run(|_, _, result| ended.push(result.unwrap()));
    ended.sort_by_key(|r| if let [Value::I32(i)] = r[..] { i } else { -1 });
    assert!(ended.iter().zip(0..).all(|(r, i)| *r == [Value::I32(i)]) && tasks.is_empty());
    // Each has begun before the first was over: they take turns, the oldest first.
    let log = world.log.borrow();
    assert_eq!(log[..400], (0..400).collect::<Vec<_>>());
    assert_eq!(log[400..], (0..400).collect::<Vec<_>>());
}

#[test]
fn the_more_urgent_goes_first() {
    let (world, mut tasks, now) = (World::new(), Scheduler::new(1000), Instant::now());
    let after = |s| Some(now + Duration::from_secs(s));
    let urgencies = [(1, None), (1, after(300)), (1, after(100)), (2, None), (0, after(1)), (2, after(900)), (1, after(200))];
    for (i, (priority, deadline)) in urgencies.into_iter().enumerate() {
        tasks.spawn(world.guest(), "work", &i32s(i as i32, 20_000), Urgency { priority, deadline }).unwrap();
    }
    // One that comes later and is more urgent than all has the next turn.
    let first = tasks.step();
    assert!(matches!(first, Step::Ran(_)));
    let late = tasks.spawn(world.guest(), "work", &i32s(9, 10), Urgency { priority: 3, deadline: None }).unwrap();
    assert!(matches!(tasks.step(), Step::Ended(id, _, Ok(_)) if id == late));
    tasks.run(|_, _, result| assert!(result.is_ok()));
    let ends: Vec<i32> = world.log.borrow().iter().copied().collect();
    assert_eq!(ends, [5, 9, 9, 5, 3, 3, 2, 2, 6, 6, 1, 1, 0, 0, 4, 4]);
    assert!(matches!(tasks.step(), Step::Empty));
}

#[test]
fn tasks_that_wait_block_nobody() {
    let (world, mut tasks) = (World::new(), Scheduler::new(1000));
    for me in [0, 1] {
        tasks.spawn(world.guest(), "play", &i32s(me, 200), Urgency::default()).unwrap();
    }
    let begun = Instant::now();
    let wait = [Value::I32(64), Value::I64(20_000_000)];
    let timed = tasks.spawn(world.guest(), "wait", &wait, Urgency { priority: 9, deadline: None }).unwrap();
    let mut ends = Vec::new();
    tasks.run(|id, _, result| ends.push((id == timed, result.unwrap())));
    assert!(begun.elapsed() >= Duration::from_millis(20));
    ends.sort_by_key(|(timed, _)| *timed);
    assert_eq!(ends, [(false, vec![Value::I32(1)]), (false, vec![Value::I32(1)]), (true, vec![Value::I32(2)])]);
    // Woken, and interrupted, from another thread while this one sleeps.
    let (woken, stopped) = (world.guest(), world.guest());
    let (memory, handle) = (world.memory.clone(), stopped.interrupt_handle());
    tasks.spawn(woken, "wait", &[Value::I32(64), Value::I64(-1)], Urgency::default()).unwrap();
    let stopped = tasks.spawn(stopped, "wait", &[Value::I32(128), Value::I64(-1)], Urgency::default()).unwrap();
    let other = std::thread::spawn(move || {
        while memory.waiting(64) + memory.waiting(128) < 2 {
            std::thread::yield_now();
        }
        std::thread::sleep(Duration::from_millis(5)); // so that the scheduler's thread sleeps, most likely
        assert_eq!(memory.notify(64, 1), 1);
        handle.interrupt();
    });
    let mut n = 0;
    tasks.run(|id, _, result| {
        n += 1;
        match result {
            Ok(values) => assert_eq!(values, [Value::I32(0)]),
            Err(e) => assert_eq!((id, e.kind()), (stopped, ErrorKind::Paused)),
        }
    });
    other.join().unwrap();
    assert_eq!((n, world.memory.waiting(64), world.memory.waiting(128)), (2, 0, 0));
}

#[test]
fn fuel_ends_a_task_and_turns_do_not_change_it() {
    let world = World::new();
    let mut alone = world.guest();
    alone.set_fuel(1_000_000).unwrap();
    alone.invoke("work", &i32s(0, 10_000)).unwrap();
    let mut tasks = Scheduler::new(7);
    let mut guests = [world.guest(), world.guest()];
    guests[0].set_fuel(1_000_000).unwrap();
    guests[1].set_fuel(1000).unwrap();
    for guest in guests {
        tasks.spawn(guest, "work", &i32s(0, 10_000), Urgency::default()).unwrap();
    }
    let mut fuel = Vec::new();
    tasks.run(|_, instance, result| fuel.push((result.is_ok(), instance.fuel())));
    assert_eq!(fuel, [(false, 0), (true, alone.fuel())]);
}

/// Counts how often it is woken, and unparks the thread.
struct Counting(AtomicU32, std::thread::Thread);
impl Wake for Counting {
    fn wake(self: Arc<Self>) {
        self.0.fetch_add(1, SeqCst);
        self.1.unpark();
    }
}

#[test]
fn a_future_yields_and_is_woken() {
    let world = World::new();
    let counting = Arc::new(Counting(AtomicU32::new(0), std::thread::current()));
    let waker = Waker::from(counting.clone());
    let mut context = Context::from_waker(&waker);
    let woken = || counting.0.load(SeqCst);

    let mut guest = world.guest();
    {
        let mut work = pin!(async { guest.invoke_async("work", &i32s(5, 100_000)).await });
        let mut polls = 0;
        let result = loop {
            polls += 1;
            match work.as_mut().poll(&mut context) {
                Poll::Ready(result) => break result,
                Poll::Pending => assert_eq!(woken(), polls, "it asks for the next turn"),
            }
        };
        assert_eq!((result, polls > 10), (Ok(Value::I32(5)), true));
    }
    let before = woken();
    {
        let mut wait = pin!(async { guest.invoke_async("wait", &[Value::I32(64), Value::I64(-1)]).await });
        assert!(wait.as_mut().poll(&mut context).is_pending() && wait.as_mut().poll(&mut context).is_pending());
        assert_eq!((woken(), world.memory.waiting(64)), (before, 1), "it does not ask to be polled");
        assert_eq!(world.memory.notify(64, 1), 1);
        assert_eq!(woken(), before + 1);
        assert_eq!(wait.as_mut().poll(&mut context), Poll::Ready(Ok(Value::I32(0))));
    }
    {
        let handle = guest.interrupt_handle();
        let mut wait = pin!(async { guest.invoke_async("wait", &[Value::I32(64), Value::I64(-1)]).await });
        assert!(wait.as_mut().poll(&mut context).is_pending());
        handle.interrupt();
        assert_eq!(woken(), before + 2);
        assert!(matches!(wait.as_mut().poll(&mut context), Poll::Ready(Err(e)) if e.kind() == ErrorKind::Paused));
        handle.clear();
    }
    {
        let mut wait = pin!(async { guest.invoke_async("wait", &[Value::I32(64), Value::I64(-1)]).await });
        assert!(wait.as_mut().poll(&mut context).is_pending());
    }
    assert_eq!(world.memory.waiting(64), 0, "a future that is dropped waits no more");
    guest.set_timer(|at, waker| {
        std::thread::spawn(move || {
            std::thread::sleep(at.saturating_duration_since(Instant::now()));
            waker.wake();
        });
    });
    let begun = Instant::now();
    let mut wait = pin!(async { guest.invoke_async("wait", &[Value::I32(64), Value::I64(10_000_000)]).await });
    assert!(wait.as_mut().poll(&mut context).is_pending());
    while woken() == before + 2 {
        std::thread::park_timeout(Duration::from_secs(10));
    }
    assert_eq!(wait.as_mut().poll(&mut context), Poll::Ready(Ok(Value::I32(2))));
    assert!(begun.elapsed() >= Duration::from_millis(10));
}

/// Two guests that wait for each other, and one whose wait has a timeout by Tokio's clock, on one thread.
#[test]
#[cfg_attr(miri, ignore)] // Tokio asks the system for events
fn futures_in_tokio() {
    let world = World::new();
    let (mut a, mut b, mut c) = (world.guest(), world.guest(), world.guest());
    c.set_timer(|at, waker| {
        tokio::spawn(async move {
            tokio::time::sleep_until(at.into()).await;
            waker.wake();
        });
    });
    let rt = tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
    let begun = Instant::now();
    let set = tokio::task::LocalSet::new();
    let results = set.block_on(&rt, async move {
        let other = tokio::task::spawn_local(async move { a.invoke_async("play", &i32s(0, 200)).await });
        let timed = tokio::task::spawn_local(async move { c.invoke_async("wait", &[Value::I32(64), Value::I64(10_000_000)]).await });
        let here = b.invoke_async("play", &i32s(1, 200)).await;
        [here, other.await.unwrap(), timed.await.unwrap()]
    });
    assert_eq!(results, [Ok(Value::I32(1)), Ok(Value::I32(1)), Ok(Value::I32(2))]);
    assert!(begun.elapsed() >= Duration::from_millis(10));
}
