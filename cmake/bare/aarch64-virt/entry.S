/* SPDX-License-Identifier: MIT */
/* Where the machine starts, at EL1: floating point on, memory mapped one to one, stack set. An exception ends the program. */
    .section .text.entry, "ax"
    .globl _start
_start:
    mov x0, #(3 << 20)                  // CPACR_EL1.FPEN: compiled code uses the vector registers
    msr cpacr_el1, x0
    adrp x0, vectors
    add x0, x0, :lo12:vectors
    msr vbar_el1, x0

    mov x0, #0xff00                     // attribute 0: device, 1: normal, write-back
    msr mair_el1, x0
    ldr x0, =(25 | 1 << 8 | 1 << 10 | 3 << 12 | 1 << 23)    // 39 bits of address, cacheable tables, no upper half
    msr tcr_el1, x0
    adrp x0, board_translation
    msr ttbr0_el1, x0
    isb
    mrs x0, sctlr_el1
    mov x1, #(1 | 1 << 2 | 1 << 12)     // MMU, data cache, instruction cache
    orr x0, x0, x1
    msr sctlr_el1, x0
    isb

    ldr x0, =__stack_top
    mov sp, x0
    b board_start

    .balign 2048
vectors:
    .rept 16
    .balign 128
    ldr x0, =__stack_top
    mov sp, x0
    mrs x0, esr_el1
    mrs x1, elr_el1
    b board_exception
    .endr
