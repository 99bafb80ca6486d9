/* SPDX-License-Identifier: MIT */
/*
 * threads: guests in threads of their own share one memory, take a lock in it and count; one that waits is woken by another one,
 * and stopped by an interrupt while the other one goes on.
 *
 * The lock is the guest's (guest/worker.wat): taken when nobody has it, it is one atomic instruction. Only who finds it
 * taken waits, in the port. The sample counts calls of the port to show that.
 */
#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#include <wrt.h>

#include "threads.h"
#include "worker.h"

enum { MEMORY_BYTES = 1024, ROUNDS = 200, SLEEP_EVERY = 8, UNCONTENDED = 1000 };

/* A store for the guest, and a slot for the memory that it imports. */
#define STORE_BYTES (WRT_WORKER_STORE_BYTES + WRT_SIZE_MEMORY)

WRT_SHARED_DEFINE(memory, THREADS, MEMORY_BYTES);

static struct guest {
    uint64_t buffer[(STORE_BYTES + 7u) / 8u];
    wrt_interrupt_t stop;
    wrt_share_t share;
    wrt_store_t *store;
    wrt_instance_t instance;
    int code;
    int32_t waits;
} guests[THREADS + 1];

/* The port's functions for waiting, counted by its lock, which each use of them takes. One thread at a time changes it. */
static volatile uint32_t port_calls;
static wrt_waiting_t counted;

static void counted_lock(void)
{
    wrt_port_waiting()->lock();
    port_calls++;
}

static void put_text(const char *text)
{
    threads_write(text, strlen(text));
}

static void put_number(uint32_t n)
{
    char digits[11];
    size_t at = sizeof digits;

    digits[--at] = '\0';
    do {
        digits[--at] = (char)('0' + n % 10);
        n /= 10;
    } while (n != 0);
    put_text(&digits[at]);
}

static int failed(const char *what, int code)
{
    put_text("threads: failed: ");
    put_text(what);
    put_text(": ");
    put_text(wrt_strerror(code));
    put_text("\n");
    return 1;
}

/* A store with the shared memory and the guest in it. */
static int make(struct guest *g, wrt_shared_t *shared)
{
    wrt_config_t needs = wrt_module_worker.needs;
    int err;

    needs.memories++;
    g->share = (wrt_share_t){ .shared = shared, .module = "env", .name = "memory" };
    err = wrt_store_init(g->buffer, sizeof g->buffer, &needs, &g->stop, &g->store, NULL);
    if (err == WRT_OK) {
        err = wrt_share(g->store, &g->share);
    }
    return err == WRT_OK ? wrt_load(g->store, &wrt_module_worker, NULL, NULL, 0, &g->instance) : err;
}

static int call(struct guest *g, const char *name, int32_t a, int32_t b)
{
    wrt_val_t values[2] = { { .type = WRT_I32, .of.i32 = a }, { .type = WRT_I32, .of.i32 = b } };
    wrt_func_t func;
    int err = wrt_find_func(g->store, g->instance, name, &func);

    if (err == WRT_OK) {
        err = wrt_call(g->store, func, values, 2, values, 1);
    }
    g->waits = values[0].of.i32;
    return err;
}

/* In a thread of its own. */
static void count(void *argument)
{
    struct guest *g = argument;

    g->code = call(g, "count", ROUNDS, SLEEP_EVERY);
}

static void wait_for_ever(void *argument)
{
    struct guest *g = argument;

    g->code = call(g, "wait", 0, 0);
}

static void wake(void *argument)
{
    struct guest *g = argument;

    g->code = call(g, "wake", 0, 0);
}

int threads(void)
{
    static const wrt_shared_config_t config = { .pages = MEMORY_BYTES, .max_pages = MEMORY_BYTES, .page_log2 = 0, .threads = THREADS };
    wrt_shared_t *shared = NULL;
    uint32_t counter = 0;
    int err;

    counted = *wrt_port_waiting();
    counted.lock = counted_lock;
    err = wrt_shared_init(memory, sizeof memory, &config, &counted, &shared);
    if (err != WRT_OK) {
        return failed("shared memory", err);
    }
    for (size_t i = 0; i < THREADS; i++) {
        err = make(&guests[i], shared);
        if (err != WRT_OK) {
            return failed("guest", err);
        }
    }

    /* More guests than the memory was made for. */
    err = make(&guests[THREADS], shared);
    if (err != WRT_ENOMEM) {
        return failed("one guest too many", err);
    }
    put_text("threads: one guest too many: no more ");
    put_text(wrt_last_error(guests[THREADS].store)->message);
    put_text("\n");

    /* Nobody else wants the lock. */
    err = call(&guests[0], "count", UNCONTENDED, UNCONTENDED + 1);
    if (err != WRT_OK) {
        return failed("count", err);
    }
    put_text("threads: ");
    put_number(UNCONTENDED);
    put_text(" locks without contention, ");
    put_number(port_calls);
    put_text(" calls of the port\n");
    if (port_calls != 0) {
        return failed("an uncontended lock called the port", WRT_OK);
    }

    for (size_t i = 0; i < THREADS; i++) {
        threads_start(i, count, &guests[i]);
    }
    for (size_t i = 0; i < THREADS; i++) {
        threads_join(i);
    }
    uint32_t waits = 0;

    for (size_t i = 0; i < THREADS; i++) {
        if (guests[i].code != WRT_OK) {
            return failed("count", guests[i].code);
        }
        waits += (uint32_t)guests[i].waits;
    }
    err = wrt_shared_read(shared, 4, &counter, sizeof counter);
    if (err != WRT_OK || counter != UNCONTENDED + THREADS * ROUNDS || waits == 0) {
        put_number(counter);
        return failed(" counted", err);
    }
    put_text("threads: ");
    put_number(THREADS);
    put_text(" guests have counted to ");
    put_number(counter);
    put_text(", and waited for the lock ");
    put_number(waits);
    put_text(" times\n");

    /* A guest that waits for ever, and one that wakes it. */
    threads_start(0, wait_for_ever, &guests[0]);
    threads_start(1, wake, &guests[1]);
    threads_join(0);
    threads_join(1);
    if (guests[0].code != WRT_OK || guests[0].waits != 0) {
        return failed("wait", guests[0].code);
    }
    if (guests[1].code != WRT_OK || guests[1].waits != 1) {
        return failed("wake", guests[1].code);
    }
    put_text("threads: a guest has woken the other one\n");

    /* Again, with an interrupt; the other one counts meanwhile. */
    threads_start(0, wait_for_ever, &guests[0]);
    threads_start(1, count, &guests[1]);
    threads_interrupt_after(50, &guests[0].stop);
    threads_join(0);
    if (guests[0].code != WRT_EINTERRUPTED) {
        return failed("wait", guests[0].code);
    }
    put_text("threads: an interrupt has stopped a guest that waited\n");
    threads_join(1);
    err = wrt_shared_read(shared, 4, &counter, sizeof counter);
    if (guests[1].code != WRT_OK || err != WRT_OK || counter != UNCONTENDED + (THREADS + 1) * ROUNDS) {
        return failed("the guest beside it", guests[1].code);
    }
    put_text("threads: the other one has counted on to ");
    put_number(counter);
    put_text("\nthreads: done\n");
    return 0;
}

#ifndef THREADS_NO_MAIN /* where main belongs to somebody else, as in the FreeRTOS demo */
int main(void)
{
    return threads();
}
#endif
