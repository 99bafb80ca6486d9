// SPDX-License-Identifier: MIT
//! Guests in many threads that misuse what threads have in common: waiting and waking, growth, calls of the host, time. They share
//! a memory with each other, and the process and its table of waiting threads with a pair that hands numbers over meanwhile,
//! and with a guest that computes. The offenders get a trap, -1 or a pause; the others notice nothing.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicI32, AtomicU32, Ordering::SeqCst};
use std::thread;
use std::time::{Duration, Instant};
use wrt::{ErrorKind, ImportMap, Memory, Module, ModuleInstance, Trap, ValType, Value, WrtResult};
use wrt_foundation::Shared;
use wrt_runtime::{Exit, Extern, Options, Stack, Store, run};

const OFFENDER: &str = r#"(module
    (import "env" "memory" (memory 1 32 shared))
    (import "env" "fails" (func $fails (param i32) (result i32)))
    (func (export "wait") (param i32 i64) (result i32) (memory.atomic.wait32 (local.get 0) (i32.const 0) (local.get 1)))
    (func (export "wait_wide") (param i32 i64) (result i32) (memory.atomic.wait64 (local.get 0) (i64.const 0) (local.get 1)))
    (func (export "notify_all") (result i32) (local $at i32) (local $n i32)
        (loop $l
            (local.set $n (i32.add (local.get $n) (memory.atomic.notify (local.get $at) (i32.const -1))))
            (br_if $l (i32.lt_u (local.tee $at (i32.add (local.get $at) (i32.const 4))) (i32.const 65536))))
        (local.get $n))
    (func (export "notify") (param i32) (result i32) (memory.atomic.notify (local.get 0) (i32.const -1)))
    (func (export "grow") (param i32) (result i32) (memory.grow (local.get 0)))
    (func (export "host") (param i32) (result i32) (call $fails (local.get 0)))
    (func (export "scribble") (local $at i32)
        (loop $l
            (i32.store (local.get $at) (i32.const -1))
            (br_if $l (i32.lt_u (local.tee $at (i32.add (local.get $at) (i32.const 4))) (i32.const 65536)))))
    (func (export "forever") (loop $l (br $l))))"#;

const PAIR: &str = r#"(module
    (import "env" "memory" (memory 1 1 shared))
    (func (export "put") (param $n i32)
        (loop $next
            (block $empty (loop $full
                (br_if $empty (i32.eqz (i32.atomic.load (i32.const 0))))
                (drop (memory.atomic.wait32 (i32.const 0) (i32.const 1) (i64.const -1)))
                (br $full)))
            (i32.store (i32.const 4) (local.get $n))
            (i32.atomic.store (i32.const 0) (i32.const 1))
            (drop (memory.atomic.notify (i32.const 0) (i32.const 1)))
            (br_if $next (local.tee $n (i32.sub (local.get $n) (i32.const 1))))))
    (func (export "take") (param $n i32) (result i64) (local $sum i64)
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
    (func (export "woken_early") (param i64) (result i32) (memory.atomic.wait32 (i32.const 64) (i32.const 0) (local.get 0))))"#;

fn module(text: &str) -> Module {
    Module::from_bytes(&wat::parse_str(text).unwrap()).unwrap()
}

fn guest(module: &Module, memory: &Memory) -> ModuleInstance {
    let mut imports = ImportMap::new();
    imports.define_memory("env", "memory", memory);
    imports.define("env", "fails", &[ValType::I32], &[ValType::I32], |caller, args, results| {
        let (Some(Value::I32(at)), [result]) = (args.first().copied(), results) else { panic!() };
        // Outside of the guest's memory: the host's access is refused, and the guest trapped for it.
        let mut bytes = [0; 64];
        let memory = caller.memory().ok_or(Trap::Host)?;
        memory.read_into(at as u32, &mut bytes).ok_or(Trap::MemoryOutOfBounds)?;
        *result = Value::I32(7);
        Ok(())
    });
    ModuleInstance::new(module.clone(), imports).unwrap()
}

fn trap(result: WrtResult<Value>) -> Option<Trap> {
    result.err().and_then(|e| e.trap())
}

