// SPDX-License-Identifier: MIT
//! The table of WebAssembly instructions ([`table`]) and what the numeric ones compute ([`num`], also under the name
//! `math`; `simd` for vectors). Nothing here decodes or runs.
#![no_std]
#![forbid(unsafe_code)]

// Here, so that it is the only error.
#[cfg(all(feature = "threads", not(target_has_atomic = "32")))]
compile_error!("the feature `threads` needs compare-and-swap on 32 bits, which this target does not have");

pub mod num;
#[cfg(feature = "simd")]
pub mod simd;
pub mod table;

pub use num as math;
