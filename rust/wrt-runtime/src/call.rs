// SPDX-License-Identifier: MIT
//! Entering functions with typed values, and answering host calls.

use crate::image::{FuncType, Word};
use crate::run::Exit;
use crate::stack::{Stack, Status, WINDOW, copy};
use crate::store::{InstanceId, NONE, StackId, Store};
use wrt_foundation::{Error, ErrorKind, Ref, Trap, ValType, Value};

/// Why nothing was entered or answered.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum CallError {
    /// No such function.
    NoFunction,
    /// No such instance.
    NoInstance,
    /// No such stack.
    NoStack,
    /// The stack is busy.
    Busy,
    /// The stack waits for no host function.
    NotWaiting,
    /// Wrong number of arguments, or of results of a host function.
    Values,
    /// One of them has another type.
    ValueType,
    /// Room for another number of results.
    Results,
    /// No room on the stack, or a damaged image.
    Trap(Trap),
}

impl From<Trap> for CallError {
    fn from(t: Trap) -> CallError {
        CallError::Trap(t)
    }
}

impl From<CallError> for Error {
    fn from(e: CallError) -> Error {
        let usage = |message| Error::new(ErrorKind::Usage, message);
        match e {
            CallError::NoFunction => usage("no such function"),
            CallError::NoInstance => usage("no such instance"),
            CallError::NoStack => usage("no such stack"),
            CallError::Busy => usage("the stack is busy"),
            CallError::NotWaiting => usage("the stack waits for no host function"),
            CallError::Values => usage("wrong number of values"),
            CallError::ValueType => usage("value of another type"),
            CallError::Results => usage("wrong number of results"),
            CallError::Trap(t) => t.into(),
        }
    }
}

/// Cell of value `i` among values of these types, and its type.
pub(crate) fn place_of(types: &[u32], i: usize) -> Option<(u32, ValType)> {
    let ty = ValType::from_bits(*types.get(i)?);
    let before = types.get(..i)?.iter().fold(0u32, |n, t| n.wrapping_add(ValType::from_bits(*t).cells()));
    Some((before, ty))
}

impl<'m> Store<'m> {
    /// Whether a value of type `have`, the greatest of its kind, with the bits `r` if it is a reference, can be passed
    /// where function `number` asks for `want`.
    pub fn takes(&self, number: u32, want: ValType, have: ValType, r: Ref) -> bool {
        if !want.is_ref() || want == have && (r.is_null() || want == ValType::EXTERNREF) {
            return want == have;
        }
        let inst = self.locate(number, NONE).map_or(NONE, |(inst, _)| inst);
        have == want.family() && self.is_of_type(r, self.type_of(inst, want))
    }
    /// Whether function `number` takes `values` where its type says `types`.
    fn check(&self, number: u32, types: &[u32], values: &[Value]) -> Result<(), CallError> {
        if types.len() != values.len() {
            return Err(CallError::Values);
        }
        let fit = |(ty, value): (&u32, &Value)| {
            let r = Ref::from_bits(value.to_cells().0[0]);
            value.ty().is_some_and(|have| self.takes(number, ValType::from_bits(*ty), have, r))
        };
        if types.iter().zip(values).all(fit) { Ok(()) } else { Err(CallError::ValueType) }
    }

    /// Enters function `number` on a stack that is idle, or that waits for its host function; [`crate::run()`] runs it. What
    /// a host function needs afterwards, [`crate::stack::Run`], it keeps itself ([`crate::Caller`] does).
    ///
    /// # Errors
    /// No such function or stack, a busy stack, wrong arguments; [`CallError::Trap`]: no room on it.
    pub fn enter(&mut self, stack: StackId, number: u32, args: &[Value]) -> Result<(), CallError> {
        self.begin(stack, number, args, true)
    }

