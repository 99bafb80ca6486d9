// SPDX-License-Identifier: MIT
//! One module in several OS threads on one shared memory.
#![cfg(all(feature = "std", feature = "loader", feature = "threads", feature = "float", feature = "proposals"))]

use std::thread;
use std::time::{Duration, Instant};
use wrt::prelude::*;

const GUEST: &str = r#"(module
    (import "env" "memory" (memory 1 8 shared))
    (import "env" "host" (func $host (result i32)))
    (data (i32.const 1024) "shared")
    ;; Word 0: full or empty; word 4: what is handed over.
    (func (export "produce") (param $n i32)
        (loop $next
            (block $empty (loop $full
                (br_if $empty (i32.eqz (i32.atomic.load (i32.const 0))))
                (drop (memory.atomic.wait32 (i32.const 0) (i32.const 1) (i64.const -1)))
                (br $full)))
            (i32.store (i32.const 4) (local.get $n))
            (i32.atomic.store (i32.const 0) (i32.const 1))
            (drop (memory.atomic.notify (i32.const 0) (i32.const 1)))
            (br_if $next (local.tee $n (i32.sub (local.get $n) (i32.const 1))))))
    (func (export "consume") (param $n i32) (result i64) (local $sum i64)
        (loop $next
            (block $full (loop $empty
                (br_if $full (i32.atomic.load (i32.const 0)))
                (drop (memory.atomic.wait32 (i32.const 0) (i32.const 0) (i64.const -1)))
                (br $empty)))
            (local.set $sum (i64.add (local.get $sum) (i64.load32_u (i32.const 4))))
            (i32.atomic.store (i32.const 0) (i32.const 0))
            (drop (memory.atomic.notify (i32.const 0) (i32.const 1)))
            (br_if $next (local.tee $n (i32.sub (local.get $n) (i32.const 1)))))
        (local.get $sum))
    (func (export "wait32") (param i32 i32 i64) (result i32) (memory.atomic.wait32 (local.get 0) (local.get 1) (local.get 2)))
    (func (export "wait64") (param i32 i64 i64) (result i32) (memory.atomic.wait64 (local.get 0) (local.get 1) (local.get 2)))
    (func (export "notify") (param i32 i32) (result i32) (memory.atomic.notify (local.get 0) (local.get 1)))
    (func (export "wait_in_host") (result i32) (call $host))
    ;; 8, 16 and 32 bits of one word, n times.
    (func (export "narrow") (param $n i32)
        (loop $next
            (drop (i32.atomic.rmw8.add_u (i32.const 64) (i32.const 1)))
            (drop (i32.atomic.rmw8.sub_u (i32.const 65) (i32.const 1)))
            (drop (i32.atomic.rmw16.add_u (i32.const 66) (i32.const 3)))
            (drop (i32.atomic.rmw.add (i32.const 68) (i32.const 1)))
            (br_if $next (local.tee $n (i32.sub (local.get $n) (i32.const 1))))))
    (func (export "own_byte") (param $at i32) (param $n i32) (result i32)
        (loop $next
            (i32.store8 (local.get $at) (i32.add (i32.load8_u (local.get $at)) (i32.const 1)))
            (br_if $next (local.tee $n (i32.sub (local.get $n) (i32.const 1)))))
        (i32.load8_u (local.get $at)))
    (func (export "grow") (param i32) (result i32) (memory.grow (local.get 0)))
    (func (export "get") (param i32) (result i64) (i64.load (local.get 0)))
    (func (export "bulk") (param i32)
        (memory.fill (local.get 0) (i32.const 7) (i32.const 5000))
        (memory.copy (i32.add (local.get 0) (i32.const 3)) (local.get 0) (i32.const 4000))
        (memory.init 1 (local.get 0) (i32.const 1) (i32.const 3)))
    (data "bulk")
    (func (export "vector") (param i32)
        (v128.store (i32.add (local.get 0) (i32.const 1))
            (i32x4.add (v128.load (local.get 0)) (v128.const i32x4 1 2 3 4))))
    ;; Stores all over the 4 KiB from $at on.
    (func (export "work") (param $n i32) (param $at i32) (result i32) (local $x i32)
        (loop $next
            (local.set $x (i32.add (i32.mul (local.get $x) (i32.const 1664525)) (i32.const 1013904223)))
            (i32.store (i32.add (local.get $at) (i32.and (local.get $x) (i32.const 4092))) (local.get $n))
            (br_if $next (local.tee $n (i32.sub (local.get $n) (i32.const 1)))))
        (local.get $x)))"#;

