/* SPDX-License-Identifier: MIT */
/* Threads by wrt.h: a program of its own, over posix/port.c. Built and run by rust/wrt-capi/tests/c.rs. */
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <time.h>

#include "check.h"

const wrt_loader_memory_t loader;
extern const struct both threads, threads_start;

enum { GUESTS = 4, PAGE = 65536 };

#define STORE_BYTES WRT_STORE_BYTES(1, 2, 1, 24, 2, 24, 512, 256, 0)
static const wrt_config_t needs = { 1, 2, 1, 24, 2, 24, 512, 256, 0, 0 };
static const wrt_shared_config_t two_pages = { .pages = 1, .max_pages = 2, .page_log2 = 16, .threads = GUESTS };

WRT_SHARED_DEFINE(memory, GUESTS, 2 * PAGE);

/* A guest with a store of its own. */
struct guest {
    uint64_t buffer[STORE_BYTES / 8 + 1];
    wrt_interrupt_t stop;
    wrt_share_t share;
    wrt_store_t *store;
    wrt_instance_t instance;
};
static struct guest guests[GUESTS];

static int host_call(wrt_caller_t *caller, void *user, uint64_t *args)
{
    wrt_val_t values[] = { I32(8), I32(0), I64(0) };
    int err;

    (void)user;
    if (WRT_ARG_I32(args, 0) != 0) {
        return WRT_ARG_I32(args, 0);
    }
    err = wrt_call(wrt_caller_store(caller), find(wrt_caller_store(caller), wrt_caller_instance(caller), "wait32"), values, 3, values, 1);
    WRT_RET_I32(args, 0, err == WRT_OK ? values[0].of.i32 : err);
    return WRT_OK;
}
static const wrt_host_t host_table[] = { WRT_HOST("host", "call", "(i)i", host_call, NULL) };

wrt_func_t find(wrt_store_t *store, wrt_instance_t instance, const char *name)
{
    wrt_func_t func = 0;

    EQUAL(wrt_find_func(store, instance, name, &func), WRT_OK);
    return func;
}

static wrt_shared_t *new_shared(const wrt_waiting_t *waiting)
{
    wrt_shared_t *shared = NULL;

    EQUAL(wrt_shared_init(memory, sizeof memory, &two_pages, waiting, &shared), WRT_OK);
    CHECK((void *)shared == (void *)memory);
    return shared;
}

static struct guest *new_guest(size_t n, wrt_shared_t *shared)
{
    struct guest *g = &guests[n];

    g->stop = (wrt_interrupt_t){ 0, 0 };
    g->share = (wrt_share_t){ .shared = shared, .module = "env", .name = "memory" };
    EQUAL(wrt_store_init(g->buffer, sizeof g->buffer, &needs, &g->stop, &g->store, NULL), WRT_OK);
    EQUAL(wrt_share(g->store, &g->share), WRT_OK);
    EQUAL(wrt_load(g->store, &threads.image, NULL, host_table, 1, &g->instance), WRT_OK);
    return g;
}

/* Calls a function of i32, i32 or i64, i64; what wrt_call() returns. */
static int call(struct guest *g, const char *name, size_t args, int64_t a, int64_t b, int64_t c, int32_t *result)
{
    wrt_val_t values[] = { I32((int32_t)a), I32((int32_t)b), I64(c) };
    int err;

    if (strcmp(name, "wait64") == 0) {
        values[1] = I64(b);
    }
    err = wrt_call(g->store, find(g->store, g->instance, name), values, args, values, result != NULL ? 1 : 0);
    if (result != NULL) {
        *result = values[0].of.i32;
    }
    return err;
}

static void until_waiting(wrt_shared_t *shared, uint32_t address, uint32_t n)
{
    while (wrt_shared_waiting(shared, address) != n) {
        nanosleep(&(struct timespec){ .tv_nsec = 100000 }, NULL);
    }
}

/* ---- guests that count ---- */

enum { ROUNDS = 20000 };

