// SPDX-License-Identifier: MIT
//! `cargo run --release -- [SEED] [SECONDS]`: random modules of Core 2.0 with vectors, 128-bit arithmetic, several
//! memories and 64-bit addresses, on WRT (uninterrupted and in slices of a few units of fuel) and on wasmi. Instantiation, results, traps,
//! memory and globals have to be equal. A module that shows a difference is written to `difference-SEED.wasm`, and the
//! program ends with 1.

use arbitrary::Unstructured;
use std::time::{Duration, Instant};
use wasm_smith::{Config, Module};
use wrt_foundation::{Shared, Trap, ValType, Value};
use wrt_runtime::{Exit, Extern, Options, Stack, Store, run};

/// SplitMix64
struct Random(u64);
impl Random {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let z = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }
}

/// Every fourth module computes with floats. Conversions may give any NaN, and WRT's is always the canonical one, so of
/// these modules only results and traps are compared, and integers that are bits of a NaN are all the same.
fn has_floats(seed: u64) -> bool {
    seed.is_multiple_of(4)
}

/// Every other module has vectors and 128-bit arithmetic. None of them has floats too: a vector shows the sign of a NaN
/// in too many ways.
fn has_vectors(seed: u64) -> bool {
    !has_floats(seed) && !seed.is_multiple_of(3)
}

fn module(seed: u64) -> Option<Vec<u8>> {
    let mut random = Random(seed);
    let size = 1 << (random.next() % 6 + 8);
    let bytes: Vec<u8> = (0..size).flat_map(|_| random.next().to_le_bytes()).collect();
    let config = Config {
        max_imports: 0,
        min_funcs: 1,
        max_funcs: 12,
        max_instructions: 1 << (random.next() % 5 + 6),
        max_memories: 3,
        max_memory32_bytes: 1 << 20,
        max_memory64_bytes: 1 << 20,
        memory_max_size_required: true,
        max_table_elements: 1000,
        max_tables: 4,
        table_max_size_required: true,
        export_everything: true,
        bulk_memory_enabled: true,
        reference_types_enabled: true,
        multi_value_enabled: true,
        saturating_float_to_int_enabled: true,
        sign_extension_ops_enabled: true,
        simd_enabled: has_vectors(seed),
        relaxed_simd_enabled: false,
        exceptions_enabled: false,
        tail_call_enabled: false,
        threads_enabled: false,
        memory64_enabled: true,
        gc_enabled: false,
        extended_const_enabled: false,
        custom_page_sizes_enabled: false,
        wide_arithmetic_enabled: has_vectors(seed),
        shared_everything_threads_enabled: false,
        canonicalize_nans: true,
        allow_floats: has_floats(seed),
        disallow_traps: seed % 2 == 1,
        ..Config::default()
    };
    let mut made = Module::new(config, &mut Unstructured::new(&bytes)).ok()?;
    made.ensure_termination(2000).ok()?;
    Some(made.to_bytes())
}

/// What can be seen of a run, in words that both sides use.
#[derive(PartialEq, Debug, Clone)]
enum Seen {
    Results(Vec<String>),
    Trapped,
    /// Stack or memory is used up: each engine has its own limits, so nothing after it is compared.
    Limit,
}

thread_local! {
    static FLOATS: std::cell::Cell<bool> = const { std::cell::Cell::new(false) };
}

fn shown(ty: &str, bits: u64) -> String {
    let nan = match ty {
        "i32" => f32::from_bits(bits as u32).is_nan() && FLOATS.get(),
        "i64" => (f64::from_bits(bits).is_nan() || f32::from_bits(bits as u32).is_nan()) && FLOATS.get(),
        "f32" => f32::from_bits(bits as u32).is_nan(),
        "f64" => f64::from_bits(bits).is_nan(),
        _ => false,
    };
    if nan { format!("{ty} nan") } else { format!("{ty} {bits:x}") }
}

/// A vector: any of its lanes may be a NaN of either width.
fn shown_vector(v: u128) -> String {
    let nan = (0..4).any(|i| f32::from_bits((v >> (32 * i)) as u32).is_nan()) || (0..2).any(|i| f64::from_bits((v >> (64 * i)) as u64).is_nan());
    if nan && FLOATS.get() { "v128 nan".into() } else { format!("v128 {v:x}") }
}

fn wrt_value(v: &Value) -> String {
    let ([lo, hi, ..], _) = v.to_cells();
    match v {
        Value::V128(v) => shown_vector(u128::from_le_bytes(*v)),
        Value::FuncRef(r) | Value::ExternRef(r) => format!("ref null={}", r.is_null()),
        _ => shown(v.ty().map_or("", ValType::name), u64::from(lo) | u64::from(hi) << 32),
    }
}

