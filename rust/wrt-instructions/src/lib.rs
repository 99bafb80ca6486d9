// SPDX-License-Identifier: MIT
//! The table of WebAssembly instructions ([`table`]) and what the numeric ones compute ([`num`], also under the name
//! `math`; `simd` for vectors). Nothing here decodes or runs.
#![no_std]
#![forbid(unsafe_code)]

pub mod num;
#[cfg(feature = "simd")]
pub mod simd;
pub mod table;

pub use num as math;
