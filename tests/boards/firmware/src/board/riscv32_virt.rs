// SPDX-License-Identifier: MIT
//! QEMU's machine virt, 32-bit RISC-V.

use core::arch::{asm, global_asm};

global_asm!(
    ".section .vectors, \"ax\"",
    ".global reset",
    "reset: la sp, __stack_top",
    "la t0, fault",
    "csrw mtvec, t0",
    "la t0, __bss_start",
    "la t1, __bss_end",
    "1: bgeu t0, t1, 2f",
    "sw zero, 0(t0)",
    "addi t0, t0, 4",
    "j 1b",
    "2: call main",
    "j .",
    ".align 2",
    "fault: csrr a0, mepc",
    "call faulted",
    "j .",
);

/// Asks the host (RISC-V, "Semihosting", 1.2).
pub(crate) fn semihost(operation: usize, argument: usize) -> usize {
    let answer;
    // SAFETY: the debugger answers in a0 and changes nothing else but what `argument` points to, which the caller lends.
    unsafe {
        asm!(
            ".option push", ".option norvc", ".align 4",
            "slli x0, x0, 0x1f", "ebreak", "srai x0, x0, 7",
            ".option pop",
            inlateout("a0") operation => answer, in("a1") argument,
        );
    }
    answer
}

fn instructions() -> u32 {
    let n;
    // SAFETY: reads a counter.
    unsafe { asm!("csrr {n}, minstret", n = out(reg) n, options(nomem, nostack)) };
    n
}

/// Starts counting executed instructions; what it returns is for [`counted`].
pub(crate) fn count() -> u32 {
    instructions()
}

/// Instructions since [`count`].
pub(crate) fn counted(since: u32) -> u32 {
    instructions().wrapping_sub(since)
}

/// A loop that executes `2 * n` instructions.
#[inline(never)]
pub(crate) fn spin(n: u32) {
    // SAFETY: counts a register down.
    unsafe { asm!("1: addi {n}, {n}, -1", "bnez {n}, 1b", n = inout(reg) n => _) };
}
