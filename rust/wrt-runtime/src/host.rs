// SPDX-License-Identifier: MIT
//! Host functions and their driver: a host call runs after [`run`] has returned, so nothing of the engine is borrowed
//! (DESIGN 3.1, item 3).

use crate::call::place_of;
use crate::link::Extern;
use crate::run::{Exit, run};
use crate::stack::{Run, copy, move_within};
#[cfg(feature = "alloc")]
use crate::store::LinearMemory;
use crate::store::{InstanceId, MemSlot, StackId, Store};
use wrt_foundation::{Ref, Trap, Value, WrtResult};

/// Host functions that may be at work at once, each called by the guest that the one before invoked. Each level costs
/// the host stack one `drive`, one `run` and the host function.
pub const MAX_HOST_NESTING: u32 = 4;

/// What a host function answers.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Flow {
    /// The results are set.
    Ready,
    /// The results come later, by [`Store::answer`]; the driver returns [`Exit::HostCall`].
    Suspend,
}

/// A host function. `T` is the embedder's data.
pub type HostFn<T> = fn(&mut Caller<'_, '_, T>) -> Result<Flow, Trap>;

/// The host's functions by number. An array of [`HostFn`] is one; it can be a `static` in flash.
pub trait HostTable<T> {
    /// Calls function `index`.
    ///
    /// # Errors
    /// The trap that the guest gets.
    fn call(&self, index: u32, caller: &mut Caller<'_, '_, T>) -> Result<Flow, Trap>;

    /// Does what the guest asks of other threads: [`Exit::Wait`] or [`Exit::Notify`], answered by
    /// [`Store::answer_thread`], or [`Exit::Contended`]. `None`: the guest can go on; else what the driver returns. A wait
    /// within a nested call does not come here: it traps. `nested`: it runs for a host function, which gets what is returned.
    #[cfg(feature = "threads")]
    fn serve(&self, store: &mut Store<'_>, stack: StackId, exit: Exit, nested: bool) -> Option<Exit> {
        let _ = (store, stack, nested);
        Some(exit)
    }

    /// Most units of fuel that the guest uses between two questions of [`HostTable::due`], the first of which comes before
    /// it runs. `i64::MAX`: it is not asked.
    fn slice(&self) -> i64 {
        i64::MAX
    }
    /// Whether the guest has to leave now, and as what: by a clock of the embedder's, or because it is somebody else's turn.
    /// `nested`: it runs for a host function, which gets the exit.
    fn due(&self, nested: bool) -> Option<Exit> {
        let _ = nested;
        None
    }
}

impl<T> HostTable<T> for [HostFn<T>] {
    fn call(&self, index: u32, caller: &mut Caller<'_, '_, T>) -> Result<Flow, Trap> {
        self.get(index as usize).ok_or(Trap::Host)?(caller)
    }
}
impl<T, const N: usize> HostTable<T> for [HostFn<T>; N] {
    fn call(&self, index: u32, caller: &mut Caller<'_, '_, T>) -> Result<Flow, Trap> {
        self.as_slice().call(index, caller)
    }
}
impl<T, H: HostTable<T> + ?Sized> HostTable<T> for &H {
    fn call(&self, index: u32, caller: &mut Caller<'_, '_, T>) -> Result<Flow, Trap> {
        (**self).call(index, caller)
    }
    #[cfg(feature = "threads")]
    fn serve(&self, store: &mut Store<'_>, stack: StackId, exit: Exit, nested: bool) -> Option<Exit> {
        (**self).serve(store, stack, exit, nested)
    }
    fn slice(&self) -> i64 {
        (**self).slice()
    }
    fn due(&self, nested: bool) -> Option<Exit> {
        (**self).due(nested)
    }
}

/// What a host function works with. Arguments and results share their cells: read all arguments before setting results.
pub struct Caller<'a, 'm, T> {
    /// The store.
    pub store: &'a mut Store<'m>,
    /// The stack that called.
    pub stack: StackId,
    /// The embedder's data.
    pub data: &'a mut T,
    hosts: &'a dyn HostTable<T>,
    budget: &'a mut i64,
    kept: Run,
    invoked: u32,
    depth: u32,
}

/// Runs a stack, with host calls, until something that only the embedder can settle. `budget` as in [`run`].
pub fn drive<T>(store: &mut Store<'_>, stack: StackId, hosts: &dyn HostTable<T>, data: &mut T, budget: &mut i64) -> Exit {
    drive_at(store, stack, hosts, data, budget, 0)
}

