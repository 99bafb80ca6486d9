/* SPDX-License-Identifier: MIT */
/* Threads of a process; a signal's handler is to it what an interrupt is to a board. */
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/time.h>

#include "threads.h"

static struct {
    pthread_t thread;
    void (*f)(void *argument);
    void *argument;
} all[THREADS];

static void *run(void *n)
{
    all[(size_t)n].f(all[(size_t)n].argument);
    return NULL;
}

void threads_start(size_t n, void (*f)(void *argument), void *argument)
{
    all[n].f = f;
    all[n].argument = argument;
    if (pthread_create(&all[n].thread, NULL, run, (void *)n) != 0) {
        abort();
    }
}

void threads_join(size_t n)
{
    (void)pthread_join(all[n].thread, NULL);
}

static wrt_interrupt_t *asked;

static void expired(int signal)
{
    (void)signal;
    wrt_interrupt(asked);
}

void threads_interrupt_after(uint32_t ms, wrt_interrupt_t *word)
{
    struct sigaction action = { .sa_handler = expired, .sa_flags = SA_RESTART };
    struct itimerval after = { .it_value = { .tv_sec = ms / 1000, .tv_usec = (suseconds_t)(ms % 1000) * 1000 } };

    asked = word;
    (void)sigaction(SIGALRM, &action, NULL);
    (void)setitimer(ITIMER_REAL, &after, NULL);
}

void threads_write(const char *text, size_t bytes)
{
    (void)fwrite(text, 1, bytes, stdout);
}