static void *count(void *argument)
{
    struct guest *g = argument;
    int32_t own = 0;

    EQUAL(call(g, "count", 1, ROUNDS, 0, 0, &own), WRT_OK);
    EQUAL(own, ROUNDS);
    EQUAL(call(g, "wide", 1, ROUNDS, 0, 0, NULL), WRT_OK);
    return NULL;
}

static void test_lock(void)
{
    wrt_shared_t *shared = new_shared(wrt_port_waiting());
    pthread_t thread[GUESTS];
    uint32_t words[6];

    for (size_t i = 0; i < GUESTS; i++) {
        (void)new_guest(i, shared);
    }
    for (size_t i = 0; i < GUESTS; i++) {
        CHECK(pthread_create(&thread[i], NULL, count, &guests[i]) == 0);
    }
    for (size_t i = 0; i < GUESTS; i++) {
        CHECK(pthread_join(thread[i], NULL) == 0);
    }
    EQUAL(wrt_shared_read(shared, 0, words, sizeof words), WRT_OK);
    EQUAL(words[0], 0);
    EQUAL(words[1], GUESTS * ROUNDS);
    EQUAL(words[4], GUESTS * ROUNDS);
    EQUAL(words[5], GUESTS * ROUNDS);
}

/* ---- how a wait ends ---- */

static void *wait_for_ever(void *argument)
{
    int32_t result = -1;

    EQUAL(call(argument, "wait32", 3, 64, 0, -1, &result), WRT_OK);
    EQUAL(result, 0);
    return NULL;
}

static void test_ends(void)
{
    wrt_shared_t *shared = new_shared(wrt_port_waiting());
    struct guest *g = new_guest(0, shared);
    pthread_t thread[3];
    int32_t result = -1;

    EQUAL(call(g, "wait32", 3, 64, 1, -1, &result), WRT_OK);
    EQUAL(result, 1);
    EQUAL(call(g, "wait64", 3, 64, INT64_C(1) << 40, -1, &result), WRT_OK);
    EQUAL(result, 1);
    for (int i = 0; i < 2; i++) {
        uint64_t begun = wrt_port_now_ns();

        EQUAL(call(g, i == 0 ? "wait32" : "wait64", 3, 64, 0, 20000000, &result), WRT_OK);
        EQUAL(result, 2);
        CHECK(wrt_port_now_ns() - begun >= 20000000);
    }
    EQUAL(call(g, "wait32", 3, 65, 0, 0, &result), WRT_ETRAP);
    SAME(wrt_last_error(g->store)->message, "unaligned atomic");
    EQUAL(call(g, "notify", 2, 64, -1, 0, &result), WRT_OK);
    EQUAL(result, 0);
    /* In a call within a host function, where the thread just sleeps. */
    EQUAL(call(g, "call", 1, 0, 0, 0, &result), WRT_OK);
    EQUAL(result, 2);
    /* As many wake as are asked for. */
    for (size_t i = 0; i < 3; i++) {
        CHECK(pthread_create(&thread[i], NULL, wait_for_ever, new_guest(i + 1, shared)) == 0);
    }
    until_waiting(shared, 64, 3);
    EQUAL(wrt_shared_notify(shared, 68, 9), 0);
    EQUAL(wrt_shared_notify(shared, 64, 1), 1);
    EQUAL(wrt_shared_waiting(shared, 64), 2);
    EQUAL(call(g, "notify", 2, 64, 9, 0, &result), WRT_OK);
    EQUAL(result, 2);
    for (size_t i = 0; i < 3; i++) {
        CHECK(pthread_join(thread[i], NULL) == 0);
    }
    /* A start function may wait; while a thread does, nothing is lost. */
    struct guest *late = &guests[1];

    late->share = (wrt_share_t){ .shared = shared, .module = "env", .name = "memory" };
    EQUAL(wrt_unshare(late->store), WRT_OK);
    EQUAL(wrt_store_init(late->buffer, sizeof late->buffer, &needs, NULL, &late->store, NULL), WRT_OK);
    EQUAL(wrt_share(late->store, &late->share), WRT_OK);
    EQUAL(wrt_load(late->store, &threads_start.image, NULL, NULL, 0, &late->instance), WRT_OK);
}

