/* SPDX-License-Identifier: MIT */
/* Arm MPS2 with the AN521 image: Cortex-M33, CMSDK UART 0 (secure), exit by semihosting. */
#include <stdint.h>

#include "board.h"

#define UART0 ((volatile struct uart *)0x50200000u)
struct uart {
    uint32_t data, state, control, interrupt, divider;
};
#define STATE_TX_FULL 1u
#define CONTROL_TX 1u

void board_init(void)
{
    UART0->divider = 16; /* the smallest allowed; an emulator does not care */
    UART0->control = CONTROL_TX;
}

void board_putc(char c)
{
    while (UART0->state & STATE_TX_FULL) {
    }
    UART0->data = (uint8_t)c;
}

_Noreturn void board_exit(int status)
{
    const uint32_t block[2] = { 0x20026 /* ADP_Stopped_ApplicationExit */, (uint32_t)status };
    register uint32_t operation __asm__("r0") = 0x20; /* SYS_EXIT_EXTENDED */
    register const uint32_t *argument __asm__("r1") = block;

    __asm__ volatile("bkpt 0xab" : "+r"(operation) : "r"(argument) : "memory");
    for (;;) {
    }
}
