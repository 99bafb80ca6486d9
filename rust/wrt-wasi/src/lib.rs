// SPDX-License-Identifier: MIT
//! WASI for WRT. [`preview1`] is the part of WASI 0.1 that programs use which compute and print: standard streams,
//! arguments, environment, clocks, random numbers, sleeping, exit. No files and no sockets: there is nothing to open,
//! so those calls answer `badf` or `nosys`, as the interface's document says.
//!
//! What the world is, a [`System`] says: [`HostSystem`] on a computer, a few lines over a UART and a tick counter on a
//! board. Nothing here allocates.
#![no_std]
#![forbid(unsafe_code)]

#[cfg(feature = "std")]
extern crate std;

#[cfg(feature = "std")]
mod host;
mod line;
pub mod preview1;

#[cfg(feature = "std")]
pub use host::HostSystem;

/// A standard stream that a program writes to.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Output {
    /// File descriptor 1.
    Out,
    /// File descriptor 2.
    Err,
}

/// A clock (WASI 0.1, `clockid`).
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Clock {
    /// Nanoseconds since 1970-01-01 UTC.
    Realtime,
    /// Nanoseconds since some point in the past; never goes back.
    Monotonic,
}

/// What a program can reach. Each method may say [`Unsupported`], and the program is told `nosys`.
pub trait System {
    /// Argument `i` of the program, the first being its name; `None` after the last.
    fn arg(&self, i: usize) -> Option<&str> {
        let _ = i;
        None
    }
    /// Variable `i` of its environment, `NAME=value`; `None` after the last.
    fn environ(&self, i: usize) -> Option<&str> {
        let _ = i;
        None
    }
    /// Writes bytes; called with whole lines, or with as much of one as the line buffer holds.
    fn write(&mut self, to: Output, bytes: &[u8]) -> Result<(), Unsupported>;
    /// Reads at most `bytes.len()` bytes of standard input; 0 at its end.
    fn read(&mut self, bytes: &mut [u8]) -> Result<usize, Unsupported> {
        let _ = bytes;
        Ok(0)
    }
    /// The time, in nanoseconds.
    fn now_ns(&mut self, clock: Clock) -> Result<u64, Unsupported> {
        let _ = clock;
        Err(Unsupported)
    }
    /// Waits so many nanoseconds.
    fn sleep_ns(&mut self, ns: u64) -> Result<(), Unsupported> {
        let _ = ns;
        Err(Unsupported)
    }
    /// Lets others run.
    fn yield_now(&mut self) {}
    /// Fills `bytes` with random numbers fit for keys.
    fn random(&mut self, bytes: &mut [u8]) -> Result<(), Unsupported> {
        let _ = bytes;
        Err(Unsupported)
    }
}

/// This system does not offer it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Unsupported;