/* ---- interrupts ---- */

static wrt_interrupt_t *to_stop;

static void on_signal(int number)
{
    (void)number;
    wrt_interrupt(to_stop); /* a signal's handler is this port's interrupt handler */
}

static atomic_int stops;

static void until_stopped(int n)
{
    while (atomic_load(&stops) != n) {
        nanosleep(&(struct timespec){ .tv_nsec = 100000 }, NULL);
    }
}

static void *stopped_twice(void *argument)
{
    struct guest *g = argument;
    wrt_val_t result;

    EQUAL(call(g, "wait32", 3, 64, 0, -1, &result.of.i32), WRT_EINTERRUPTED);
    EQUAL(wrt_resume(g->store, &result, 1), WRT_EINTERRUPTED); /* as long as the request is there */
    wrt_interrupt_clear(&g->stop);
    atomic_fetch_add(&stops, 1);
    EQUAL(wrt_resume(g->store, &result, 1), WRT_EINTERRUPTED); /* it goes on waiting, and is stopped again */
    wrt_interrupt_clear(&g->stop);
    atomic_fetch_add(&stops, 1);
    EQUAL(wrt_resume(g->store, &result, 1), WRT_OK);
    EQUAL(result.of.i32, 0);
    return NULL;
}

static void *interrupt_soon(void *argument)
{
    wrt_interrupt(&((struct guest *)argument)->stop);
    return NULL;
}

static void test_interrupts(void)
{
    wrt_shared_t *shared = new_shared(wrt_port_waiting());
    struct guest *g = new_guest(0, shared);
    struct sigaction action = { .sa_handler = on_signal };
    pthread_t thread;
    wrt_val_t result;

    CHECK(pthread_create(&thread, NULL, stopped_twice, g) == 0);
    until_waiting(shared, 64, 1);
    CHECK(g->stop.waiting != 0);
    wrt_interrupt(&g->stop);
    until_stopped(1);
    until_waiting(shared, 64, 1);
    to_stop = &g->stop;
    CHECK(sigaction(SIGUSR1, &action, NULL) == 0);
    CHECK(raise(SIGUSR1) == 0);
    until_stopped(2);
    until_waiting(shared, 64, 1);
    EQUAL(wrt_shared_notify(shared, 64, 1), 1);
    CHECK(pthread_join(thread, NULL) == 0);
    EQUAL(g->stop.waiting, 0);
    /* One that comes before the wait, at any moment, is not lost. */
    wrt_interrupt(&g->stop);
    EQUAL(call(g, "wait32", 3, 64, 0, -1, &result.of.i32), WRT_EINTERRUPTED);
    EQUAL(wrt_cancel(g->store), WRT_OK);
    for (int i = 0; i < 300; i++) {
        wrt_interrupt_clear(&g->stop);
        CHECK(pthread_create(&thread, NULL, interrupt_soon, g) == 0);
        EQUAL(call(g, "wait32", 3, 64, 0, -1, &result.of.i32), WRT_EINTERRUPTED);
        CHECK(pthread_join(thread, NULL) == 0);
        EQUAL(wrt_cancel(g->store), WRT_OK);
    }
    /* A wait that goes on keeps its time, and sees another value. */
    uint64_t begun = wrt_port_now_ns();

    wrt_interrupt_clear(&g->stop);
    CHECK(pthread_create(&thread, NULL, interrupt_soon, g) == 0);
    EQUAL(call(g, "wait32", 3, 64, 0, 300000000, &result.of.i32), WRT_EINTERRUPTED);
    CHECK(pthread_join(thread, NULL) == 0);
    nanosleep(&(struct timespec){ .tv_nsec = 350000000 }, NULL);
    wrt_interrupt_clear(&g->stop);
    uint64_t resumed = wrt_port_now_ns();

    EQUAL(wrt_resume(g->store, &result, 1), WRT_OK);
    EQUAL(result.of.i32, 2);
    CHECK(wrt_port_now_ns() - begun >= 300000000 && wrt_port_now_ns() - resumed < 300000000);
    CHECK(pthread_create(&thread, NULL, interrupt_soon, g) == 0);
    EQUAL(call(g, "wait32", 3, 64, 0, -1, &result.of.i32), WRT_EINTERRUPTED);
    CHECK(pthread_join(thread, NULL) == 0);
    wrt_interrupt_clear(&g->stop);
    EQUAL(wrt_shared_write(shared, 64, "\1\0\0\0", 4), WRT_OK);
    EQUAL(wrt_resume(g->store, &result, 1), WRT_OK);
    EQUAL(result.of.i32, 1);
}

