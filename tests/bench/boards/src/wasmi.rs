// SPDX-License-Identifier: MIT
//! wasmi, with validation, functions translated at once, and without fuel.

use crate::{Report, cost};
use wasmi::{Engine, Linker, Module, Store};

pub(crate) fn run(_: &str, wasm: &[u8], n: Option<i32>) -> Option<Report> {
    let (load, loaded) = cost(|| {
        let engine = Engine::default();
        let module = Module::new(&engine, wasm).ok()?;
        Some((engine, module))
    });
    let (engine, module) = loaded?;
    let Some(n) = n else { return Some(Report { load, instantiate: 0, run: 0, result: 0, pages: 0, more: 0 }) };
    let (instantiate, instance) = cost(|| {
        let mut store = Store::new(&engine, ());
        let instance = Linker::new(&engine).instantiate_and_start(&mut store, &module).ok()?;
        let run = instance.get_typed_func::<i32, i64>(&store, "run").ok()?;
        Some((store, instance, run))
    });
    let (mut store, instance, function) = instance?;
    let (run, result) = cost(|| function.call(&mut store, n));
    let pages = instance.exports(&store).find_map(|e| e.into_memory()).map_or(0, |m| m.size(&store) as u32);
    Some(Report { load, instantiate, run, result: result.ok()?, pages, more: 0 })
}
