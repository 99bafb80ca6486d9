// SPDX-License-Identifier: MIT
//! Random modules of what wasmi has too, on WRT (uninterrupted, in slices of a few units of fuel, with collections) and
//! on wasmi. Instantiation, results, traps, memory and globals have to be equal.

use differential::modules::{for_wasmi, has_floats};
use wrt_replay_tests::seen::{self, Seen, Show, reference};
use wrt_replay_tests::wrt::{Way, execute_all_ways};

fn value(v: &wasmi::Val, show: Show) -> String {
    use wasmi::Val;
    match v {
        Val::I32(v) => show.number("i32", *v as u32 as u64),
        Val::I64(v) => show.number("i64", *v as u64),
        Val::F32(v) => show.number("f32", v.to_bits() as u64),
        Val::F64(v) => show.number("f64", v.to_bits()),
        Val::V128(v) => show.vector(v.as_u128()),
        Val::FuncRef(r) => reference(r.is_null(), None),
        Val::ExternRef(r) => reference(r.is_null(), None),
    }
}

fn argument(ty: wasmi::ValType, i: usize, seed: u64) -> wasmi::Val {
    use wasmi::{Val, ValType};
    let of = |name| seen::argument(name, i, seed);
    match ty {
        ValType::I32 => Val::I32(of("i32") as i32),
        ValType::I64 => Val::I64(of("i64") as i64),
        ValType::F32 => Val::F32(f32::from_bits(of("f32") as u32).into()),
        ValType::F64 => Val::F64(f64::from_bits(of("f64")).into()),
        ty => Val::default(ty),
    }
}

fn execute(wasm: &[u8], seed: u64, show: Show) -> Option<(Vec<Seen>, Vec<String>)> {
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
        _ => show.trap(""),
    };
    let instance = match linker.instantiate_and_start(&mut store, &module) {
        Ok(i) => i,
        Err(e) => {
            seen.push(failure(&e));
            return Some((seen, calls));
        }
    };
    seen.push(Seen::Results(Vec::new()));
    let mut exports: Vec<(String, Extern)> =
        module.exports().map(|e| (e.name().to_string(), instance.get_export(&store, e.name()).unwrap())).collect();
    exports.sort_by(|a, b| a.0.cmp(&b.0));
    for (name, e) in &exports {
        let Extern::Func(f) = e else { continue };
        calls.push(name.clone());
        let ty = f.ty(&store);
        let args: Vec<Val> = ty.params().iter().enumerate().map(|(i, t)| argument(*t, i, seed)).collect();
        let mut results: Vec<Val> = ty.results().iter().map(|t| Val::default(*t)).collect();
        match f.call(&mut store, &args, &mut results) {
            Ok(()) => seen.push(Seen::Results(results.iter().map(|v| value(v, show)).collect())),
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
            Extern::Memory(m) => rest.push(seen::memory(m.data(&store))),
            Extern::Global(g) => rest.push(value(&g.get(&store), show)),
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
    differential::run("wasmi", |seed, counts| {
        let show = Show { any_nan: has_floats(seed), any_trap: true };
        let Some(wasm) = for_wasmi(seed) else { return Ok(()) };
        let Some((theirs, calls)) = execute(&wasm, seed, show) else {
            *counts.entry("refused by wasmi").or_default() += 1;
            return Ok(());
        };
        *counts.entry("modules").or_default() += 1;
        *counts.entry("calls").or_default() += theirs.len() as u64;
        let way = Way { slice: 0, stress: false, fuel: i64::MAX / 2, seed, show };
        let outcome = execute_all_ways(&wasm, &calls, way)
            .and_then(|ours| seen::same(&ours, &theirs, !has_floats(seed)).map_err(|(a, b)| format!("\nWRT   {a:?}\nwasmi {b:?}")));
        outcome.map_err(|why| (why, wasm))
    });
}