/// The same with 64-bit atomics, which make all atomic accesses take the lock.
const WIDE: &str = r#"(module
    (import "env" "memory" (memory 1 8 shared))
    (func (export "wide") (param $n i32)
        (loop $next
            (drop (i64.atomic.rmw.add (i32.const 128) (i64.const 0x1_0000_0001)))
            (drop (i32.atomic.rmw.add (i32.const 132) (i32.const 1)))
            (drop (i32.atomic.rmw16.sub_u (i32.const 130) (i32.const 1)))
            (br_if $next (local.tee $n (i32.sub (local.get $n) (i32.const 1)))))))"#;

fn module(text: &str) -> Module {
    Module::from_bytes(&wat::parse_str(text).unwrap()).unwrap()
}

fn guest(module: &Module, memory: &Memory) -> ModuleInstance {
    let mut imports = ImportMap::new();
    imports.define_memory("env", "memory", memory);
    imports.define("env", "host", &[], &[ValType::I32], |caller, _, results| {
        let Some(wrt::runtime::Extern::Func(wait)) = caller.store.export(caller.instance(), "wait32") else { panic!() };
        let args = [Value::I32(256), Value::I32(0), Value::I64(0)];
        results[0] = match caller.invoke(wait, &args, &mut [Value::Unit])? {
            wrt::runtime::Exit::Trap(Trap::CannotSuspend) => Value::I32(-13),
            _ => Value::I32(0),
        };
        Ok(())
    });
    // Little, for Miri's sake.
    let limits = Limits { cells: 1 << 10, frames: 16, ..Limits::default() };
    ModuleInstance::with_limits(module.clone(), imports, limits).unwrap()
}

/// How large tests are: Miri is slow.
const fn n(n: i32) -> i32 {
    if cfg!(miri) { n / 500 + 1 } else { n }
}

/// `threads` instances of `module` in a thread each call `name`; the results.
fn together(module: &Module, memory: &Memory, threads: i32, name: &'static str, args: impl Fn(i32) -> Vec<Value>) -> Vec<Value> {
    let all: Vec<_> = (0..threads)
        .map(|i| {
            let (module, memory, args) = (module.clone(), memory.clone(), args(i));
            thread::spawn(move || guest(&module, &memory).invoke(name, &args).unwrap())
        })
        .collect();
    all.into_iter().map(|t| t.join().unwrap()).collect()
}

#[test]
fn a_producer_and_a_consumer() {
    let (module, memory, n) = (module(GUEST), Memory::shared(1, 8).unwrap(), n(20_000));
    let consumer = thread::spawn({
        let (module, memory) = (module.clone(), memory.clone());
        move || guest(&module, &memory).invoke("consume", &[Value::I32(n)]).unwrap()
    });
    guest(&module, &memory).invoke("produce", &[Value::I32(n)]).unwrap();
    let n = i64::from(n);
    assert_eq!(consumer.join().unwrap(), Value::I64(n * (n + 1) / 2));
}

