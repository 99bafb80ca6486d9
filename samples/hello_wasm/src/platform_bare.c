/* SPDX-License-Identifier: MIT */
/* hello_wasm on a bare board. */
#include "board.h"
#include "platform.h"

void platform_write(const char *text, size_t bytes)
{
    board_write(text, bytes);
}

void platform_report(void)
{
    board_report();
}
