/* SPDX-License-Identifier: MIT */
/* What all bare boards share: start, stack figures, text. No C library. */
#include <stdint.h>

#include "board.h"

int main(void);

/* From link.ld; the addresses are what counts. */
extern uint32_t __data_load[], __data_start[], __data_end[], __bss_start[], __bss_end[];
extern uint32_t __stack_bottom[], __stack_top[];

static const uint32_t paint = 0xdeadc0de;

/* None of these ABIs keeps data below the stack pointer. */
static inline uint32_t *stack_pointer(void)
{
    uint32_t *sp;

#if defined(__riscv)
    __asm__ volatile("mv %0, sp" : "=r"(sp));
#else
    __asm__ volatile("mov %0, sp" : "=r"(sp));
#endif
    return sp;
}

_Noreturn void board_start(void)
{
    /* Volatile, so that the compiler makes no call to memcpy or memset out of these loops. */
    volatile const uint32_t *from = __data_load;
    volatile uint32_t *const used = stack_pointer();

    for (volatile uint32_t *to = __data_start; to < __data_end; to++) {
        *to = *from++;
    }
    for (volatile uint32_t *to = __bss_start; to < __bss_end; to++) {
        *to = 0;
    }
    for (volatile uint32_t *to = __stack_bottom; to < used; to++) {
        *to = paint;
    }
    board_init();
    board_exit(main());
}

size_t board_stack_peak(void)
{
    const volatile uint32_t *lowest = __stack_bottom;

    while (lowest < __stack_top && *lowest == paint) {
        lowest++;
    }
    return (size_t)((uintptr_t)__stack_top - (uintptr_t)lowest);
}

void board_write(const char *text, size_t bytes)
{
    for (size_t i = 0; i < bytes; i++) {
        board_putc(text[i]);
    }
}

static void put_text(const char *text)
{
    while (*text != '\0') {
        board_putc(*text++);
    }
}

static void put_decimal(size_t n)
{
    if (n >= 10) {
        put_decimal(n / 10);
    }
    board_putc((char)('0' + n % 10));
}

static void put_hex(size_t n)
{
    put_text("0x");
    for (int shift = (int)sizeof n * 8 - 4; shift >= 0; shift -= 4) {
        board_putc("0123456789abcdef"[(n >> shift) & 15]);
    }
}

void board_report(void)
{
    size_t peak = board_stack_peak(); /* before this function's own calls */

    put_text("report: C stack ");
    put_decimal(peak);
    put_text(" of ");
    put_decimal((uintptr_t)__stack_top - (uintptr_t)__stack_bottom);
    put_text(" bytes, static RAM ");
    put_decimal((uintptr_t)__data_end - (uintptr_t)__data_start + ((uintptr_t)__bss_end - (uintptr_t)__bss_start));
    put_text(" bytes\n");
}

_Noreturn void board_fault(const char *what, size_t cause, size_t where)
{
    put_text("fault: ");
    put_text(what);
    put_text(", cause ");
    put_hex(cause);
    put_text(", at ");
    put_hex(where);
    put_text("\n");
    board_exit(3);
}
