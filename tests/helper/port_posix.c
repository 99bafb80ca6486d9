/* SPDX-License-Identifier: MIT */
/* The functions of wrt/port.h that wrt_helper takes, on POSIX threads: a port to test the library's side of that contract with. */
#define _GNU_SOURCE
#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>

#include <wrt/port.h>

struct parker {
    pthread_mutex_t lock;
    pthread_cond_t changed;
    int unparked;
};
_Static_assert(sizeof(struct parker) <= sizeof(wrt_port_parker_t), "room for a parker");

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
/* Regions that are reserved now: the test looks at it. */
int regions;
/* The next call of that function fails. */
int refuse_reserve, refuse_commit, refuse_parker;

int wrt_port_reserve(size_t bytes, size_t alignment, void **base)
{
    (void)alignment; /* a page is more */
    if (refuse_reserve) {
        refuse_reserve = 0;
        return WRT_PORT_ENOMEM;
    }
    *base = mmap(NULL, bytes, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (*base == MAP_FAILED) {
        return WRT_PORT_ENOMEM;
    }
    regions++;
    return WRT_PORT_OK;
}

int wrt_port_commit(void *base, size_t from, size_t to)
{
    if (refuse_commit) {
        refuse_commit = 0;
        return WRT_PORT_ENOMEM;
    }
    return mprotect((char *)base + from, to - from, PROT_READ | PROT_WRITE) == 0 ? WRT_PORT_OK : WRT_PORT_ENOMEM;
}

int wrt_port_release(void *base, size_t bytes)
{
    regions--;
    return munmap(base, bytes) == 0 ? WRT_PORT_OK : WRT_PORT_EINVAL;
}

uint64_t wrt_port_now_ns(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

void wrt_port_lock(void) { pthread_mutex_lock(&lock); }
void wrt_port_unlock(void) { pthread_mutex_unlock(&lock); }

int wrt_port_parker_init(wrt_port_parker_t *parker)
{
    struct parker *p = (struct parker *)parker;
    pthread_condattr_t clock;

    if (refuse_parker) {
        refuse_parker = 0;
        return WRT_PORT_ENOTSUP;
    }
    pthread_condattr_init(&clock);
    pthread_condattr_setclock(&clock, CLOCK_MONOTONIC);
    pthread_mutex_init(&p->lock, NULL);
    pthread_cond_init(&p->changed, &clock);
    p->unparked = 0;
    return WRT_PORT_OK;
}

int wrt_port_park(wrt_port_parker_t *parker, uint64_t deadline_ns)
{
    struct parker *p = (struct parker *)parker;
    struct timespec at = { (time_t)(deadline_ns / 1000000000u), (long)(deadline_ns % 1000000000u) };
    int code = 0;

    pthread_mutex_lock(&p->lock);
    while (!p->unparked && code != ETIMEDOUT) {
        code = deadline_ns == WRT_PORT_FOREVER ? pthread_cond_wait(&p->changed, &p->lock) : pthread_cond_timedwait(&p->changed, &p->lock, &at);
    }
    code = p->unparked ? WRT_PORT_OK : WRT_PORT_ETIMEDOUT;
    p->unparked = 0;
    pthread_mutex_unlock(&p->lock);
    return code;
}

void wrt_port_unpark(wrt_port_parker_t *parker)
{
    struct parker *p = (struct parker *)parker;

    pthread_mutex_lock(&p->lock);
    p->unparked = 1;
    pthread_cond_signal(&p->changed);
    pthread_mutex_unlock(&p->lock);
}

void wrt_port_parker_done(wrt_port_parker_t *parker)
{
    struct parker *p = (struct parker *)parker;

    pthread_cond_destroy(&p->changed);
    pthread_mutex_destroy(&p->lock);
}
