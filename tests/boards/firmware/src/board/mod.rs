// SPDX-License-Identifier: MIT
//! Start-up, the way to the host and the instruction counter: one file per board, same functions in the same order.

#[cfg(target_arch = "arm")]
mod mps2_an385;
#[cfg(target_arch = "arm")]
pub(crate) use mps2_an385::*;

#[cfg(target_arch = "riscv32")]
mod riscv32_virt;
#[cfg(target_arch = "riscv32")]
pub(crate) use riscv32_virt::*;
