// SPDX-License-Identifier: MIT
//! All that touches WRT: one store per script, in which modules become instances and functions are invoked.

use crate::Mode;
use std::collections::HashMap;
use std::mem;
use std::sync::Arc;
use wrt_foundation::{Error, ErrorKind, Shared, Trap, ValType, Value};
use wrt_runtime::image::{Image, Import, MemoryType, TableType, Word};
use wrt_runtime::run::{LATENCY, SLICE};
use wrt_runtime::shared::{SharedMem, SharedRef};
use wrt_runtime::stack::{Frame, WINDOW};
use wrt_runtime::translate::lazy::Template;
use wrt_runtime::translate::{Validated, Wanted, translate_vec};
use wrt_runtime::{Caller, Exit, Extern, Flow, HostTable, Options, Stack, StackId, Store, drive};

/// Cells of each stack: enough for the suite, few enough that runaway recursion ends soon.
const CELLS: usize = 1 << 16;
/// Nested calls of each stack.
const FRAMES: usize = 1 << 10;
/// Bytes that all memories of a script have together.
const MEMORY_BYTES: usize = 1 << 30;
/// Fuel for one invocation: the suite needs less than a thousandth of it.
const FUEL: i64 = 1 << 32;
/// What is written over a stack that has been copied.
const WIPED: u32 = 0xdead_beef;

/// A module that was decoded, validated, translated and verified.
#[derive(Clone)]
pub(crate) enum Module {
    Image(Arc<Vec<u32>>),
    /// Its functions are translated when they are called.
    Lazy(Arc<Template<'static>>),
}

impl Module {
    fn words(&self) -> &[u32] {
        match self {
            Module::Image(words) => words,
            Module::Lazy(template) => template.image(),
        }
    }
}

pub(crate) use wrt_runtime::InstanceId as Instance;

/// The store, its stacks and what modules can import.
pub(crate) struct Engine {
    mode: Mode,
    store: Store<'static>,
    /// The stack in use; the other one is for [`Mode::Slices`].
    stack: StackId,
    spare: StackId,
    spectest: HashMap<&'static str, Extern<'static>>,
    registered: HashMap<String, Instance>,
    /// Most cells that a frame and the arguments above it take in the modules so far.
    frame_cells: u32,
    /// Fuel used so far.
    pub(crate) fuel: i64,
}

/// `print` and its like, which print nothing.
struct Silent;

impl HostTable<()> for Silent {
    fn call(&self, _: u32, _: &mut Caller<'_, '_, ()>) -> Result<Flow, Trap> {
        Ok(Flow::Ready)
    }
    // There is one thread: nobody can be woken, and who waits does so in vain.
    fn serve(&self, store: &mut Store<'_>, stack: StackId, exit: Exit, _: bool) -> Option<Exit> {
        let answer = if matches!(exit, Exit::Wait { .. }) { 2 } else { 0 };
        store.answer_thread(stack, answer);
        None
    }
}

/// The module `spectest` (spec: interpreter/README, "Spectest host module").
fn spectest(store: &mut Store<'_>) -> Result<HashMap<&'static str, Extern<'static>>, Error> {
    use ValType as V;
    let shared = SharedMem::owned(&MemoryType { shared: true, ..MemoryType::new(1, Some(2)) }, usize::MAX);
    let shared = shared.ok_or(Error::new(ErrorKind::Memory, "no room for the shared memory"))?;
    let print = |params| Extern::Host { index: 0, params, results: &[] };
    Ok(HashMap::from([
        ("print", print(&[])),
        ("print_i32", print(&[V::I32])),
        ("print_i64", print(&[V::I64])),
        ("print_f32", print(&[V::F32])),
        ("print_f64", print(&[V::F64])),
        ("print_i32_f32", print(&[V::I32, V::F32])),
        ("print_f64_f64", print(&[V::F64, V::F64])),
        ("global_i32", store.add_global(false, Value::I32(666))?),
        ("global_i64", store.add_global(false, Value::I64(666))?),
        ("global_f32", store.add_global(false, Value::F32(666.6))?),
        ("global_f64", store.add_global(false, Value::F64(666.6))?),
        ("table", store.add_table(TableType::new(V::FUNCREF, 10, Some(20)), 0)?),
        ("table64", store.add_table(TableType { is64: true, ..TableType::new(V::FUNCREF, 10, Some(20)) }, 0)?),
        ("shared_memory", store.add_shared_memory(SharedRef::Counted(Arc::new(shared)))?),
        ("memory", store.add_memory(MemoryType::new(1, Some(2)), 0)?),
    ]))
}

impl Engine {
    pub(crate) fn new(mode: Mode) -> Result<Engine, Error> {
        let mut store = Store::owned(MEMORY_BYTES);
        let no_room = || Error::new(ErrorKind::Memory, "no room for the stacks");
        let mut stack = || store.add_stack(Stack::owned(CELLS, FRAMES)?);
        let (stack, spare) = stack().zip(stack()).ok_or_else(no_room)?;
        store.heap().set_stress(matches!(mode, Mode::Stress | Mode::LazyStress));
        let spectest = spectest(&mut store)?;
        Ok(Engine { mode, store, stack, spare, spectest, registered: HashMap::new(), frame_cells: 0, fuel: 0 })
    }

