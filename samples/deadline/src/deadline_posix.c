/* SPDX-License-Identifier: MIT */
/* A deadline in a process: the handler of SIGALRM is to the guest what an interrupt is on a board. */
#include <signal.h>
#include <stdio.h>
#include <sys/time.h>
#include <time.h>

#include "deadline.h"

static wrt_interrupt_t *asked;
static volatile sig_atomic_t came;
static struct timespec came_at;

static void expired(int signal)
{
    (void)signal;
    wrt_interrupt(asked);
    (void)clock_gettime(CLOCK_MONOTONIC, &came_at);
    came = 1;
}

void deadline_start(uint32_t ms, wrt_interrupt_t *word)
{
    struct sigaction action = { .sa_handler = expired, .sa_flags = SA_RESTART };
    struct itimerval after = { .it_value = { .tv_sec = ms / 1000, .tv_usec = (suseconds_t)(ms % 1000) * 1000 } };

    came = 0;
    asked = word;
    (void)sigaction(SIGALRM, &action, NULL);
    (void)setitimer(ITIMER_REAL, &after, NULL);
}

int deadline_came(void)
{
    return came != 0;
}

uint32_t deadline_late_us(void)
{
    struct timespec now;

    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint32_t)((now.tv_sec - came_at.tv_sec) * 1000000 + (now.tv_nsec - came_at.tv_nsec) / 1000);
}

void deadline_write(const char *text, size_t bytes)
{
    (void)fwrite(text, 1, bytes, stdout);
}
