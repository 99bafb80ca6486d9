// SPDX-License-Identifier: MIT
//! Counts what kernels of `tests/bench` execute, natively and on WRT. The name of an entry is `kernel=n`.

use crate::board::{count, counted};
use crate::budget::Budget;
use crate::entries::Entries;
use crate::semihosting::Out;
use wrt_foundation::{Buf, Shared, Value};
use wrt_runtime::store::{Instance, MemSlot, Table, TypeSource};
use wrt_runtime::translate::translate;
use wrt_runtime::{Exit, Extern, Options, Stack, StackId, Store, StoreParts, run as engine};

include!(concat!(env!("OUT_DIR"), "/kernels.rs"));

/// Carries out all kernels; whether all could be, with equal results.
pub(crate) fn run(entries: &mut Entries, budget: &mut Budget, out: &mut Out) -> bool {
    let mut good = true;
    while let Some((name, wasm)) = entries.next(budget.script) {
        let split = name.split_once('=').and_then(|(kernel, n)| Some((kernel, n.parse().ok()?)));
        let native = split.and_then(|(kernel, _)| NATIVE.iter().find(|(name, _)| *name == kernel));
        let (Some((kernel, n)), Some((_, native))) = (split, native) else {
            out.say(format_args!("no kernel {name}"));
            good = false;
            continue;
        };
        let since = count();
        // SAFETY: our kernels take any number, and have defined behaviour in one thread, which this program has.
        let wanted = unsafe { native(n) };
        let natively = counted(since);
        let since = count();
        let done = translate(wasm, budget.scratch, budget.images);
        let translated = counted(since);
        let words = done.map_or(0, |t| t.words as usize);
        let image = budget.images.get(..words).unwrap_or(&[]);
        let (mut instances, mut memories, mut stacks) = ([Instance::default()], [MemSlot::default()], [Stack::default()]);
        let mut tables = [Table::default()];
        let mut types: [TypeSource; 32] = Default::default();
        let mut store = Store::new(StoreParts {
            instances: Buf::Lent(&mut instances),
            memories: Buf::Lent(&mut memories),
            tables: Buf::Lent(&mut tables),
            types: Buf::Lent(&mut types),
            stacks: Buf::Lent(&mut stacks),
            words: Buf::Lent(budget.words),
            bytes: Buf::Lent(budget.memories),
            ..StoreParts::default()
        });
        let stack = store.add_stack(Stack::new(budget.cells, budget.frames));
        match stack.and_then(|stack| measure(&mut store, stack, image, n)) {
            Some((executed, result)) => {
                good &= result == wanted;
                out.say(format_args!(
                    "kernel {kernel} n={n} native={natively} wrt={executed} bytes={} translate={translated} image={} results={}",
                    wasm.len(),
                    words * 4,
                    if result == wanted { "equal" } else { "different" }
                ));
            }
            None => {
                good = false;
                out.say(format_args!("kernel {kernel} does not run"));
            }
        }
    }
    good && entries.at_end()
}

/// Executed instructions of `run(n)`, and its result.
fn measure<'m>(store: &mut Store<'m>, stack: StackId, image: &'m [u32], n: i32) -> Option<(u32, i64)> {
    let options = Options { memory_reserve: 0, table_reserve: 0 };
    let instance = store.instantiate(Shared::Ref(image), &mut |_, _| None, &options).ok()?;
    // The counter that serves fuel counts always.
    let mut budget = i64::MAX;
    store.enter_init(stack, instance).ok()?;
    let Exit::Done = engine(store, stack, &mut budget) else { return None };
    let Some(Extern::Func(run)) = store.export(instance, "run") else { return None };
    let since = count();
    store.enter(stack, run, &[Value::I32(n)]).ok()?;
    let exit = engine(store, stack, &mut budget);
    let executed = counted(since);
    let Exit::Done = exit else { return None };
    let mut results = [Value::Unit];
    store.results(stack, run, &mut results).ok()?;
    let [Value::I64(result)] = results else { return None };
    Some((executed, result))
}
