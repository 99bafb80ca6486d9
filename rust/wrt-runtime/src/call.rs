// SPDX-License-Identifier: MIT
//! Entering functions with typed values, and answering host calls.

use crate::image::{FuncType, Word};
use crate::run::Exit;
use crate::stack::{BARRIER, Frame, INSTANCE, Status, WINDOW, copy};
use crate::store::{InstanceId, NONE, StackId, Store};
use wrt_foundation::{Error, ErrorKind, Ref, Trap, ValType, Value, WrtResult};

fn usage(message: &'static str) -> Error {
    Error::new(ErrorKind::Usage, message)
}

/// Cell of value `i` among values of these types, and its type.
pub(crate) fn place_of(types: &[u32], i: usize) -> Option<(u32, ValType)> {
    let ty = ValType::from_bits(*types.get(i)?);
    let before = types.get(..i)?.iter().fold(0u32, |n, t| n.wrapping_add(ValType::from_bits(*t).cells()));
    Some((before, ty))
}

/// Whether `value` can be passed where `ty` is asked for; any function reference serves a typed one.
fn fits(ty: u32, value: &Value) -> bool {
    let want = ValType::from_bits(ty);
    value.ty().is_some_and(|have| have == want || (have == ValType::FUNCREF && want.is_ref() && want != ValType::EXTERNREF))
}

/// Writes `values` to `cells` one after the other.
fn write(cells: &mut [u32], types: &[u32], values: &[Value]) -> WrtResult<()> {
    if types.len() != values.len() {
        return Err(usage("wrong number of values"));
    }
    let mut rest = cells;
    for (ty, value) in types.iter().zip(values) {
        if !fits(*ty, value) {
            return Err(usage("value of another type"));
        }
        let (bits, n) = value.to_cells();
        let Some((to, behind)) = rest.split_at_mut_checked(n as usize) else { return Err(Trap::StackExhausted.into()) };
        copy(to, &bits);
        rest = behind;
    }
    Ok(())
}

impl<'m> Store<'m> {
    /// Enters function `number` on a stack that is idle, or that waits for its host function; [`crate::run()`] runs it. What
    /// a host function needs afterwards, [`crate::stack::Run`], it keeps itself ([`crate::Caller`] does).
    ///
    /// # Errors
    /// [`ErrorKind::Usage`]: no such function or stack, a busy stack, wrong arguments. [`ErrorKind::Trap`]: no room on it.
    pub fn enter(&mut self, stack: StackId, number: u32, args: &[Value]) -> WrtResult<()> {
        self.begin(stack, number, args, true)
    }

    /// The same, but it returns to the frame on top: see [`crate::Stack::push_continuation`].
    ///
    /// # Errors
    /// As [`Store::enter`].
    pub fn enter_above(&mut self, stack: StackId, number: u32, args: &[Value]) -> WrtResult<()> {
        self.begin(stack, number, args, false)
    }

    fn begin(&mut self, id: StackId, number: u32, args: &[Value], barrier: bool) -> WrtResult<()> {
        let base = self.free_cell(id)?;
        let (inst, f) = self.locate(number, NONE).ok_or(usage("no such function"))?;
        let target = self.target(inst, f).ok_or(usage("no such function"))?;
        // An import of another instance's function is that function; the host's is called through its import.
        let (inst, f) = self.locate(target, inst).unwrap_or((inst, f));
        let owner = self.insts.get(inst as usize).ok_or(usage("no such function"))?;
        let ty = owner.image().func_type(f).ok_or(Trap::BadImage)?;
        let entry = owner.entry(f);
        let stack = self.stacks.get_mut(id.0 as usize).ok_or(usage("no such stack"))?;
        let top = (base as usize).checked_add(WINDOW).filter(|end| *end <= stack.cells.len());
        top.ok_or(Trap::StackExhausted)?;
        write(stack.cells.get_mut(base as usize..).unwrap_or(&mut []), ty.params, args)?;
        let run = stack.run;
        if barrier {
            let frame = Frame { pc: run.pc, base: run.base, link: BARRIER | run.inst & INSTANCE };
            stack.push(frame).ok_or(Trap::StackExhausted)?;
        }
        let run = &mut stack.run;
        (run.inst, run.base, run.step) = (inst, base, 0);
        match entry {
            Some(pc) => (run.pc, run.status) = (pc, Status::Ready),
            None => (run.status, run.func, run.args, run.next) = (Status::Calling, number, base, NONE),
        }
        Ok(())
    }

    /// Enters the initialiser of `instance` on an idle stack. If it traps, the instance is of no use to its maker, but
    /// stays in the store: its functions may be in tables of others.
    ///
    /// # Errors
    /// As [`Store::enter`].
    pub fn enter_init(&mut self, id: StackId, instance: InstanceId) -> WrtResult<()> {
        let base = self.free_cell(id)?;
        let pc = self.image(instance).ok_or(usage("no such instance"))?.get(Word::Init);
        let stack = self.stacks.get_mut(id.0 as usize).ok_or(usage("no such stack"))?;
        let run = stack.run;
        let frame = Frame { pc: run.pc, base: run.base, link: BARRIER | run.inst & INSTANCE };
        stack.push(frame).ok_or(Trap::StackExhausted)?;
        let run = &mut stack.run;
        (run.inst, run.base, run.pc, run.step, run.status) = (instance.0, base, pc, 0, Status::Init);
        Ok(())
    }

    /// First cell that nothing on the stack uses.
    fn free_cell(&self, id: StackId) -> WrtResult<u32> {
        let stack = self.stack(id).ok_or(usage("no such stack"))?;
        if !stack.accepts() {
            return Err(usage("the stack is busy"));
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
    /// [`ErrorKind::Usage`] when `results` has another length.
    pub fn results(&self, stack: StackId, number: u32, results: &mut [Value]) -> WrtResult<()> {
        let ty = self.func_type(number).ok_or(usage("no such function"))?;
        if results.len() != ty.results.len() {
            return Err(usage("wrong number of results"));
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
    /// [`ErrorKind::Usage`]: the stack does not wait for one, or the results have other types.
    pub fn answer(&mut self, id: StackId, results: &[Value]) -> WrtResult<()> {
        let Some(stack) = self.stacks.get_mut(id.0 as usize).filter(|s| s.run.status == Status::Host) else {
            return Err(usage("the stack waits for no host function"));
        };
        // Borrowed apart from the stack: type and image belong to the instance of the import.
        let number = stack.run.func;
        let cells = core::mem::take(&mut stack.cells);
        let mut cells = cells;
        let at = stack.run.args as usize;
        let written = match self.func_type(number) {
            Some(ty) => write(cells.get_mut(at..).unwrap_or(&mut []), ty.results, results),
            None => Err(Trap::BadImage.into()),
        };
        if let Some(stack) = self.stacks.get_mut(id.0 as usize) {
            stack.cells = cells;
        }
        written?;
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
