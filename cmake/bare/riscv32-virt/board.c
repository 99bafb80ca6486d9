/* SPDX-License-Identifier: MIT */
/* QEMU's riscv32 `virt` machine: NS16550 UART, exit by the sifive_test device. */
#include <stdint.h>

#include "board.h"

#define UART ((volatile uint8_t *)0x10000000u)
#define UART_LINE_STATUS 5
#define LINE_STATUS_TX_EMPTY 0x20u
#define TEST_DEVICE (*(volatile uint32_t *)0x100000u)

void board_init(void)
{
}

void board_putc(char c)
{
    while (!(UART[UART_LINE_STATUS] & LINE_STATUS_TX_EMPTY)) {
    }
    UART[0] = (uint8_t)c;
}

_Noreturn void board_exit(int status)
{
    TEST_DEVICE = status == 0 ? 0x5555u : ((uint32_t)status << 16 | 0x3333u);
    for (;;) {
    }
}

/* Called by entry.S on a trap. */
_Noreturn void board_trap(size_t cause, size_t where)
{
    board_fault("trap", cause, where);
}
