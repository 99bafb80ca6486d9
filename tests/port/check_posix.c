/* SPDX-License-Identifier: MIT */
/* Threads for check.c: those of POSIX. */
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

#include <wrt/port.h>

#include "check.h"

const size_t check_heap_bytes = 1 << 26;

const size_t check_threads = CHECK_MOST_THREADS;
const size_t check_parkers = 0;

static struct {
    pthread_t thread;
    void (*f)(void *argument);
    void *argument;
} threads[CHECK_MOST_THREADS];

static void *run(void *n)
{
    threads[(size_t)n].f(threads[(size_t)n].argument);
    return NULL;
}

void check_start(size_t n, void (*f)(void *argument), void *argument)
{
    threads[n].f = f;
    threads[n].argument = argument;
    pthread_attr_t little;

    if (pthread_attr_init(&little) != 0 || pthread_attr_setstacksize(&little, 1 << 17) != 0 ||
        pthread_create(&threads[n].thread, &little, run, (void *)n) != 0) {
        abort();
    }
    (void)pthread_attr_destroy(&little);
}

void check_join(size_t n)
{
    (void)pthread_join(threads[n].thread, NULL);
}

static uint32_t interrupt_ms;

static void interrupt(void *handle)
{
    check_sleep_ms(interrupt_ms);
    wrt_port_interrupt((uintptr_t)handle);
}

void check_interrupt_after(uint32_t ms, uintptr_t handle)
{
    interrupt_ms = ms;
    check_start(0, interrupt, (void *)handle);
    (void)pthread_detach(threads[0].thread);
}

void check_sleep_ms(uint32_t ms)
{
    struct timespec time = { .tv_sec = ms / 1000, .tv_nsec = (long)(ms % 1000) * 1000000 };

    (void)nanosleep(&time, NULL);
}

/* So that reserving fails at some size: the addresses that the process has now, the heap, and some for stacks. */
static int limit_addresses(void)
{
    unsigned long pages = 0;
    FILE *file = fopen("/proc/self/statm", "r");
    int read = file != NULL && fscanf(file, "%lu", &pages) == 1;
    rlim_t bytes = (rlim_t)pages * (rlim_t)sysconf(_SC_PAGESIZE) + check_heap_bytes + (1 << 24);
    struct rlimit limit = { .rlim_cur = bytes, .rlim_max = bytes };

    if (file != NULL) {
        (void)fclose(file);
    }
    return read && setrlimit(RLIMIT_AS, &limit) == 0;
}

int main(void)
{
    return limit_addresses() ? port_check() : 2;
}
