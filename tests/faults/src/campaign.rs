// SPDX-License-Identifier: MIT
//! Bits of images and of engine state, flipped one at a time.
//!
//! A guest runs in slices. It is stopped between two of them, one bit is flipped, and it goes on. What comes of it is one of five:
//! *refused* before it runs, *trapped*, *stopped* by its fuel, the *same* result and memory as without (of
//! a flip in memory: the same result), or a *wrong* one.
//! What must not come of it: a panic, a run that goes on beyond its fuel, and a change outside of its own store.
//!
//! Outside is, here, the store of a neighbour that takes turns with the guest on the same thread, and the bytes between and around
//! the memories of both, which lie side by side in one array.

use std::collections::BTreeMap;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::{Duration, Instant};
use wrt_foundation::{Buf, ExternKind, Ref, Shared, Value};
use wrt_runtime::image::{self, Image, Word};
use wrt_runtime::{Exit, Extern, InstanceId, Options, Stack, StackId, Store, StoreParts, run};

/// The guests: what they do, and their text.
pub const GUESTS: [(&str, &str); 5] = [
    ("sums", include_str!("../programs/sums.wat")),
    ("calls", include_str!("../programs/calls.wat")),
    ("copies", include_str!("../programs/copies.wat")),
    ("floats", include_str!("../programs/floats.wat")),
    ("objects", include_str!("../programs/objects.wat")),
];

/// What came of one flip.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Came {
    /// The image was not taken.
    Refused,
    /// The guest trapped.
    Trapped,
    /// The fuel was used up.
    Stopped,
    /// The right result, and the right memory.
    Same,
    /// Another result, or another memory of its own.
    Wrong,
}

/// How often what came, by target of the flips.
pub type Table = BTreeMap<&'static str, BTreeMap<Came, u64>>;

/// Where bits are flipped.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Target {
    /// A word of the image, as it lies in flash: the check value tells.
    Image,
    /// A word of the image, and then the check value is made right.
    Checked,
    /// A cell of the stack.
    Cells,
    /// A word of the call frames.
    Frames,
    /// A word of the run state.
    Run,
    /// A global.
    Globals,
    /// An element of a table.
    Tables,
    /// A byte of linear memory.
    Memory,
}

/// All of them, with the names of the published table.
pub const TARGETS: [(&str, Target); 8] = [
    ("image", Target::Image),
    ("image, check value made right", Target::Checked),
    ("stack cells", Target::Cells),
    ("call frames", Target::Frames),
    ("run state", Target::Run),
    ("globals", Target::Globals),
    ("table elements", Target::Tables),
    ("linear memory", Target::Memory),
];

/// Bytes of each guest's memory: its first page.
const MEMORY: usize = 1 << 16;
/// Bytes before, between and behind them.
const BETWEEN: usize = 256;
const UNTOUCHED: u8 = 0x5a;
/// Fuel of a slice.
const SLICE: i64 = 400;
/// Cells, frames, and words for globals and tables.
const CELLS: usize = 600;
const FRAMES: usize = 24;

/// One guest, translated, and what is right.
pub struct Guest {
    /// Its name.
    pub name: &'static str,
    image: Vec<u32>,
    result: u32,
    memory: u64,
    /// Slices that it takes.
    slices: u32,
}

fn hash(bytes: &[u8]) -> u64 {
    bytes.iter().fold(0xcbf2_9ce4_8422_2325, |h, b| (h ^ u64::from(*b)).wrapping_mul(0x100_0000_01b3))
}

/// A store in lent memory, so that what it may touch is known.
struct Home {
    cells: Vec<u32>,
    frames: Vec<wrt_runtime::stack::Frame>,
    words: Vec<u32>,
    heap: Vec<u32>,
}

impl Home {
    fn new() -> Home {
        Home { cells: vec![0; CELLS], frames: vec![Default::default(); FRAMES], words: vec![0; 256], heap: vec![0; 2048] }
    }
    fn store<'m>(&'m mut self, bytes: &'m mut [u8]) -> (Store<'m>, StackId) {
        let mut store = Store::new(StoreParts {
            instances: Buf::Own(Vec::new()),
            memories: Buf::Own(Vec::new()),
            tables: Buf::Own(Vec::new()),
            types: Buf::Own(vec![Default::default(); 32]),
            stacks: Buf::Own(Vec::new()),
            words: Buf::Lent(&mut self.words),
            bytes: Buf::Lent(bytes),
            heap: Buf::Lent(&mut self.heap),
            ..StoreParts::default()
        });
        let stack = store.add_stack(Stack::new(&mut self.cells, &mut self.frames)).unwrap();
        (store, stack)
    }
}

