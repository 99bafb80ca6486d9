// SPDX-License-Identifier: MIT
//! One instance with a store and a stack of its own.

use crate::control::{Control, Hosts};
use crate::futures::{self, HostFuture, exported, result_count};
use crate::{ImportMap, Module};
use alloc::string::String;
use alloc::vec::Vec;
use wrt_foundation::{Error, ErrorKind, Trap, Value, WrtResult};
use wrt_runtime::image::Text;
use wrt_runtime::{Exit, Extern, FrameInfo, GuestMemory, InstanceId, Options, Stack, StackId, Store, drive};

/// How much one instance may take.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// 4-byte cells of its stack.
    pub cells: usize,
    /// Frames of its stack: calls open at once.
    pub frames: usize,
    /// Bytes of its own linear memories; one that it imports is the host's.
    pub memory_bytes: usize,
}

impl Default for Limits {
    /// 1 MiB of stack and 16384 frames with `std`, 32 KiB and 512 without; memory as the module declares it.
    fn default() -> Self {
        let (cells, frames) = if cfg!(feature = "std") { (1 << 18, 1 << 14) } else { (1 << 13, 512) };
        Limits { cells, frames, memory_bytes: usize::MAX }
    }
}

/// A module at work.
pub struct ModuleInstance {
    /// The host functions at work, each called by the guest that the one before has called.
    pub(crate) futures: Vec<HostFuture>,
    pub(crate) store: Store<'static>,
    pub(crate) stack: StackId,
    pub(crate) instance: InstanceId,
    pub(crate) imports: ImportMap,
    pub(crate) budget: i64,
    stage: Stage,
    /// The function whose call is not finished.
    pub(crate) open: Option<u32>,
    pub(crate) control: Control,
    #[cfg(feature = "std")]
    pub(crate) timer: Option<crate::tasks::Timer>,
}

impl core::fmt::Debug for ModuleInstance {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_struct("ModuleInstance").field("imports", &self.imports).field("fuel", &self.fuel()).finish_non_exhaustive()
    }
}

impl Drop for ModuleInstance {
    fn drop(&mut self) {
        self.give_up_futures();
    }
}

/// How far an instance has come.
#[derive(PartialEq)]
enum Stage {
    Linked,
    Ready,
    /// Its initialisation has not come to its end.
    Failed,
}

/// One open call of a guest: see [`ModuleInstance::backtrace`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Frame {
    /// The function (imports counted); `None`: initialisation.
    pub func: Option<u32>,
    /// Its name: that of the module's name section, or of an export.
    pub name: Option<String>,
    /// A word of the image, of the operation that it is at. `wrt::runtime::translate::locate` tells which byte of the .wasm
    /// that was.
    pub pc: u32,
    /// Words from the first of the function's code to that one.
    pub offset: u32,
    /// The host called it. The frame after this one, if there is one, called that host function.
    pub from_host: bool,
}

impl core::fmt::Display for Frame {
    /// `function 3 (divide)`
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        match self.func {
            Some(func) => write!(f, "function {func}")?,
            None => f.write_str("initialisation")?,
        }
        self.name.as_ref().map_or(Ok(()), |name| write!(f, " ({name})"))
    }
}

impl ModuleInstance {
    /// Links, allocates, initialises and runs the start function.
    ///
    /// # Errors
    /// [`Unlinkable`](ErrorKind::Unlinkable) names the import; [`Memory`](ErrorKind::Memory); a trap of the start
    /// function or of an active segment.
    pub fn new(module: Module, imports: ImportMap) -> WrtResult<ModuleInstance> {
        ModuleInstance::with_limits(module, imports, Limits::default())
    }

    /// The same within limits.
    ///
    /// # Errors
    /// As [`ModuleInstance::new`].
    pub fn with_limits(module: Module, imports: ImportMap, limits: Limits) -> WrtResult<ModuleInstance> {
        let mut made = ModuleInstance::linked(module, imports, limits)?;
        made.start()?;
        Ok(made)
    }

