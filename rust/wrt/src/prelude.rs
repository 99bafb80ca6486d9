// SPDX-License-Identifier: MIT
//! The names that programs use: `use wrt::prelude::*`.

#[cfg(feature = "alloc")]
pub use crate::{AsyncCaller, ImportMap, Limits, Module, ModuleInstance};
pub use crate::{BoundedVec, Caller, Error, ErrorKind, GuestMemory, HashMap, Ref, Trap, ValType, Value, WrtError, WrtResult};
#[cfg(feature = "loader")]
pub use crate::{HostImport, StacklessRuntime};
#[cfg(all(feature = "alloc", target_has_atomic = "ptr"))]
pub use crate::{InterruptHandle, Memory};