/// The only recursion, bounded by [`MAX_HOST_NESTING`].
fn drive_at<T>(store: &mut Store<'_>, stack: StackId, hosts: &dyn HostTable<T>, data: &mut T, budget: &mut i64, depth: u32) -> Exit {
    let slice = hosts.slice();
    let mut left = if slice == i64::MAX { slice } else { 0 };
    loop {
        if left <= 0 {
            if let Some(exit) = hosts.due(depth > 0) {
                return exit;
            }
            left = slice;
        }
        let given = left.min(*budget);
        let rest = budget.wrapping_sub(given);
        let mut part = given;
        let exit = run(store, stack, &mut part);
        left = left.wrapping_sub(given.wrapping_sub(part));
        *budget = rest.saturating_add(part); // of which a debt is paid
        #[cfg(feature = "threads")]
        let exit = match exit {
            Exit::Wait { .. } if depth > 0 => return store.abort(stack, Trap::CannotSuspend),
            Exit::Wait { .. } | Exit::Notify { .. } | Exit::Contended => match hosts.serve(store, stack, exit, depth > 0) {
                None => continue,
                Some(exit) => exit,
            },
            exit => exit,
        };
        if exit == Exit::OutOfBudget && *budget > 0 {
            continue;
        }
        let Exit::HostCall { host, .. } = exit else { return exit };
        let Some(kept) = store.stack(stack).map(|s| s.run) else { return exit };
        let mut caller = Caller { store: &mut *store, stack, data: &mut *data, hosts, budget: &mut *budget, kept, invoked: 0, depth };
        let answer = hosts.call(host, &mut caller);
        if let Some(s) = store.stack_mut(stack) {
            s.run = kept; // cuts what the host function left above its own frame
        }
        match answer {
            Ok(Flow::Ready) => store.host_done(stack),
            Ok(Flow::Suspend) if depth == 0 => return exit,
            Ok(Flow::Suspend) => return store.abort(stack, Trap::CannotSuspend),
            Err(t) => return store.abort(stack, t),
        }
    }
}