    /// Links and allocates only. [`ModuleInstance::start`] has to follow; when that traps, there is a backtrace.
    ///
    /// # Errors
    /// As [`ModuleInstance::new`], without the trap.
    pub fn linked(module: Module, imports: ImportMap, limits: Limits) -> WrtResult<ModuleInstance> {
        let memory = |what| Error::new(ErrorKind::Memory, what);
        let mut store = Store::owned(limits.memory_bytes);
        let stack = Stack::owned(limits.cells, limits.frames).ok_or(memory("no room for the stack"))?;
        let stack = store.add_stack(stack).ok_or(memory("no room for the stack"))?;
        let mut globals = Vec::new();
        for g in &imports.globals {
            let made = store.add_global(g.mutable, g.value)?;
            crate::push(&mut globals, (g, made))?;
        }
        #[cfg(target_has_atomic = "ptr")]
        let memories = memories(&mut store, &imports)?;
        let resolve = &mut |_: &Store<'static>, import: wrt_runtime::image::Import<'_>| match import.kind {
            wrt_foundation::ExternKind::Func => imports.find(&import),
            wrt_foundation::ExternKind::Global => {
                globals.iter().find(|(g, _)| import.module.is(&g.module) && import.name.is(&g.name)).map(|(_, e)| *e)
            }
            #[cfg(target_has_atomic = "ptr")]
            wrt_foundation::ExternKind::Memory => {
                let named = |m: &&(String, String, crate::Memory)| import.module.is(&m.0) && import.name.is(&m.1);
                let at = imports.memories.iter().find(named)?;
                memories.iter().find(|(m, _)| m.is(&at.2)).map(|(_, slot)| *slot)
            }
            _ => None,
        };
        #[cfg(all(feature = "threaded", feature = "loader"))]
        let made = match &module.lazy {
            Some(template) => store.instantiate_lazily(template, resolve, &Options::default()),
            None => store.instantiate(module.words(), resolve, &Options::default()),
        };
        #[cfg(not(all(feature = "threaded", feature = "loader")))]
        let made = store.instantiate(module.words(), resolve, &Options::default());
        let instance = made.map_err(|e| {
            let e = Error::from(e);
            match (e.kind(), module.image().ok().and_then(|i| i.import(e.at()))) {
                (ErrorKind::Unlinkable, Some(import)) => {
                    let ty = module.image().ok().and_then(|i| i.func_type(import.index)).filter(|_| import.kind as u8 == 0);
                    let ty = Signature(ty.map(|t| (t.params, t.results)));
                    e.with_detail_fmt(format_args!("{}.{} ({}{ty})", import.module, import.name, import.kind.name()))
                }
                _ => e,
            }
        })?;
        let control = Control::new(&imports);
        #[cfg(target_has_atomic = "ptr")]
        store.set_interrupt(wrt_foundation::Shared::Arc(control.interrupt.words()));
        Ok(ModuleInstance {
            futures: Vec::new(),
            store,
            stack,
            instance,
            imports,
            budget: i64::MAX,
            stage: Stage::Linked,
            open: None,
            control,
            #[cfg(feature = "std")]
            timer: None,
        })
    }

    /// Initialises and runs the start function, once.
    ///
    /// # Errors
    /// A trap of the start function or of an active segment; the instance is of no use then.
    pub fn start(&mut self) -> WrtResult<()> {
        if self.stage != Stage::Linked {
            return Err(Error::new(ErrorKind::Usage, "the instance has been started"));
        }
        self.stage = Stage::Failed;
        self.store.enter_init(self.stack, self.instance)?;
        match self.drive_alone() {
            Exit::Done => {
                self.stage = Stage::Ready;
                Ok(())
            }
            exit => Err(self.failure(exit)),
        }
    }

    /// Drives it for who cannot wait for host functions.
    fn drive_alone(&mut self) -> Exit {
        match self.drive() {
            Exit::HostCall { .. } => self.store.abort(self.stack, Trap::CannotSuspend),
            exit => exit,
        }
    }

    pub(crate) fn drive(&mut self) -> Exit {
        let hosts = Hosts { imports: &self.imports, control: &self.control };
        loop {
            let exit = drive(&mut self.store, self.stack, &hosts, &mut (), &mut self.budget);
            // Here, and inlined down to the system calls, because who has slept returns slowly: a kernel that fills the
            // processor's stack of return addresses when it switches threads has each return go wrong that leaves a function
            // entered before. The first of them takes some 0.4 us on a virtual machine, a tenth of the way there and back.
            #[cfg(all(feature = "std", feature = "threads"))]
            if self.control.turn.get().is_none() && matches!(exit, Exit::Wait { .. } | Exit::Notify { .. } | Exit::Contended) {
                match crate::threads::serve(&self.control, &mut self.store, self.stack, exit) {
                    None => continue,
                    Some(exit) => return exit,
                }
            }
            return exit;
        }
    }

