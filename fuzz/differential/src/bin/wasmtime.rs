// SPDX-License-Identifier: MIT
//! Random modules with every proposal on WRT (uninterrupted, in slices of a few units of fuel, with a collection at each
//! allocation) and on wasmtime. Instantiation, results, traps, memories, tables and globals have to be equal. The same with
//! bytes changed where that leaves a valid module.
//!
//! With `CORPUS=DIR`, small ones of many proposals on which both agree are written there, for `tests/replay`.

use differential::modules::{has_threads, with_everything};
use differential::rewrite::{Rewrite, rewrite};
use wasmtime::{AsContextMut, Config, Engine, Extern, Instance, Module, Ref, Store, Trap, Val, ValType};
use wrt_replay_tests::change;
use wrt_replay_tests::random::Random;
use wrt_replay_tests::seen::{self, Seen, Show, fingerprint, reference};
use wrt_replay_tests::wrt::{Way, execute_all_ways, image};

/// Changed copies of one module that are tried.
const CHANGED: usize = 20;
/// Fuel of one call of a changed module, which need not end.
const FUEL: u64 = 100_000;

const SHOW: Show = Show { any_nan: false, any_trap: false };

fn engine() -> Engine {
    let mut c = Config::new();
    c.wasm_tail_call(true).wasm_function_references(true).wasm_gc(true).wasm_exceptions(true).wasm_multi_memory(true);
    c.wasm_memory64(true).wasm_wide_arithmetic(true).wasm_relaxed_simd(true).relaxed_simd_deterministic(true);
    c.wasm_extended_const(true).cranelift_nan_canonicalization(true).cranelift_opt_level(wasmtime::OptLevel::None);
    c.wasm_threads(true).shared_memory(true);
    c.wasm_custom_page_sizes(false).wasm_backtrace_max_frames(None).consume_fuel(true);
    c.memory_reservation(1 << 21).memory_guard_size(1 << 16).memory_reservation_for_growth(1 << 20);
    c.gc_heap_reservation(1 << 24);
    Engine::new(&c).expect("an engine")
}

fn value(store: &mut Store<wasmtime::StoreLimits>, v: &Val) -> String {
    match v {
        Val::I32(v) => SHOW.number("i32", *v as u32 as u64),
        Val::I64(v) => SHOW.number("i64", *v as u64),
        Val::F32(v) => SHOW.number("f32", *v as u64),
        Val::F64(v) => SHOW.number("f64", *v),
        Val::V128(v) => SHOW.vector(v.as_u128()),
        Val::FuncRef(r) => reference(r.is_none(), None),
        Val::ExternRef(r) => reference(r.is_none(), None),
        Val::AnyRef(r) => reference(r.is_none(), r.and_then(|r| r.as_i31(&*store).ok().flatten()).map(|i| i.get_i32())),
        Val::ExnRef(r) => reference(r.is_none(), None),
        Val::ContRef(_) => "cont".into(),
    }
}

fn argument(ty: &ValType, i: usize, seed: u64) -> Option<Val> {
    let of = |name| seen::argument(name, i, seed);
    Some(match ty {
        ValType::I32 => Val::I32(of("i32") as i32),
        ValType::I64 => Val::I64(of("i64") as i64),
        ValType::F32 => Val::F32(of("f32") as u32),
        ValType::F64 => Val::F64(of("f64")),
        ty => Val::default_for_ty(ty)?,
    })
}

