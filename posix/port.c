/* SPDX-License-Identifier: MIT */
/*
 * wrt/port.h for POSIX systems with sem_clockwait() (POSIX.1-2024, glibc since 2.30), for programs in C. Crate wrt-platform has the
 * same for those in Rust.
 */
#define _GNU_SOURCE 1 /* MAP_ANONYMOUS, getentropy(), and sem_clockwait() before the standard had it */
#include <errno.h>
#include <pthread.h>
#include <semaphore.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

#include <wrt/port.h>

#define NS_PER_SECOND UINT64_C(1000000000)

/* ---- memory ------------------------------------------------------------------------------------------------------- */

uint32_t wrt_port_capabilities(void)
{
    return WRT_PORT_CAN_RESERVE | WRT_PORT_CAN_COMMIT | WRT_PORT_CAN_PROTECT | WRT_PORT_CAN_RANDOM | WRT_PORT_CAN_PARK;
}

size_t wrt_port_page_bytes(void)
{
    return (size_t)sysconf(_SC_PAGESIZE);
}

/* As many bytes in whole pages; 0 when there are not so many. */
static size_t whole_pages(size_t bytes)
{
    size_t page = wrt_port_page_bytes();

    return bytes > SIZE_MAX - page ? 0 : (bytes + page - 1) & ~(page - 1);
}