    pub(crate) fn failure(&self, exit: Exit) -> Error {
        match exit {
            #[cfg(all(feature = "threaded", feature = "loader"))]
            Exit::Trap(Trap::BadImage) if self.store.late_error().is_some() => {
                self.store.late_error().map_or(Error::from(Trap::BadImage), Clone::clone)
            }
            Exit::Trap(Trap::Exit) => Error::from(Trap::Exit),
            Exit::Trap(t) => {
                let refused = self.control.refused.get().filter(|_| t == Trap::CannotSuspend);
                let refused = Refused(refused.and_then(|host| self.imports.name(host)));
                match self.store.backtrace(self.stack).next() {
                    Some(f) if f.func.is_some() => {
                        Error::from(t).with_detail_fmt(format_args!("{refused}in {}, word {} of its code", self.site(&f), f.offset))
                    }
                    _ if refused.0.is_some() => Error::from(t).with_detail_fmt(format_args!("{refused}in initialisation")),
                    _ => Error::from(t),
                }
            }
            Exit::OutOfBudget => Error::new(ErrorKind::Paused, "fuel is used up"),
            Exit::Interrupted if self.control.is_late() => Error::new(ErrorKind::Paused, "its deadline has passed"),
            Exit::Interrupted => Error::new(ErrorKind::Paused, "interrupted"),
            #[cfg(feature = "threads")]
            Exit::Wait { .. } | Exit::Notify { .. } => Error::new(ErrorKind::Unsupported, "no room to wait for another thread"),
            Exit::MemoryInUse => Error::new(ErrorKind::Paused, "a memory that it imports is in use"),
            _ => Error::new(ErrorKind::Paused, "a host function is not ready"),
        }
    }

