// SPDX-License-Identifier: MIT
//! Images that may be anything.

use crate::random::Random;
use crate::{Counts, change};
use wrt_foundation::{Shared, ValType, Value};
use wrt_runtime::image::{self, Image, Word};
use wrt_runtime::{Exit, Extern, Options, Stack, Store, run};

/// Changes `image`, puts the check value right in most cases, and does everything with it that can be done.
pub fn change_and_load(image: &[u32], random: &mut Random, counts: &mut Counts) {
    let mut words = image.to_vec();
    change::image(&mut words, random);
    if random.below(8) != 0 {
        words[Word::Check as usize] = image::checksum(&words);
    }
    load(words, random.below(2) == 0, counts);
}

/// Loads, verifies, instantiates and runs `words`, with a collection at each allocation if `stress`.
///
/// # Panics
/// If it does not end.
pub fn load(words: Vec<u32>, stress: bool, counts: &mut Counts) {
    let Ok(view) = Image::new(&words) else {
        *counts.entry("not an image").or_default() += 1;
        return;
    };
    if view.verify().is_err() {
        *counts.entry("not verified").or_default() += 1;
    }
    let mut store = Store::owned(1 << 22);
    store.heap().set_stress(stress);
    let stack = store.add_stack(Stack::owned(1 << 13, 1 << 8).unwrap()).unwrap();
    let Ok(instance) = store.instantiate(Shared::Arc(words.into()), &mut |_, _| None, &Options::default()) else {
        *counts.entry("not instantiated").or_default() += 1;
        return;
    };
    let mut fuel = 60_000i64;
    let mut go = |store: &mut Store<'_>| {
        let mut rounds = 0;
        loop {
            let mut budget = 1000;
            fuel -= 1000;
            match run(store, stack, &mut budget) {
                Exit::OutOfBudget if fuel > 0 => {}
                exit => return exit,
            }
            rounds += 1;
            assert!(rounds < 1000, "runs on for nothing");
        }
    };
    if store.enter_init(stack, instance).is_err() || go(&mut store) != Exit::Done {
        *counts.entry("not initialised").or_default() += 1;
        return;
    }
    *counts.entry("initialised").or_default() += 1;
    let names: Vec<String> = store.image(instance).unwrap().exports().map(|e| e.name.to_string_lossy()).take(30).collect();
    for name in names {
        let Some(Extern::Func(f)) = store.export(instance, &name) else { continue };
        let Some(ty) = store.func_type(f) else { continue };
        let args: Vec<Value> = ty.params.iter().map(|t| Value::default_of(ValType::from_bits(*t))).collect();
        let mut results = vec![Value::Unit; ty.results.len()];
        if store.enter(stack, f, &args).is_err() {
            continue;
        }
        *counts.entry("calls").or_default() += 1;
        if go(&mut store) == Exit::Done {
            let _ = store.results(stack, f, &mut results);
        } else {
            let _ = store.trap_site(stack);
        }
    }
}
