/* SPDX-License-Identifier: MIT */
/* Threads of Zephyr. With CONFIG_USERSPACE all of the sample runs in user mode, in a domain of its own. */
#include <zephyr/kernel.h>
#include <zephyr/sys/printk.h>
#if defined(CONFIG_USERSPACE)
#include <zephyr/app_memory/app_memdomain.h>

#include <wrt/zephyr.h>
#endif

#include "threads.h"

#if defined(CONFIG_ARCH_POSIX)
#define STACK_BYTES 16384
#else
#define STACK_BYTES 2048
#endif

static K_THREAD_STACK_ARRAY_DEFINE(stacks, THREADS, STACK_BYTES);
/* Kernel objects: not in .bss, which is the user threads' own with CONFIG_USERSPACE. */
static __noinit struct k_thread all[THREADS];
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
                          K_PRIO_PREEMPT(5), IS_ENABLED(CONFIG_USERSPACE) ? K_USER | K_INHERIT_PERMS : 0, K_NO_WAIT);
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

#if defined(CONFIG_USERSPACE)
K_APPMEM_PARTITION_DEFINE(threads_partition); /* CMakeLists.txt puts the program's data there */

static K_THREAD_STACK_DEFINE(main_stack, CONFIG_MAIN_STACK_SIZE);

static void sample(void *unused, void *unused2, void *unused3)
{
    ARG_UNUSED(unused);
    ARG_UNUSED(unused2);
    ARG_UNUSED(unused3);
    if (k_is_user_context()) {
        printk("threads: the guests' threads are in user mode\n"); /* those that this one starts are, too */
    }
    (void)threads();
}

int main(void)
{
    static __noinit struct wrt_domain domain;
    static __noinit struct k_thread thread;
    struct k_mem_partition *const parts[] = { &threads_partition };
    int err = wrt_domain_init(&domain, parts, ARRAY_SIZE(parts));

    if (err == 0) {
        (void)k_thread_create(&thread, main_stack, K_THREAD_STACK_SIZEOF(main_stack), sample, NULL, NULL, NULL, K_PRIO_PREEMPT(5),
                              K_USER, K_FOREVER);
        err = k_mem_domain_add_thread(&domain.domain, &thread);
    }
    if (err != 0) {
        printk("threads: failed: no memory domain: %d\n", err);
        return 1;
    }
    k_object_access_grant(&timer, &thread);
    for (size_t i = 0; i < THREADS; i++) {
        k_thread_access_grant(&thread, &all[i], &stacks[i]);
    }
    k_thread_start(&thread);
    (void)k_thread_join(&thread, K_FOREVER);
    return 0;
}
#endif