    /// How [`Frame`] shows it, without a string for the name.
    fn site(&self, f: &FrameInfo) -> Site<'_> {
        let name = self.store.image(f.instance).zip(f.func).and_then(|(image, func)| image.func_name(func));
        Site { func: f.func.unwrap_or(0), name }
    }

    /// Calls an exported function that has at most one result; [`Value::Unit`] stands for none.
    ///
    /// # Errors
    /// [`Usage`](ErrorKind::Usage): no such function, wrong arguments, more than one result. [`Trap`](ErrorKind::Trap).
    /// [`Paused`](ErrorKind::Paused): out of fuel, interrupted, past its deadline, or a memory that it imports is in use
    /// elsewhere; [`ModuleInstance::resume`] goes on.
    pub fn invoke(&mut self, name: &str, args: &[Value]) -> WrtResult<Value> {
        self.check_single(name)?;
        Ok(self.invoke_multi(name, args)?.first().copied().unwrap_or(Value::Unit))
    }

    pub(crate) fn check_single(&self, name: &str) -> WrtResult<()> {
        if result_count(&self.store, exported(&self.store, self.instance, name)?) > 1 {
            return Err(futures::SEVERAL);
        }
        Ok(())
    }

    /// Calls an exported function; all its results.
    ///
    /// # Errors
    /// As [`ModuleInstance::invoke`].
    pub fn invoke_multi(&mut self, name: &str, args: &[Value]) -> WrtResult<Vec<Value>> {
        self.enter(name, args)?;
        self.resume()
    }

    /// Begins a call.
    pub(crate) fn enter(&mut self, name: &str, args: &[Value]) -> WrtResult<()> {
        if self.stage != Stage::Ready {
            return Err(Error::new(ErrorKind::Usage, "the instance has not been started"));
        }
        if self.open.is_some() {
            return Err(Error::new(ErrorKind::Usage, "an earlier call is paused: resume or cancel it"));
        }
        let func = exported(&self.store, self.instance, name)?;
        self.store.enter(self.stack, func, args)?;
        self.control.refused.set(None);
        self.open = Some(func);
        Ok(())
    }

    /// Goes on with a call that paused; its results.
    ///
    /// # Errors
    /// As [`ModuleInstance::invoke`]. A call that waits for a host function of [`ImportMap::define_async`] traps.
    pub fn resume(&mut self) -> WrtResult<Vec<Value>> {
        let func = self.open.ok_or(Error::new(ErrorKind::Usage, "no call is paused"))?;
        if let Some(host) = self.futures.first().map(|first| first.host) {
            self.control.refused.set(Some(host));
            self.give_up_futures();
            let exit = self.store.abort(self.stack, Trap::CannotSuspend);
            return self.settle(func, exit);
        }
        let exit = self.drive_alone();
        self.settle(func, exit)
    }

    /// What the call of function `func` comes to that has left with `exit`.
    pub(crate) fn settle(&mut self, func: u32, exit: Exit) -> WrtResult<Vec<Value>> {
        match exit {
            Exit::Done => {
                self.open = None;
                futures::results(&self.store, self.stack, func)
            }
            exit => {
                let over = match exit {
                    Exit::Trap(_) => true,
                    #[cfg(feature = "threads")]
                    Exit::Wait { .. } | Exit::Notify { .. } => {
                        self.store.abort(self.stack, Trap::CannotSuspend);
                        true
                    }
                    _ => false,
                };
                if over {
                    self.open = None;
                }
                Err(self.failure(exit))
            }
        }
    }

    /// Gives up a call that paused.
    pub fn cancel(&mut self) {
        self.give_up_futures();
        if self.open.take().is_some() {
            self.store.abort(self.stack, Trap::Host);
        }
    }

    /// Parameter and result types of an exported function.
    pub fn func_type(&self, name: &str) -> Option<(Vec<crate::ValType>, Vec<crate::ValType>)> {
        let t = self.store.func_type(exported(&self.store, self.instance, name).ok()?)?;
        let types = |list: &[u32]| list.iter().map(|t| crate::ValType::from_bits(*t)).collect();
        Some((types(t.params), types(t.results)))
    }

    /// Limits what is executed from now on: one unit per WebAssembly instruction, bulk operations 1 and 1 per 64 bytes.
    ///
    /// # Errors
    /// None today; a translated-ahead module without fuel would be [`Unsupported`](ErrorKind::Unsupported).
    pub fn set_fuel(&mut self, fuel: u64) -> WrtResult<()> {
        self.budget = i64::try_from(fuel).unwrap_or(i64::MAX);
        Ok(())
    }

    /// Fuel left.
    pub fn fuel(&self) -> u64 {
        self.budget.try_into().unwrap_or(0)
    }

    /// What stops this instance from elsewhere, whatever it does: a guest that computes and one that waits for another thread.
    ///
    /// ```
    /// # #[cfg(all(feature = "std", feature = "loader"))]
    /// # fn main() -> wrt::WrtResult<()> {
    /// # let wasm_bytes = wat::parse_str(r#"(module (func (export "for_ever") (loop (br 0))))"#).unwrap();
    /// use wrt::prelude::*;
    ///
    /// let mut instance = ModuleInstance::new(Module::from_bytes(&wasm_bytes)?, ImportMap::new())?;
    /// let handle = instance.interrupt_handle();
    /// let other = std::thread::spawn(move || handle.interrupt());
    /// assert_eq!(instance.invoke("for_ever", &[]).unwrap_err().kind(), ErrorKind::Paused);
    /// other.join().unwrap();
    /// instance.interrupt_handle().clear(); // now `resume` would go on
    /// instance.cancel();
    /// # Ok(())
    /// # }
    /// # #[cfg(not(all(feature = "std", feature = "loader")))]
    /// # fn main() {}
    /// ```
    #[cfg(target_has_atomic = "ptr")]
    pub fn interrupt_handle(&self) -> crate::InterruptHandle {
        self.control.interrupt.clone()
    }

    /// Stops what is executed from now on at that moment: the clock is looked at every 65536 instructions, and a wait for
    /// another thread ends in time. The call returns [`Paused`](ErrorKind::Paused), "its deadline has passed"; with a later
    /// deadline, or none, it can be resumed. Time in host functions comes on top. It depends on the machine where a guest
    /// stops, other than with [`ModuleInstance::set_fuel`].
    #[cfg(feature = "std")]
    pub fn set_deadline(&mut self, deadline: Option<std::time::Instant>) {
        self.control.deadline.set(deadline);
    }

    /// What [`ModuleInstance::invoke_async`] has wake it when a wait has a timeout: `timer` is given the moment and the waker, and
    /// sees to it that the waker is woken then. With Tokio: `|at, waker| { tokio::spawn(async move {
    /// tokio::time::sleep_until(at.into()).await; waker.wake() }); }`.
    #[cfg(feature = "std")]
    pub fn set_timer(&mut self, timer: impl FnMut(std::time::Instant, core::task::Waker) + 'static) {
        self.timer = Some(alloc::boxed::Box::new(timer));
    }

    /// An exported memory.
    pub fn memory(&mut self, name: &str) -> Option<GuestMemory<'_>> {
        match self.store.export(self.instance, name) {
            Some(Extern::Memory(slot)) => self.store.memory(slot),
            _ => None,
        }
    }

    /// The value of an exported global.
    pub fn global(&self, name: &str) -> Option<Value> {
        match self.store.export(self.instance, name) {
            Some(Extern::Global { instance, cell, ty, .. }) => self.store.global_get(instance, cell, ty),
            _ => None,
        }
    }

    /// The calls that are open, innermost first: those of a call that has trapped, until the next one, or of one that paused.
    ///
    /// ```
    /// # #[cfg(all(feature = "std", feature = "loader"))]
    /// # fn main() -> wrt::WrtResult<()> {
    /// # let wasm_bytes = wat::parse_str(r#"(module
    /// #     (func $divide (param i32) (result i32) (i32.div_s (i32.const 100) (local.get 0)))
    /// #     (func (export "share") (param i32) (result i32) (call $divide (local.get 0))))"#).unwrap();
    /// use wrt::prelude::*;
    ///
    /// let mut instance = ModuleInstance::new(Module::from_bytes(&wasm_bytes)?, ImportMap::new())?;
    /// let error = instance.invoke("share", &[Value::I32(0)]).unwrap_err();
    /// assert_eq!(error.trap(), Some(Trap::DivideByZero));
    /// let trace: Vec<String> = instance.backtrace().iter().map(|frame| frame.to_string()).collect();
    /// assert_eq!(trace, ["function 0 (divide)", "function 1 (share)"]);
    /// # Ok(())
    /// # }
    /// # #[cfg(not(all(feature = "std", feature = "loader")))]
    /// # fn main() {}
    /// ```
    pub fn backtrace(&self) -> Vec<Frame> {
        self.frames().collect()
    }

    /// The same one by one, for who looks at the first ones only: of endless recursion there are as many as fit.
    pub fn frames(&self) -> impl Iterator<Item = Frame> {
        self.store.backtrace(self.stack).map(|f| {
            let image = self.store.image(f.instance);
            let name = f.func.and_then(|func| image?.func_name(func)).map(|name| name.to_string_lossy());
            Frame { func: f.func, name, pc: f.pc, offset: f.offset, from_host: f.from_host }
        })
    }

    /// Where the last trap was: function (imports counted) and word of the image.
    pub fn trap_site(&self) -> Option<(u32, u32)> {
        let (_, func, pc) = self.store.trap_site(self.stack)?;
        Some((func?, pc))
    }
}