#[test]
fn offenders_hurt_only_themselves() {
    const OFFENDERS: usize = 12;
    const NUMBERS: i32 = 3000;
    let (offender, pair) = (module(OFFENDER), module(PAIR));
    let (theirs, ours) = (Memory::shared(1, 32).unwrap(), Memory::shared(1, 1).unwrap());
    let over = Arc::new(AtomicBool::new(false));
    let grown = Arc::new(AtomicI32::new(0));
    let rounds = Arc::new(AtomicU32::new(0));

    let offenders: Vec<_> = (0..OFFENDERS)
        .map(|i| {
            let (offender, theirs, over, grown, rounds) = (offender.clone(), theirs.clone(), over.clone(), grown.clone(), rounds.clone());
            thread::spawn(move || {
                let mut g = guest(&offender, &theirs);
                let i = i as i32;
                while !over.load(SeqCst) {
                    // An address that is no multiple; one behind the end; one far behind it.
                    assert_eq!(trap(g.invoke("wait", &[Value::I32(i * 4 + 1), Value::I64(-1)])), Some(Trap::UnalignedAtomic));
                    assert_eq!(trap(g.invoke("wait_wide", &[Value::I32(4), Value::I64(-1)])), Some(Trap::UnalignedAtomic));
                    assert_eq!(trap(g.invoke("wait", &[Value::I32(-4), Value::I64(-1)])), Some(Trap::MemoryOutOfBounds));
                    assert_eq!(trap(g.invoke("notify", &[Value::I32(i * 4 + 2)])), Some(Trap::UnalignedAtomic));
                    // Waits that nobody has to end, on what all of them write to.
                    let came = g.invoke("wait", &[Value::I32(60000), Value::I64(200_000)]).unwrap();
                    assert!(matches!(came, Value::I32(0..=2)));
                    // Wakes everybody, everywhere, as often as it likes.
                    let Value::I32(woken) = g.invoke("notify_all", &[]).unwrap() else { panic!() };
                    assert!((0..=OFFENDERS as i32).contains(&woken), "{woken}");
                    // Growth by absurd numbers, and in a race for the last pages.
                    assert_eq!(g.invoke("grow", &[Value::I32(-1)]).unwrap(), Value::I32(-1));
                    if g.invoke("grow", &[Value::I32(1)]).unwrap() != Value::I32(-1) {
                        grown.fetch_add(1, SeqCst);
                    }
                    // The host, with pointers that are none.
                    assert_eq!(trap(g.invoke("host", &[Value::I32(-5)])), Some(Trap::MemoryOutOfBounds));
                    assert_eq!(g.invoke("host", &[Value::I32(8)]).unwrap(), Value::I32(7));
                    g.invoke("scribble", &[]).unwrap();
                    // It never returns; its fuel ends it.
                    g.set_fuel(20_000).unwrap();
                    assert_eq!(g.invoke("forever", &[]).unwrap_err().kind(), ErrorKind::Paused);
                    g.cancel();
                    g.set_fuel(u64::MAX).unwrap();
                    rounds.fetch_add(1, SeqCst);
                }
            })
        })
        .collect();

    let take = thread::spawn({
        let (pair, ours) = (pair.clone(), ours.clone());
        move || guest(&pair, &ours).invoke("take", &[Value::I32(NUMBERS)]).unwrap()
    });
    let quiet = thread::spawn({
        let (pair, ours) = (pair.clone(), ours.clone());
        // Nobody wakes this one: not even who wakes everybody at that address of another memory.
        move || (Instant::now(), guest(&pair, &ours).invoke("woken_early", &[Value::I64(50_000_000)]).unwrap(), Instant::now())
    });
    guest(&pair, &ours).invoke("put", &[Value::I32(NUMBERS)]).unwrap();
    assert_eq!(take.join().unwrap(), Value::I64(i64::from(NUMBERS) * i64::from(NUMBERS + 1) / 2));
    let (from, came, to) = quiet.join().unwrap();
    assert_eq!(came, Value::I32(2));
    assert!(to - from >= Duration::from_millis(50));

    let begun = Instant::now();
    while rounds.load(SeqCst) < 2 * OFFENDERS as u32 && begun.elapsed() < Duration::from_secs(60) {
        thread::yield_now();
    }
    over.store(true, SeqCst);
    for offender in offenders {
        offender.join().unwrap();
    }
    // Every page there can be was given once.
    assert_eq!((grown.load(SeqCst), theirs.size()), (31, 32));
    let mut rest = [1; 64];
    ours.read_into(128, &mut rest).unwrap();
    assert_eq!(rest, [0; 64], "the pair's memory is theirs");
    assert!(rounds.load(SeqCst) >= 2 * OFFENDERS as u32);
}

/// Guests that never return, each stopped by another thread.
#[test]
fn guests_that_never_return_are_interrupted() {
    let wasm = wat::parse_str(r#"(module (func (export "forever") (loop $l (br $l))) (func (export "one") (result i32) (i32.const 1)))"#);
    let (image, _) = wrt_runtime::translate::translate_vec(&wasm.unwrap()).unwrap();
    let image = Arc::new(image);
    let guests: Vec<_> = (0..8)
        .map(|_| {
            let (word, image) = (Arc::new(vec![AtomicU32::new(0)]), image.clone());
            let stop = word.clone();
            let (ready, begins) = std::sync::mpsc::channel();
            let thread = thread::spawn(move || {
                let mut store = Store::owned(0);
                store.set_interrupt(Shared::Arc(word.clone()));
                let stack = store.add_stack(Stack::owned(256, 8).unwrap()).unwrap();
                let instance = store.instantiate(Shared::Arc(image), &mut |_, _| None, &Options::default()).unwrap();
                let mut budget = i64::MAX;
                store.enter_init(stack, instance).unwrap();
                assert_eq!(run(&mut store, stack, &mut budget), Exit::Done);
                let Some(Extern::Func(forever)) = store.export(instance, "forever") else { panic!() };
                store.enter(stack, forever, &[]).unwrap();
                ready.send(()).unwrap();
                let exit = run(&mut store, stack, &mut budget);
                // It is usable afterwards.
                word[0].store(0, SeqCst);
                store.abort(stack, Trap::Host);
                let Some(Extern::Func(one)) = store.export(instance, "one") else { panic!() };
                store.enter(stack, one, &[]).unwrap();
                let after = run(&mut store, stack, &mut budget);
                (exit, after)
            });
            begins.recv().unwrap();
            (stop, thread)
        })
        .collect();
    thread::sleep(Duration::from_millis(20));
    for (stop, thread) in guests {
        assert!(!thread.is_finished());
        stop[0].store(1, SeqCst);
        assert_eq!(thread.join().unwrap(), (Exit::Interrupted, Exit::Done));
    }
}
