// SPDX-License-Identifier: MIT
//! WRT's engine: translation of WebAssembly to the image, the loop that runs images, the store with its instances,
//! memories, tables and globals.
//!
//! It knows no operating system, clock or allocator: memory, time, fuel and host calls arrive as arguments.
#![no_std]
#![forbid(unsafe_code)]

#[cfg(feature = "alloc")]
extern crate alloc;

#[cfg(feature = "threads")]
mod atomic;
#[cfg(feature = "threads")]
mod order {
    //! The model checker of `tests/loom` puts its own here.
    pub(crate) use core::sync::atomic::{AtomicU32, Ordering, fence};
}
mod bulk;
mod call;
#[cfg(any(feature = "gc", feature = "exceptions"))]
pub mod heap;
pub mod host;
pub mod image;
#[cfg(feature = "alloc")]
pub mod inspect;
pub mod link;
mod numeric;
#[cfg(any(feature = "gc", feature = "exceptions"))]
mod object;
pub mod op;
mod rare;
pub mod run;
#[cfg(feature = "threads")]
pub mod shared;
#[cfg(feature = "alloc")]
pub mod shrink;
#[cfg(feature = "simd")]
mod simd;
pub mod stack;
pub mod store;
#[cfg(wrt_threaded)]
mod threaded;
pub mod trace;
#[cfg(feature = "loader")]
pub mod translate;
mod types;
pub mod verify;
#[cfg(feature = "threads")]
mod waiters;

pub use call::CallError;
pub use host::{Caller, Flow, GuestMemory, HostFn, HostTable, drive};
pub use link::{Extern, LinkError, Options, Pool};
pub use run::{Exit, run};
pub use stack::Stack;
pub use store::{InstanceId, StackId, Store, StoreParts};
pub use trace::{Backtrace, FrameInfo};
