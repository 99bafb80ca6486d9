/* SPDX-License-Identifier: MIT */
/* QEMU's aarch64 `virt` machine: PL011 UART, exit by semihosting. */
#include <stdint.h>

#include "board.h"

#define UART ((volatile struct pl011 *)0x09000000u)
struct pl011 {
    uint32_t data, receive_status, reserved[4], flags;
};
#define FLAGS_TX_FULL 0x20u

void board_init(void)
{
}

void board_putc(char c)
{
    while (UART->flags & FLAGS_TX_FULL) {
    }
    UART->data = (uint8_t)c;
}

_Noreturn void board_exit(int status)
{
    const uint64_t block[2] = { 0x20026 /* ADP_Stopped_ApplicationExit */, (uint64_t)status };
    register uint64_t operation __asm__("x0") = 0x18; /* SYS_EXIT, which has a status on A64 */
    register const uint64_t *argument __asm__("x1") = block;

    __asm__ volatile("hlt #0xf000" : "+r"(operation) : "r"(argument) : "memory");
    for (;;) {
    }
}

/* Called by entry.S on an exception. */
_Noreturn void board_exception(size_t cause, size_t where)
{
    board_fault("exception", cause, where);
}

/*
 * Translation table for entry.S: the first GiB is devices, the second is RAM. Without it all memory counts as device
 * memory, where an unaligned access faults.
 */
#define BLOCK 0x1u
#define ACCESSED 0x400u
#define INNER_SHAREABLE 0x300u
#define ATTRIBUTES(n) ((n) << 2)
__attribute__((aligned(4096))) const uint64_t board_translation[512] = {
    [0] = 0x00000000u | BLOCK | ACCESSED | ATTRIBUTES(0u) | (uint64_t)3 << 53 /* never executed */,
    [1] = 0x40000000u | BLOCK | ACCESSED | ATTRIBUTES(1u) | INNER_SHAREABLE,
};