impl<'m, T> Caller<'_, 'm, T> {
    /// The instance that called.
    pub fn instance(&self) -> InstanceId {
        InstanceId(self.kept.inst)
    }
    /// Argument `i`; `Unit` when there is none.
    pub fn arg(&self, i: usize) -> Value {
        let ty = self.store.func_type(self.kept.func);
        ty.and_then(|ty| self.cells(place_of(ty.params, i)?)).unwrap_or(Value::Unit)
    }
    fn cells(&self, (cell, ty): (u32, wrt_foundation::ValType)) -> Option<Value> {
        let at = (self.kept.args as usize).checked_add(cell as usize)?;
        Value::from_cells(ty, self.store.stack(self.stack)?.cells.get(at..)?)
    }
    /// Argument `i`, an `i32`; 0 when it is something else.
    pub fn arg_i32(&self, i: usize) -> i32 {
        if let Value::I32(v) = self.arg(i) { v } else { 0 }
    }
    /// Argument `i`, an `i64`; 0 when it is something else.
    pub fn arg_i64(&self, i: usize) -> i64 {
        if let Value::I64(v) = self.arg(i) { v } else { 0 }
    }
    /// Argument `i`, an `f32`; 0 when it is something else.
    pub fn arg_f32(&self, i: usize) -> f32 {
        if let Value::F32(v) = self.arg(i) { v } else { 0.0 }
    }
    /// Argument `i`, an `f64`; 0 when it is something else.
    pub fn arg_f64(&self, i: usize) -> f64 {
        if let Value::F64(v) = self.arg(i) { v } else { 0.0 }
    }
    /// Argument `i`, a reference; null when it is something else.
    pub fn arg_ref(&self, i: usize) -> Ref {
        if let Value::FuncRef(r) | Value::ExternRef(r) | Value::AnyRef(r) | Value::ExnRef(r) = self.arg(i) { r } else { Ref::NULL }
    }

    /// Sets result `i`. A value of another type is not taken: [`Trap::Host`] is what to return then.
    ///
    /// # Errors
    /// [`Trap::Host`] when there is no such result or it has another type.
    pub fn ret(&mut self, i: usize, value: impl Into<Value>) -> Result<(), Trap> {
        let value = value.into();
        let ty = self.store.func_type(self.kept.func).ok_or(Trap::Host)?;
        let (cell, ty) = place_of(ty.results, i).ok_or(Trap::Host)?;
        let (bits, n) = value.to_cells();
        let r = Ref::from_bits(bits[0]);
        if !value.ty().is_some_and(|have| self.store.takes(self.kept.func, ty, have, r)) {
            return Err(Trap::Host);
        }
        let at = (self.kept.args as usize).wrapping_add(cell as usize);
        let stack = self.store.stack_mut(self.stack).ok_or(Trap::Host)?;
        let to = stack.cells.get_mut(at..).and_then(|c| c.get_mut(..n as usize)).ok_or(Trap::Host)?;
        copy(to, &bits);
        Ok(())
    }

    /// Memory 0 of the calling instance.
    pub fn memory(&mut self) -> Option<GuestMemory<'_>> {
        let slot = self.store.insts.get(self.kept.inst as usize)?.mem0;
        self.store.memory(slot)
    }
    /// Memory `i` of the calling instance.
    pub fn memory_at(&mut self, i: u32) -> Option<GuestMemory<'_>> {
        self.store.memory_of(self.instance(), i)
    }
    /// The memory that the calling instance exports as `name`.
    pub fn exported_memory(&mut self, name: &str) -> Option<GuestMemory<'_>> {
        let Extern::Memory(slot) = self.store.export(self.instance(), name)? else { return None };
        self.store.memory(slot)
    }

    /// Runs function `number` of the guest above the host call. `Done` has set `results`; after `OutOfBudget` or
    /// `Interrupted` go on with [`Caller::resume`] or return, which cuts it off. A trap inside is the inner one's only.
    ///
    /// # Errors
    /// As [`Store::enter`]; [`Trap::HostNesting`] beyond [`MAX_HOST_NESTING`].
    pub fn invoke(&mut self, number: u32, args: &[Value], results: &mut [Value]) -> WrtResult<Exit> {
        if self.depth.wrapping_add(1) >= MAX_HOST_NESTING {
            return Err(Trap::HostNesting.into());
        }
        self.restore();
        self.store.enter(self.stack, number, args)?;
        self.invoked = number;
        self.resume(results)
    }
    /// Goes on with what [`Caller::invoke`] left unfinished.
    ///
    /// # Errors
    /// [`wrt_foundation::ErrorKind::Usage`] when `results` has another length.
    pub fn resume(&mut self, results: &mut [Value]) -> WrtResult<Exit> {
        let exit = drive_at(self.store, self.stack, self.hosts, self.data, self.budget, self.depth.wrapping_add(1));
        let read = match exit {
            Exit::Done => self.store.results(self.stack, self.invoked, results),
            _ => Ok(()),
        };
        if matches!(exit, Exit::Done | Exit::Trap(_)) {
            self.restore();
        }
        read?;
        Ok(exit)
    }
    fn restore(&mut self) {
        if let Some(s) = self.store.stack_mut(self.stack) {
            s.run = self.kept;
        }
    }

    /// What is left of the budget.
    pub fn budget(&self) -> i64 {
        *self.budget
    }
    /// Adds to the budget, or takes away.
    pub fn add_budget(&mut self, n: i64) {
        *self.budget = self.budget.saturating_add(n);
    }
}

impl Store<'_> {
    /// Memory `i` of an instance, imports counted.
    pub fn memory_of(&mut self, instance: InstanceId, i: u32) -> Option<GuestMemory<'_>> {
        let slot = self.insts.get(instance.0 as usize)?.memory_slot(i)?;
        self.memory(slot)
    }
    /// The bytes of the memory in `slot`.
    pub fn memory(&mut self, slot: u32) -> Option<GuestMemory<'_>> {
        Some(GuestMemory(match self.mems.get_mut(slot as usize)? {
            MemSlot::Empty => return None,
            #[cfg(feature = "alloc")]
            MemSlot::Foreign { memory, .. } => Bytes::Foreign(&mut **memory),
            #[cfg(feature = "threads")]
            MemSlot::Shared(memory) => Bytes::Shared(memory),
            m => Bytes::Here(m.bytes()),
        }))
    }
}

/// A guest's memory as the host sees it between two runs. All calls check bounds; `None` is out of bounds, or the memory is
/// the host's own and in use elsewhere. What a 64-bit memory has beyond 4 GiB is reached by the slices.
pub struct GuestMemory<'a>(Bytes<'a>);