#[test]
fn as_many_wake_as_are_asked_for() {
    let (module, memory) = (module(GUEST), Memory::shared(1, 8).unwrap());
    let mut waker = guest(&module, &memory);
    let mut notify = |at, count| waker.invoke("notify", &[Value::I32(at), Value::I32(count)]).unwrap();
    assert_eq!(notify(256, -1), Value::I32(0));
    for (name, at) in [("wait32", 256), ("wait64", 264)] {
        let expected = if name == "wait32" { Value::I32(0) } else { Value::I64(0) };
        let (done, ended) = std::sync::mpsc::channel();
        let threads: Vec<_> = (0..6)
            .map(|_| {
                let (module, memory, done) = (module.clone(), memory.clone(), done.clone());
                thread::spawn(move || {
                    let result = guest(&module, &memory).invoke(name, &[Value::I32(at), expected, Value::I64(-1)]).unwrap();
                    done.send(result).unwrap();
                })
            })
            .collect();
        while memory.waiting(at as u32) < 6 {
            thread::yield_now();
        }
        assert_eq!((notify(at, 0), notify(at + 8, -1), notify(at, 2)), (Value::I32(0), Value::I32(0), Value::I32(2)));
        assert_eq!([ended.recv().unwrap(), ended.recv().unwrap()], [Value::I32(0); 2]);
        assert_eq!(memory.waiting(at as u32), 4);
        assert!(ended.recv_timeout(Duration::from_millis(20)).is_err(), "nobody else wakes");
        assert_eq!((notify(at, 1), memory.notify(at as u32, u32::MAX)), (Value::I32(1), 3));
        threads.into_iter().for_each(|t| t.join().unwrap());
        assert_eq!((memory.waiting(at as u32), notify(at, -1)), (0, Value::I32(0)));
    }
}

/// Where those that wait are counted, a notification that nobody waits for is over in the loop.
#[test]
fn who_notifies_nobody_does_not_leave_the_loop() {
    use wrt::runtime::image::MemoryType;
    use wrt::runtime::shared::{SharedMem, SharedRef};
    use wrt::runtime::{Exit, Extern, Options, Stack, Store, run};
    let text = r#"(module (import "" "" (memory 1 1 shared))
        (func (export "notify") (param i32) (result i32) (memory.atomic.notify (local.get 0) (i32.const 1))))"#;
    let module = module(text);
    let ty = MemoryType { shared: true, ..MemoryType::new(1, Some(1)) };
    let owned = || SharedMem::owned(&ty, usize::MAX).unwrap();
    for (memory, counted) in [(owned(), false), (owned().with_counted_waits(), true)] {
        let memory = std::sync::Arc::new(memory);
        let mut store = Store::owned(1 << 20);
        let stack = store.add_stack(Stack::owned(1 << 10, 16).unwrap()).unwrap();
        let shared = store.add_shared_memory(SharedRef::Counted(memory.clone())).unwrap();
        let image = wrt_foundation::Shared::Arc(module.image().unwrap().words().to_vec().into());
        let instance = store.instantiate(image, &mut |_, _| Some(shared), &Options::default()).unwrap();
        let Some(Extern::Func(notify)) = store.export(instance, "notify") else { panic!() };
        let mut call = |at| {
            store.enter(stack, notify, &[Value::I32(at)]).unwrap();
            let exit = run(&mut store, stack, &mut { 100 });
            if exit == Exit::Done {
                let mut result = [Value::Unit];
                store.results(stack, notify, &mut result).unwrap();
                assert_eq!(result, [Value::I32(0)]);
            } else {
                store.abort(stack, Trap::Exit);
            }
            exit
        };
        let leaves = Exit::Notify { memory: 0, offset: 8, count: 1 };
        assert_eq!(call(8), if counted { Exit::Done } else { leaves });
        memory.will_wait();
        memory.will_wait();
        memory.waited();
        assert_eq!(call(8), leaves);
        memory.waited();
        assert_eq!(call(8), if counted { Exit::Done } else { leaves });
        assert_eq!((call(6), call(1 << 16)), (Exit::Trap(Trap::UnalignedAtomic), Exit::Trap(Trap::MemoryOutOfBounds)));
    }
}

