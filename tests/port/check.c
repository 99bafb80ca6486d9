/* SPDX-License-Identifier: MIT */
/* The checks. Time is only compared with itself: under an emulator it runs as it likes. */
#include <stdbool.h>
#include <string.h>

#include <wrt/port.h>

#include "check.h"

#define MS UINT64_C(1000000)

static unsigned int checks, failures;

static void log_text(enum wrt_port_level level, const char *text)
{
    wrt_port_log(level, text, strlen(text));
}

static void check_at(bool ok, const char *what)
{
    checks++;
    if (!ok) {
        failures++;
        log_text(WRT_PORT_ERROR, what);
    }
}
#define TEXT_OF(x) #x
#define LINE_OF(x) TEXT_OF(x)
#define CHECK(x) check_at(x, "check.c:" LINE_OF(__LINE__) ": " #x)

static bool can(uint32_t what)
{
    return (wrt_port_capabilities() & what) != 0;
}

/* ---- memory ------------------------------------------------------------------------------------------------------- */

static bool all_zero(const unsigned char *bytes, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        if (bytes[i] != 0) {
            return false;
        }
    }
    return true;
}

static void check_memory(void)
{
    size_t page = wrt_port_page_bytes();
    void *region = NULL;

    CHECK(page >= 16 && (page & (page - 1)) == 0);
    CHECK(wrt_port_reserve(0, 0, &region) == WRT_PORT_EINVAL);
    CHECK(wrt_port_reserve(page, 3, &region) == WRT_PORT_EINVAL);
    CHECK(wrt_port_reserve(page, 0, NULL) == WRT_PORT_EINVAL);
    CHECK(wrt_port_commit(NULL, 0, 1) == WRT_PORT_EINVAL);
    CHECK(wrt_port_release(NULL, 1) == WRT_PORT_EINVAL);
    if (!can(WRT_PORT_CAN_RESERVE)) {
        CHECK(wrt_port_reserve(page, 0, &region) == WRT_PORT_ENOTSUP);
        return;
    }
    for (size_t alignment = 16; alignment <= 256; alignment *= 2) {
        CHECK(wrt_port_reserve(600, alignment, &region) == WRT_PORT_OK);
        CHECK(((uintptr_t)region & (alignment - 1)) == 0);
        CHECK(wrt_port_commit(region, 0, 100) == WRT_PORT_OK);
        CHECK(all_zero(region, 100));
        (void)memset(region, 0xa5, 600);
        CHECK(wrt_port_commit(region, 100, 600) == WRT_PORT_OK);
        CHECK(*(unsigned char *)region == 0xa5 && all_zero((unsigned char *)region + 100, 500));
        if (!can(WRT_PORT_CAN_PROTECT)) {
            CHECK(wrt_port_protect(region, page, WRT_PORT_READ) == WRT_PORT_ENOTSUP);
        }
        CHECK(wrt_port_release(region, 600) == WRT_PORT_OK);
    }
    CHECK(wrt_port_reserve(check_heap_bytes * 2, 0, &region) == WRT_PORT_ENOMEM);
    CHECK(wrt_port_reserve(SIZE_MAX, 0, &region) == WRT_PORT_ENOMEM);
    /* Nothing of what was released is lost. */
    for (int i = 0; i < 100; i++) {
        int err = wrt_port_reserve(check_heap_bytes / 2, 0, &region);

        CHECK(err == WRT_PORT_OK);
        if (err != WRT_PORT_OK) {
            return;
        }
        (void)wrt_port_release(region, check_heap_bytes / 2);
    }
}

/* ---- time and chance ---------------------------------------------------------------------------------------------- */

static void check_time(void)
{
    uint64_t before = wrt_port_now_ns();
    uint64_t last = before;
    bool backwards = false;

    for (int i = 0; i < 1000; i++) {
        uint64_t now = wrt_port_now_ns();

        backwards = backwards || now < last;
        last = now;
    }
    CHECK(!backwards);
    check_sleep_ms(20);
    last = wrt_port_now_ns();
    CHECK(last > before && last - before >= 20 * MS);
}

static void check_random(void)
{
    unsigned char bytes[16] = { 0 };

    CHECK(wrt_port_random(NULL, 1) == WRT_PORT_EINVAL);
    if (can(WRT_PORT_CAN_RANDOM)) {
        CHECK(wrt_port_random(bytes, sizeof bytes) == WRT_PORT_OK);
        CHECK(!all_zero(bytes, sizeof bytes));
    } else {
        CHECK(wrt_port_random(bytes, sizeof bytes) == WRT_PORT_ENOTSUP);
        CHECK(all_zero(bytes, sizeof bytes));
    }
}

/* ---- waiting ------------------------------------------------------------------------------------------------------ */

static void check_park(void)
{
    wrt_port_parker_t parker;
    uint64_t deadline;

    CHECK(wrt_port_parker_init(NULL) == WRT_PORT_EINVAL);
    CHECK(wrt_port_parker_init(&parker) == WRT_PORT_OK);

    deadline = wrt_port_now_ns() + 30 * MS;
    CHECK(wrt_port_park(&parker, deadline) == WRT_PORT_ETIMEDOUT);
    CHECK(wrt_port_now_ns() >= deadline);
    CHECK(wrt_port_park(&parker, 0) == WRT_PORT_ETIMEDOUT);
    deadline = wrt_port_now_ns() + 1;
    CHECK(wrt_port_park(&parker, deadline) == WRT_PORT_ETIMEDOUT);
    CHECK(wrt_port_now_ns() >= deadline);

    /* An early unpark is kept, and several are as one. */
    wrt_port_lock();
    wrt_port_unpark(&parker);
    wrt_port_unpark(&parker);
    wrt_port_unlock();
    CHECK(wrt_port_park(&parker, WRT_PORT_FOREVER) == WRT_PORT_OK);
    CHECK(wrt_port_park(&parker, 0) == WRT_PORT_ETIMEDOUT);
    wrt_port_lock();
    wrt_port_unpark(&parker);
    wrt_port_unlock();
    CHECK(wrt_port_park(&parker, UINT64_MAX - 1) == WRT_PORT_OK);

    /* One that is left over does not reach the next parker. */
    wrt_port_lock();
    wrt_port_unpark(&parker);
    wrt_port_unlock();
    wrt_port_parker_done(&parker);
    CHECK(wrt_port_parker_init(&parker) == WRT_PORT_OK);
    CHECK(wrt_port_park(&parker, 0) == WRT_PORT_ETIMEDOUT);
    wrt_port_parker_done(&parker);
}

