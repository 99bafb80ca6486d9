// SPDX-License-Identifier: MIT
//! What the host offers to a module, by name.

use crate::futures::{AsyncCaller, Pending};
use alloc::boxed::Box;
use alloc::string::String;
use alloc::vec::Vec;
use wrt_foundation::{Error, Trap, ValType, Value, WrtResult};
use wrt_runtime::image::Import;
use wrt_runtime::{Caller, Extern, Flow, HostTable};

/// The caller of a host function of an [`ImportMap`].
pub type HostCaller<'a, 'm> = Caller<'a, 'm, ()>;

type Sync = Box<dyn Fn(&mut HostCaller<'_, '_>, &[Value], &mut [Value]) -> WrtResult<()>>;
type Async = Box<dyn Fn(AsyncCaller, Vec<Value>) -> Pending>;

enum Body {
    Sync(Sync),
    Async(Async),
}

struct Func {
    module: String,
    name: String,
    params: Vec<ValType>,
    results: Vec<ValType>,
    body: Body,
}

pub(crate) struct Global {
    pub(crate) module: String,
    pub(crate) name: String,
    pub(crate) value: Value,
    pub(crate) mutable: bool,
}

/// Host functions, memories and globals by module and name. A module whose imports are not all here, with exactly their types, is
/// not instantiated.
#[derive(Default)]
pub struct ImportMap {
    funcs: Vec<Func>,
    pub(crate) globals: Vec<Global>,
    #[cfg(target_has_atomic = "ptr")]
    pub(crate) memories: Vec<(String, String, crate::Memory)>,
}

impl ImportMap {
    /// An empty map.
    pub fn new() -> ImportMap {
        ImportMap::default()
    }

    /// Offers a function. `body` gets the caller (for memory and nested calls), one value per parameter, and one per
    /// result to be set, each of which starts as zero or null. An error becomes a trap of the guest. A later function of
    /// the same name replaces an earlier one.
    pub fn define(
        &mut self,
        module: &str,
        name: &str,
        params: &[ValType],
        results: &[ValType],
        body: impl Fn(&mut HostCaller<'_, '_>, &[Value], &mut [Value]) -> WrtResult<()> + 'static,
    ) -> &mut ImportMap {
        self.offer(module, name, params, results, Body::Sync(Box::new(body)))
    }

    /// Offers a function that is a future. `body` gets the caller, by which the future has memory and nested calls, and one
    /// value per parameter; the future gives one value per result, and an error, or results of other types, become a trap of
    /// the guest. While it is pending, so is [`ModuleInstance::invoke_async`](crate::ModuleInstance::invoke_async), which
    /// polls it; a task of a [`Scheduler`](crate::Scheduler) waits. It is dropped unfinished when the call is given up.
    ///
    /// Where nobody can wait for it, the call traps, [`CannotSuspend`](Trap::CannotSuspend), and the error has its name: under
    /// [`invoke`](crate::ModuleInstance::invoke), in a start function, and where a host function of
    /// [`define`](ImportMap::define) has called the guest.
    ///
    /// ```
    /// # #[cfg(all(feature = "std", feature = "loader"))]
    /// # fn main() -> wrt::WrtResult<()> {
    /// # let wasm_bytes = wat::parse_str(r#"(module (import "env" "next" (func $next (param i32) (result i32)))
    /// #     (func (export "sum") (result i32) (i32.add (call $next (i32.const 10)) (call $next (i32.const 20)))))"#).unwrap();
    /// # use std::{future::poll_fn, pin::pin, task::{Context, Poll, Waker}};
    /// # fn block_on<F: Future>(future: F) -> F::Output {
    /// #     let (mut future, mut context) = (pin!(future), Context::from_waker(Waker::noop()));
    /// #     loop {
    /// #         if let Poll::Ready(output) = future.as_mut().poll(&mut context) {
    /// #             return output;
    /// #         }
    /// #     }
    /// # }
    /// # /// Pending once.
    /// # async fn yield_now() {
    /// #     let mut first = true;
    /// #     poll_fn(|_| if std::mem::take(&mut first) { Poll::Pending } else { Poll::Ready(()) }).await
    /// # }
    /// use wrt::prelude::*;
    ///
    /// let mut imports = ImportMap::new();
    /// imports.define_async("env", "next", &[ValType::I32], &[ValType::I32], |_caller, args| async move {
    ///     yield_now().await;
    ///     match args[..] {
    ///         [Value::I32(n)] => Ok(vec![Value::I32(n + 1)]),
    ///         _ => Err(Trap::Host.into()),
    ///     }
    /// });
    /// let mut instance = ModuleInstance::new(Module::from_bytes(&wasm_bytes)?, imports)?;
    /// assert_eq!(block_on(async { instance.invoke_async("sum", &[]).await })?, Value::I32(32));
    /// let error = instance.invoke("sum", &[]).unwrap_err();
    /// assert!(error.to_string().contains("env.next is asynchronous"), "{error}");
    /// # Ok(())
    /// # }
    /// # #[cfg(not(all(feature = "std", feature = "loader")))]
    /// # fn main() {}
    /// ```
    pub fn define_async<F>(
        &mut self,
        module: &str,
        name: &str,
        params: &[ValType],
        results: &[ValType],
        body: impl Fn(AsyncCaller, Vec<Value>) -> F + 'static,
    ) -> &mut ImportMap
    where
        F: Future<Output = WrtResult<Vec<Value>>> + 'static,
    {
        let begin: Async = Box::new(move |caller, args| Box::pin(body(caller, args)));
        self.offer(module, name, params, results, Body::Async(begin))
    }

