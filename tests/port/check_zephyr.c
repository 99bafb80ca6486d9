/* SPDX-License-Identifier: MIT */
/* Threads for check.c: Zephyr's. With CONFIG_USERSPACE all of it runs in user mode, in a domain of its own. */
#include <zephyr/kernel.h>
#include <zephyr/sys/libc-hooks.h>
#if defined(CONFIG_USERSPACE)
#include <zephyr/app_memory/app_memdomain.h>
#endif

#include <wrt/port.h>

#include "check.h"

const size_t check_heap_bytes = CONFIG_WRT_PORT_HEAP_SIZE;

#if defined(CONFIG_USERSPACE)
K_APPMEM_PARTITION_DEFINE(check_partition); /* CMakeLists.txt puts the program's data there */
extern struct k_mem_partition wrt_partition;
#endif

/* Per thread a stack, a parker and the kernel's own: so many fit. The stacks of ARM's and RISC-V's smallest frames suffice. */
#if CONFIG_SRAM_SIZE >= 256 || defined(CONFIG_ARCH_POSIX)
#define THREADS CHECK_MOST_THREADS
#define STACK_BYTES 2048
#else
#define THREADS 16
#define STACK_BYTES 1024
#endif

const size_t check_threads = THREADS;
#if defined(CONFIG_USERSPACE)
const size_t check_parkers = CONFIG_WRT_MAX_WAITERS;
BUILD_ASSERT(CONFIG_WRT_MAX_WAITERS == THREADS, "the checks wait with all threads at one time");
#else
const size_t check_parkers = 0;
#endif

static K_THREAD_STACK_ARRAY_DEFINE(stacks, THREADS + 1, STACK_BYTES);
/* The last is the one that runs the checks. Kernel objects: not in .bss, which is the user threads' own here. */
static __noinit struct k_thread threads[THREADS + 1];

static void run(void *f, void *argument, void *unused)
{
    ARG_UNUSED(unused);
    ((void (*)(void *))f)(argument);
}

void check_start(size_t n, void (*f)(void *argument), void *argument)
{
    /* Inherits the domain of the thread that starts it. */
    (void)k_thread_create(&threads[n], stacks[n], STACK_BYTES, run, (void *)f, argument, NULL, 5,
                          IS_ENABLED(CONFIG_USERSPACE) ? K_USER | K_INHERIT_PERMS : 0, K_NO_WAIT);
}

void check_join(size_t n)
{
    (void)k_thread_join(&threads[n], K_FOREVER);
}

/* In the program's data, which user threads write: a port that believed a handle would break here. */
static volatile uintptr_t interrupted;

/* In the timer's interrupt. */
static void interrupt(struct k_timer *unused)
{
    ARG_UNUSED(unused);
    wrt_port_interrupt(interrupted);
}

static __noinit struct k_timer timer;

void check_interrupt_after(uint32_t ms, uintptr_t handle)
{
    interrupted = handle;
    k_timer_start(&timer, K_MSEC(ms), K_NO_WAIT);
}

void check_sleep_ms(uint32_t ms)
{
    k_msleep((int32_t)ms);
}

static void all(void *unused, void *unused2, void *unused3)
{
    ARG_UNUSED(unused);
    ARG_UNUSED(unused2);
    ARG_UNUSED(unused3);
    (void)port_check();
}

int main(void)
{
    k_tid_t self;

    k_timer_init(&timer, interrupt, NULL);
    k_thread_priority_set(k_current_get(), 5);
    self = k_thread_create(&threads[THREADS], stacks[THREADS], STACK_BYTES, all, NULL, NULL, NULL, 5,
                           IS_ENABLED(CONFIG_USERSPACE) ? K_USER : 0, K_FOREVER);
#if defined(CONFIG_USERSPACE)
    static __noinit struct k_mem_domain domain;
    struct k_mem_partition *parts[] = {
#if Z_LIBC_PARTITION_EXISTS
        &z_libc_partition,
#endif
        &wrt_partition, &check_partition
    };

    if (k_mem_domain_init(&domain, ARRAY_SIZE(parts), parts) != 0 || k_mem_domain_add_thread(&domain, self) != 0) {
        printk("no memory domain\n");
        return 0;
    }
    k_object_access_grant(&timer, self);
    for (size_t i = 0; i < THREADS; i++) {
        k_thread_access_grant(self, &threads[i], &stacks[i]);
    }
#endif
    k_thread_start(self);
    (void)k_thread_join(self, K_FOREVER);
    return 0;
}
