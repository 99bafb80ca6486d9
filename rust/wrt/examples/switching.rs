// SPDX-License-Identifier: MIT
//! What a switch between instances on one thread costs, and a wake-up of a guest by another one next to that of a bare futex
//! word. Prints times; checks nothing.
//!
//!     cargo run --release -p wrt --example switching

use rustix::thread::{CpuSet, sched_getaffinity, sched_setaffinity};
use std::sync::atomic::Ordering::SeqCst;
use std::sync::{Condvar, Mutex};
use std::thread;
use std::time::Instant;
use wrt::prelude::*;
use wrt::{Scheduler, Step, Urgency};

const GUEST: &str = r#"(module
    (import "env" "memory" (memory 1 1 shared))
    (func (export "spin") (param i32) (param $n i32) (result i32)
        (loop $next (br_if $next (local.tee $n (i32.sub (local.get $n) (i32.const 1)))))
        (i32.const 0))
    ;; Word 0 is whose turn it is.
    (func (export "play") (param $me i32) (param $n i32) (result i32)
        (loop $next
            (block $mine (loop $other
                (br_if $mine (i32.eq (i32.atomic.load (i32.const 0)) (local.get $me)))
                (drop (memory.atomic.wait32 (i32.const 0) (i32.eqz (local.get $me)) (i64.const -1)))
                (br $other)))
            (i32.atomic.store (i32.const 0) (i32.eqz (local.get $me)))
            (drop (memory.atomic.notify (i32.const 0) (i32.const 1)))
            (br_if $next (local.tee $n (i32.sub (local.get $n) (i32.const 1)))))
        (i32.const 0)))"#;

fn guest(module: &Module, memory: &Memory) -> ModuleInstance {
    let mut imports = ImportMap::new();
    imports.define_memory("env", "memory", memory);
    let limits = Limits { cells: 1 << 10, frames: 16, ..Limits::default() };
    ModuleInstance::with_limits(module.clone(), imports, limits).unwrap()
}

/// Nanoseconds of a turn of `fuel` with so many instances.
fn turn(module: &Module, memory: &Memory, instances: i32, fuel: u64) -> f64 {
    let mut tasks = Scheduler::new(fuel);
    for _ in 0..instances {
        tasks.spawn(guest(module, memory), "spin", &[Value::I32(0), Value::I32(i32::MAX)], Urgency::default()).unwrap();
    }
    let turns = 1_000_000;
    let begun = Instant::now();
    for _ in 0..turns {
        assert!(matches!(tasks.step(), Step::Ran(_)));
    }
    begun.elapsed().as_nanos() as f64 / f64::from(turns)
}

/// Nanoseconds of a round: there and back between two threads on these cores, which wait for each other by `pass(me)`.
fn round(cores: [usize; 2], rounds: i32, pass: impl Fn(u32, i32) + Sync) -> f64 {
    let begun = Instant::now();
    thread::scope(|s| {
        for me in [0, 1] {
            let pass = &pass;
            s.spawn(move || {
                stay(cores[me]);
                pass(me as u32, rounds);
            });
        }
    });
    begun.elapsed().as_nanos() as f64 / f64::from(rounds)
}

/// Keeps this thread on a core: a wake-up within a core and one of another core differ by far more than what is measured.
fn stay(core: usize) {
    let mut set = CpuSet::new();
    set.set(core);
    sched_setaffinity(None, &set).unwrap();
}

/// The same game on a futex of Linux, without a guest.
fn futex(cores: [usize; 2], rounds: i32) -> f64 {
    use wrt::platform::{FutexLike, LinuxFutex};
    let word = LinuxFutex::new(0);
    round(cores, rounds, |me, n| {
        for _ in 0..n {
            while word.load(SeqCst) != me {
                word.wait(1 - me, None).unwrap();
            }
            word.store(1 - me, SeqCst);
            word.wake_one().unwrap();
        }
    })
}

fn main() {
    let module = Module::from_bytes(&wat::parse_str(GUEST).unwrap()).unwrap();
    let memory = Memory::shared(1, 1).unwrap();
    for instances in [1, 2, 500] {
        let (short, long) = (turn(&module, &memory, instances, 100), turn(&module, &memory, instances, 1100));
        // Of 100 units, by what 1000 more take.
        println!("{instances:3} instances: {short:.0} ns a turn of 100, {:.0} ns without its instructions", short - (long - short) / 10.0);
    }
    let own = sched_getaffinity(None).unwrap();
    let mut cores = (0..CpuSet::MAX_CPU).filter(|core| own.is_set(*core));
    let first = cores.next().unwrap();
    wake("one core", &module, &memory, [first, first]);
    match cores.next() {
        Some(second) => wake("two cores", &module, &memory, [first, second]),
        None => println!("two cores: there is only one"),
    }
}

/// What a round takes on these cores.
fn wake(what: &str, module: &Module, memory: &Memory, cores: [usize; 2]) {
    let (whose, changed) = (Mutex::new(0), Condvar::new());
    let condvar = |rounds| {
        round(cores, rounds, |me, n| {
            for _ in 0..n {
                let mut now = changed.wait_while(whose.lock().unwrap(), |now| *now != me).unwrap();
                *now = 1 - me;
                changed.notify_one();
            }
        })
    };
    let guests = |rounds| {
        round(cores, rounds, |me, n| {
            guest(module, memory).invoke("play", &[Value::I32(me as i32), Value::I32(n)]).unwrap();
        })
    };
    // In turn, in short games: what else the machine does meets all of them, and the medians pass over it.
    let (games, rounds) = (51, 4_000);
    let mut times = [const { Vec::new() }; 3];
    for _ in 0..games {
        times[0].push(guests(rounds));
        times[1].push(condvar(rounds));
        times[2].push(futex(cores, rounds));
    }
    let mut ratios: Vec<f64> = times[0].iter().zip(&times[2]).map(|(guests, bare)| guests / bare).collect();
    let (ratio, n) = (median(&mut ratios), ratios.len()); // in order now
    println!(
        "{what}, there and back: {:.0} ns between guests, {:.0} ns by std's condition variable, {:.0} ns by a bare futex; guests take {ratio:.2} ({:.2}..{:.2}) times that, median and quartiles of {games} games in turn",
        median(&mut times[0]),
        median(&mut times[1]),
        median(&mut times[2]),
        ratios[n / 4],
        ratios[n * 3 / 4],
    );
}

fn median(times: &mut [f64]) -> f64 {
    times.sort_unstable_by(f64::total_cmp);
    times[times.len() / 2]
}
