// SPDX-License-Identifier: MIT
//! Carries out a packed script in one store.
//!
//! A module that finds no room leaves its slot as [`Slot::NoRoom`]; whatever needs it afterwards, by name or by import,
//! has no room either, and for the same reason.

use crate::format::{Action, BadPack, Directive, Patterns, Records, Values};
use crate::spectest::{Silent, Spectest, spectest};
use crate::trace::Trace;
use core::fmt;
use wrt_decoder::Fault;
use wrt_foundation::bounded::BoundedVec;
use wrt_foundation::{Error, ErrorKind, ExternKind, Shared, Trap, Value};
use wrt_runtime::image::{Image, Word};
use wrt_runtime::shared::SharedMem;
use wrt_runtime::translate::{TranslateError, translate};
use wrt_runtime::{Exit, Extern, InstanceId, LinkError, Options, Stack, StackId, Store, StoreParts, drive};

/// Fuel for one invocation: the suite needs less than a thousandth of it.
const FUEL: i64 = 1 << 32;
/// Modules that a script may give a slot.
const SLOTS: usize = 512;
/// Names that a script may register.
const NAMES: usize = 64;

/// What a script has to do with.
pub struct Room<'m, 's> {
    /// What its store is made of. There has to be one slot for a stack.
    pub parts: StoreParts<'m>,
    /// Its stack.
    pub stack: Stack<'m>,
    /// The memory `shared_memory`, of type [`SHARED`](crate::SHARED).
    pub shared: &'m SharedMem<'m>,
    /// Where its modules are translated to.
    pub images: &'m mut [u32],
    /// Scratch of the translation.
    pub scratch: &'s mut [u32],
}

/// What did not fit.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Lack {
    /// What there is too little of.
    pub what: &'static str,
    /// Bytes that were asked for.
    pub needed: usize,
    /// Bytes that are missing; for scratch, at least so many.
    pub missing: usize,
}

/// What came of one directive.
#[derive(Debug)]
pub enum Verdict {
    /// As it demands.
    Passed,
    /// Something else.
    Failed(Failure),
    /// It needs a module for which there is no room.
    NoRoom(Lack),
}

/// What happened instead.
#[derive(Debug)]
pub enum Failure {
    /// An error.
    Error(Error),
    /// Result ... has another value, or there are too many or too few.
    Result(usize, Value),
    /// No trap.
    NoTrap,
    /// A module was taken that had to be refused.
    Taken,
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Failure::Error(e) => write!(f, "{e}"),
            Failure::Result(i, value) => write!(f, "result {i} is {value}"),
            Failure::NoTrap => f.write_str("it did not trap"),
            Failure::Taken => f.write_str("the module was not refused"),
        }
    }
}

/// Hears what comes of a script.
pub trait Listener {
    /// What came of the directive with this number, and its trace.
    fn verdict(&mut self, number: u32, verdict: Verdict, trace: Trace);
    /// At the end: what the memories (bytes) and tables (elements) of the instance in this slot have grown to, the
    /// largest of each.
    fn grown(&mut self, _slot: u32, _memory_bytes: usize, _table_elements: u32) {}
}

/// What became of a module.
#[derive(Clone, Copy)]
enum Slot {
    Absent,
    Here(InstanceId),
    NoRoom(Lack),
}

/// Why something did not go well.
pub(crate) enum Trouble {
    Error(Error),
    NoRoom(Lack),
}

impl From<Error> for Trouble {
    fn from(e: Error) -> Trouble {
        Trouble::Error(e)
    }
}

fn usage(message: &'static str) -> Error {
    Error::new(ErrorKind::Usage, message)
}

struct Player<'m, 's, 'b> {
    store: Store<'m>,
    stack: StackId,
    spectest: Spectest,
    images: &'m mut [u32],
    scratch: &'s mut [u32],
    slots: [Slot; SLOTS],
    names: BoundedVec<(&'b str, u32), NAMES>,
    /// Fuel that the directive at hand has used.
    fuel: i64,
}

/// Carries out the script `body`, record by record.
///
/// # Errors
/// [`BadPack`]: the body is damaged, or asks for more slots than there are.
pub fn play<'m>(body: &[u8], room: Room<'m, '_>, listener: &mut dyn Listener) -> Result<(), BadPack> {
    let mut store = Store::new(room.parts);
    let stack = store.add_stack(room.stack).ok_or(BadPack)?;
    let spectest = spectest(&mut store, room.shared).map_err(|_| BadPack)?;
    let (images, scratch) = (room.images, room.scratch);
    let mut player = Player { store, stack, spectest, images, scratch, slots: [Slot::Absent; SLOTS], names: BoundedVec::new(), fuel: 0 };
    for record in Records::new(body) {
        let record = record?;
        player.fuel = 0;
        let result = player.carry_out(&record.directive)?;
        let trace = Trace::new(player.fuel, &result);
        listener.verdict(record.number, judge(&record.directive, result), trace);
    }
    for (i, slot) in player.slots.iter().enumerate() {
        if let Slot::Here(instance) = slot {
            let (memory, table) = grown(&player.store, *instance);
            listener.grown(i as u32, memory, table);
        }
    }
    Ok(())
}