/// Offers each memory to the store, once however many names it has.
#[cfg(target_has_atomic = "ptr")]
fn memories(store: &mut Store<'static>, imports: &ImportMap) -> WrtResult<Vec<(crate::Memory, Extern<'static>)>> {
    let mut offered: Vec<(crate::Memory, Extern<'static>)> = Vec::new();
    for (_, _, memory) in &imports.memories {
        if !offered.iter().any(|(m, _)| m.is(memory)) {
            crate::push(&mut offered, (memory.clone(), memory.offer(store)?))?;
        }
    }
    Ok(offered)
}

/// `function 3 (divide)`
struct Site<'a> {
    func: u32,
    name: Option<Text<'a>>,
}
impl core::fmt::Display for Site<'_> {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        write!(f, "function {}", self.func)?;
        self.name.map_or(Ok(()), |name| write!(f, " ({name})"))
    }
}

/// `env.next is asynchronous: it needs invoke_async; `, if a host function could not be waited for.
struct Refused<'a>(Option<(&'a str, &'a str)>);
impl core::fmt::Display for Refused<'_> {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        self.0.map_or(Ok(()), |(module, name)| write!(f, "{module}.{name} is asynchronous: it needs invoke_async; "))
    }
}

/// ` [i32 i32] -> [i64]`; nothing for what is no function.
struct Signature<'a>(Option<(&'a [u32], &'a [u32])>);
impl core::fmt::Display for Signature<'_> {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        let Some((params, results)) = self.0 else { return Ok(()) };
        for (before, list, after) in [(" [", params, "]"), (" -> [", results, "]")] {
            f.write_str(before)?;
            for (i, t) in list.iter().enumerate() {
                write!(f, "{}{}", if i == 0 { "" } else { " " }, crate::ValType::from_bits(*t).name())?;
            }
            f.write_str(after)?;
        }
        Ok(())
    }
}