#[test]
fn a_wait_ends_by_its_value_or_its_time() {
    let (module, memory) = (module(GUEST), Memory::shared(1, 8).unwrap());
    let mut g = guest(&module, &memory);
    let begun = Instant::now();
    let args = |expected, ns| [Value::I32(256), expected, Value::I64(ns)];
    assert_eq!(g.invoke("wait32", &args(Value::I32(1), -1)), Ok(Value::I32(1)));
    assert_eq!(g.invoke("wait64", &args(Value::I64(1 << 32), -1)), Ok(Value::I32(1)));
    for (name, zero) in [("wait32", Value::I32(0)), ("wait64", Value::I64(0))] {
        assert_eq!(g.invoke(name, &args(zero, 30_000_000)), Ok(Value::I32(2)));
    }
    assert!(begun.elapsed() >= Duration::from_millis(60), "never early");
    assert_eq!(g.invoke("wait32", &args(Value::I32(0), 0)), Ok(Value::I32(2)));
    let traps = [(257, Trap::UnalignedAtomic), (65536, Trap::MemoryOutOfBounds)];
    for (at, trap) in traps {
        let ended = g.invoke("wait32", &[Value::I32(at), Value::I32(0), Value::I64(0)]);
        assert_eq!(ended.unwrap_err().trap(), Some(trap));
    }
    assert_eq!(g.invoke("wait_in_host", &[]), Ok(Value::I32(-13)), "a nested call cannot be suspended");
}

#[test]
fn sizes_mix() {
    let (threads, n) = (4, n(10_000));
    for wide in [false, true] {
        let (narrow, memory) = (module(GUEST), Memory::shared(1, 8).unwrap());
        if wide {
            let m = module(WIDE);
            let mut imports = ImportMap::new();
            imports.define_memory("env", "memory", &memory);
            let _linked = ModuleInstance::new(m.clone(), imports).unwrap();
            together(&m, &memory, threads, "wide", |_| vec![Value::I32(n)]);
            let sum = u64::from(threads as u32 * n as u32);
            let low = sum as u32;
            let (lower, upper) = (low as u16, (low >> 16) as u16);
            let mut bytes = [0; 8];
            memory.read_into(128, &mut bytes).unwrap();
            // Carries of the 64-bit sum pass through the half that is counted down at the same time.
            assert_eq!(u16::from_le_bytes([bytes[0], bytes[1]]), lower);
            assert_eq!(u16::from_le_bytes([bytes[2], bytes[3]]), upper.wrapping_sub(lower));
            assert!(u64::from(u32::from_le_bytes([bytes[4], bytes[5], bytes[6], bytes[7]])) >= 2 * sum);
        }
        together(&narrow, &memory, threads, "narrow", |_| vec![Value::I32(n)]);
        let sum = (threads * n) as u32;
        let mut bytes = [0; 8];
        memory.read_into(64, &mut bytes).unwrap();
        assert_eq!((bytes[0], bytes[1]), (sum as u8, (sum as u8).wrapping_neg()));
        assert_eq!(u16::from_le_bytes([bytes[2], bytes[3]]), (sum * 3) as u16);
        assert_eq!(u32::from_le_bytes([bytes[4], bytes[5], bytes[6], bytes[7]]), sum);
    }
}

#[test]
fn plain_stores_leave_their_neighbours_alone() {
    let (module, memory) = (module(GUEST), Memory::shared(1, 8).unwrap());
    let n = n(50_000);
    let results = together(&module, &memory, 4, "own_byte", |i| vec![Value::I32(512 + i), Value::I32(n)]);
    assert_eq!(results, vec![Value::I32(n & 0xff); 4]);
}

