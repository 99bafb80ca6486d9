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

/* As many regions as there is room for, given back in another order: then the largest one is to be had again. */
static void check_accounting(void)
{
    enum { MOST = 64 };
    void *regions[MOST];
    void *largest = NULL;
    size_t bytes = check_heap_bytes / 16, n = 0;
    int err = WRT_PORT_OK;

    while (n < MOST) {
        err = wrt_port_reserve(bytes, 0, &regions[n]);
        if (err != WRT_PORT_OK) {
            break;
        }
        CHECK(wrt_port_commit(regions[n], 0, bytes) == WRT_PORT_OK);
        CHECK(all_zero(regions[n], bytes));
        (void)memset(regions[n], (int)n + 1, bytes);
        n++;
    }
    CHECK(err == WRT_PORT_ENOMEM && n >= 8);
    for (size_t i = 0; i < n; i++) {
        const unsigned char *at = regions[i];

        CHECK(at[0] == i + 1 && at[bytes - 1] == i + 1);
    }
    for (size_t i = 0; i < n; i += 2) {
        CHECK(wrt_port_release(regions[i], bytes) == WRT_PORT_OK);
    }
    CHECK(wrt_port_reserve(check_heap_bytes / 4 * 3, 0, &largest) == WRT_PORT_ENOMEM);
    for (size_t i = 1; i < n; i += 2) {
        CHECK(wrt_port_release(regions[i], bytes) == WRT_PORT_OK);
    }
    CHECK(wrt_port_reserve(check_heap_bytes / 4 * 3, 0, &largest) == WRT_PORT_OK);
    if (largest != NULL) {
        CHECK(wrt_port_release(largest, check_heap_bytes / 4 * 3) == WRT_PORT_OK);
    }
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
    check_accounting();
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

    /* Without the lock, and also when it is late. */
    CHECK(parker.handle != 0);
    wrt_port_interrupt(parker.handle);
    wrt_port_interrupt(parker.handle);
    CHECK(wrt_port_park(&parker, WRT_PORT_FOREVER) == WRT_PORT_OK);
    CHECK(wrt_port_park(&parker, 0) == WRT_PORT_ETIMEDOUT);

    /* By an interrupt handler, while the thread waits. The deadline is for ports that fail. */
    check_interrupt_after(20, parker.handle);
    CHECK(wrt_port_park(&parker, wrt_port_now_ns() + 10000 * MS) == WRT_PORT_OK);

    /* One that is left over does not reach the next parker. */
    wrt_port_lock();
    wrt_port_unpark(&parker);
    wrt_port_unlock();
    wrt_port_parker_done(&parker);
    CHECK(wrt_port_parker_init(&parker) == WRT_PORT_OK);
    CHECK(wrt_port_park(&parker, 0) == WRT_PORT_ETIMEDOUT);
    uintptr_t handle = parker.handle;
    wrt_port_parker_done(&parker);
    wrt_port_interrupt(handle);
}

/* A table of waiting threads, as port.h describes its use: an entry for each thread of the checks. */
struct entry {
    wrt_port_parker_t parker; /* here, since user threads cannot read each other's stacks */
    const volatile uint32_t *place; /* where its thread waits; NULL: nowhere */
    bool woken;
};

static struct entry entries[CHECK_MOST_THREADS];

/* As long as *place is what was expected; true if it was woken. The entry is the calling thread's. */
static bool wait_at(struct entry *own, const volatile uint32_t *place, uint32_t expected, uint64_t deadline)
{
    bool woken = false;
    bool over = wrt_port_parker_init(&own->parker) != WRT_PORT_OK;

    CHECK(!over);
    if (over) {
        return false;
    }
    wrt_port_lock();
    if (*place == expected) {
        own->place = place;
        own->woken = false;
    } else {
        over = true;
    }
    wrt_port_unlock();
    while (!over) {
        int err = wrt_port_park(&own->parker, deadline);

        wrt_port_lock();
        woken = own->woken;
        over = woken || err == WRT_PORT_ETIMEDOUT;
        if (over) {
            own->place = NULL;
        }
        wrt_port_unlock();
    }
    wrt_port_parker_done(&own->parker);
    return woken;
}