/// A guest under way.
struct Going<'m> {
    store: Store<'m>,
    stack: StackId,
    instance: InstanceId,
    func: u32,
}

enum Step {
    More,
    Ended(Result<u32, ()>),
}

impl<'m> Going<'m> {
    /// Up to its first slice; `None`: refused.
    fn begin(home: &'m mut Home, bytes: &'m mut [u8], image: Vec<u32>) -> Option<Result<Going<'m>, Came>> {
        Image::new(&image).ok()?.check().ok()?;
        let (mut store, stack) = home.store(bytes);
        let instance = store.instantiate(Shared::Arc(image.into()), &mut |_, _| None, &Options::default()).ok()?;
        store.enter_init(stack, instance).ok()?;
        let mut rounds = 0;
        loop {
            match run(&mut store, stack, &mut { SLICE }) {
                Exit::Done => break,
                Exit::OutOfBudget if rounds < 100 => rounds += 1,
                Exit::OutOfBudget => return Some(Err(Came::Stopped)),
                _ => return Some(Err(Came::Trapped)),
            }
        }
        let Some(Extern::Func(func)) = store.export(instance, "run") else { return None };
        if store.func_type(func).is_none_or(|t| t.results.len() != 1) {
            return None;
        }
        store.enter(stack, func, &[]).ok()?;
        Some(Ok(Going { store, stack, instance, func }))
    }
    /// One slice. It takes microseconds: one that goes on beyond its fuel shows as one that takes a second. (What it is charged
    /// says nothing: a changed charge may be any, to the guest's cost.)
    fn step(&mut self) -> Step {
        let mut budget = SLICE;
        let begun = Instant::now();
        let exit = run(&mut self.store, self.stack, &mut budget);
        let took = begun.elapsed();
        assert!(took < Duration::from_secs(1), "a slice of {SLICE} took {took:?}");
        match exit {
            Exit::OutOfBudget => Step::More,
            Exit::Done => {
                let mut results = [Value::Unit];
                let read = self.store.results(self.stack, self.func, &mut results);
                Step::Ended(match results {
                    [Value::I32(v)] if read.is_ok() => Ok(v as u32),
                    _ => Err(()),
                })
            }
            _ => Step::Ended(Err(())),
        }
    }
    /// Words that a target has now.
    fn words(&mut self, target: Target) -> usize {
        let depth = |s: &Stack<'_>| s.run.depth as usize;
        match target {
            Target::Image | Target::Checked => 0,
            Target::Cells => self.store.stack(self.stack).map_or(0, |s| (s.run.base as usize + 24).min(s.cells.len())),
            Target::Frames => self.store.stack(self.stack).map_or(0, depth) * 3,
            Target::Run => 9,
            Target::Globals => self.globals().len(),
            Target::Tables => self.store.table_size(0).unwrap_or(0) as usize,
            Target::Memory => 96,
        }
    }
    fn globals(&self) -> Vec<Extern<'static>> {
        let image = self.store.image(self.instance).unwrap();
        let all = image.get(Word::Globals);
        (0..all).filter_map(|i| self.store.item(self.instance, ExternKind::Global, i)).collect()
    }
    /// Flips a bit of a word of the target.
    fn flip(&mut self, target: Target, word: usize, bit: u32) {
        let mask = 1u32 << bit;
        match target {
            Target::Image | Target::Checked => {}
            Target::Cells => self.store.stack_mut(self.stack).unwrap().cells[word] ^= mask,
            Target::Frames => {
                let frame = &mut self.store.stack_mut(self.stack).unwrap().frames[word / 3];
                *[&mut frame.pc, &mut frame.base, &mut frame.link][word % 3] ^= mask;
            }
            Target::Run => {
                let run = &mut self.store.stack_mut(self.stack).unwrap().run;
                match word {
                    0 => run.pc ^= mask,
                    1 => run.base ^= mask,
                    2 => run.inst ^= mask,
                    3 => run.depth ^= mask,
                    4 => run.args ^= mask,
                    5 => run.func ^= mask,
                    6 => run.next ^= mask,
                    7 => run.step ^= mask,
                    _ => run.lag ^= mask as i32,
                }
            }
            Target::Globals => {
                if let Some(Extern::Global { instance, cell, ty, .. }) = self.globals().get(word) {
                    let old = self.store.global_get(*instance, *cell, *ty).unwrap();
                    let ([mut low, high, ..], _) = old.to_cells();
                    low ^= mask;
                    let new = match old {
                        Value::I64(_) => Value::I64((u64::from(low) | u64::from(high) << 32) as i64),
                        Value::AnyRef(_) => Value::AnyRef(Ref::from_bits(low)),
                        Value::F32(_) => Value::F32(f32::from_bits(low)),
                        Value::F64(_) => Value::F64(f64::from_bits(u64::from(low) | u64::from(high) << 32)),
                        _ => Value::I32(low as i32),
                    };
                    self.store.global_set(*instance, *cell, new);
                }
            }
            Target::Tables => {
                let old = self.store.table_get(0, word as u32).unwrap_or(Ref::from_bits(0));
                self.store.table_set(0, word as u32, Ref::from_bits(old.bits() ^ mask));
            }
            Target::Memory => {
                // From every part of the page.
                let at = word * (MEMORY / 96) + bit as usize / 8;
                if let Some(mut memory) = self.store.memory(0)
                    && let Some(byte) = memory.as_mut_slice().and_then(|m| m.get_mut(at))
                {
                    *byte ^= 1 << (bit % 8);
                }
            }
        }
    }
}