int wrt_port_reserve(size_t bytes, size_t alignment, void **base)
{
    size_t page = wrt_port_page_bytes();
    size_t length = whole_pages(bytes);

    if (bytes == 0 || base == NULL || (alignment & (alignment - 1)) != 0) {
        return WRT_PORT_EINVAL;
    }
    if (alignment < page) {
        alignment = page;
    }
    if (length == 0 || length > SIZE_MAX - alignment) {
        return WRT_PORT_ENOMEM;
    }
    /* More than that, and what lies before and behind is given back. */
    char *all = mmap(NULL, length + alignment - page, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

    if (all == MAP_FAILED) {
        return WRT_PORT_ENOMEM;
    }
    char *start = (char *)(((uintptr_t)all + alignment - 1) & ~(uintptr_t)(alignment - 1));
    size_t before = (size_t)(start - all), behind = alignment - page - before;

    if (before != 0) {
        (void)munmap(all, before);
    }
    if (behind != 0) {
        (void)munmap(start + length, behind);
    }
    *base = start;
    return WRT_PORT_OK;
}

int wrt_port_commit(void *base, size_t from, size_t to)
{
    if (base == NULL || to < from) {
        return WRT_PORT_EINVAL;
    }
    size_t page = wrt_port_page_bytes();
    size_t first = from & ~(page - 1);

    if (mprotect((char *)base + first, to - first, PROT_READ | PROT_WRITE) != 0) {
        return WRT_PORT_ENOMEM;
    }
    /* Fresh pages are zero; the rest of the one that the last commit ended in may have been written to. */
    if (from != first) {
        size_t end = to - first < page ? to : first + page;

        (void)memset((char *)base + from, 0, end - from);
    }
    return WRT_PORT_OK;
}

int wrt_port_protect(void *start, size_t bytes, enum wrt_port_access access)
{
    size_t page = wrt_port_page_bytes();
    int protection;

    if ((uintptr_t)start % page != 0 || bytes % page != 0) {
        return WRT_PORT_EINVAL;
    }
    switch (access) {
    case WRT_PORT_NO_ACCESS:
        protection = PROT_NONE;
        break;
    case WRT_PORT_READ:
        protection = PROT_READ;
        break;
    case WRT_PORT_READ_WRITE:
        protection = PROT_READ | PROT_WRITE;
        break;
    default:
        return WRT_PORT_EINVAL;
    }
    return mprotect(start, bytes, protection) == 0 ? WRT_PORT_OK : WRT_PORT_ENOMEM;
}

int wrt_port_release(void *base, size_t bytes)
{
    if (base == NULL) {
        return WRT_PORT_EINVAL;
    }
    return munmap(base, whole_pages(bytes)) == 0 ? WRT_PORT_OK : WRT_PORT_EINVAL;
}

/* ---- time --------------------------------------------------------------------------------------------------------- */

uint64_t wrt_port_now_ns(void)
{
    struct timespec now;

    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * NS_PER_SECOND + (uint64_t)now.tv_nsec;
}

/* ---- messages, end, chance ---------------------------------------------------------------------------------------- */

void wrt_port_log(enum wrt_port_level level, const char *text, size_t bytes)
{
    const char *prefix = level == WRT_PORT_ERROR ? "wrt: error: " : level == WRT_PORT_WARNING ? "wrt: warning: " : "wrt: ";

    (void)fprintf(stderr, "%s%.*s\n", prefix, (int)bytes, text);
}

_Noreturn void wrt_port_abort(const char *why)
{
    static const char prefix[] = "wrt: ";

    (void)!write(STDERR_FILENO, prefix, sizeof prefix - 1);
    (void)!write(STDERR_FILENO, why, strlen(why));
    (void)!write(STDERR_FILENO, "\n", 1);
    abort();
}

int wrt_port_random(void *to, size_t bytes)
{
    if (to == NULL) {
        return WRT_PORT_EINVAL;
    }
    for (size_t done = 0; done < bytes;) { /* 256 bytes at a time, by its contract */
        size_t n = bytes - done < 256 ? bytes - done : 256;

        if (getentropy((char *)to + done, n) != 0) {
            return WRT_PORT_ENOTSUP;
        }
        done += n;
    }
    return WRT_PORT_OK;
}

/* ---- waiting ------------------------------------------------------------------------------------------------------ */
/*
 * A parker is a semaphore: sem_post() is the one way to wake a thread that POSIX allows in a signal's handler, which is to a
 * process what an interrupt is to a board. It is not destroyed, so that a late wrt_port_interrupt() finds one; there is
 * nothing in it but its count.
 */

_Static_assert(sizeof(sem_t) <= sizeof(((wrt_port_parker_t *)0)->opaque), "wrt_port_parker_t is too small");

static pthread_mutex_t table_lock = PTHREAD_MUTEX_INITIALIZER;

void wrt_port_lock(void)
{
    (void)pthread_mutex_lock(&table_lock);
}

void wrt_port_unlock(void)
{
    (void)pthread_mutex_unlock(&table_lock);
}

int wrt_port_parker_init(wrt_port_parker_t *parker)
{
    if (parker == NULL) {
        return WRT_PORT_EINVAL;
    }
    parker->handle = (uintptr_t)parker->opaque;
    return sem_init((sem_t *)parker->opaque, 0, 0) == 0 ? WRT_PORT_OK : WRT_PORT_ENOTSUP;
}

int wrt_port_park(wrt_port_parker_t *parker, uint64_t deadline_ns)
{
    sem_t *sem = (sem_t *)parker->opaque;
    struct timespec until = { .tv_sec = (time_t)(deadline_ns / NS_PER_SECOND), .tv_nsec = (long)(deadline_ns % NS_PER_SECOND) };
    int failed;

    do {
        failed = deadline_ns == WRT_PORT_FOREVER ? sem_wait(sem) : sem_clockwait(sem, CLOCK_MONOTONIC, &until);
    } while (failed != 0 && errno == EINTR);
    if (failed != 0) {
        return errno == ETIMEDOUT ? WRT_PORT_ETIMEDOUT : WRT_PORT_OK;
    }
    while (sem_trywait(sem) == 0) { /* several are as one */
    }
    return WRT_PORT_OK;
}

void wrt_port_unpark(wrt_port_parker_t *parker)
{
    (void)sem_post((sem_t *)parker->opaque);
}

void wrt_port_interrupt(uintptr_t parker)
{
    (void)sem_post((sem_t *)parker);
}

void wrt_port_parker_done(wrt_port_parker_t *parker)
{
    (void)parker;
}