/// The largest memory, in bytes, and table, in elements, that `instance` defines.
fn grown(store: &Store<'_>, instance: InstanceId) -> (usize, u32) {
    let Some(image) = store.image(instance) else { return (0, 0) };
    let own = |kind, imported, all| (image.get(imported)..image.get(all)).filter_map(move |i| store.item(instance, kind, i).zip(Some(i)));
    let memories = own(ExternKind::Memory, Word::ImportedMemories, Word::Memories).filter_map(|(item, i)| match item {
        Extern::Memory(slot) => Some((store.memory_pages(slot)? as usize) << image.memory(i)?.page_log2),
        _ => None,
    });
    let tables = own(ExternKind::Table, Word::ImportedTables, Word::Tables).filter_map(|(item, _)| match item {
        Extern::Table(slot) => store.table_size(slot),
        _ => None,
    });
    (memories.max().unwrap_or(0), tables.max().unwrap_or(0))
}

impl<'m, 'b> Player<'m, '_, 'b> {
    /// Does what `directive` says; its results, if it has some.
    fn carry_out(&mut self, directive: &Directive<'b>) -> Result<Result<Values, Trouble>, BadPack> {
        Ok(match directive {
            Directive::Module { slot, reserve, wasm } => {
                let made = self.instantiate(wasm, reserve);
                *self.slots.get_mut(*slot as usize).ok_or(BadPack)? = match &made {
                    Ok(instance) => Slot::Here(*instance),
                    Err(Trouble::NoRoom(lack)) => Slot::NoRoom(*lack),
                    Err(Trouble::Error(_)) => Slot::Absent,
                };
                made.map(|_| Values::new())
            }
            Directive::Register { slot, name } => {
                self.names.push((name, *slot)).map_err(|_| BadPack)?;
                self.find(*slot).map(|_| Values::new())
            }
            Directive::Run(action) | Directive::Return { action, .. } | Directive::Trap { action, .. } => self.act(action),
            Directive::Refused { kind: ErrorKind::Unlinkable, wasm } => self.instantiate(wasm, &Options::default()).map(|_| Values::new()),
            Directive::Valid { wasm } | Directive::Refused { wasm, .. } => self.compile(wasm).map(|_| Values::new()),
        })
    }

    fn find(&self, slot: u32) -> Result<InstanceId, Trouble> {
        match self.slots.get(slot as usize) {
            Some(Slot::Here(instance)) => Ok(*instance),
            Some(Slot::NoRoom(lack)) => Err(Trouble::NoRoom(*lack)),
            _ => Err(usage("there is no such instance: its module failed").into()),
        }
    }

    /// Translates and verifies a module: words of its image, which stands at the front of `images`.
    fn compile(&mut self, wasm: &[u8]) -> Result<usize, Trouble> {
        let missing = |what, needed: u32, have: usize| {
            let needed = (needed as usize).saturating_mul(4);
            Trouble::NoRoom(Lack { what, needed, missing: needed.saturating_sub(have.saturating_mul(4)) })
        };
        let words = match translate(wasm, self.scratch, self.images) {
            Ok(t) => t.words as usize,
            Err(TranslateError::Output(t)) => return Err(missing("image words", t.words, self.images.len())),
            Err(TranslateError::Module(e)) if e.fault == Fault::ScratchFull => {
                return Err(missing("scratch words", e.scratch_words, self.scratch.len()));
            }
            Err(e) => return Err(Error::from(e).into()),
        };
        Image::new(self.images.get(..words).unwrap_or(&[])).map_err(Error::from)?.verify()?;
        Ok(words)
    }

    fn instantiate(&mut self, wasm: &[u8], reserve: &Options) -> Result<InstanceId, Trouble> {
        let words = self.compile(wasm)?;
        let (image, rest) = core::mem::take(&mut self.images).split_at_mut(words);
        self.images = rest;
        let Player { store, spectest, slots, names, .. } = self;
        let mut blocked = None;
        let mut resolve = |store: &Store<'m>, import: wrt_runtime::image::Import<'_>| {
            // A name that is registered again means the newer instance.
            match names.iter().rev().find(|(name, _)| import.module.is(name)) {
                Some((_, slot)) => match slots.get(*slot as usize)? {
                    Slot::Here(instance) => {
                        let export = store.image(*instance)?.exports().find(|e| e.name.bytes().eq(import.name.bytes()))?;
                        store.item(*instance, export.kind, export.index)
                    }
                    Slot::NoRoom(lack) => {
                        blocked = Some(*lack);
                        None
                    }
                    Slot::Absent => None,
                },
                None if import.module.is("spectest") => spectest.iter().find(|(name, _)| import.name.is(name)).map(|(_, item)| *item),
                None => None,
            }
        };
        let made = store.instantiate(Shared::Ref(image), &mut resolve, reserve);
        let instance = match (made, blocked) {
            (Ok(instance), _) => instance,
            (Err(_), Some(lack)) => return Err(Trouble::NoRoom(lack)),
            (Err(LinkError::NoRoom { what, bytes }), _) => {
                let needed = bytes as usize;
                let missing = needed.saturating_sub(self.store.left(what));
                return Err(Trouble::NoRoom(Lack { what: what.name(), needed, missing }));
            }
            (Err(e), None) => return Err(Error::from(e).into()),
        };
        self.store.enter_init(self.stack, instance).map_err(Error::from)?;
        self.finish()?;
        Ok(instance)
    }

    /// Runs what was entered to its end.
    fn finish(&mut self) -> Result<(), Error> {
        let mut budget = FUEL;
        let exit = drive(&mut self.store, self.stack, &Silent, &mut (), &mut budget);
        self.fuel += FUEL - budget;
        match exit {
            Exit::Done => Ok(()),
            Exit::Trap(trap) => Err(trap.into()),
            _ => {
                self.store.abort(self.stack, Trap::Host);
                Err(Error::new(ErrorKind::Paused, "it does not end"))
            }
        }
    }

    fn act(&mut self, action: &Action<'_>) -> Result<Values, Trouble> {
        let mut results = Values::new();
        match action {
            Action::Invoke { slot, name, args } => {
                let instance = self.find(*slot)?;
                let Some(Extern::Func(number)) = self.store.export(instance, name) else {
                    return Err(usage("no function of this name is exported").into());
                };
                self.store.enter(self.stack, number, args).map_err(Error::from)?;
                self.finish()?;
                for _ in 0..self.store.func_type(number).map_or(0, |ty| ty.results.len()) {
                    results.push(Value::Unit)?;
                }
                self.store.results(self.stack, number, &mut results).map_err(Error::from)?;
            }
            Action::Get { slot, name } => {
                let value = match self.store.export(self.find(*slot)?, name) {
                    Some(Extern::Global { instance, cell, ty, .. }) => self.store.global_get(instance, cell, ty),
                    _ => None,
                };
                results.push(value.ok_or(usage("no global of this name is exported"))?)?;
            }
            Action::Instantiate { wasm } => {
                self.instantiate(wasm, &Options::default())?;
            }
        }
        Ok(results)
    }
}