/* Wakes at most n of those that wait there; how many it were. */
static uint32_t wake_at(const volatile uint32_t *place, uint32_t n)
{
    uint32_t found = 0;

    wrt_port_lock();
    for (size_t i = 0; i < check_threads && found < n; i++) {
        if (entries[i].place == place && !entries[i].woken) {
            entries[i].woken = true;
            wrt_port_unpark(&entries[i].parker);
            found++;
        }
    }
    wrt_port_unlock();
    return found;
}

/* How many wait there and are not yet woken. */
static uint32_t waiting_at(const volatile uint32_t *place)
{
    uint32_t n = 0;

    wrt_port_lock();
    for (size_t i = 0; i < check_threads; i++) {
        n += entries[i].place == place && !entries[i].woken ? 1 : 0;
    }
    wrt_port_unlock();
    return n;
}

/* The thread of an entry's number, as an argument. */
static uint32_t numbers[CHECK_MOST_THREADS];

static void start_all(void (*f)(void *number))
{
    for (uint32_t i = 0; i < check_threads; i++) {
        numbers[i] = i;
        check_start(i, f, &numbers[i]);
    }
}

static void join_all(void)
{
    for (size_t i = 0; i < check_threads; i++) {
        check_join(i);
    }
}

enum { ROUNDS = 1000 };

static volatile uint32_t ball;

