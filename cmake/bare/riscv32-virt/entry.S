/* SPDX-License-Identifier: MIT */
/* Where the machine starts: hart 0 goes on, others sleep; every trap ends the program. */
    .section .text.entry, "ax"
    .globl _start
_start:
    csrr t0, mhartid
    bnez t0, sleep
    .option push
    .option norelax
    la gp, __global_pointer$
    .option pop
    la sp, __stack_top
    la t0, trap
    csrw mtvec, t0
    j board_start
sleep:
    wfi
    j sleep

    .balign 4
trap:
    la sp, __stack_top
    csrr a0, mcause
    csrr a1, mepc
    j board_trap