/// The end of a failed call. Causes that wasmtime does not tell apart have one name on both sides, see [`plain`].
fn failure(e: &wasmtime::Error) -> Seen {
    if e.is::<wasmtime::ThrownException>() {
        return Seen::Trapped("uncaught exception".into());
    }
    let cause = match e.downcast_ref::<Trap>() {
        Some(Trap::StackOverflow | Trap::OutOfFuel | Trap::AllocationTooLarge) => return Seen::Limit,
        Some(Trap::MemoryOutOfBounds) => "memory",
        Some(Trap::TableOutOfBounds) => "table",
        Some(Trap::IndirectCallToNull) => "uninitialized element",
        Some(Trap::BadSignature) => "indirect call type mismatch",
        Some(Trap::IntegerOverflow) => "integer overflow",
        Some(Trap::IntegerDivisionByZero) => "integer divide by zero",
        Some(Trap::BadConversionToInteger) => "invalid conversion to integer",
        Some(Trap::UnreachableCodeReached) => "unreachable",
        Some(Trap::NullReference) => "null",
        Some(Trap::ArrayOutOfBounds) => "out of bounds array access",
        Some(Trap::CastFailure) => "cast failure",
        Some(Trap::HeapMisaligned) => "unaligned atomic",
        Some(other) => return Seen::Trapped(other.to_string()),
        // The heap, a memory or a table is at its limit.
        None => return Seen::Limit,
    };
    Seen::Trapped(cause.into())
}

/// WRT's causes as wasmtime tells them.
fn plain(seen: &mut [Seen]) {
    for s in seen {
        if let Seen::Trapped(cause) = s {
            let name = match cause.as_str() {
                "out of bounds memory access" => "memory",
                "out of bounds table access" | "undefined element" => "table",
                "null exception reference" => "null",
                c if c.starts_with("null ") => "null",
                _ => continue,
            };
            *cause = name.into();
        }
    }
}

fn execute(engine: &Engine, module: &Module, seed: u64, fuel: u64) -> (Vec<Seen>, Vec<String>) {
    let limits = wasmtime::StoreLimitsBuilder::new().memory_size(1 << 24).build();
    let mut store = Store::new(engine, limits);
    store.limiter(|l| l);
    store.set_fuel(fuel).unwrap();
    let (mut seen, mut calls) = (Vec::new(), Vec::new());
    let instance = match Instance::new(&mut store, module, &[]) {
        Ok(i) => i,
        Err(e) => {
            seen.push(failure(&e));
            return (seen, calls);
        }
    };
    seen.push(Seen::Results(Vec::new()));
    let mut names: Vec<String> = module.exports().map(|e| e.name().to_string()).collect();
    names.sort();
    for name in &names {
        let Some(f) = instance.get_func(&mut store, name) else { continue };
        let ty = f.ty(&store);
        let args: Option<Vec<Val>> = ty.params().enumerate().map(|(i, t)| argument(&t, i, seed)).collect();
        // Without null there is nothing that both sides could give.
        let Some(args) = args else { continue };
        calls.push(name.clone());
        let mut results = vec![Val::I32(0); ty.results().len()];
        store.set_fuel(fuel).unwrap();
        match f.call(&mut store, &args, &mut results) {
            Ok(()) => {
                let shown = results.iter().map(|v| value(&mut store, v)).collect();
                seen.push(Seen::Results(shown));
            }
            Err(e) => {
                if e.is::<wasmtime::ThrownException>() {
                    let _ = store.as_context_mut().take_pending_exception();
                }
                let s = failure(&e);
                seen.push(s.clone());
                if s == Seen::Limit {
                    return (seen, calls);
                }
            }
        }
    }
    let mut rest = Vec::new();
    for name in &names {
        match instance.get_export(&mut store, name) {
            Some(Extern::Memory(m)) => rest.push(seen::memory(m.data(&store))),
            Some(Extern::SharedMemory(m)) => {
                // SAFETY: the only thread that runs the guest is this one, and it does not run now.
                let bytes: Vec<u8> = m.data().iter().map(|byte| unsafe { *byte.get() }).collect();
                rest.push(seen::memory(&bytes));
            }
            Some(Extern::Global(g)) => {
                let v = g.get(&mut store);
                rest.push(value(&mut store, &v));
            }
            Some(Extern::Table(t)) => {
                let n = t.size(&store);
                let null = |r: Ref| matches!(r, Ref::Func(None) | Ref::Extern(None) | Ref::Any(None) | Ref::Exn(None));
                let nulls = (0..n).filter(|i| null(t.get(&mut store, *i).unwrap())).count();
                rest.push(format!("table {n} {nulls}"));
            }
            _ => {}
        }
    }
    seen.push(Seen::Results(rest));
    (seen, calls)
}

/// Bytes of the largest module of the corpus.
const KEPT: usize = 800;

