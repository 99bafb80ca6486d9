// SPDX-License-Identifier: MIT
//! WRT's engine: translation of WebAssembly to the image, the loop that runs images, the store with its instances,
//! memories, tables and globals.
//!
//! It knows no operating system, clock or allocator: memory, time, fuel and host calls arrive as arguments.
#![no_std]
#![forbid(unsafe_code)]

#[cfg(feature = "alloc")]
extern crate alloc;

pub mod image;
#[cfg(feature = "alloc")]
pub mod inspect;
pub mod op;
#[cfg(feature = "loader")]
pub mod translate;
pub mod verify;