/* ---- limits and errors ---- */

static int init_fails;
static int failing_init(struct wrt_port_parker *parker)
{
    (void)parker;
    return init_fails;
}

static void test_limits(void)
{
    wrt_shared_t *shared = new_shared(wrt_port_waiting());
    wrt_shared_config_t config = two_pages;
    wrt_waiting_t waiting = *wrt_port_waiting();
    uint64_t extra[STORE_BYTES / 8 + 1] = { 0 };
    wrt_share_t share = { .shared = shared, .module = "env", .name = "memory" };
    wrt_store_t *store;
    wrt_instance_t instance;
    int32_t result;

    EQUAL(wrt_shared_size(NULL), 0);
    CHECK(wrt_shared_size(&two_pages) <= sizeof memory && wrt_shared_size(&two_pages) + 128 > sizeof memory);
    EQUAL(wrt_shared_init(memory, wrt_shared_size(&two_pages) - 1, &two_pages, NULL, &shared), WRT_ENOMEM);
    EQUAL(wrt_shared_init(NULL, sizeof memory, &two_pages, NULL, &shared), WRT_EINVAL);
    EQUAL(wrt_shared_init((char *)memory + 1, sizeof memory - 8, &two_pages, NULL, &shared), WRT_EINVAL);
    EQUAL(wrt_shared_init(memory, sizeof memory, NULL, NULL, &shared), WRT_EINVAL);
    EQUAL(wrt_shared_init(memory, sizeof memory, &two_pages, NULL, NULL), WRT_EINVAL);
    waiting.park = NULL;
    EQUAL(wrt_shared_init(memory, sizeof memory, &two_pages, &waiting, &shared), WRT_EINVAL);
    config.threads = 0;
    EQUAL(wrt_shared_size(&config), 0);
    EQUAL(wrt_shared_init(memory, sizeof memory, &config, NULL, &shared), WRT_EINVAL);
    config = two_pages;
    config.pages = 3;
    EQUAL(wrt_shared_size(&config), 0);
    config.pages = 1;
    config.page_log2 = 12;
    EQUAL(wrt_shared_size(&config), 0);
    config.page_log2 = 16;
    config.memory_bytes = PAGE - 1;
    EQUAL(wrt_shared_size(&config), 0);
    config.max_pages = UINT32_MAX;
    config.memory_bytes = PAGE;
    EQUAL(wrt_shared_size(&config) + PAGE, wrt_shared_size(&two_pages));

    /* As many stores as it was made for, and no more. */
    for (size_t i = 0; i < GUESTS; i++) {
        (void)new_guest(i, shared);
    }
    EQUAL(wrt_share(NULL, &share), WRT_EINVAL);
    EQUAL(wrt_store_init(extra, sizeof extra, &needs, NULL, &store, NULL), WRT_OK);
    EQUAL(wrt_load(store, &threads.image, NULL, host_table, 1, &instance), WRT_ENOENT);
    EQUAL(wrt_share(store, NULL), WRT_EINVAL);
    EQUAL(wrt_share(store, &share), WRT_ENOMEM);
    EQUAL(wrt_last_error(store)->at, GUESTS);
    SAME(wrt_last_error(store)->message, "thread slots of the shared memory");
    /* A second name takes no slot. */
    wrt_share_t second = { .shared = shared, .module = "env", .name = "other" };

    EQUAL(wrt_share(guests[0].store, &second), WRT_OK);
    EQUAL(wrt_share(guests[0].store, &second), WRT_EINVAL);
    EQUAL(wrt_unshare(guests[0].store), WRT_OK);
    EQUAL(wrt_share(store, &share), WRT_OK);
    EQUAL(wrt_load(store, &threads.image, NULL, host_table, 1, &instance), WRT_OK);
    EQUAL(wrt_unshare(store), WRT_OK);

    /* The memory of a guest: no plain address, but copies; it grows for all. */
    shared = new_shared(wrt_port_waiting());
    struct guest *g = new_guest(0, shared), *h = new_guest(1, shared);
    char text[6] = "";

    CHECK(wrt_mem_base(g->store, g->instance, 0, 1) == NULL);
    EQUAL(wrt_mem_size(g->store, g->instance), PAGE);
    EQUAL(wrt_mem_write(g->store, g->instance, 1001, "guest", 6), WRT_OK);
    EQUAL(wrt_mem_read(h->store, h->instance, 1001, text, 6), WRT_OK);
    SAME(text, "guest");
    EQUAL(wrt_mem_read(h->store, h->instance, PAGE - 5, text, 6), WRT_EINVAL);
    EQUAL(wrt_mem_read(h->store, h->instance, 0, NULL, 1), WRT_EINVAL);
    EQUAL(wrt_mem_write(h->store, h->instance, PAGE, text, 1), WRT_EINVAL);
    EQUAL(wrt_shared_read(shared, PAGE, text, 1), WRT_EINVAL);
    EQUAL(wrt_shared_write(NULL, 0, text, 1), WRT_EINVAL);
    EQUAL(call(g, "grow", 1, 1, 0, 0, &result), WRT_OK);
    EQUAL(result, 1);
    EQUAL(wrt_mem_size(h->store, h->instance), 2 * PAGE);
    EQUAL(call(h, "grow", 1, 1, 0, 0, &result), WRT_OK);
    EQUAL(result, -1);

    /* A memory that is too small for the import. */
    config = two_pages;
    config.max_pages = 3;
    config.memory_bytes = 2 * PAGE;
    EQUAL(wrt_shared_init(memory, sizeof memory, &config, NULL, &shared), WRT_OK);
    EQUAL(wrt_store_init(extra, sizeof extra, &needs, NULL, &store, NULL), WRT_OK);
    share.shared = shared;
    EQUAL(wrt_share(store, &share), WRT_OK);
    EQUAL(wrt_load(store, &threads.image, NULL, host_table, 1, &instance), WRT_ETYPE);

    /* A port that cannot wait: the call says so, and the guest can be called again. */
    waiting = *wrt_port_waiting();
    waiting.init = failing_init;
    g = new_guest(0, new_shared(&waiting));
    for (int i = 0; i < 2; i++) {
        init_fails = i == 0 ? WRT_PORT_ENOTSUP : WRT_PORT_ENOMEM;
        EQUAL(call(g, "wait32", 3, 64, 0, -1, &result), init_fails);
        SAME(wrt_last_error(g->store)->message, i == 0 ? "no thread can wait here: the port cannot, or not now"
                                                       : "no thread can wait here: the port has no parker left");
        EQUAL(wrt_cancel(g->store), WRT_EINVAL);
    }
    EQUAL(call(g, "wait32", 3, 64, 1, -1, &result), WRT_OK);
    EQUAL(result, 1);
    EQUAL(call(g, "notify", 2, 64, 1, 0, &result), WRT_OK);
    EQUAL(result, 0);
    EQUAL(call(g, "call", 1, 0, 0, 0, &result), WRT_OK);
    EQUAL(result, WRT_ENOMEM);
}