/// Two memories, and what lies around them.
fn arena() -> Vec<u8> {
    vec![UNTOUCHED; 2 * MEMORY + 3 * BETWEEN]
}
fn split(arena: &mut [u8]) -> (&mut [u8], &mut [u8]) {
    let (first, second) = arena.split_at_mut(BETWEEN + MEMORY + BETWEEN / 2);
    (&mut first[BETWEEN..BETWEEN + MEMORY], &mut second[BETWEEN / 2..BETWEEN / 2 + MEMORY])
}
fn around_is_untouched(arena: &[u8]) -> bool {
    let gaps = [0..BETWEEN, BETWEEN + MEMORY..2 * BETWEEN + MEMORY, 2 * (BETWEEN + MEMORY)..arena.len()];
    gaps.into_iter().all(|gap| arena[gap].iter().all(|b| *b == UNTOUCHED))
}

impl Guest {
    /// Translates a guest and runs it once.
    ///
    /// # Panics
    /// If it does not run.
    pub fn new(name: &'static str, text: &str) -> Guest {
        let wasm = wat::parse_str(text).unwrap();
        let (image, _) = wrt_runtime::translate::translate_vec(&wasm).unwrap();
        let mut guest = Guest { name, image, result: 0, memory: 0, slices: 0 };
        let (mut home, mut arena) = (Home::new(), arena());
        let mut going = Going::begin(&mut home, split(&mut arena).0, guest.image.clone()).expect("taken").expect("starts");
        guest.result = loop {
            guest.slices += 1;
            match going.step() {
                Step::More => {}
                Step::Ended(result) => break result.unwrap_or_else(|()| panic!("{name} does not run")),
            }
        };
        drop(going);
        guest.memory = hash(split(&mut arena).0);
        assert!(guest.slices >= 4 && around_is_untouched(&arena), "{name}: {} slices", guest.slices);
        guest
    }

    /// Words of a target before slice `at`.
    pub fn words(&self, target: Target, at: u32) -> usize {
        if matches!(target, Target::Image | Target::Checked) {
            return self.image.len();
        }
        let (mut home, mut arena) = (Home::new(), arena());
        let mut going = Going::begin(&mut home, split(&mut arena).0, self.image.clone()).unwrap().ok().unwrap();
        for _ in 0..at {
            going.step();
        }
        going.words(target)
    }

    /// Moments at which state is flipped: slices.
    pub fn moments(&self) -> [u32; 3] {
        [1, self.slices / 2, self.slices - 1]
    }

