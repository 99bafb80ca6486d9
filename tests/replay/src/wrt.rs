// SPDX-License-Identifier: MIT
//! WRT's side of a comparison.

use crate::seen::{self, Seen, Show};
use wrt_foundation::{ExternKind, Shared, Trap, ValType, Value};
use wrt_runtime::image::Image;
use wrt_runtime::{Exit, Extern, LinkError, Options, Stack, Store, run};

/// How WRT runs a module.
#[derive(Clone, Copy)]
pub struct Way {
    /// Fuel between two pauses.
    pub slice: i64,
    /// Collects at each allocation.
    pub stress: bool,
    /// Fuel of one call; more is a limit.
    pub fuel: i64,
    /// For arguments.
    pub seed: u64,
    /// How values are shown.
    pub show: Show,
}

/// Translates; the image verifies.
///
/// # Panics
/// If one of both fails: the module is valid.
pub fn image(wasm: &[u8]) -> Vec<u32> {
    let (image, _) = wrt_runtime::translate::translate_vec(wasm).unwrap_or_else(|e| panic!("refused: {e}"));
    let view = Image::new(&image).map_err(wrt_foundation::Error::from);
    view.and_then(|i| i.verify()).unwrap_or_else(|e| panic!("does not verify: {e} at {}", e.at()));
    image
}

fn value(v: &Value, show: Show) -> String {
    let ([lo, hi, ..], _) = v.to_cells();
    match v {
        Value::V128(v) => show.vector(u128::from_le_bytes(*v)),
        Value::FuncRef(r) | Value::ExternRef(r) | Value::AnyRef(r) | Value::ExnRef(r) => {
            seen::reference(r.is_null(), r.as_i31().filter(|_| matches!(v, Value::AnyRef(_))))
        }
        _ => show.number(v.ty().map_or("", ValType::name), u64::from(lo) | u64::from(hi) << 32),
    }
}

/// An argument of type `ty`.
pub fn argument(ty: ValType, i: usize, seed: u64) -> Value {
    let bits = seen::argument(ty.name(), i, seed);
    match ty {
        ValType::I32 => Value::I32(bits as i32),
        ValType::I64 => Value::I64(bits as i64),
        ValType::F32 => Value::F32(f32::from_bits(bits as u32)),
        ValType::F64 => Value::F64(f64::from_bits(bits)),
        _ => Value::default_of(ty),
    }
}

/// The exported functions of `image` that can be called without a reference to anything, in the order of their names.
pub fn callable(image: &[u32]) -> Vec<String> {
    let image = Image::new(image).expect("an image");
    let has_arguments = |f| image.func_type(f).is_some_and(|ty| ty.params.iter().all(|t| ValType::from_bits(*t).is_defaultable()));
    let functions = image.exports().filter(|e| e.kind == ExternKind::Func && has_arguments(e.index));
    let mut names: Vec<String> = functions.map(|e| e.name.to_string_lossy()).collect();
    names.sort();
    names
}

