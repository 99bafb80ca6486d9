// SPDX-License-Identifier: MIT
//! What WRT takes from an operating system, as Rust sees it. `port.h` in this crate's `include` is the same for ports that
//! are written in C.
//!
//! [`PageAllocator`] gives linear memories their pages. [`StaticAllocator`] takes them from a buffer of the firmware,
//! `LinuxAllocator` from `mmap`; both pass [`conformance`], and so does a port from elsewhere before it is one. [`Region`]
//! is one linear memory in pages of any of them, in safe code.
//!
//! [`FutexLike`] is a word that threads wait on, `LinuxFutex` the one of Linux. [`WaitTable`] is what guests wait in: by
//! address, in order, with exact counts, over [`Parking`], of which [`FutexParking`] is one.
//!
//! Not here: the engine, which knows none of this; `wrt::Memory` brings the two together.
//!
//! Unsafe code is allowed in this crate and nowhere above it. Each block says why it is sound, and no function of the
//! interface is `unsafe`: an allocator that lies can make a guest trap, nothing else.
#![no_std]

#[cfg(feature = "alloc")]
extern crate alloc;
#[cfg(feature = "std")]
extern crate std;

mod atomic {
    //! The model checker of `tests/loom` puts its own here.
    pub(crate) use core::sync::atomic::{AtomicU32, Ordering};
}
pub mod conformance;
#[cfg(all(feature = "platform-linux", target_os = "linux"))]
pub mod linux_memory;
#[cfg(all(feature = "platform-linux", target_os = "linux"))]
pub mod linux_sync;
#[cfg(target_has_atomic = "8")]
mod loan;
pub mod memory;
#[cfg(feature = "port")]
pub mod port;
mod region;
pub mod static_memory;
#[cfg(feature = "std")]
mod std_sync;
pub mod sync;
pub mod wait;

#[cfg(all(feature = "platform-linux", target_os = "linux"))]
pub use linux_memory::{LinuxAllocator, LinuxAllocatorBuilder, NumaPolicy};
#[cfg(all(feature = "platform-linux", target_os = "linux"))]
pub use linux_sync::{LinuxFutex, LinuxFutexBuilder, LinuxParking};
#[cfg(target_has_atomic = "8")]
pub use loan::Loan;
pub use memory::{FromRegion, PageAllocator, Properties, Protection, RegionAllocator, WASM_PAGE_SIZE};
#[cfg(feature = "port")]
pub use port::{PortAllocator, PortParker, PortParking};
pub use region::Region;
#[cfg(target_has_atomic = "8")]
pub use static_memory::StaticRegion;
pub use static_memory::{StaticAllocator, StaticAllocatorBuilder};
#[cfg(feature = "std")]
pub use std_sync::{StdParker, StdParking};
pub use sync::{FutexLike, FutexParking, WaitOutcome};
pub use wait::{Key, Parked, Parking, Stop, WaitTable, Waiter};
pub use wrt_foundation::{Error, ErrorKind, WrtError, WrtResult};
