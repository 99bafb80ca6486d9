// SPDX-License-Identifier: MIT
//! The WebAssembly binary format: [`decode`] reads a module once, validates it and tells a [`Sink`] what it found; bodies that
//! the sink skips can be read later, one by one ([`decode_body`]).
//!
//! Not here: what the code is turned into (the sink's business), linking, execution. No allocation: everything it has
//! to remember stands in one scratch slice of the caller's ([`Info`] first, then the operand and control stacks of the
//! function at hand, growing towards each other).
//!
//! Spec: core 3 (validation) and 5 (binary format).
#![no_std]
#![forbid(unsafe_code)]

#[cfg(feature = "threads")]
mod atomic;
pub mod custom;
pub mod fault;
mod gc;
pub mod info;
#[cfg(feature = "legacy-exceptions")]
mod legacy;
mod locals;
pub mod module;
pub mod operand;
pub mod reader;
mod references;
#[cfg(feature = "simd")]
mod simd;
pub mod sink;
pub mod types;
mod validate;

pub use fault::Fault;
pub use info::{FuncType, GlobalType, Info, MemoryType, TableType};
pub use locals::Locals;
pub use module::{DecodeError, Decoded, Kept, decode, decode_body, decode_keeping, validate};
pub use operand::{Control, ControlKind, Operand, Operands, Pair, Place};
pub use reader::Reader;
pub use sink::{Catch, ConstFor, Sink, Validate};
