// SPDX-License-Identifier: MIT
//! What fuzzing needs of WRT, and no other engine: random numbers, changed modules and images, a run that notes what can be
//! seen of it. The targets in `fuzz/` compare that with other engines; `tests/replay.rs` with what they noted.

pub mod change;
pub mod images;
pub mod random;
pub mod seen;
pub mod wrt;

/// Counts of a run: name and number.
pub type Counts = std::collections::BTreeMap<&'static str, u64>;