    /// Flips one bit of `target`, before slice `at` if it is state, and runs the guest to its end beside a neighbour.
    ///
    /// # Panics
    /// If what must not come of it came of it.
    fn run(&self, neighbour: &Guest, target: Target, at: u32, word: usize, bit: u32) -> Came {
        let (mut home, mut other_home, mut arena) = (Home::new(), Home::new(), arena());
        let (mine, others) = split(&mut arena);
        let mut image = self.image.clone();
        if matches!(target, Target::Image | Target::Checked) {
            image[word] ^= 1 << bit;
        }
        if target == Target::Checked {
            image[Word::Check as usize] = image::checksum(&image);
        }
        let mut other = Going::begin(&mut other_home, others, neighbour.image.clone()).unwrap().ok().unwrap();
        let mut ended = None;
        let came = match Going::begin(&mut home, mine, image) {
            None => Err(Came::Refused),
            Some(Err(came)) => Err(came),
            Some(Ok(mut going)) => {
                let limit = self.slices * 3 + 20;
                let mut slice = 0;
                loop {
                    if slice == at {
                        going.flip(target, word, bit);
                    }
                    match going.step() {
                        Step::Ended(Err(())) => break Err(Came::Trapped),
                        Step::Ended(Ok(result)) => break Ok(result),
                        Step::More if slice > limit => break Err(Came::Stopped),
                        Step::More => slice += 1,
                    }
                    if ended.is_none()
                        && let Step::Ended(end) = other.step()
                    {
                        ended = Some(end);
                    }
                }
            }
        };
        // The neighbour comes to the right end, whatever became of the guest.
        let theirs = ended.unwrap_or_else(|| {
            loop {
                if let Step::Ended(end) = other.step() {
                    break end;
                }
            }
        });
        drop(other);
        assert!(around_is_untouched(&arena), "bytes around the memories have changed");
        let (mine, others) = split(&mut arena);
        assert!(theirs == Ok(neighbour.result) && hash(others) == neighbour.memory, "the neighbour has changed");
        match came {
            Err(came) => came,
            // What was flipped in memory is still there, if nothing has overwritten it.
            Ok(result) if result == self.result && (target == Target::Memory || hash(mine) == self.memory) => Came::Same,
            Ok(_) => Came::Wrong,
        }
    }

    /// The same; what panicked or did otherwise what must not be is the error.
    ///
    /// # Errors
    /// What was flipped, and what came.
    pub fn flip(&self, neighbour: &Guest, target: Target, at: u32, word: usize, bit: u32) -> Result<Came, String> {
        catch_unwind(AssertUnwindSafe(|| self.run(neighbour, target, at, word, bit))).map_err(|why| {
            let why = why.downcast_ref::<String>().cloned().or(why.downcast_ref::<&str>().map(|s| s.to_string()));
            format!("{}: {target:?} at slice {at}, word {word}, bit {bit}: {}", self.name, why.unwrap_or_default())
        })
    }
}

/// Flips every bit of everything if `part` is 1, else each `part`-th of them. What escaped is in the list.
pub fn campaign(part: usize, mut progress: impl FnMut(&str, &str)) -> (Table, Vec<String>) {
    let guests: Vec<Guest> = GUESTS.iter().map(|(name, text)| Guest::new(name, text)).collect();
    let (mut table, mut escaped) = (Table::new(), Vec::new());
    let mut n = 0usize;
    for (i, guest) in guests.iter().enumerate() {
        let neighbour = &guests[(i + 1) % guests.len()];
        for (name, target) in TARGETS {
            progress(guest.name, name);
            let moments: &[u32] = if matches!(target, Target::Image | Target::Checked) { &[0] } else { &guest.moments() };
            for at in moments {
                for word in 0..guest.words(target, *at) {
                    for bit in 0..32 {
                        n += 1;
                        if !n.is_multiple_of(part) {
                            continue;
                        }
                        match guest.flip(neighbour, target, *at, word, bit) {
                            Ok(came) => *table.entry(name).or_default().entry(came).or_default() += 1,
                            Err(what) => escaped.push(what),
                        }
                    }
                }
            }
        }
    }
    (table, escaped)
}
