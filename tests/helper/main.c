/* SPDX-License-Identifier: MIT */
/*
 * Every function of wrt_helper.h from C11, the way translated code calls them. Built and run by rust/wrt-helper/tests/c.rs:
 * HAS_PAGES and HAS_WAITS say what the library was built with, WITH_PORT that its system is port_posix.c, WITH_WRT that
 * the interpreter's library is linked too.
 */
#include <pthread.h>
#include <setjmp.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <time.h>

#include "../capi/check.h"

#include <wrt_helper.h>

#define PAGE 65536u
#define MILLISECOND 1000000

static _Alignas(16) uint8_t buffer[4 * PAGE];
static _Alignas(16) uint8_t second[PAGE];

static const wrt_memory_type_t plain = { .min_pages = 1, .max_pages = 3, .page_log2 = 16, .flags = 0 };
static const wrt_memory_type_t shared = { .min_pages = 1, .max_pages = 3, .page_log2 = 16, .flags = WRT_MEMORY_SHARED };

static wrt_memory_t make(const wrt_memory_type_t *type, void *bytes, size_t limit)
{
    wrt_memory_t memory;

    memset(&memory, 0xa5, sizeof memory);
    EQUAL(wrt_memory_new(&memory, type, bytes, limit), WRT_HELPER_OK);
    CHECK(memory.base != NULL && (uintptr_t)memory.base % 16 == 0);
    return memory;
}

static void test_status(void)
{
    EQUAL(wrt_helper_version(), WRT_HELPER_VERSION);
    SAME(wrt_trap_text(WRT_TRAP_MEMORY_OUT_OF_BOUNDS), "out of bounds memory access");
    SAME(wrt_trap_text(WRT_TRAP_UNREACHABLE), "unreachable");
    SAME(wrt_trap_text(WRT_TRAP_NOT_SHARED), "expected shared memory");
    SAME(wrt_trap_text(WRT_TRAP_NONE), "");
    SAME(wrt_trap_text(11), ""); /* damaged image: nothing that translated code can meet */
    SAME(wrt_trap_text(1000), "");
}

/* A function as a translator would write it: it fills, and leaves at a trap. */
static wrt_status_t guest(const wrt_trap_hook_t *hook, wrt_memory_t *memory, uint32_t at, uint32_t n)
{
    wrt_status_t status = wrt_memory_fill(memory, at, 7, n);

    if (status != WRT_TRAP_NONE) {
        return wrt_raise(hook, status);
    }
    return WRT_TRAP_NONE;
}

static jmp_buf outside;
static wrt_status_t raised;

static void leave(void *user, wrt_status_t trap)
{
    EQUAL(*(int *)user, 42);
    raised = trap;
    longjmp(outside, 1);
}

static void test_traps(void)
{
    int user = 42;
    const wrt_trap_hook_t hook = { leave, &user };
    wrt_memory_t memory = make(&plain, buffer, PAGE);
    volatile bool reached = false;

    EQUAL(guest(NULL, &memory, 0, PAGE), WRT_TRAP_NONE);
    EQUAL(guest(NULL, &memory, 1, PAGE), WRT_TRAP_MEMORY_OUT_OF_BOUNDS);
    EQUAL(guest(&(wrt_trap_hook_t){ NULL, NULL }, &memory, 1, PAGE), WRT_TRAP_MEMORY_OUT_OF_BOUNDS);
    if (setjmp(outside) == 0) {
        EQUAL(guest(&hook, &memory, 0, 1), WRT_TRAP_NONE);
        reached = true;
        guest(&hook, &memory, 0, PAGE + 1);
        CHECK(!"the hook does not return");
    }
    CHECK(reached);
    EQUAL(raised, WRT_TRAP_MEMORY_OUT_OF_BOUNDS);
    wrt_memory_delete(&memory);
}