/// Whether `result` is what `directive` demands.
fn judge(directive: &Directive<'_>, result: Result<Values, Trouble>) -> Verdict {
    match (directive, result) {
        (_, Err(Trouble::NoRoom(lack))) => Verdict::NoRoom(lack),
        (Directive::Return { patterns, .. }, Ok(values)) => same(&values, patterns),
        (Directive::Trap { .. }, Ok(_)) => Verdict::Failed(Failure::NoTrap),
        (Directive::Refused { .. }, Ok(_)) => Verdict::Failed(Failure::Taken),
        (_, Ok(_)) => Verdict::Passed,
        (Directive::Trap { allowed, .. }, Err(Trouble::Error(e))) if e.trap().is_some_and(|t| allowed & 1 << t as u32 != 0) => {
            Verdict::Passed
        }
        (Directive::Refused { kind, .. }, Err(Trouble::Error(e))) if e.kind() == *kind => Verdict::Passed,
        (_, Err(Trouble::Error(e))) => Verdict::Failed(Failure::Error(e)),
    }
}

fn same(values: &[Value], patterns: &Patterns) -> Verdict {
    if values.len() != patterns.len() {
        return Verdict::Failed(Failure::Result(values.len(), Value::Unit));
    }
    match values.iter().enumerate().find(|(i, v)| !patterns.of(*i).iter().any(|p| p.matches(v))) {
        Some((i, v)) => Verdict::Failed(Failure::Result(i, *v)),
        None => Verdict::Passed,
    }
}