fn wasmi_value(v: &wasmi::Val) -> String {
    use wasmi::Val;
    match v {
        Val::I32(v) => shown("i32", *v as u32 as u64),
        Val::I64(v) => shown("i64", *v as u64),
        Val::F32(v) => shown("f32", v.to_bits() as u64),
        Val::F64(v) => shown("f64", v.to_bits()),
        Val::V128(v) => shown_vector(v.as_u128()),
        Val::FuncRef(r) => format!("ref null={}", r.is_null()),
        Val::ExternRef(r) => format!("ref null={}", r.is_null()),
    }
}

/// Runs everything on WRT; `slice` is the fuel between two pauses. What was seen, and the fuel used.
fn on_wrt(wasm: &[u8], calls: &[String], slice: i64) -> (Vec<Seen>, i64) {
    let mut seen = Vec::new();
    let mut used = 0i64;
    let (image, _) = match wrt_runtime::translate::translate_vec(wasm) {
        Ok(i) => i,
        Err(e) => panic!("refused: {e}"),
    };
    wrt_runtime::image::Image::new(&image).map_err(wrt_foundation::Error::from).and_then(|i| i.verify()).unwrap_or_else(|e| panic!("does not verify: {e}"));
    let mut store = Store::owned(1 << 24);
    let stack = store.add_stack(Stack::owned(1 << 16, 1 << 12).unwrap()).unwrap();
    let mut go = |store: &mut Store<'_>| {
        let mut budget = slice;
        let mut given = slice;
        let exit = loop {
            match run(store, stack, &mut budget) {
                Exit::OutOfBudget => {
                    budget += slice;
                    given += slice;
                }
                exit => break exit,
            }
        };
        used += given - budget;
        exit
    };
    let made = store.instantiate(Shared::Arc(image.into()), &mut |_, _| None, &Options::default());
    let instance = match made {
        Ok(i) => i,
        Err(e) => panic!("unlinkable: {e:?}"),
    };
    store.enter_init(stack, instance).unwrap();
    let mut note = |exit: Exit, results: &dyn Fn() -> Vec<String>| {
        let s = match exit {
            Exit::Done => Seen::Results(results()),
            Exit::Trap(Trap::StackExhausted) => Seen::Limit,
            Exit::Trap(_) => Seen::Trapped,
            other => panic!("{other:?}"),
        };
        seen.push(s.clone());
        matches!(s, Seen::Results(_) | Seen::Trapped)
    };
    let exit = go(&mut store);
    if !note(exit, &Vec::new) || exit != Exit::Done {
        return (seen, used);
    }
    for name in calls {
        let Some(Extern::Func(f)) = store.export(instance, name) else { panic!("{name} is missing") };
        let ty = store.func_type(f).unwrap();
        let args: Vec<Value> = ty.params.iter().map(|t| Value::default_of(ValType::from_bits(*t))).collect();
        let n = ty.results.len();
        store.enter(stack, f, &args).unwrap();
        let exit = go(&mut store);
        let mut results = vec![Value::Unit; n];
        if exit == Exit::Done {
            store.results(stack, f, &mut results).unwrap();
        }
        if !note(exit, &|| results.iter().map(wrt_value).collect()) {
            return (seen, used);
        }
    }
    let image = store.image(instance).unwrap();
    let names: Vec<(String, u8)> = image.exports().map(|e| (e.name.to_string_lossy(), e.kind as u8)).collect();
    let mut names = names;
    names.sort();
    let mut rest = Vec::new();
    for (name, _) in names {
        match store.export(instance, &name) {
            Some(Extern::Memory(slot)) => {
                let m = store.memory(slot).unwrap();
                rest.push(hash(m.as_slice().unwrap()));
            }
            Some(Extern::Global { instance, cell, ty, .. }) => {
                rest.push(wrt_value(&store.global_get(instance, cell, ty).unwrap()));
            }
            Some(Extern::Table(slot)) => {
                let n = store.table_size(slot).unwrap();
                let nulls = (0..n).filter(|i| store.table_get(slot, *i).unwrap().is_null()).count();
                rest.push(format!("table {n} {nulls}"));
            }
            _ => {}
        }
    }
    seen.push(Seen::Results(rest));
    (seen, used)
}

fn hash(bytes: &[u8]) -> String {
    let h = bytes.iter().fold(0xcbf2_9ce4_8422_2325u64, |h, b| (h ^ u64::from(*b)).wrapping_mul(0x100_0000_01b3));
    format!("memory {} {h:x}", bytes.len())
}