static void test_memories(void)
{
    wrt_memory_t memory, other;

    memset(buffer, 0xff, sizeof buffer);
    memory = make(&plain, buffer, sizeof buffer);
    EQUAL(memory.bytes, PAGE);
    EQUAL(memory.room, 3 * PAGE);
    EQUAL(wrt_memory_pages(&memory), 1);
    CHECK(memory.base[0] == 0 && memory.base[PAGE - 1] == 0);

    /* overlap both ways, the last byte, nothing behind the end, nothing done at a trap */
    for (uint32_t i = 0; i < 256; i++) {
        memory.base[i] = (uint8_t)i;
    }
    EQUAL(wrt_memory_copy(&memory, 3, &memory, 0, 256), WRT_TRAP_NONE);
    CHECK(memory.base[2] == 2 && memory.base[3] == 0 && memory.base[258] == 255);
    EQUAL(wrt_memory_copy(&memory, 0, &memory, 3, 256), WRT_TRAP_NONE);
    CHECK(memory.base[0] == 0 && memory.base[255] == 255);
    EQUAL(wrt_memory_copy(&memory, PAGE - 255, &memory, 0, 256), WRT_TRAP_MEMORY_OUT_OF_BOUNDS);
    EQUAL(wrt_memory_copy(&memory, 0, &memory, PAGE - 255, 256), WRT_TRAP_MEMORY_OUT_OF_BOUNDS);
    EQUAL(wrt_memory_copy(&memory, 0, &memory, UINT64_MAX, 2), WRT_TRAP_MEMORY_OUT_OF_BOUNDS);
    CHECK(memory.base[0] == 0 && memory.base[PAGE - 255] == 0);
    EQUAL(wrt_memory_copy(&memory, PAGE, &memory, PAGE, 0), WRT_TRAP_NONE);
    EQUAL(wrt_memory_copy(&memory, PAGE + 1, &memory, 0, 0), WRT_TRAP_MEMORY_OUT_OF_BOUNDS);
    EQUAL(wrt_memory_fill(&memory, PAGE - 1, 0x1ff, 1), WRT_TRAP_NONE);
    EQUAL(memory.base[PAGE - 1], 0xff);
    EQUAL(wrt_memory_fill(&memory, PAGE, 1, 1), WRT_TRAP_MEMORY_OUT_OF_BOUNDS);

    /* between two memories */
    other = make(&plain, second, sizeof second);
    EQUAL(wrt_memory_copy(&other, 10, &memory, 0, 256), WRT_TRAP_NONE);
    EQUAL(memcmp(other.base + 10, memory.base, 256), 0);
    EQUAL(wrt_memory_grow(&other, 1), WRT_GROW_FAILED); /* its buffer is full */

    /* grown pages are zero, whatever the buffer held; -1 for i32 and i64 */
    EQUAL(wrt_memory_grow(&memory, 2), 1);
    EQUAL(memory.bytes, 3 * PAGE);
    CHECK(memory.base[PAGE] == 0 && memory.base[3 * PAGE - 1] == 0 && memory.base[PAGE - 1] == 0xff);
    EQUAL(buffer[3 * PAGE], 0xff);
    EQUAL((int32_t)wrt_memory_grow(&memory, 1), -1);
    EQUAL((int64_t)wrt_memory_grow(&memory, UINT64_MAX), -1);
    EQUAL(wrt_memory_grow(&memory, 0), 3);

    wrt_memory_delete(&memory);
    wrt_memory_delete(&memory);
    wrt_memory_delete(&other);
    wrt_memory_delete(NULL);
    EQUAL(wrt_memory_bytes(&memory), 0);
    EQUAL(wrt_memory_fill(&memory, 0, 0, 1), WRT_TRAP_MEMORY_OUT_OF_BOUNDS);
}

