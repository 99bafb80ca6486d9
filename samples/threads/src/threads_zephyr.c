/* SPDX-License-Identifier: MIT */
/* Threads of Zephyr. */
#include <zephyr/kernel.h>
#include <zephyr/sys/printk.h>

#include "threads.h"

#if defined(CONFIG_ARCH_POSIX)
#define STACK_BYTES 16384
#else
#define STACK_BYTES 2048
#endif

static K_THREAD_STACK_ARRAY_DEFINE(stacks, THREADS, STACK_BYTES);
static struct k_thread all[THREADS];
static void (*functions[THREADS])(void *argument);

static void run(void *n, void *argument, void *unused)
{
    ARG_UNUSED(unused);
    functions[(size_t)n](argument);
}

void threads_start(size_t n, void (*f)(void *argument), void *argument)
{
    functions[n] = f;
    (void)k_thread_create(&all[n], stacks[n], K_THREAD_STACK_SIZEOF(stacks[n]), run, (void *)n, argument, NULL,
                          K_PRIO_PREEMPT(5), 0, K_NO_WAIT);
}

void threads_join(size_t n)
{
    (void)k_thread_join(&all[n], K_FOREVER);
}

static void expired(struct k_timer *timer)
{
    wrt_interrupt(k_timer_user_data_get(timer));
}

static K_TIMER_DEFINE(timer, expired, NULL);

void threads_interrupt_after(uint32_t ms, wrt_interrupt_t *word)
{
    k_timer_user_data_set(&timer, word);
    k_timer_start(&timer, K_MSEC(ms), K_NO_WAIT);
}

void threads_write(const char *text, size_t bytes)
{
    printk("%.*s", (int)bytes, text);
}