    /// The same for who has checked types and number of the arguments ([`Store::func_type`]) and writes them to the cells
    /// of the stack afterwards: the first one.
    ///
    /// # Errors
    /// As [`Store::enter`].
    pub fn enter_cells(&mut self, stack: StackId, number: u32) -> Result<u32, CallError> {
        self.begin_cells(stack, number, true)
    }

    /// The same, but it returns to the frame on top: see [`crate::Stack::push_continuation`].
    ///
    /// # Errors
    /// As [`Store::enter`].
    pub fn enter_above(&mut self, stack: StackId, number: u32, args: &[Value]) -> Result<(), CallError> {
        self.begin(stack, number, args, false)
    }

    fn begin(&mut self, id: StackId, number: u32, args: &[Value], barrier: bool) -> Result<(), CallError> {
        self.check(number, self.func_type(number).ok_or(CallError::NoFunction)?.params, args)?;
        let base = self.begin_cells(id, number, barrier)?;
        self.write(id, base, args)
    }

    /// Writes values to the cells of a stack from cell `at` on.
    fn write(&mut self, id: StackId, at: u32, values: &[Value]) -> Result<(), CallError> {
        let stack = self.stacks.get_mut(id.0 as usize).ok_or(CallError::NoStack)?;
        let mut rest = stack.cells.get_mut(at as usize..).unwrap_or(&mut []);
        for value in values {
            let (bits, n) = value.to_cells();
            let (to, behind) = rest.split_at_mut_checked(n as usize).ok_or(Trap::StackExhausted)?;
            copy(to, &bits);
            rest = behind;
        }
        Ok(())
    }

    fn begin_cells(&mut self, id: StackId, number: u32, barrier: bool) -> Result<u32, CallError> {
        let base = self.free_cell(id)?;
        let (inst, f) = self.locate(number, NONE).ok_or(CallError::NoFunction)?;
        let target = self.target(inst, f).ok_or(CallError::NoFunction)?;
        // An import of another instance's function is that function; the host's is called through its import.
        let (inst, f) = self.locate(target, inst).unwrap_or((inst, f));
        let owner = self.insts.get(inst as usize).ok_or(CallError::NoFunction)?;
        let ty = owner.image().func_type(f).ok_or(Trap::BadImage)?;
        let entry = owner.entry(f);
        let need = (ty.param_cells() as usize).max(WINDOW);
        let stack = self.stacks.get_mut(id.0 as usize).ok_or(CallError::NoStack)?;
        if need > stack.cells.len().saturating_sub(base as usize) || barrier && !stack.push_barrier() {
            return Err(Trap::StackExhausted.into());
        }
        let run = &mut stack.run;
        (run.inst, run.base, run.step) = (inst, base, 0);
        match entry {
            Some(pc) => (run.pc, run.status) = (pc, Status::Ready),
            // It has no place in code.
            None => (run.pc, run.status, run.func, run.args, run.next) = (0, Status::Calling, number, base, NONE),
        }
        Ok(base)
    }

    /// Enters the initialiser of `instance` on an idle stack. If it traps, the instance is of no use to its maker, but
    /// stays in the store: its functions may be in tables of others.
    ///
    /// # Errors
    /// As [`Store::enter`].
    pub fn enter_init(&mut self, id: StackId, instance: InstanceId) -> Result<(), CallError> {
        let base = self.free_cell(id)?;
        let pc = self.image(instance).ok_or(CallError::NoInstance)?.get(Word::Init);
        let stack = self.stacks.get_mut(id.0 as usize).ok_or(CallError::NoStack)?;
        if !stack.push_barrier() {
            return Err(Trap::StackExhausted.into());
        }
        let run = &mut stack.run;
        (run.inst, run.base, run.pc, run.step, run.status) = (instance.0, base, pc, 0, Status::Init);
        Ok(())
    }