/* A table of waiting threads with room for one, as port.h describes its use. */
struct place {
    wrt_port_parker_t parker; /* here, since user threads cannot read each other's stacks */
    bool waits;
    bool woken;
};

static bool place_wait(struct place *place, volatile uint32_t *word, uint32_t expected, uint64_t deadline)
{
    bool woken = false;
    bool over = wrt_port_parker_init(&place->parker) != WRT_PORT_OK;

    if (over) {
        return false;
    }
    wrt_port_lock();
    if (*word == expected) {
        place->waits = true;
        place->woken = false;
    } else {
        over = true;
    }
    wrt_port_unlock();
    while (!over) {
        int err = wrt_port_park(&place->parker, deadline);

        wrt_port_lock();
        woken = place->woken;
        over = woken || err == WRT_PORT_ETIMEDOUT;
        if (over) {
            place->waits = false;
        }
        wrt_port_unlock();
    }
    wrt_port_parker_done(&place->parker);
    return woken;
}

static bool place_wake(struct place *place)
{
    bool found;

    wrt_port_lock();
    found = place->waits && !place->woken;
    if (found) {
        place->woken = true;
        wrt_port_unpark(&place->parker);
    }
    wrt_port_unlock();
    return found;
}

enum { ROUNDS = 1000 };

static struct place places[2];
static volatile uint32_t ball;

/* Player n hits when the ball has parity n. */
static void play(void *argument)
{
    uint32_t n = *(const uint32_t *)argument;

    for (uint32_t round = 0; round < ROUNDS; round++) {
        while ((ball & 1) != n) {
            (void)place_wait(&places[n], &ball, ball, WRT_PORT_FOREVER);
        }
        wrt_port_lock();
        ball++;
        wrt_port_unlock();
        (void)place_wake(&places[1 - n]);
    }
}

static void check_ping_pong(void)
{
    static const uint32_t player[2] = { 0, 1 };

    ball = 0;
    check_start(0, play, (void *)&player[0]);
    check_start(1, play, (void *)&player[1]);
    check_join(0);
    check_join(1);
    CHECK(ball == 2 * ROUNDS);
}

/* Long enough for some time slices, most of which end inside the lock. Bounded by a number as well: on Zephyr's native_sim
 * no time passes while a thread computes. */
static volatile uint32_t counter;
static uint32_t counted[2];

static void count(void *own)
{
    uint64_t end = wrt_port_now_ns() + 300 * MS;
    uint32_t n = 0;

    while (n < 100000 && wrt_port_now_ns() < end) {
        wrt_port_lock();
        uint32_t seen = counter;

        for (volatile int delay = 0; delay < 500; delay = delay + 1) {
        }
        counter = seen + 1;
        wrt_port_unlock();
        n++;
    }
    *(uint32_t *)own = n;
}

static void check_lock(void)
{
    counter = 0;
    check_start(0, count, &counted[0]);
    check_start(1, count, &counted[1]);
    check_join(0);
    check_join(1);
    CHECK(counted[0] > 0 && counted[1] > 0);
    CHECK(counter == counted[0] + counted[1]);
}

/* Deadlines and wake-ups that meet: each wake-up that found a waiter must be the result of one wait, and no other. */
static volatile uint32_t word, woken_count, late_count;
static volatile bool waiter_is_done;

static void wait_often(void *unused)
{
    (void)unused;
    for (int i = 0; i < 100; i++) {
        if (place_wait(&places[0], &word, 0, wrt_port_now_ns() + 15 * MS)) {
            woken_count++;
        } else {
            late_count++;
        }
    }
    waiter_is_done = true;
}

static void check_race(void)
{
    uint32_t found = 0;

    word = woken_count = late_count = 0;
    waiter_is_done = false;
    check_start(0, wait_often, NULL);
    for (uint32_t i = 0; !waiter_is_done; i++) {
        found += place_wake(&places[0]) ? 1 : 0;
        if (i % 3 != 0) {
            check_sleep_ms(i % 4 * 12);
        }
    }
    check_join(0);
    CHECK(found == woken_count);
    CHECK(woken_count + late_count == 100);
    CHECK(woken_count > 0);
    CHECK(late_count > 0);
}

int port_check(void)
{
    checks = failures = 0;
    check_time(); /* first: the FreeRTOS demo lets its tick counter overflow soon after the start */
    check_memory();
    check_random();
    if (can(WRT_PORT_CAN_PARK)) {
        check_park();
        check_lock();
        check_ping_pong();
        check_race();
    } else {
        wrt_port_parker_t parker;

        CHECK(wrt_port_parker_init(&parker) == WRT_PORT_ENOTSUP);
    }
    log_text(WRT_PORT_INFO, failures == 0 ? "port check: passed" : "port check: failed");
    return failures == 0 ? 0 : 1;
}
