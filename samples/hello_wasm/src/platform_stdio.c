/* SPDX-License-Identifier: MIT */
/* hello_wasm in a process with the C library. */
#include <stdio.h>

#include "platform.h"

void platform_write(const char *text, size_t bytes)
{
    (void)fwrite(text, 1, bytes, stdout);
    (void)fflush(stdout);
}

void platform_report(void)
{
    (void)printf("report: C stack unknown, static RAM unknown\n");
}