fn on_wasmi(wasm: &[u8]) -> Option<(Vec<Seen>, Vec<String>)> {
    use wasmi::{Engine, Extern, Linker, Module, Store, TrapCode, Val};
    let mut config = wasmi::Config::default();
    config.wasm_multi_memory(true).wasm_memory64(true).wasm_simd(true).wasm_wide_arithmetic(true);
    let engine = Engine::new(&config);
    let module = Module::new(&engine, wasm).ok()?;
    let mut store = Store::new(&engine, ());
    let linker = Linker::<()>::new(&engine);
    let mut seen = Vec::new();
    let mut calls = Vec::new();
    let failure = |e: &wasmi::Error| match e.as_trap_code() {
        Some(TrapCode::StackOverflow | TrapCode::OutOfFuel | TrapCode::GrowthOperationLimited) => Seen::Limit,
        Some(_) => Seen::Trapped,
        None => Seen::Trapped,
    };
    let instance = match linker.instantiate_and_start(&mut store, &module) {
        Ok(i) => i,
        Err(e) => {
            seen.push(failure(&e));
            return Some((seen, calls));
        }
    };
    seen.push(Seen::Results(Vec::new()));
    let mut exports: Vec<(String, Extern)> = module.exports().map(|e| (e.name().to_string(), instance.get_export(&store, e.name()).unwrap())).collect();
    exports.sort_by(|a, b| a.0.cmp(&b.0));
    for (name, e) in &exports {
        let Extern::Func(f) = e else { continue };
        calls.push(name.clone());
        let ty = f.ty(&store);
        let args: Vec<Val> = ty.params().iter().map(|t| Val::default(*t)).collect();
        let mut results: Vec<Val> = ty.results().iter().map(|t| Val::default(*t)).collect();
        match f.call(&mut store, &args, &mut results) {
            Ok(()) => seen.push(Seen::Results(results.iter().map(wasmi_value).collect())),
            Err(e) => {
                let s = failure(&e);
                seen.push(s.clone());
                if s == Seen::Limit {
                    return Some((seen, calls));
                }
            }
        }
    }
    let mut rest = Vec::new();
    for (_, e) in &exports {
        match e {
            Extern::Memory(m) => rest.push(hash(m.data(&store))),
            Extern::Global(g) => rest.push(wasmi_value(&g.get(&store))),
            Extern::Table(t) => {
                let n = t.size(&store);
                let nulls = (0..n)
                    .filter(|i| match t.get(&store, *i).unwrap() {
                        wasmi::Val::FuncRef(r) => r.is_null(),
                        wasmi::Val::ExternRef(r) => r.is_null(),
                        _ => false,
                    })
                    .count();
                rest.push(format!("table {n} {nulls}"));
            }
            Extern::Func(_) => {}
        }
    }
    seen.push(Seen::Results(rest));
    Some((seen, calls))
}

fn main() {
    let mut args = std::env::args().skip(1);
    let first: u64 = args.next().and_then(|a| a.parse().ok()).unwrap_or(1);
    let seconds: u64 = args.next().and_then(|a| a.parse().ok()).unwrap_or(60);
    let begun = Instant::now();
    let (mut modules, mut calls_made) = (0u64, 0usize);
    let mut seed = first;
    while begun.elapsed() < Duration::from_secs(seconds) {
        FLOATS.set(has_floats(seed));
        if let Some(wasm) = module(seed)
            && let Some((theirs, calls)) = on_wasmi(&wasm)
        {
            let outcome = std::panic::catch_unwind(|| {
                let (ours, used) = on_wrt(&wasm, &calls, i64::MAX / 4);
                (ours, used, on_wrt(&wasm, &calls, 7))
            });
            let limit = |s: &[Seen]| s.iter().position(|s| *s == Seen::Limit).unwrap_or(usize::MAX);
            let why = match outcome {
                Err(_) => Some("WRT panicked".to_string()),
                Ok((ours, used, (sliced, sliced_used))) => {
                    let end = if has_floats(seed) { theirs.len().saturating_sub(1) } else { usize::MAX };
                    let n = limit(&ours).min(limit(&theirs)).min(end);
                    let cut = |s: &[Seen]| s[..s.len().min(n)].to_vec();
                    calls_made += ours.len();
                    if cut(&ours) != cut(&theirs) {
                        Some(format!("WRT   {:?}\nwasmi {:?}", cut(&ours), cut(&theirs)))
                    } else if ours != sliced || used != sliced_used {
                        Some(format!("in slices: {used} and {sliced_used} fuel\n{ours:?}\n{sliced:?}"))
                    } else {
                        None
                    }
                }
            };
            if let Some(why) = why {
                let file = format!("difference-{seed}.wasm");
                std::fs::write(&file, &wasm).unwrap();
                println!("seed {seed}: {why}\nmodule in {file}");
                std::process::exit(1);
            }
            modules += 1;
        }
        seed += 1;
    }
    println!("{modules} modules, {calls_made} calls: no difference (seeds {first} to {seed})");
}
