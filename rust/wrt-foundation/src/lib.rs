// SPDX-License-Identifier: MIT
//! What every WRT crate speaks of: traps, errors, value and reference types, values, limits, and slices that are
//! either lent by the caller or (`alloc`) owned.
//!
//! Not here: anything that decodes, runs or touches an operating system. No allocation without `alloc`.
#![no_std]
#![forbid(unsafe_code)]

#[cfg(feature = "alloc")]
extern crate alloc;
#[cfg(feature = "std")]
extern crate std;

pub mod bounded;
pub mod buf;
pub mod error;
pub mod feature;
pub mod limits;
pub mod reference;
pub mod trap;
pub mod types;
pub mod value;

pub use buf::{Buf, Shared};
pub use error::{Error, ErrorKind, WrtError, WrtResult};
pub use feature::Feature;
pub use reference::Ref;
pub use trap::Trap;
pub use types::{Defined, ExternKind, ValType};
pub use value::Value;