#[test]
fn all_see_what_one_adds() {
    let (module, memory) = (module(GUEST), Memory::shared(1, 8).unwrap());
    let (mut a, mut b) = (guest(&module, &memory), guest(&module, &memory));
    let get = |g: &mut ModuleInstance, at| g.invoke("get", &[Value::I32(at)]);
    assert_eq!(get(&mut b, 65536).unwrap_err().trap(), Some(Trap::MemoryOutOfBounds));
    assert_eq!(a.invoke("grow", &[Value::I32(2)]), Ok(Value::I32(1)));
    assert_eq!((get(&mut b, 65536), memory.size()), (Ok(Value::I64(0)), 3));
    assert_eq!(get(&mut b, 3 * 65536 - 7).unwrap_err().trap(), Some(Trap::MemoryOutOfBounds));
    assert_eq!((b.invoke("grow", &[Value::I32(6)]), memory.grow(5).unwrap(), memory.max()), (Ok(Value::I32(-1)), 3, Some(8)));
    assert!(memory.grow(1).is_err() && memory.with(|_| ()).is_err());
}

#[test]
fn data_and_bulk_operations_and_vectors() {
    let (module, memory) = (module(GUEST), Memory::shared(1, 8).unwrap());
    let mut g = guest(&module, &memory);
    let mut bytes = vec![0; 5003];
    memory.read_into(1024, &mut bytes[..6]).unwrap();
    assert_eq!(&bytes[..6], b"shared");
    g.invoke("bulk", &[Value::I32(2001)]).unwrap();
    memory.read_into(2001, &mut bytes).unwrap();
    assert_eq!((&bytes[..3], bytes[3..5000].iter().all(|b| *b == 7), &bytes[5000..]), (&b"ulk"[..], true, &[0; 3][..]));
    memory.write_from(3000, &[9; 16]).unwrap();
    g.invoke("vector", &[Value::I32(3000)]).unwrap();
    memory.read_into(3000, &mut bytes[..17]).unwrap();
    assert_eq!(bytes[..17], [9, 10, 9, 9, 9, 11, 9, 9, 9, 12, 9, 9, 9, 13, 9, 9, 9]);
}