    /// First cell that nothing on the stack uses.
    fn free_cell(&self, id: StackId) -> Result<u32, CallError> {
        let stack = self.stack(id).ok_or(CallError::NoStack)?;
        if !stack.accepts() {
            return Err(CallError::Busy);
        }
        let run = &stack.run;
        if run.status != Status::Host {
            return Ok(run.base);
        }
        let ty = self.func_type(run.func).ok_or(Trap::BadImage)?;
        Ok(run.args.saturating_add(ty.param_cells().max(ty.result_cells())))
    }

    /// Results of function `number`, which was entered on this stack and is done.
    ///
    /// # Errors
    /// [`CallError::Results`] when `results` has another length.
    pub fn results(&self, stack: StackId, number: u32, results: &mut [Value]) -> Result<(), CallError> {
        let ty = self.func_type(number).ok_or(CallError::NoFunction)?;
        if results.len() != ty.results.len() {
            return Err(CallError::Results);
        }
        for (i, result) in results.iter_mut().enumerate() {
            *result = self.value(stack, ty.results, i).ok_or(Trap::BadImage)?;
        }
        Ok(())
    }

    /// Value `i` of those of these types that stand at the stack's argument cells.
    pub(crate) fn value(&self, stack: StackId, types: &[u32], i: usize) -> Option<Value> {
        let (cell, ty) = place_of(types, i)?;
        let stack = self.stack(stack)?;
        let at = (stack.run.args as usize).checked_add(cell as usize)?;
        Value::from_cells(ty, stack.cells.get(at..)?)
    }

    /// Type of the host function that the stack waits for.
    pub fn host_type(&self, stack: StackId) -> Option<FuncType<'_>> {
        self.func_type(self.stack(stack)?.run.func)
    }

    /// Argument `i` of the host call that the stack waits for.
    pub fn host_arg(&self, stack: StackId, i: usize) -> Option<Value> {
        self.value(stack, self.host_type(stack)?.params, i)
    }

    /// Answers a host call; the stack can run again.
    ///
    /// # Errors
    /// The stack does not wait for one, or the results have other types.
    pub fn answer(&mut self, id: StackId, results: &[Value]) -> Result<(), CallError> {
        let waits = |s: &&Stack<'_>| s.run.status == Status::Host;
        let run = self.stack(id).filter(waits).ok_or(CallError::NotWaiting)?.run;
        let at = run.args;
        self.check(run.func, self.host_type(id).ok_or(Trap::BadImage)?.results, results)?;
        self.write(id, at, results)?;
        self.host_done(id);
        Ok(())
    }

    /// The results of a host call stand in their cells: the stack can run again.
    pub fn host_done(&mut self, id: StackId) {
        let Some(stack) = self.stacks.get_mut(id.0 as usize) else { return };
        let run = &mut stack.run;
        if run.status == Status::Host {
            if run.next == NONE {
                run.status = Status::Return;
            } else {
                (run.pc, run.status) = (run.next, Status::Ready);
            }
        }
    }

    /// Answers [`Exit::Wait`] or [`Exit::Notify`]; the stack can run again. Nothing happens if it does not wait for that.
    #[cfg(feature = "threads")]
    pub fn answer_thread(&mut self, id: StackId, answer: u32) {
        let Some(stack) = self.stacks.get_mut(id.0 as usize) else { return };
        let run = &mut stack.run;
        if run.status != Status::Waiting {
            return;
        }
        if let Some(cell) = stack.cells.get_mut(run.args as usize) {
            *cell = answer;
        }
        (run.pc, run.status) = (run.next, Status::Ready);
    }

    /// Traps the stack where it is, as when a host function fails: it is cut back to the barrier under it.
    pub fn abort(&mut self, id: StackId, trap: Trap) -> Exit {
        if let Some(stack) = self.stacks.get_mut(id.0 as usize) {
            stack.cut();
            stack.run.status = Status::Trapped;
        }
        Exit::Trap(trap)
    }

    /// Checks that a reference which the host passes in is one of this store.
    pub fn is_func(&self, r: Ref) -> bool {
        r.as_func().is_some_and(|n| self.locate(n, NONE).is_some())
    }
}
