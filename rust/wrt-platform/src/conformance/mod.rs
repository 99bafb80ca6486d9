// SPDX-License-Identifier: MIT
//! What every port has to pass; a port outside of this repository calls it from its tests.
//!
//! The functions assert, so they panic where a port breaks a rule. They need no heap and run on a board too.
//!
//! ```
//! use wrt_platform::{StaticAllocator, StaticRegion, WASM_PAGE_SIZE, conformance};
//! static PAGES: StaticRegion<{ 4 * WASM_PAGE_SIZE }> = StaticRegion::new();
//!
//! let mut port = StaticAllocator::new(PAGES.take().ok_or("taken")?)?;
//! conformance::memory::all(&mut port);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

pub mod memory;
#[cfg(all(feature = "std", target_has_atomic = "64"))]
pub mod sync;

/// Numbers that look random and are the same each time (xorshift64*).
pub(crate) struct Random(u64);

impl Random {
    pub(crate) fn new(seed: u64) -> Random {
        Random(seed | 1)
    }
    /// Below `n`, which is not 0.
    pub(crate) fn below(&mut self, n: usize) -> usize {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        (self.0.wrapping_mul(0x2545_f491_4f6c_dd1d) >> 33) as usize % n
    }
}