#[test]
fn only_shared_memories_are_imported_as_shared() {
    let import = |text: &str, memory: &Memory| {
        let mut imports = ImportMap::new();
        imports.define_memory("env", "memory", memory);
        ModuleInstance::new(module(text), imports).map(|_| ()).map_err(|e| e.kind())
    };
    let shared = Memory::shared(1, 2).unwrap();
    let (yes, no) = (r#"(module (import "env" "memory" (memory 1 2 shared)))"#, r#"(module (import "env" "memory" (memory 1 2)))"#);
    assert_eq!((import(yes, &shared), import(no, &shared)), (Ok(()), Err(ErrorKind::Unlinkable)));
    assert!(Memory::shared(2, 1).is_err() && Memory::shared(0, 65537).is_err());
}

/// Two guests on two cores take little more time than one. Printed, not asserted: it depends on what else runs. Time on the
/// processor, where the system tells it, does so less.
#[test]
#[cfg_attr(miri, ignore)] // millions of instructions
fn two_threads_run_at_once() {
    let (module, memory, n) = (module(GUEST), Memory::shared(1, 8).unwrap(), 10_000_000);
    let on_processor = || {
        let text = std::fs::read_to_string("/proc/thread-self/schedstat").unwrap_or_default();
        text.split(' ').next().and_then(|ns| ns.parse::<f64>().ok()).map_or(f64::NAN, |ns| ns / 1e9)
    };
    let time = |threads| {
        let begun = Instant::now();
        let all: Vec<_> = (0..threads)
            .map(|i| {
                let (module, memory) = (module.clone(), memory.clone());
                thread::spawn(move || {
                    // Each in pages of its own: lines that both write to are slow on any processor.
                    guest(&module, &memory).invoke("work", &[Value::I32(n), Value::I32(8192 + 8192 * i)]).unwrap();
                    on_processor()
                })
            })
            .collect();
        let processor = all.into_iter().map(|t| t.join().unwrap()).fold(0.0, f64::max);
        (begun.elapsed().as_secs_f64(), processor)
    };
    let ((one, one_cpu), (two, two_cpu)) = (time(1), time(2));
    println!("one thread {one:.3} s, two threads {two:.3} s, {:.2} x; of each on the processor {:.2} x", two / one, two_cpu / one_cpu);
}

/// Waits until somebody waits at `at`.
fn until_waiting(memory: &Memory, at: u32) {
    while memory.waiting(at) == 0 {
        thread::yield_now();
    }
}

#[test]
fn an_interrupt_wakes_a_guest_that_waits() {
    let (module, memory) = (module(GUEST), Memory::shared(1, 8).unwrap());
    for (name, zero) in [("wait32", Value::I32(0)), ("wait64", Value::I64(0))] {
        let args = [Value::I32(256), zero, Value::I64(-1)];
        let (handles, handle) = std::sync::mpsc::channel();
        let (stops, stopped) = std::sync::mpsc::channel();
        let guest = thread::spawn({
            let (module, memory) = (module.clone(), memory.clone());
            move || {
                let mut g = guest(&module, &memory);
                handles.send(g.interrupt_handle()).unwrap();
                let interrupted = |r: Result<(), wrt::Error>| {
                    let e = r.unwrap_err();
                    assert_eq!((e.kind(), e.to_string().contains("interrupted")), (ErrorKind::Paused, true), "{e}");
                };
                interrupted(g.invoke(name, &args).map(drop));
                stops.send(()).unwrap();
                // The request stands: the guest stops again, without running.
                interrupted(g.resume().map(drop));
                g.interrupt_handle().clear();
                g.resume().unwrap()
            }
        });
        let handle = handle.recv().unwrap();
        until_waiting(&memory, 256);
        assert!(stopped.recv_timeout(Duration::from_millis(20)).is_err(), "it does not return for no reason");
        handle.interrupt();
        stopped.recv_timeout(Duration::from_secs(20)).expect("it stops");
        // It goes on waiting where it was, and is woken as any other.
        until_waiting(&memory, 256);
        assert_eq!(memory.notify(256, 1), 1);
        assert_eq!(guest.join().unwrap(), [Value::I32(0)]);
        assert!(!handle.is_interrupted());
    }
}

#[test]
fn an_interrupt_before_the_wait_is_not_lost() {
    let (module, memory) = (module(GUEST), Memory::shared(1, 8).unwrap());
    let mut g = guest(&module, &memory);
    let args = [Value::I32(256), Value::I32(0), Value::I64(-1)];
    g.interrupt_handle().interrupt();
    assert_eq!(g.invoke("wait32", &args).unwrap_err().kind(), ErrorKind::Paused);
    g.cancel();
    // From another thread, at any moment around the beginning of the wait.
    for _ in 0..n(500) {
        g.interrupt_handle().clear();
        let handle = g.interrupt_handle();
        let other = thread::spawn(move || handle.interrupt());
        assert_eq!(g.invoke("wait32", &args).unwrap_err().kind(), ErrorKind::Paused);
        other.join().unwrap();
        g.cancel();
    }
    g.interrupt_handle().clear();
    assert_eq!(memory.waiting(256), 0);
    assert_eq!(g.invoke("wait32", &[Value::I32(256), Value::I32(0), Value::I64(0)]), Ok(Value::I32(2)));
}

#[test]
fn a_wait_that_was_interrupted_keeps_its_time_and_its_value() {
    let (module, memory) = (module(GUEST), Memory::shared(1, 8).unwrap());
    let mut g = guest(&module, &memory);
    let wait = |ns| [Value::I32(256), Value::I32(0), Value::I64(ns)];
    let handle = g.interrupt_handle();
    let begun = Instant::now();
    let interrupter = |memory: Memory, handle: wrt::InterruptHandle| {
        thread::spawn(move || {
            until_waiting(&memory, 256);
            handle.interrupt();
        })
    };
    let other = interrupter(memory.clone(), handle.clone());
    // Were the time counted anew, 400 ms would be 800.
    assert_eq!(g.invoke("wait32", &wait(400_000_000)).unwrap_err().kind(), ErrorKind::Paused);
    other.join().unwrap();
    thread::sleep(Duration::from_millis(450).saturating_sub(begun.elapsed()));
    handle.clear();
    let resumed = Instant::now();
    assert_eq!(g.resume(), Ok(vec![Value::I32(2)]));
    assert!(begun.elapsed() >= Duration::from_millis(400) && resumed.elapsed() < Duration::from_millis(400), "counted anew");
    // Another value meanwhile: the wait ends with it.
    let other = interrupter(memory.clone(), handle.clone());
    assert_eq!(g.invoke("wait32", &wait(-1)).unwrap_err().kind(), ErrorKind::Paused);
    other.join().unwrap();
    memory.write_from(256, &[1]).unwrap();
    handle.clear();
    assert_eq!(g.resume(), Ok(vec![Value::I32(1)]));
    // What a cancelled wait had left does not matter to the next one.
    memory.write_from(256, &[0]).unwrap();
    let other = interrupter(memory.clone(), handle.clone());
    assert_eq!(g.invoke("wait32", &wait(-1)).unwrap_err().kind(), ErrorKind::Paused);
    other.join().unwrap();
    handle.clear();
    g.cancel();
    assert_eq!(g.invoke("wait32", &wait(1_000_000)), Ok(Value::I32(2)));
}

#[test]
fn a_deadline_ends_a_wait_and_a_loop() {
    let (m, memory) = (module(GUEST), Memory::shared(1, 8).unwrap());
    let mut g = guest(&m, &memory);
    let late = |e: wrt::Error| e.kind() == ErrorKind::Paused && e.to_string().contains("deadline");
    let begun = Instant::now();
    let after = |ms| Some(begun + Duration::from_millis(ms));
    g.set_deadline(after(30));
    assert!(late(g.invoke("wait32", &[Value::I32(256), Value::I32(0), Value::I64(-1)]).unwrap_err()));
    assert!(begun.elapsed() >= Duration::from_millis(30));
    assert!(late(g.resume().unwrap_err()), "as long as it is that deadline");
    g.set_deadline(after(60));
    assert!(late(g.resume().unwrap_err()));
    assert!(begun.elapsed() >= Duration::from_millis(60));
    g.cancel();
    // A wait that is over before the deadline is one as usual.
    g.set_deadline(Some(Instant::now() + Duration::from_secs(100)));
    assert_eq!(g.invoke("wait32", &[Value::I32(256), Value::I32(0), Value::I64(1_000_000)]), Ok(Value::I32(2)));
    g.set_deadline(Some(Instant::now() + Duration::from_millis(20)));
    let fuel = 1_000_000_000_000;
    g.set_fuel(fuel).unwrap();
    assert!(late(g.invoke("work", &[Value::I32(i32::MAX), Value::I32(8192)]).unwrap_err()));
    let used = fuel - g.fuel();
    assert!(used > 0);
    g.set_deadline(None);
    g.set_fuel(1000).unwrap();
    assert!(g.resume().unwrap_err().to_string().contains("fuel"));
    g.cancel();
    // Fuel is the same in however many parts it is used.
    let mut fuel_of = |deadline| {
        g.set_deadline(deadline);
        g.set_fuel(10_000_000).unwrap();
        g.invoke("work", &[Value::I32(n(200_000)), Value::I32(8192)]).unwrap();
        g.fuel()
    };
    assert_eq!(fuel_of(None), fuel_of(Some(Instant::now() + Duration::from_secs(100))));
}