/* Player n hits when the ball has parity n. */
static void play(void *argument)
{
    uint32_t n = *(const uint32_t *)argument;

    for (uint32_t round = 0; round < ROUNDS; round++) {
        uint32_t seen;

        while (((seen = ball) & 1) != n) {
            (void)wait_at(&entries[n], &ball, seen, WRT_PORT_FOREVER);
        }
        wrt_port_lock();
        ball++;
        wrt_port_unlock();
        (void)wake_at(&ball, 1);
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

/* Exact counts: half of the threads wait at each of two places; a wake-up reaches as many as it says, each once. */
static volatile uint32_t here, there, woken_count, late_count;

static void count_wait(bool woken)
{
    wrt_port_lock();
    if (woken) {
        woken_count++;
    } else {
        late_count++;
    }
    wrt_port_unlock();
}

static void wait_once(void *number)
{
    uint32_t n = *(const uint32_t *)number;

    count_wait(wait_at(&entries[n], n % 2 == 0 ? &here : &there, 0, WRT_PORT_FOREVER));
}

static void check_counts(void)
{
    uint32_t all = (uint32_t)check_threads;
    uint32_t even = (all + 1) / 2;
    uint32_t some = even < 3 ? 1 : 3;

    here = there = woken_count = late_count = 0;
    start_all(wait_once);
    while (waiting_at(&here) + waiting_at(&there) < all) {
        check_sleep_ms(1);
    }
    CHECK(wake_at(&ball, UINT32_MAX) == 0);
    CHECK(wake_at(&here, 0) == 0);
    CHECK(wake_at(&here, some) == some);
    /* Who is unparked without being woken looks, and waits on. */
    wrt_port_lock();
    for (uint32_t i = 0; i < all; i++) {
        if (entries[i].place != NULL) {
            wrt_port_unpark(&entries[i].parker);
        }
    }
    wrt_port_unlock();
    check_sleep_ms(20);
    CHECK(woken_count == some);
    CHECK(waiting_at(&here) == even - some && waiting_at(&there) == all - even);
    CHECK(wake_at(&there, UINT32_MAX) == all - even);
    CHECK(wake_at(&here, UINT32_MAX) == even - some);
    CHECK(wake_at(&here, UINT32_MAX) == 0);
    join_all();
    CHECK(woken_count == all && late_count == 0);
}

/* Deadlines of all threads, none of which is woken: none is over early, and all are over. */
static volatile uint32_t early_count;

static void wait_until_late(void *number)
{
    uint32_t n = *(const uint32_t *)number;
    uint64_t deadline = wrt_port_now_ns() + (n * 7 % 10 + 1) * 5 * MS;
    bool woken = wait_at(&entries[n], &here, 0, deadline);

    if (wrt_port_now_ns() < deadline) {
        wrt_port_lock();
        early_count++;
        wrt_port_unlock();
    }
    count_wait(woken);
}

static void check_deadlines(void)
{
    here = woken_count = late_count = early_count = 0;
    start_all(wait_until_late);
    join_all();
    CHECK(early_count == 0);
    CHECK(late_count == check_threads && woken_count == 0);
    CHECK(waiting_at(&here) == 0);
}

/* Deadlines and wake-ups that meet: each wake-up that found a waiter must be the result of one wait, and no other. */
static volatile bool waiter_is_done;

static void wait_often(void *unused)
{
    (void)unused;
    for (int i = 0; i < 100; i++) {
        count_wait(wait_at(&entries[0], &here, 0, wrt_port_now_ns() + 15 * MS));
    }
    waiter_is_done = true;
}

static void check_race(void)
{
    uint32_t found = 0;

    here = woken_count = late_count = 0;
    waiter_is_done = false;
    check_start(0, wait_often, NULL);
    for (uint32_t i = 0; !waiter_is_done; i++) {
        found += wake_at(&here, 1);
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

/* The same from all sides: every thread waits, wakes some, or wakes all, at four places, as its random numbers say. */
enum { TURNS = 60 };

static volatile uint32_t places[4], found_count;

static void torment(void *number)
{
    uint32_t n = *(const uint32_t *)number;
    uint32_t random = n * 2654435761u + 1;

    for (int turn = 0; turn < TURNS; turn++) {
        random = random * 1664525u + 1013904223u;
        volatile uint32_t *place = &places[random >> 30];
        uint32_t what = random >> 20 & 7;

        if (what < 5) {
            count_wait(wait_at(&entries[n], place, 0, wrt_port_now_ns() + (random >> 16 & 15) * MS / 2));
        } else {
            uint32_t found = wake_at(place, what == 7 ? UINT32_MAX : what - 4);

            wrt_port_lock();
            found_count += found;
            wrt_port_unlock();
        }
    }
}

static void check_torture(void)
{
    found_count = woken_count = late_count = 0;
    start_all(torment);
    join_all();
    CHECK(found_count == woken_count);
    CHECK(woken_count > 0 && late_count > 0);
    for (size_t i = 0; i < 4; i++) {
        CHECK(waiting_at(&places[i]) == 0);
    }
}

/* Where parkers are a pool: one more than there are is refused, and none is lost. The pool is the calling thread's alone. */
static void check_parker_pool(void)
{
    if (check_parkers == 0) {
        return;
    }
    for (int round = 0; round < 3; round++) {
        wrt_port_parker_t one_more;

        for (size_t i = 0; i < check_parkers; i++) {
            CHECK(wrt_port_parker_init(&entries[i].parker) == WRT_PORT_OK);
        }
        CHECK(wrt_port_parker_init(&one_more) == WRT_PORT_ENOMEM);
        wrt_port_parker_done(&entries[round].parker);
        CHECK(wrt_port_parker_init(&entries[round].parker) == WRT_PORT_OK);
        for (size_t i = 0; i < check_parkers; i++) {
            wrt_port_parker_done(&entries[i].parker);
        }
    }
}

void port_check_early(void)
{
    wrt_port_parker_t parker;

    CHECK(wrt_port_parker_init(&parker) == WRT_PORT_ENOTSUP);
}

static void log_sum(void)
{
    char text[] = "port check: 00 threads, failed";

    text[12] = (char)('0' + check_threads / 10);
    text[13] = (char)('0' + check_threads % 10);
    if (failures == 0) {
        (void)memcpy(&text[sizeof text - sizeof "failed"], "passed", sizeof "passed");
    }
    log_text(WRT_PORT_INFO, text);
}

int port_check(void)
{
    check_time(); /* first: the FreeRTOS demo lets its tick counter overflow soon after the start */
    check_memory();
    check_random();
    if (can(WRT_PORT_CAN_PARK)) {
        check_park();
        check_lock();
        check_ping_pong();
        check_race();
        check_counts();
        check_deadlines();
        check_torture();
        check_parker_pool();
    } else {
        wrt_port_parker_t parker;

        CHECK(wrt_port_parker_init(&parker) == WRT_PORT_ENOTSUP);
    }
    log_sum();
    return failures == 0 ? 0 : 1;
}
