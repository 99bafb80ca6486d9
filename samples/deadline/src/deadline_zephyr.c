/* SPDX-License-Identifier: MIT */
/* A deadline on Zephyr. */
#include <zephyr/kernel.h>
#include <zephyr/sys/printk.h>

#include "deadline.h"

static volatile uint32_t came_at;
static volatile int came;

static void expired(struct k_timer *timer)
{
    wrt_interrupt(k_timer_user_data_get(timer));
    came_at = k_cycle_get_32();
    came = 1;
}

static K_TIMER_DEFINE(timer, expired, NULL);

void deadline_start(uint32_t ms, wrt_interrupt_t *word)
{
    came = 0;
    k_timer_user_data_set(&timer, word);
    k_timer_start(&timer, K_MSEC(ms), K_NO_WAIT);
}

int deadline_came(void)
{
    return came;
}

uint32_t deadline_late_us(void)
{
    return k_cyc_to_us_ceil32(k_cycle_get_32() - came_at);
}

void deadline_write(const char *text, size_t bytes)
{
    printk("%.*s", (int)bytes, text);
}
