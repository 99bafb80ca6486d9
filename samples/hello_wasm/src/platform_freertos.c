/* SPDX-License-Identifier: MIT */
/* hello_wasm in a FreeRTOS task. */
#include <FreeRTOS.h>
#include <task.h>

#include <wrt/freertos.h>

#include "platform.h"

void platform_write(const char *text, size_t bytes)
{
    wrt_freertos_write(text, bytes);
}

static void put_text(const char *text)
{
    while (*text != '\0') {
        platform_write(text++, 1);
    }
}

#if INCLUDE_uxTaskGetStackHighWaterMark == 1 && defined(DEMO_ON_BOARD)
static void put_number(size_t n)
{
    char digit = (char)('0' + n % 10);

    if (n >= 10) {
        put_number(n / 10);
    }
    platform_write(&digit, 1);
}

void platform_report(void)
{
    size_t size = DEMO_STACK_WORDS * sizeof(StackType_t);

    put_text("report: C stack ");
    put_number(size - uxTaskGetStackHighWaterMark(NULL) * sizeof(StackType_t));
    put_text(" of ");
    put_number(size);
    put_text(" bytes\n");
}
#else /* the POSIX port's stacks are those of threads, which the kernel cannot see */
void platform_report(void)
{
    put_text("report: C stack unknown\n");
}
#endif