    fn offer(&mut self, module: &str, name: &str, params: &[ValType], results: &[ValType], body: Body) -> &mut ImportMap {
        let func = Func { module: module.into(), name: name.into(), params: params.into(), results: results.into(), body };
        match self.funcs.iter_mut().find(|f| f.module == module && f.name == name) {
            Some(old) => *old = func,
            None => self.funcs.push(func),
        }
        self
    }

    /// Whether function `index` is a future.
    pub(crate) fn is_async(&self, index: u32) -> bool {
        self.begin(index).is_some()
    }

    /// Whether one of the functions is a future.
    #[cfg(target_has_atomic = "ptr")]
    pub(crate) fn has_futures(&self) -> bool {
        self.funcs.iter().any(|f| matches!(f.body, Body::Async(_)))
    }

    /// What makes the future of function `index`, if it is one.
    pub(crate) fn begin(&self, index: u32) -> Option<&dyn Fn(AsyncCaller, Vec<Value>) -> Pending> {
        match &self.funcs.get(index as usize)?.body {
            Body::Async(begin) => Some(begin),
            Body::Sync(_) => None,
        }
    }
    /// Both names of function `index`.
    pub(crate) fn name(&self, index: u32) -> Option<(&str, &str)> {
        let f = self.funcs.get(index as usize)?;
        Some((&f.module, &f.name))
    }

    /// Offers a global that the instance has for itself.
    pub fn define_global(&mut self, module: &str, name: &str, value: Value, mutable: bool) -> &mut ImportMap {
        self.globals.push(Global { module: module.into(), name: name.into(), value, mutable });
        self
    }

    /// Offers a memory. A later memory of the same name replaces an earlier one.
    #[cfg(target_has_atomic = "ptr")]
    pub fn define_memory(&mut self, module: &str, name: &str, memory: &crate::Memory) -> &mut ImportMap {
        self.memories.retain(|(m, n, _)| (m.as_str(), n.as_str()) != (module, name));
        self.memories.push((module.into(), name.into(), memory.clone()));
        self
    }

    /// Offers WASI 0.1 (`wasi_snapshot_preview1`) over `system`; the handle tells how the program ended.
    #[cfg(feature = "std")]
    pub fn define_wasi(&mut self, system: impl wrt_wasi::System + 'static) -> WasiProgram {
        use alloc::rc::Rc;
        use core::cell::RefCell;
        use wrt_wasi::preview1;
        let program = WasiProgram(Rc::new(RefCell::new((preview1::Wasi::new(), Box::new(system)))));
        for (n, f) in preview1::FUNCTIONS.iter().enumerate() {
            let state = program.0.clone();
            self.define(preview1::MODULE, f.name, f.params, f.results, move |caller, args, results| {
                let mut slots = [0u64; 8];
                for (slot, arg) in slots.iter_mut().zip(args) {
                    let ([lo, hi, ..], _) = arg.to_cells();
                    *slot = u64::from(lo) | u64::from(hi) << 32;
                }
                let mut memory = caller.memory().ok_or(Trap::Host)?;
                let (wasi, system) = &mut *state.borrow_mut();
                let errno = wasi.call(&mut **system, n as u32, &slots, &mut memory)?;
                if let [result] = results {
                    *result = Value::I32(errno as i32);
                }
                Ok(())
            });
        }
        program
    }

    pub(crate) fn find(&self, import: &Import<'_>) -> Option<Extern<'_>> {
        let at = self.funcs.iter().position(|f| import.module.is(&f.module) && import.name.is(&f.name))?;
        let f = self.funcs.get(at)?;
        Some(Extern::Host { index: at as u32, params: &f.params, results: &f.results })
    }
}

impl HostTable<()> for ImportMap {
    fn call(&self, index: u32, caller: &mut HostCaller<'_, '_>) -> Result<Flow, Trap> {
        let f = self.funcs.get(index as usize).ok_or(Trap::Host)?;
        let Body::Sync(body) = &f.body else { return Ok(Flow::Suspend) };
        let args = crate::collected((0..f.params.len()).map(|i| caller.arg(i))).map_err(|_| Trap::Host)?;
        let mut results = crate::collected(f.results.iter().map(|t| Value::default_of(*t))).map_err(|_| Trap::Host)?;
        body(caller, &args, &mut results).map_err(|e| trap_of(&e))?;
        for (i, value) in results.into_iter().enumerate() {
            caller.ret(i, value)?;
        }
        Ok(Flow::Ready)
    }
}

/// The trap that a guest gets whose host function fails.
pub(crate) fn trap_of(e: &Error) -> Trap {
    e.trap().unwrap_or(Trap::Host)
}

impl core::fmt::Debug for ImportMap {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_list().entries(self.funcs.iter().map(|f| (&f.module, &f.name))).finish()
    }
}

/// A program that was given WASI by [`ImportMap::define_wasi`].
#[cfg(feature = "std")]
#[derive(Clone)]
pub struct WasiProgram(alloc::rc::Rc<core::cell::RefCell<(wrt_wasi::preview1::Wasi, Box<dyn wrt_wasi::System>)>>);

#[cfg(feature = "std")]
impl WasiProgram {
    /// Writes what is left of unfinished lines; the code that the program gave to `proc_exit`, if it did.
    pub fn finish(&self) -> Option<u32> {
        let (wasi, system) = &mut *self.0.borrow_mut();
        wasi.flush(&mut **system);
        wasi.exit_code()
    }
}
