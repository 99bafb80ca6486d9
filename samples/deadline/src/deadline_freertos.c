/* SPDX-License-Identifier: MIT */
/* A deadline on FreeRTOS: configUSE_TICK_HOOK has to be 1. On a board of yours a hardware timer serves as well. */
#include <FreeRTOS.h>
#include <task.h>

#include <wrt/freertos.h>

#include "deadline.h"

static wrt_interrupt_t *volatile asked;
static volatile uint32_t ticks_left;
static volatile TickType_t came_at;
static volatile int came;

/* In the tick's interrupt. */
void vApplicationTickHook(void)
{
    if (ticks_left != 0 && --ticks_left == 0) {
        wrt_interrupt(asked);
        came_at = xTaskGetTickCountFromISR();
        came = 1;
    }
}

void deadline_start(uint32_t ms, wrt_interrupt_t *word)
{
    came = 0;
    asked = word;
    ticks_left = pdMS_TO_TICKS(ms) + 1;
}

int deadline_came(void)
{
    return came;
}

/* In whole ticks: the kernel has no finer clock. */
uint32_t deadline_late_us(void)
{
    return (uint32_t)(xTaskGetTickCount() - came_at) * (1000000u / configTICK_RATE_HZ);
}

void deadline_write(const char *text, size_t bytes)
{
    wrt_freertos_write(text, bytes);
}
