// SPDX-License-Identifier: MIT
//! Scripts of the specification's test suite in a form that needs no text parser, and what carries them out on a board:
//! no allocation, one store per script, every module translated where it runs.
//!
//! | module | what it does |
//! |---|---|
//! | [`format`] | the packed form: records as numbers, bytes and values; read here, written by `host` |
//! | [`play`] | carries the records out, one verdict each |
//! | [`trace`] | what a directive did, as numbers that are the same on every machine |
//! | [`budget`] | the memory that a script has on boards |
//! | `spectest` | what scripts can import |
#![no_std]
#![forbid(unsafe_code)]

pub mod budget;
pub mod format;
pub mod play;
mod spectest;
pub mod trace;

pub use play::{Listener, Room, Verdict, play};
pub use spectest::SHARED;
pub use trace::Trace;