/// Adds a module to the corpus if it is small, needs three proposals or more and gives results.
fn keep(wasm: &[u8], seed: u64, own: &str, seen: &[Seen]) {
    let Some(dir) = std::env::var_os("CORPUS").map(std::path::PathBuf::from).filter(|_| wasm.len() <= KEPT) else { return };
    let results = seen.iter().filter(|s| matches!(s, Seen::Results(r) if !r.is_empty())).count();
    let features = image(wasm)[wrt_runtime::image::Word::Features as usize].count_ones();
    if results < 2 || features < 3 || seen.contains(&Seen::Limit) {
        return;
    }
    let list = dir.join("expected.txt");
    let mut text = std::fs::read_to_string(&list).unwrap_or_default();
    text += &format!("{seed} {own}\n");
    std::fs::write(dir.join(format!("{seed}.wasm")), wasm).expect("a file");
    std::fs::write(list, text).expect("a file");
}

fn main() {
    let engine = engine();
    let mut scratch = vec![0; 1 << 18];
    differential::run("wasmtime", |seed, counts| {
        let Some(made) = with_everything(seed) else { return Ok(()) };
        let mut random = Random(seed);
        for i in 0..=CHANGED {
            let mut wasm = made.clone();
            if i > 0 {
                change::module(&mut wasm, &mut random);
                if wrt_decoder::validate(&wasm, &mut scratch).is_err() {
                    continue;
                }
                // A changed byte may make it wait for ever.
                if has_threads(seed) {
                    match rewrite(&wasm, seed, Rewrite::Waits) {
                        Some(rewritten) => wasm = rewritten,
                        None => continue,
                    }
                }
                // The recorded limits of memories and tables may have changed too.
                if wrt_runtime::translate::translate_vec(&wasm).is_err() {
                    continue;
                }
            }
            let module = match Module::new(&engine, &wasm) {
                Ok(module) => module,
                Err(e) => {
                    *counts.entry("refused by wasmtime").or_default() += 1;
                    if std::env::var_os("REFUSED").is_some() {
                        eprintln!("seed {seed}, copy {i}: {e:?}");
                    }
                    continue;
                }
            };
            *counts.entry(if i == 0 { "modules" } else { "changed modules" }).or_default() += 1;
            let (theirs, calls) = execute(&engine, &module, seed, if i == 0 { u64::MAX / 2 } else { FUEL });
            let fuel = if i == 0 { i64::MAX / 2 } else { FUEL as i64 };
            let limits = theirs.iter().filter(|s| **s == Seen::Limit).count() as u64;
            *counts.entry("calls").or_default() += theirs.len() as u64;
            *counts.entry("ended by limits").or_default() += limits;
            if theirs.first() == Some(&Seen::Limit) {
                continue;
            }
            let way = Way { slice: 0, stress: false, fuel, seed, show: SHOW };
            let outcome = std::panic::catch_unwind(|| execute_all_ways(&wasm, &calls, way));
            let outcome = outcome.unwrap_or_else(|_| Err("WRT panicked".into())).and_then(|mut ours| {
                let own = fingerprint(&ours);
                plain(&mut ours);
                for (our, their) in ours.iter_mut().zip(&theirs) {
                    // Both traps are due where an address of 64 bits overflows; wasmtime looks at its alignment second, only there.
                    if *our == Seen::Trapped("unaligned atomic".into()) && *their == Seen::Trapped("memory".into()) {
                        our.clone_from(their);
                    }
                }
                if i == 0 && theirs == ours {
                    keep(&wasm, seed, &own, &theirs);
                }
                seen::same(&ours, &theirs, true).map_err(|(a, b)| {
                    let at = a.iter().zip(b).position(|(a, b)| a != b);
                    let call = at.and_then(|at| calls.get(at.checked_sub(1)?));
                    format!("copy {i}, call {at:?} {call:?}\nWRT      {:?}\nwasmtime {:?}", at.map(|i| &a[i]), at.map(|i| &b[i]))
                })
            });
            outcome.map_err(|why| (why, wasm))?;
        }
        Ok(())
    });
}
