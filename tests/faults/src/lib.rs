// SPDX-License-Identifier: MIT
//! Faults from outside, and what WRT makes of them. `docs/faults.md` has the figures, `cargo xtask faults` makes them.

pub mod campaign;