static void test_refusals(void)
{
    wrt_memory_t memory;
    wrt_memory_type_t type = plain;

    EQUAL(wrt_memory_new(NULL, &plain, buffer, sizeof buffer), WRT_HELPER_EINVAL);
    EQUAL(wrt_memory_new(&memory, NULL, buffer, sizeof buffer), WRT_HELPER_EINVAL);
    EQUAL(wrt_memory_new(&memory, &plain, buffer + 1, sizeof buffer - 1), WRT_HELPER_EINVAL);
    EQUAL(wrt_memory_new(&memory, &plain, buffer, PAGE - 1), WRT_HELPER_ENOMEM);
    type.max_pages = WRT_NO_MAXIMUM;
    type.flags = WRT_MEMORY_SHARED;
    EQUAL(wrt_memory_new(&memory, &type, buffer, sizeof buffer), WRT_HELPER_EINVAL);
    EQUAL(wrt_memory_bytes(NULL), 0);
    EQUAL(wrt_memory_grow(NULL, 1), WRT_GROW_FAILED);
    EQUAL(wrt_memory_fill(NULL, 0, 0, 0), WRT_TRAP_MEMORY_OUT_OF_BOUNDS);
#ifndef HAS_PAGES
    EQUAL(wrt_memory_new(&memory, &plain, NULL, SIZE_MAX), WRT_HELPER_ENOTSUP);
#endif
}

#ifdef HAS_PAGES
#ifdef WITH_PORT
extern int regions, refuse_reserve, refuse_commit, refuse_parker;
#endif

static void test_system(void)
{
    const wrt_memory_type_t large = { .min_pages = 1, .max_pages = 65536, .page_log2 = 16, .flags = 0 };
    wrt_memory_t memory = make(&large, NULL, sizeof(size_t) > 4 ? (size_t)65536 * PAGE : 256 * PAGE);
    uint8_t *first = memory.base;

    first[PAGE - 1] = 9;
    EQUAL(wrt_memory_grow(&memory, 200), 1);
    CHECK(memory.base == first && first[PAGE - 1] == 9 && first[PAGE] == 0 && first[201 * PAGE - 1] == 0);
    EQUAL(wrt_memory_grow(&memory, 65536), WRT_GROW_FAILED);
#ifdef WITH_PORT
    EQUAL(regions, 1);
    refuse_commit = 1;
    EQUAL(wrt_memory_grow(&memory, 1), WRT_GROW_FAILED);
    EQUAL(memory.bytes, 201 * PAGE);
    EQUAL(wrt_memory_grow(&memory, 1), 201);
#endif
    wrt_memory_delete(&memory);
#ifdef WITH_PORT
    EQUAL(regions, 0);
    refuse_reserve = 1;
    EQUAL(wrt_memory_new(&memory, &plain, NULL, SIZE_MAX), WRT_HELPER_ENOMEM);
    refuse_commit = 1;
    EQUAL(wrt_memory_new(&memory, &plain, NULL, SIZE_MAX), WRT_HELPER_ENOMEM);
    EQUAL(regions, 0);
#endif
    memory = make(&shared, NULL, SIZE_MAX);
    first = memory.base;
    EQUAL(wrt_memory_grow(&memory, 2), 1);
    CHECK(memory.base == first && first[3 * PAGE - 1] == 0);
    wrt_memory_delete(&memory);
}
#endif

static void test_shared(void)
{
    wrt_memory_t memory;
    uint8_t model[300];

    memset(buffer, 0xff, sizeof buffer);
    memory = make(&shared, buffer, sizeof buffer);
    for (uint32_t i = 0; i < sizeof model; i++) {
        model[i] = memory.base[i] = (uint8_t)(i * 7);
    }
    for (uint32_t round = 0; round < 600; round++) {
        uint32_t to = round * 31 % 40, from = round * 17 % 40, n = round % 250;

        EQUAL(wrt_memory_copy(&memory, to, &memory, from, n), WRT_TRAP_NONE);
        memmove(model + to, model + from, n);
        EQUAL(wrt_memory_fill(&memory, from, round, n % 13), WRT_TRAP_NONE);
        memset(model + from, (int)round, n % 13);
        EQUAL(memcmp(model, memory.base, sizeof model), 0);
    }
    EQUAL(wrt_memory_grow(&memory, 1), 1);
    CHECK(memory.base[PAGE] == 0);
    EQUAL(wrt_memory_copy(&memory, 2 * PAGE - 1, &memory, 0, 2), WRT_TRAP_MEMORY_OUT_OF_BOUNDS);
    wrt_memory_delete(&memory);
}

