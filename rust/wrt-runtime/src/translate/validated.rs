// SPDX-License-Identifier: MIT
//! The choice that `lazy.rs` leaves.

/// When functions are validated that are translated when they are called.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Validated {
    /// Before anything runs, as the specification wants it.
    AtOnce,
    /// When they are translated: calling an invalid one is an error then. Everything but their bodies is validated at once.
    WhenCalled,
}
