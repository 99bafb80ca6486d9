// SPDX-License-Identifier: MIT
//! Arm MPS2 with the image AN385: Cortex-M3.

use core::arch::{asm, global_asm};

global_asm!(
    ".section .vectors, \"a\"",
    ".word __stack_top",
    ".word reset",
    ".rept 9",
    ".word fault",
    ".endr",
    // Supervisor call, two that nothing raises, service request, timer: a kernel's, or the faults that they are else.
    ".weak SVC_Handler, PendSV_Handler, SysTick_Handler",
    ".thumb_set SVC_Handler, fault",
    ".thumb_set PendSV_Handler, fault",
    ".thumb_set SysTick_Handler, fault",
    ".word SVC_Handler, fault, fault, PendSV_Handler, SysTick_Handler",
    ".text",
    ".global reset",
    ".thumb_func",
    "reset: ldr r0, =__bss_start",
    "ldr r1, =__bss_end",
    "movs r2, #0",
    "1: cmp r0, r1",
    "bhs 2f",
    "str r2, [r0], #4",
    "b 1b",
    "2: bl main",
    "b .",
    ".thumb_func",
    "fault: ldr r0, [sp, #24]",
    "bl faulted",
    "b .",
);

/// Asks the host (Arm, "Semihosting for AArch32 and AArch64", 2.2).
pub(crate) fn semihost(operation: usize, argument: usize) -> usize {
    let answer;
    // SAFETY: the debugger answers in r0 and changes nothing else but what `argument` points to, which the caller lends.
    unsafe { asm!("bkpt #0xab", inlateout("r0") operation => answer, in("r1") argument) };
    answer
}

/// SysTick: control, reload value, current value.
const SYST: *mut u32 = 0xe000_e010 as *mut u32;
/// Nanoseconds of a tick, 25 MHz; with `-icount shift=0` an instruction takes one.
const TICK_NS: u32 = 40;
/// SysTick has 24 bits.
const TICKS: u32 = 0xff_ffff;

/// Starts counting executed instructions; what it returns is for [`counted`].
pub(crate) fn count() -> u32 {
    // SAFETY: SysTick's registers, which nobody else uses.
    unsafe {
        SYST.add(1).write_volatile(TICKS);
        SYST.write_volatile(0b101);
        SYST.add(2).read_volatile()
    }
}

/// Instructions since [`count`], to 40; at most 671 million.
pub(crate) fn counted(since: u32) -> u32 {
    // SAFETY: as in `count`.
    let now = unsafe { SYST.add(2).read_volatile() };
    (since.wrapping_sub(now) & TICKS).wrapping_mul(TICK_NS)
}

/// A loop that executes `2 * n` instructions.
#[inline(never)]
pub(crate) fn spin(n: u32) {
    // SAFETY: counts a register down.
    unsafe { asm!("1: subs {n}, #1", "bne 1b", n = inout(reg) n => _) };
}
