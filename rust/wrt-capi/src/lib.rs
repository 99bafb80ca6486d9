// SPDX-License-Identifier: MIT
//! The C interface, `include/wrt.h`, on the engine: one file per section of the header. Nothing here computes; it checks
//! arguments and passes them on.
//!
//! **Pointers.** What wrt.h says of a pointer is what the functions assume of it: it comes from the caller, and nobody else
//! uses what it points to during the call. NULL, misaligned pointers and memory that is no store get a code.
//!
//! **References.** A store is a raw pointer here. A `&mut` to it is made where it is needed and is dead when a C callback
//! runs, because the callback comes back through every function of the header (`tests/miri.rs` does, under Miri).
//!
//! **No allocator, no panic.** Everything lives in the caller's buffer; the archive has no panicking code.
#![cfg_attr(any(target_os = "none", not(any(test, feature = "std"))), no_std)]
#![deny(unsafe_op_in_unsafe_fn)]

pub mod call;
mod carver;
pub mod error;
pub mod host;
pub mod memory;
pub mod module;
pub mod store;
#[cfg(test)]
mod tests;
#[cfg_attr(not(feature = "threads"), path = "no_threads.rs")]
pub mod threads;

/// Never called: the archive has no panicking code. The language wants one where nobody else has it.
#[cfg(any(target_os = "none", not(any(test, feature = "std"))))]
#[panic_handler]
fn panic(_: &core::panic::PanicInfo<'_>) -> ! {
    loop {
        core::hint::spin_loop();
    }
}