    pub(crate) fn compile(&self, wasm: &[u8]) -> Result<Module, Error> {
        if matches!(self.mode, Mode::Lazy | Mode::LazyStress) {
            let wasm = Shared::Arc(Arc::new(wasm.to_vec()));
            if let Some(template) = Template::new(wasm, Wanted::default(), Validated::AtOnce)? {
                return Ok(Module::Lazy(Arc::new(template)));
            }
        }
        let (words, _) = translate_vec(wasm)?;
        let image = Image::new(&words)?;
        image.check()?;
        image.verify()?;
        Ok(Module::Image(words.into()))
    }

    pub(crate) fn instantiate(&mut self, module: &Module) -> Result<Instance, Error> {
        let image = Image::new(module.words())?;
        let needed = image.get(Word::FrameCells).saturating_add(image.get(Word::ArgumentCells));
        self.frame_cells = self.frame_cells.max(needed);
        let Engine { spectest, registered, .. } = self;
        let mut resolve = |store: &Store<'_>, import: Import<'_>| {
            let (module, name) = (import.module.to_string_lossy(), import.name.to_string_lossy());
            match registered.get(&module) {
                Some(instance) => store.export(*instance, &name),
                None if module == "spectest" => spectest.get(name.as_str()).copied(),
                None => None,
            }
        };
        let instance = match module {
            Module::Image(words) => self.store.instantiate(Shared::Arc(words.clone()), &mut resolve, &Options::default())?,
            Module::Lazy(template) => self.store.instantiate_lazily(template, &mut resolve, &Options::default())?,
        };
        self.store.enter_init(self.stack, instance)?;
        self.finish()?;
        Ok(instance)
    }

    pub(crate) fn register(&mut self, name: &str, instance: Instance) {
        self.registered.insert(name.into(), instance);
    }

    pub(crate) fn invoke(&mut self, instance: Instance, name: &str, args: &[Value]) -> Result<Vec<Value>, Error> {
        let Some(Extern::Func(number)) = self.store.export(instance, name) else {
            return Err(Error::new(ErrorKind::Usage, "no function of this name is exported"));
        };
        self.store.enter(self.stack, number, args)?;
        self.finish()?;
        let mut results = vec![Value::Unit; self.store.func_type(number).map_or(0, |ty| ty.results.len())];
        self.store.results(self.stack, number, &mut results)?;
        Ok(results)
    }

    pub(crate) fn global(&mut self, instance: Instance, name: &str) -> Result<Value, Error> {
        let value = match self.store.export(instance, name) {
            Some(Extern::Global { instance, cell, ty, .. }) => self.store.global_get(instance, cell, ty),
            _ => None,
        };
        value.ok_or(Error::new(ErrorKind::Usage, "no global of this name is exported"))
    }

    /// Runs what was entered to its end.
    fn finish(&mut self) -> Result<(), Error> {
        let slice = if matches!(self.mode, Mode::Plain | Mode::Lazy) { FUEL } else { 1 };
        let end = self.fuel.saturating_add(FUEL);
        loop {
            let mut budget = slice;
            let exit = drive(&mut self.store, self.stack, &Silent, &mut (), &mut budget);
            // What is below zero was used too, and is not asked for again.
            self.fuel = self.fuel.saturating_add(slice - budget);
            match exit {
                Exit::Done => return Ok(()),
                Exit::Trap(trap) => return Err(trap.into()),
                // The last charge led here, as it would lead to a look at the interrupt word: it bounds how late that is.
                Exit::OutOfBudget if budget < SLICE - LATENCY => {
                    self.store.abort(self.stack, Trap::Host);
                    return Err(Error::new(ErrorKind::Paused, "an interrupt would come too late"));
                }
                Exit::OutOfBudget if self.fuel < end => self.move_stack()?,
                _ => {
                    self.store.abort(self.stack, Trap::Host);
                    return Err(Error::new(ErrorKind::Paused, "it does not end"));
                }
            }
        }
    }

    /// Copies what the stack is doing into the other one, wipes it, and goes on with the copy.
    fn move_stack(&mut self) -> Result<(), Error> {
        let lost = || Error::new(ErrorKind::Usage, "a stack is lost");
        let mut from = mem::take(self.store.stack_mut(self.stack).ok_or_else(lost)?);
        let to = self.store.stack_mut(self.spare).ok_or_else(lost)?;
        let used = from.run.base as usize + WINDOW + self.frame_cells as usize;
        for (from, to) in from.cells.iter_mut().zip(to.cells.iter_mut()).take(used) {
            *to = u32::from_le_bytes(from.to_le_bytes());
            *from = WIPED;
        }
        for (from, to) in from.frames.iter_mut().zip(to.frames.iter_mut()).take(from.run.depth as usize) {
            *to = mem::replace(from, Frame { pc: WIPED, base: WIPED, link: WIPED });
        }
        to.run = mem::take(&mut from.run);
        *self.store.stack_mut(self.stack).ok_or_else(lost)? = from;
        mem::swap(&mut self.stack, &mut self.spare);
        Ok(())
    }
}
