// SPDX-License-Identifier: MIT
//! `wrt_helper.h`, the functions that translated code calls, on the platform layer: `memory.rs` and `wait.rs` are its
//! sections, `system.rs` says where pages and waiting come from in this build.
//!
//! **Pointers.** What the header says of a pointer is what the functions assume of it. NULL gets a code, or a trap where
//! translated code calls.
//!
//! **Sharing.** A memory is reached through `&Memory` only. What changes in it is atomic, and its pages' owner is touched
//! by `wrt_memory_grow` of a memory that is not shared, which one thread at a time uses. Bytes of a shared memory are read and
//! written as atomics.
//!
//! **No unwinding, no panic.** The archive has no panicking code of its own, and every call that can trap returns a number.
#![cfg_attr(any(target_os = "none", not(any(test, feature = "std"))), no_std)]
#![deny(unsafe_op_in_unsafe_fn)]

pub mod memory;
mod system;
#[cfg(test)]
mod tests;

pub mod wait;

#[cfg(all(feature = "std", feature = "port"))]
compile_error!("`std` and `port` are two ways to reach the system: choose one");

use core::ffi::{c_char, c_int};
use wrt_foundation::{Error, ErrorKind, Trap};

pub(crate) const VERSION: u32 = 0;
pub(crate) const OK: c_int = 0;
pub(crate) const EINVAL: c_int = -22;
pub(crate) const ENOMEM: c_int = -12;
pub(crate) const ENOTSUP: c_int = -95;

/// The header's code for an error.
pub(crate) fn code_of(e: &Error) -> c_int {
    match e.kind() {
        ErrorKind::Unsupported => ENOTSUP,
        ErrorKind::Usage => EINVAL,
        _ => ENOMEM,
    }
}

/// The status of what an operation came to.
pub(crate) fn status(ended: Result<(), Trap>) -> u32 {
    match ended {
        Ok(()) => 0,
        Err(trap) => trap as u32,
    }
}

/// See wrt_helper.h.
#[unsafe(no_mangle)]
pub extern "C" fn wrt_helper_version() -> u32 {
    VERSION
}

const fn terminated<const N: usize>(text: &str) -> [u8; N] {
    let mut c = [0; N];
    let mut i = 0;
    while i < text.len() {
        c[i] = text.as_bytes()[i];
        i += 1;
    }
    c
}

/// The traps that the header names.
macro_rules! traps {
    ($($name:ident)*) => {
        /// Those traps, for the test that compares the numbers.
        #[cfg(test)]
        pub(crate) const TRAPS: &[Trap] = &[$(Trap::$name),*];

        /// See wrt_helper.h.
        #[unsafe(no_mangle)]
        pub extern "C" fn wrt_trap_text(trap: u32) -> *const c_char {
            $(if trap == Trap::$name as u32 {
                const TEXT: &str = Trap::$name.message();
                static C: [u8; TEXT.len() + 1] = terminated(TEXT);
                return C.as_ptr().cast();
            })*
            c"".as_ptr()
        }
    };
}
traps! {
    Unreachable MemoryOutOfBounds TableOutOfBounds UndefinedElement UninitializedElement IndirectCallTypeMismatch DivideByZero
    IntegerOverflow InvalidConversion StackExhausted Host CannotSuspend UnalignedAtomic NotShared
}

/// Never called: the archive has no panicking code. The language wants one where nobody else has it.
#[cfg(any(target_os = "none", not(any(test, feature = "std"))))]
#[panic_handler]
fn panic(_: &core::panic::PanicInfo<'_>) -> ! {
    loop {
        core::hint::spin_loop();
    }
}
