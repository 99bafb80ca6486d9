// SPDX-License-Identifier: MIT
//! WRT without an allocator, with the counter for fuel. What it is lent is larger than what it needs; what it has used of that
//! is counted, and all of what the translation used.

use crate::{Report, cost};
use core::cell::UnsafeCell;
use wrt_foundation::{Buf, Shared, Value};
use wrt_runtime::image::{Image, Word};
use wrt_runtime::stack::{Frame, WINDOW};
use wrt_runtime::store::{Instance, MemSlot, Table, TypeSource};
use wrt_runtime::translate::translate;
use wrt_runtime::{Exit, Extern, Options, Stack, Store, StoreParts, run as engine};

const IMAGE: usize = 128 << 10;
const SCRATCH: usize = 64 << 10;
const WORDS: usize = 16 << 10;
const CELLS: usize = (64 << 10) + WINDOW;
const FRAMES: usize = 1 << 10;
const MEMORY: usize = 4 << 20;
/// What has not been used.
const UNUSED: u32 = 0xc01d_57ac;

struct Lent {
    image: [u32; IMAGE],
    scratch: [u32; SCRATCH],
    words: [u32; WORDS],
    cells: [u32; CELLS],
    frames: [Frame; FRAMES],
    memory: [u8; MEMORY],
}
struct Place(UnsafeCell<Lent>);
// SAFETY: it is reached by `run` alone, which is called once.
unsafe impl Sync for Place {}
#[unsafe(link_section = ".bss.memories")]
static LENT: Place = Place(UnsafeCell::new(Lent {
    image: [0; IMAGE],
    scratch: [0; SCRATCH],
    words: [0; WORDS],
    cells: [0; CELLS],
    frames: [Frame { pc: 0, base: 0, link: 0 }; FRAMES],
    memory: [0; MEMORY],
}));

/// Words that have been used.
fn used(words: &[u32]) -> usize {
    words.iter().rposition(|w| *w != UNUSED).map_or(0, |i| i + 1)
}

pub(crate) fn run(_: &str, wasm: &[u8], n: Option<i32>) -> Option<Report> {
    // SAFETY: called once.
    let Lent { image, scratch, words, cells, frames, memory } = unsafe { &mut *LENT.0.get() };
    words.fill(UNUSED);
    cells.fill(UNUSED);
    frames.fill(Frame { pc: UNUSED, base: 0, link: 0 });
    let (mut instances, mut memories, mut stacks) = ([Instance::default()], [MemSlot::default()], [Stack::default()]);
    let (mut tables, mut types) = ([Table::default()], [TypeSource::default(); 32]);
    let (load, translated) = cost(|| translate(wasm, scratch, image).ok());
    let translated = translated?;
    let image = image.get(..translated.words as usize)?;
    let Some(n) = n else {
        let more = (image.len() + translated.scratch_words as usize) * 4;
        return Some(Report { load, instantiate: 0, run: 0, result: 0, pages: 0, more });
    };
    let slots = size_of_val(&instances) + size_of_val(&memories) + size_of_val(&stacks) + size_of_val(&tables);
    let slots = slots + size_of::<TypeSource>() * Image::new(image).ok()?.get(Word::Types) as usize;
    let (instantiate, loaded) = cost(|| {
        let mut store = Store::new(StoreParts {
            instances: Buf::Lent(&mut instances),
            memories: Buf::Lent(&mut memories),
            tables: Buf::Lent(&mut tables),
            types: Buf::Lent(&mut types),
            stacks: Buf::Lent(&mut stacks),
            words: Buf::Lent(words),
            bytes: Buf::Lent(memory),
            ..StoreParts::default()
        });
        let stack = store.add_stack(Stack::new(cells, frames))?;
        let instance = store.instantiate(Shared::Ref(image), &mut |_, _| None, &Options { memory_reserve: 0, table_reserve: 0 }).ok()?;
        store.enter_init(stack, instance).ok()?;
        let Exit::Done = engine(&mut store, stack, &mut { i64::MAX }) else { return None };
        let Some(Extern::Func(function)) = store.export(instance, "run") else { return None };
        Some((store, stack, function))
    });
    let (mut store, stack, function) = loaded?;
    // The counter that serves fuel counts always.
    let mut budget = i64::MAX;
    let mut results = [Value::Unit];
    let (run, done) = cost(|| {
        store.enter(stack, function, &[Value::I32(n)]).ok()?;
        let Exit::Done = engine(&mut store, stack, &mut budget) else { return None };
        store.results(stack, function, &mut results).ok()
    });
    done?;
    let [Value::I64(result)] = results else { return None };
    let pages = store.memory_pages(0).unwrap_or(0);
    let frames = frames.iter().rposition(|f| f.pc != UNUSED).map_or(0, |i| i + 1) * size_of::<Frame>();
    let running = slots + frames + (used(words) + used(cells) + WINDOW) * 4;
    // The place of the scratch can be that of the store.
    let more = image.len() * 4 + running.max(translated.scratch_words as usize * 4) + ((pages as usize) << 16);
    Some(Report { load, instantiate, run, result, pages, more })
}
