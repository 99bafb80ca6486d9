// SPDX-License-Identifier: MIT
//! A whole runtime in one value, for builds without an allocator.

use wrt_foundation::{Buf, Error, ErrorKind, Shared, ValType, Value, WrtResult};
use wrt_runtime::stack::Frame;
use wrt_runtime::store::{Instance, MemSlot, Table, TypeSource};
use wrt_runtime::translate::translate;
use wrt_runtime::{Exit, Extern, HostFn, Options, Stack, Store, StoreParts, drive};

/// A host function that a module may import.
pub struct HostImport<T> {
    /// Module part of the import's name.
    pub module: &'static str,
    /// Field part.
    pub name: &'static str,
    /// Types of its parameters.
    pub params: &'static [ValType],
    /// Types of its results.
    pub results: &'static [ValType],
    /// The function.
    pub call: HostFn<T>,
}

/// Function types that a module may have.
const TYPES: usize = 32;
/// Tables that it may have.
const TABLES: usize = 4;
/// Host functions that can be offered at once.
const HOSTS: usize = 16;

/// Runs one module at a time in memory of its own: `IMAGE` words for the translated module, `SCRATCH` words while it is
/// translated, `CELLS` and `FRAMES` of stack, `WORDS` for globals and tables, `MEMORY` bytes of linear memory. By default
/// 64 KiB of linear memory and 40 KiB for all the rest; make it a `static` or choose sizes with
/// [`StacklessRuntime::with_sizes`].
pub struct StacklessRuntime<
    const IMAGE: usize = 5120,
    const SCRATCH: usize = 2048,
    const CELLS: usize = 1536,
    const FRAMES: usize = 64,
    const WORDS: usize = 512,
    const MEMORY: usize = 65536,
> {
    image: [u32; IMAGE],
    scratch: [u32; SCRATCH],
    cells: [u32; CELLS],
    frames: [Frame; FRAMES],
    words: [u32; WORDS],
    memory: [u8; MEMORY],
}

impl StacklessRuntime {
    /// A runtime of the default sizes.
    pub const fn new() -> Self {
        Self::with_sizes()
    }
}

impl Default for StacklessRuntime {
    fn default() -> Self {
        Self::new()
    }
}

impl<const IMAGE: usize, const SCRATCH: usize, const CELLS: usize, const FRAMES: usize, const WORDS: usize, const MEMORY: usize>
    StacklessRuntime<IMAGE, SCRATCH, CELLS, FRAMES, WORDS, MEMORY>
{
    /// A runtime of the sizes that the type names.
    pub const fn with_sizes() -> Self {
        StacklessRuntime {
            image: [0; IMAGE],
            scratch: [0; SCRATCH],
            cells: [0; CELLS],
            frames: [Frame { pc: 0, base: 0, link: 0 }; FRAMES],
            words: [0; WORDS],
            memory: [0; MEMORY],
        }
    }

    /// Translates a module, instantiates it without imports, runs its start function and then its export `_start` or
    /// `main`, if it has one without parameters; the result of that, [`Value::Unit`] if none.
    ///
    /// # Errors
    /// [`ErrorKind::Malformed`], [`ErrorKind::Invalid`] with the byte offset; [`ErrorKind::Memory`] with the bytes needed;
    /// [`ErrorKind::Unlinkable`] with the import's number; [`ErrorKind::Trap`].
    pub fn execute_module(&mut self, wasm: &[u8]) -> WrtResult<Value> {
        self.execute_module_with(wasm, &[], &mut ())
    }

    /// The same with host functions and data for them.
    ///
    /// # Errors
    /// As [`StacklessRuntime::execute_module`].
    pub fn execute_module_with<T>(&mut self, wasm: &[u8], hosts: &[HostImport<T>], data: &mut T) -> WrtResult<Value> {
        let done = translate(wasm, &mut self.scratch, &mut self.image)?;
        let image = self.image.get(..done.words as usize).unwrap_or(&[]);
        self.memory.fill(0);
        let (mut instances, mut memories, mut stacks) = ([Instance::default()], [MemSlot::default()], [Stack::default()]);
        let mut tables: [Table<'_>; TABLES] = Default::default();
        let mut types: [TypeSource; TYPES] = Default::default();
        let mut store = Store::new(StoreParts {
            instances: Buf::Lent(&mut instances),
            memories: Buf::Lent(&mut memories),
            tables: Buf::Lent(&mut tables),
            types: Buf::Lent(&mut types),
            stacks: Buf::Lent(&mut stacks),
            words: Buf::Lent(&mut self.words),
            bytes: Buf::Lent(&mut self.memory),
            ..StoreParts::default()
        });
        let no_stack = Error::new(ErrorKind::Memory, "no room for the stack");
        let stack = store.add_stack(Stack::new(&mut self.cells, &mut self.frames)).ok_or(no_stack)?;
        let table: wrt_foundation::bounded::BoundedVec<HostFn<T>, HOSTS> = {
            let mut table = wrt_foundation::bounded::BoundedVec::with_capacity(hosts.len())?;
            for h in hosts {
                table.push(h.call)?;
            }
            table
        };
        let resolve = &mut |_: &Store<'_>, import: wrt_runtime::image::Import<'_>| {
            let at = hosts.iter().position(|h| import.module.is(h.module) && import.name.is(h.name))?;
            let h = hosts.get(at)?;
            Some(Extern::Host { index: at as u32, params: h.params, results: h.results })
        };
        let options = Options { memory_reserve: MEMORY as u32, table_reserve: 0 };
        let instance = store.instantiate(Shared::Ref(image), resolve, &options)?;
        let mut budget = i64::MAX;
        let hosts: &[HostFn<T>] = &table;
        let mut run = |store: &mut Store<'_>| match drive(store, stack, &hosts, data, &mut budget) {
            Exit::Done => Ok(()),
            Exit::Trap(t) => Err(Error::from(t)),
            _ => Err(Error::new(ErrorKind::Paused, "a host function is not ready")),
        };
        store.enter_init(stack, instance)?;
        run(&mut store)?;
        for name in ["_start", "main"] {
            let Some(Extern::Func(func)) = store.export(instance, name) else { continue };
            let Some((0, n @ 0..=1)) = store.func_type(func).map(|t| (t.params.len(), t.results.len())) else { continue };
            store.enter(stack, func, &[])?;
            run(&mut store)?;
            let mut results = [Value::Unit];
            store.results(stack, func, results.get_mut(..n).unwrap_or(&mut []))?;
            let [result] = results;
            return Ok(result);
        }
        Ok(Value::Unit)
    }
}