#ifdef HAS_WAITS
#define THREADS 24
static wrt_memory_t common;
static wrt_waits_t *waits;
static _Atomic uint32_t woken_threads;
static _Alignas(8) uint8_t room[WRT_WAITS_BYTES(THREADS)];

static void *sleeper(void *wide)
{
    uint32_t result = 77;
    wrt_status_t status;

    do { /* the main thread takes an entry at times */
        status = wrt_atomic_wait(&common, waits, wide ? 8 : 4, 64, 8, 0, -1, &result);
    } while (status == WRT_TRAP_CANNOT_SUSPEND);
    EQUAL(status, WRT_TRAP_NONE);
    EQUAL(result, WRT_WAIT_WOKEN);
    atomic_fetch_add(&woken_threads, 1);
    return NULL;
}

static uint32_t notify(uint32_t count)
{
    uint32_t n = 77;

    EQUAL(wrt_atomic_notify(&common, waits, 72, 0, count, &n), WRT_TRAP_NONE);
    return n;
}

static void *grower(void *grown)
{
    /* each page is given to one of the threads */
    while (wrt_memory_grow(&common, 1) != WRT_GROW_FAILED) {
        atomic_fetch_add((_Atomic uint32_t *)grown, 1);
    }
    return NULL;
}

static void test_waits(void)
{
    const wrt_memory_type_t bytes = { .min_pages = 128, .max_pages = 4128, .page_log2 = 0, .flags = WRT_MEMORY_SHARED };
    pthread_t threads[THREADS];
    _Atomic uint32_t grown = 0;
    uint32_t result = 77, all = 0;
    struct timespec from, to;
    wrt_memory_t own = make(&plain, second, sizeof second);

    EQUAL(wrt_waits_init(NULL, sizeof room, 1, &waits), WRT_HELPER_EINVAL);
    EQUAL(wrt_waits_init(room + 1, sizeof room - 1, 1, &waits), WRT_HELPER_EINVAL);
    EQUAL(wrt_waits_init(room, sizeof room, 0, &waits), WRT_HELPER_EINVAL);
    EQUAL(wrt_waits_init(room, sizeof room, UINT32_MAX, &waits), WRT_HELPER_ENOMEM);
    CHECK(waits == NULL);
    EQUAL(wrt_waits_init(room, sizeof room, THREADS, &waits), WRT_HELPER_OK);
    common = make(&bytes, buffer, sizeof buffer);

    /* traps, in their order; nothing is written then */
    EQUAL(wrt_atomic_wait32(&own, waits, 1, 0, 0, 0, &result), WRT_TRAP_NOT_SHARED);
    EQUAL(wrt_atomic_wait32(&common, waits, 1, 0, 0, 0, &result), WRT_TRAP_UNALIGNED_ATOMIC);
    EQUAL(wrt_atomic_wait64(&common, waits, 4, 0, 0, 0, &result), WRT_TRAP_UNALIGNED_ATOMIC);
    EQUAL(wrt_atomic_wait32(&common, waits, 130, 0, 0, 0, &result), WRT_TRAP_UNALIGNED_ATOMIC);
    EQUAL(wrt_atomic_wait32(&common, waits, 128, 0, 0, 0, &result), WRT_TRAP_MEMORY_OUT_OF_BOUNDS);
    EQUAL(wrt_atomic_wait64(&common, waits, 120, 8, 0, 0, &result), WRT_TRAP_MEMORY_OUT_OF_BOUNDS);
    EQUAL(wrt_atomic_wait32(&common, waits, UINT64_MAX, 1, 0, 0, &result), WRT_TRAP_MEMORY_OUT_OF_BOUNDS);
    EQUAL(wrt_atomic_wait32(&common, NULL, 0, 0, 0, 0, &result), WRT_TRAP_CANNOT_SUSPEND);
    EQUAL(wrt_atomic_notify(&common, waits, 126, 0, 1, &result), WRT_TRAP_UNALIGNED_ATOMIC);
    EQUAL(wrt_atomic_notify(&common, waits, 128, 0, 1, &result), WRT_TRAP_MEMORY_OUT_OF_BOUNDS);
    EQUAL(result, 77);
    EQUAL(wrt_atomic_notify(&own, waits, 8, 0, 1, &result), WRT_TRAP_NONE);
    EQUAL(result, 0);
    EQUAL(wrt_atomic_notify(&common, NULL, 8, 0, 1, &result), WRT_TRAP_NONE);
    EQUAL(result, 0);

    /* not equal, timed out and not before */
    EQUAL(wrt_atomic_wait32(&common, waits, 8, 0, 1, -1, &result), WRT_TRAP_NONE);
    EQUAL(result, WRT_WAIT_NOT_EQUAL);
    common.base[15] = 1;
    EQUAL(wrt_atomic_wait64(&common, waits, 8, 0, 0, -1, &result), WRT_TRAP_NONE);
    EQUAL(result, WRT_WAIT_NOT_EQUAL);
    EQUAL(wrt_atomic_wait32(&common, waits, 8, 0, 0, 0, &result), WRT_TRAP_NONE);
    EQUAL(result, WRT_WAIT_TIMED_OUT);
    clock_gettime(CLOCK_MONOTONIC, &from);
    EQUAL(wrt_atomic_wait64(&common, waits, 8, 0, (uint64_t)1 << 56, 20 * MILLISECOND, &result), WRT_TRAP_NONE);
    clock_gettime(CLOCK_MONOTONIC, &to);
    EQUAL(result, WRT_WAIT_TIMED_OUT);
    CHECK((to.tv_sec - from.tv_sec) * 1000000000ll + to.tv_nsec - from.tv_nsec >= 20 * MILLISECOND);
#ifdef WITH_PORT
    refuse_parker = 1;
    EQUAL(wrt_atomic_wait32(&common, waits, 8, 0, 0, 0, &result), WRT_TRAP_CANNOT_SUSPEND);
#endif

    /* exact counts, whatever the width of a wait; a table that is full says so */
    for (int i = 0; i < THREADS; i++) {
        EQUAL(pthread_create(&threads[i], NULL, sleeper, i % 2 ? &all : NULL), 0);
    }
    while (wrt_atomic_wait32(&common, waits, 8, 0, 0, 0, &result) == WRT_TRAP_NONE) {
        nanosleep(&(struct timespec){ 0, MILLISECOND }, NULL); /* until all of them have an entry */
    }
    EQUAL(notify(0), 0);
    while (all < THREADS) {
        uint32_t n = notify(all < 5 ? 1 : THREADS);

        CHECK(n <= (all < 5 ? 1u : THREADS - 5u));
        all += n;
    }
    for (int i = 0; i < THREADS; i++) {
        EQUAL(pthread_join(threads[i], NULL), 0);
    }
    EQUAL(woken_threads, THREADS);
    EQUAL(notify(UINT32_MAX), 0);

    /* growth from several threads: no page twice, none lost */
    for (int i = 0; i < 4; i++) {
        EQUAL(pthread_create(&threads[i], NULL, grower, &grown), 0);
    }
    for (int i = 0; i < 4; i++) {
        EQUAL(pthread_join(threads[i], NULL), 0);
    }
    EQUAL(grown, 4000);
    EQUAL(wrt_memory_pages(&common), 4128);
    wrt_memory_delete(&common);
    wrt_memory_delete(&own);
}
#endif

int main(void)
{
    test_status();
    test_traps();
    test_memories();
    test_refusals();
    test_shared();
#ifdef HAS_PAGES
    test_system();
#endif
#ifdef HAS_WAITS
    test_waits();
#else
    wrt_waits_t *waits;
    static _Alignas(8) uint8_t room[WRT_WAITS_BYTES(1)];
    EQUAL(wrt_waits_init(room, sizeof room, 1, &waits), WRT_HELPER_ENOTSUP);
#endif
#ifdef WITH_WRT
    EQUAL(wrt_version(), WRT_API_VERSION);
#endif
    puts("all passed");
    return 0;
}
