/* SPDX-License-Identifier: MIT */
/*
 * Vector table of a Cortex-M. The handlers are weak, so that a kernel that brings its own (FreeRTOS by way of its
 * configuration) replaces them by name.
 */
#include <stdint.h>

#include "board.h"

extern uint32_t __stack_top[];

/* Called by fault(). */
__attribute__((used)) static void fault_report(void)
{
    const volatile uint32_t *cfsr = (const volatile uint32_t *)0xe000ed28u;
    const volatile uint32_t *icsr = (const volatile uint32_t *)0xe000ed04u;

    board_fault("exception (at = its number)", *cfsr, *icsr & 0x1ff);
}

/* On a fresh stack: what failed may be the stack's overflow, and a fault in here would lock the processor up. */
__attribute__((naked)) static void fault(void)
{
    __asm__("ldr r0, =__stack_top\n"
            "msr msp, r0\n"
            "b fault_report\n");
}

void MemManage_Handler(void) __attribute__((weak, alias("fault")));
void SVC_Handler(void) __attribute__((weak, alias("fault")));
void PendSV_Handler(void) __attribute__((weak, alias("fault")));
void SysTick_Handler(void) __attribute__((weak, alias("fault")));

__attribute__((section(".vectors"), used)) static const struct {
    uint32_t *stack;
    void (*handler[15])(void);
} vectors = {
    __stack_top,
    /* reset, NMI, hard fault, memory, bus, usage, 4 reserved, SVC, debug, reserved, PendSV, SysTick */
    { board_start, fault, fault, MemManage_Handler, fault, fault, 0, 0, 0, 0, SVC_Handler, fault, 0, PendSV_Handler, SysTick_Handler },
};
