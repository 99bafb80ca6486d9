// SPDX-License-Identifier: MIT
//! The names that programs use: `use wrt::prelude::*`.

pub use crate::{BoundedVec, Caller, Error, ErrorKind, GuestMemory, HashMap, Ref, Trap, ValType, Value, WrtError, WrtResult};
#[cfg(feature = "loader")]
pub use crate::{HostImport, StacklessRuntime};
#[cfg(feature = "alloc")]
pub use crate::{ImportMap, Limits, Module, ModuleInstance};
#[cfg(all(feature = "alloc", target_has_atomic = "ptr"))]
pub use crate::{InterruptHandle, Memory};
