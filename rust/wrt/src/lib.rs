// SPDX-License-Identifier: MIT
//! WRT, a WebAssembly runtime for real-time operating systems.
//!
//! ```
//! # #[cfg(all(feature = "alloc", feature = "loader"))]
//! # fn main() -> wrt::WrtResult<()> {
//! # let wasm_bytes = wat::parse_str(r#"(module (func (export "exported_function") (param i32) (result i32)
//! #     (i32.add (local.get 0) (i32.const 1))))"#).unwrap();
//! use wrt::prelude::*;
//!
//! let module = Module::from_bytes(&wasm_bytes)?;
//! let mut instance = ModuleInstance::new(module, ImportMap::new())?;
//! let result = instance.invoke("exported_function", &[Value::I32(42)])?;
//! assert_eq!(result, Value::I32(43));
//! # Ok(())
//! # }
//! # #[cfg(not(all(feature = "alloc", feature = "loader")))]
//! # fn main() {}
//! ```
//!
//! Three build modes: `std` (default), `alloc`, and none, where [`StacklessRuntime`] runs a module in memory of its own
//! and the crates below take slices from the caller. The engine is `wrt_runtime`, re-exported as [`runtime`].
#![no_std]
#![forbid(unsafe_code)]

#[cfg(feature = "alloc")]
extern crate alloc;
#[cfg(feature = "std")]
extern crate std;

#[cfg(feature = "alloc")]
mod control;
#[cfg(feature = "alloc")]
mod futures;
#[cfg(feature = "alloc")]
mod imports;
#[cfg(feature = "alloc")]
mod instance;
#[cfg(all(feature = "alloc", target_has_atomic = "ptr"))]
mod memory;
#[cfg(feature = "alloc")]
mod module;
pub mod prelude;
#[cfg(feature = "loader")]
mod stackless;
#[cfg(feature = "std")]
mod tasks;
#[cfg(all(feature = "std", feature = "threads"))]
mod threads;

#[cfg(all(feature = "alloc", target_has_atomic = "ptr"))]
pub use control::InterruptHandle;
#[cfg(feature = "alloc")]
pub use futures::AsyncCaller;
#[cfg(feature = "std")]
pub use imports::WasiProgram;
#[cfg(feature = "alloc")]
pub use imports::{HostCaller, ImportMap};
#[cfg(feature = "alloc")]
pub use instance::{Frame, Limits, ModuleInstance};
#[cfg(all(feature = "alloc", target_has_atomic = "ptr"))]
pub use memory::Memory;
#[cfg(feature = "alloc")]
pub use module::Module;
#[cfg(feature = "loader")]
pub use stackless::{HostImport, StacklessRuntime};
#[cfg(feature = "std")]
pub use tasks::{Scheduler, Step, TaskId, Urgency};
pub use wrt_foundation::bounded::{BoundedVec, NoStdHashMap as HashMap};
pub use wrt_foundation::error;
pub use wrt_foundation::{Error, ErrorKind, Ref, Trap, ValType, Value, WrtError, WrtResult};
pub use wrt_platform as platform;
pub use wrt_runtime as runtime;
#[cfg(all(feature = "threaded", feature = "loader"))]
pub use wrt_runtime::translate::Validated;
pub use wrt_runtime::{Caller, Flow, GuestMemory};
pub use wrt_wasi as wasi;

/// Adds an element; an error when there is no memory for it.
#[cfg(feature = "alloc")]
pub(crate) fn push<T>(to: &mut alloc::vec::Vec<T>, value: T) -> WrtResult<()> {
    to.try_reserve(1).map_err(|_| NO_ROOM)?;
    to.push(value);
    Ok(())
}

/// A vector of as many elements as `from` says that it has.
#[cfg(feature = "alloc")]
pub(crate) fn collected<T>(from: impl ExactSizeIterator<Item = T>) -> WrtResult<alloc::vec::Vec<T>> {
    let mut to = alloc::vec::Vec::new();
    to.try_reserve_exact(from.len()).map_err(|_| NO_ROOM)?;
    to.extend(from);
    Ok(to)
}

#[cfg(feature = "alloc")]
const NO_ROOM: Error = Error::new(ErrorKind::Memory, "out of memory");

/// The words of an image file in the firmware, converted when it is compiled: `static CODE: &[u32] =
/// wrt::include_image!("hello.wrti")`. The path is relative to the source file.
#[macro_export]
macro_rules! include_image {
    ($path:expr) => {{
        const BYTES: &[u8] = include_bytes!($path);
        static WORDS: [u32; BYTES.len() / 4] = $crate::image_words(BYTES);
        &WORDS as &'static [u32]
    }};
}

/// The little-endian words of `bytes`. For [`include_image!`].
#[doc(hidden)]
pub const fn image_words<const N: usize>(bytes: &[u8]) -> [u32; N] {
    assert!(bytes.len() == N * 4, "an image is a whole number of words");
    let mut words = [0; N];
    let mut i = 0;
    while i < N {
        words[i] = u32::from_le_bytes([bytes[i * 4], bytes[i * 4 + 1], bytes[i * 4 + 2], bytes[i * 4 + 3]]);
        i += 1;
    }
    words
}

/// The README's Rust blocks compile.
#[cfg(all(doctest, feature = "std", feature = "platform-linux", target_os = "linux"))]
#[doc = include_str!("../../../README.md")]
struct Readme;
