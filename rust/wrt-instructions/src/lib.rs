// SPDX-License-Identifier: MIT
//! The table of WebAssembly instructions ([`table`]) and what the numeric ones compute ([`num`], also under the name
//! `math`). Nothing here decodes or runs.
#![no_std]
#![forbid(unsafe_code)]

pub mod num;
pub mod table;

pub use num as math;