/* ---- who serves waits himself ---- */

static void test_own_scheduler(void)
{
    wrt_shared_t *shared = new_shared(NULL);
    struct guest *g = new_guest(0, shared), *h = new_guest(1, shared);
    wrt_val_t result;
    wrt_wait_t wait;
    wrt_instance_t instance;

    EQUAL(wrt_wait_get(g->store, &wait), WRT_EINVAL);
    EQUAL(call(g, "wait32", 3, 64, 0, 5000, &result.of.i32), WRT_EWAITING);
    EQUAL(wrt_wait_get(g->store, NULL), WRT_EINVAL);
    EQUAL(wrt_wait_get(g->store, &wait), WRT_OK);
    CHECK(wait.kind == WRT_WAIT32 && wait.shared == shared && wait.address == 64 && wait.expected == 0 && wait.timeout_ns == 5000);
    EQUAL(wrt_resume(g->store, &result, 1), WRT_EWAITING); /* compares again */
    EQUAL(wrt_wait_answer(g->store, 3), WRT_EINVAL);
    EQUAL(call(h, "notify", 2, 64, 7, 0, &result.of.i32), WRT_EWAITING);
    EQUAL(wrt_wait_get(h->store, &wait), WRT_OK);
    CHECK(wait.kind == WRT_NOTIFY && wait.shared == shared && wait.address == 64 && wait.count == 7);
    EQUAL(wrt_wait_answer(h->store, 1), WRT_OK);
    EQUAL(wrt_wait_answer(h->store, 1), WRT_EINVAL);
    EQUAL(wrt_resume(h->store, &result, 1), WRT_OK);
    EQUAL(result.of.i32, 1);
    EQUAL(wrt_wait_answer(g->store, 0), WRT_OK);
    EQUAL(wrt_resume(g->store, &result, 1), WRT_OK);
    EQUAL(result.of.i32, 0);
    /* The value has changed before anybody noted the waiter. */
    EQUAL(call(g, "wait64", 3, 64, 0, -1, &result.of.i32), WRT_EWAITING);
    EQUAL(wrt_wait_get(g->store, &wait), WRT_OK);
    CHECK(wait.kind == WRT_WAIT64 && wait.timeout_ns == -1);
    EQUAL(wrt_shared_write(shared, 64, "\1", 1), WRT_OK);
    EQUAL(wrt_resume(g->store, &result, 1), WRT_OK);
    EQUAL(result.of.i32, 1);
    EQUAL(wrt_shared_write(shared, 64, "", 1), WRT_OK);
    EQUAL(call(g, "wait32", 3, 64, 0, -1, &result.of.i32), WRT_EWAITING);
    EQUAL(wrt_cancel(g->store), WRT_OK);
    EQUAL(wrt_wait_get(g->store, &wait), WRT_EINVAL);
    /* A nested call and a start function cannot leave. */
    EQUAL(call(g, "call", 1, 0, 0, 0, &result.of.i32), WRT_OK);
    EQUAL(result.of.i32, WRT_ETRAP);
    h->share.shared = shared;
    EQUAL(wrt_unshare(h->store), WRT_OK);
    EQUAL(wrt_store_init(h->buffer, sizeof h->buffer, &needs, NULL, &h->store, NULL), WRT_OK);
    EQUAL(wrt_share(h->store, &h->share), WRT_OK);
    EQUAL(wrt_load(h->store, &threads_start.image, NULL, NULL, 0, &instance), WRT_ETRAP);
    SAME(wrt_last_error(h->store)->message, "host function cannot be suspended here");
    EQUAL(wrt_shared_notify(shared, 64, 1) + wrt_shared_waiting(shared, 64), 0);
}

int main(void)
{
    test_lock();
    test_ends();
    test_interrupts();
    test_limits();
    test_own_scheduler();
    puts("all passed");
    return 0;
}