enum Bytes<'a> {
    Here(&'a mut [u8]),
    #[cfg(feature = "alloc")]
    Foreign(&'a mut dyn LinearMemory),
    #[cfg(feature = "threads")]
    Shared(&'a crate::shared::SharedMem<'a>),
}

impl GuestMemory<'_> {
    /// Its length in bytes.
    pub fn len(&self) -> usize {
        match &self.0 {
            Bytes::Here(bytes) => bytes.len(),
            #[cfg(feature = "alloc")]
            Bytes::Foreign(memory) => MemSlot::bytes_of(memory.pages().into(), 16, false).unwrap_or(0),
            #[cfg(feature = "threads")]
            Bytes::Shared(memory) => memory.len(),
        }
    }
    /// Whether it has no bytes.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
    fn with(&mut self, mut use_it: impl FnMut(&mut [u8]) -> Option<()>) -> Option<()> {
        match &mut self.0 {
            Bytes::Here(bytes) => use_it(bytes),
            #[cfg(feature = "alloc")]
            Bytes::Foreign(memory) => {
                let mut done = None;
                memory.with(&mut |bytes| done = use_it(bytes));
                done
            }
            #[cfg(feature = "threads")]
            Bytes::Shared(_) => None, // has no slice
        }
    }
    /// Copies the bytes from address `at` on out of it.
    pub fn read_into(&self, at: u32, to: &mut [u8]) -> Option<()> {
        #[cfg(feature = "threads")]
        if let Bytes::Shared(memory) = &self.0 {
            return memory.read_into(at as usize, to);
        }
        let mut read = |bytes: &[u8]| {
            copy(to, bytes.get(at as usize..)?.get(..to.len())?);
            Some(())
        };
        match &self.0 {
            Bytes::Here(bytes) => read(bytes),
            #[cfg(feature = "alloc")]
            Bytes::Foreign(memory) => {
                let mut done = None;
                memory.with(&mut |bytes| done = read(bytes));
                done
            }
            #[cfg(feature = "threads")]
            Bytes::Shared(_) => None, // above
        }
    }
    /// Copies bytes into it, from address `at` on.
    pub fn write_from(&mut self, at: u32, from: &[u8]) -> Option<()> {
        #[cfg(feature = "threads")]
        if let Bytes::Shared(memory) = &self.0 {
            return memory.write_from(at as usize, from);
        }
        self.with(|bytes| {
            copy(part(bytes, at, from.len())?, from);
            Some(())
        })
    }
    /// Sets `n` bytes from address `at` on.
    pub fn fill(&mut self, at: u32, byte: u8, n: usize) -> Option<()> {
        #[cfg(feature = "threads")]
        if let Bytes::Shared(memory) = &self.0 {
            return memory.fill(at as usize, byte, n);
        }
        self.with(|bytes| {
            part(bytes, at, n)?.fill(byte);
            Some(())
        })
    }
    /// Moves `n` bytes; they may overlap.
    pub fn copy(&mut self, from: u32, to: u32, n: usize) -> Option<()> {
        #[cfg(feature = "threads")]
        if let Bytes::Shared(memory) = &self.0 {
            return memory.copy(from as usize, to as usize, n);
        }
        self.with(|bytes| move_within(bytes, from as usize, to as usize, n))
    }
    /// All bytes, unless the memory may be used by others: shared with threads, or the host's own.
    pub fn as_slice(&self) -> Option<&[u8]> {
        match &self.0 {
            Bytes::Here(bytes) => Some(bytes),
            #[cfg(feature = "alloc")]
            Bytes::Foreign(_) => None,
            #[cfg(feature = "threads")]
            Bytes::Shared(_) => None,
        }
    }
    /// All bytes, unless the memory may be used by others: shared with threads, or the host's own.
    pub fn as_mut_slice(&mut self) -> Option<&mut [u8]> {
        match &mut self.0 {
            Bytes::Here(bytes) => Some(bytes),
            #[cfg(feature = "alloc")]
            Bytes::Foreign(_) => None,
            #[cfg(feature = "threads")]
            Bytes::Shared(_) => None,
        }
    }
}

fn part(bytes: &mut [u8], at: u32, n: usize) -> Option<&mut [u8]> {
    bytes.get_mut(at as usize..)?.get_mut(..n)
}