/// Instantiates `image`, makes the `calls` and looks at what is exported. What was seen, and the fuel used.
pub fn execute(image: Vec<u32>, calls: &[String], way: Way) -> (Vec<Seen>, i64) {
    let mut seen = Vec::new();
    let mut used = 0i64;
    let mut store = Store::owned(1 << 24);
    store.heap().set_stress(way.stress);
    let stack = store.add_stack(Stack::owned(1 << 16, 1 << 12).unwrap()).unwrap();
    let mut go = |store: &mut Store<'_>| {
        let (mut budget, mut given) = (way.slice.min(way.fuel), way.slice.min(way.fuel));
        let exit = loop {
            match run(store, stack, &mut budget) {
                Exit::OutOfBudget if given < way.fuel => {
                    budget += way.slice;
                    given += way.slice;
                }
                // Nobody waits.
                Exit::Notify { .. } => store.answer_thread(stack, 0),
                exit => break exit,
            }
        };
        used += given - budget;
        exit
    };
    let made = store.instantiate(Shared::Arc(image.into()), &mut |_, _| None, &Options::default());
    let instance = match made {
        Ok(instance) => instance,
        Err(LinkError::NoRoom { .. }) => return (vec![Seen::Limit], 0),
        Err(e) => panic!("unlinkable: {e:?}"),
    };
    store.enter_init(stack, instance).unwrap();
    let mut note = |exit: Exit, results: &dyn Fn() -> Vec<String>| {
        let s = match exit {
            Exit::Done => Seen::Results(results()),
            Exit::Trap(Trap::StackExhausted | Trap::HeapExhausted) | Exit::OutOfBudget => Seen::Limit,
            Exit::Trap(Trap::BadImage) => panic!("bad image"),
            Exit::Trap(t) => way.show.trap(t.message()),
            other => panic!("{other:?}"),
        };
        seen.push(s.clone());
        s != Seen::Limit
    };
    let exit = go(&mut store);
    if !note(exit, &Vec::new) || exit != Exit::Done {
        return (seen, used);
    }
    for name in calls {
        let Some(Extern::Func(f)) = store.export(instance, name) else { panic!("{name} is missing") };
        let ty = store.func_type(f).unwrap();
        let args: Vec<Value> = ty.params.iter().enumerate().map(|(i, t)| argument(ValType::from_bits(*t), i, way.seed)).collect();
        let n = ty.results.len();
        store.enter(stack, f, &args).unwrap();
        let exit = go(&mut store);
        let mut results = vec![Value::Unit; n];
        if exit == Exit::Done {
            store.results(stack, f, &mut results).unwrap();
        }
        if !note(exit, &|| results.iter().map(|v| value(v, way.show)).collect()) {
            return (seen, used);
        }
    }
    let image = store.image(instance).unwrap();
    let mut names: Vec<String> = image.exports().map(|e| e.name.to_string_lossy()).collect();
    names.sort();
    let mut rest = Vec::new();
    for name in names {
        match store.export(instance, &name) {
            Some(Extern::Memory(slot)) => rest.push(match store.shared_memory(slot) {
                Some(memory) => {
                    let mut bytes = vec![0; memory.len()];
                    memory.read_into(0, &mut bytes).unwrap();
                    seen::memory(&bytes)
                }
                None => seen::memory(store.memory(slot).unwrap().as_slice().unwrap()),
            }),
            Some(Extern::Global { instance, cell, ty, .. }) => {
                rest.push(value(&store.global_get(instance, cell, ty).unwrap(), way.show));
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

/// Runs without a pause, in slices of 7 units, and with a collection at each allocation: all have to show the same, and
/// pauses cost no fuel. What was seen.
///
/// # Errors
/// What differs.
pub fn execute_all_ways(wasm: &[u8], calls: &[String], way: Way) -> Result<Vec<Seen>, String> {
    let image = image(wasm);
    let whole = Way { slice: i64::MAX / 4, ..way };
    let ran = |slice, stress| execute(image.clone(), calls, Way { slice, stress, ..way });
    let (plain, used) = execute(image.clone(), calls, whole);
    // A collection costs fuel too.
    let (stressed, stressed_used) = ran(whole.slice, true);
    if seen::same(&plain, &stressed, true).is_err() {
        return Err(format!("with collections\n{plain:?}\n{stressed:?}"));
    }
    for (stress, plain, used) in [(false, &plain, used), (true, &stressed, stressed_used)] {
        let (sliced, sliced_used) = ran(7, stress);
        let limited = plain.last() == Some(&Seen::Limit) || sliced.last() == Some(&Seen::Limit);
        if seen::same(plain, &sliced, true).is_err() || (!limited && used != sliced_used) {
            return Err(format!("in slices, with collections {stress}: {used} and {sliced_used} fuel\n{plain:?}\n{sliced:?}"));
        }
    }
    Ok(plain)
}
