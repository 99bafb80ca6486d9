/* SPDX-License-Identifier: MIT */
/*
 * wrt_helper.h in the firmware of an RTOS: memories in a buffer, waiting over wrt/port.h. What each function does in full is
 * tested by main.c; here that the library links, beside the interpreter's, and waits in this system.
 */
#include <stdbool.h>
#include <string.h>

#include <wrt.h>
#include <wrt/port.h>
#include <wrt_helper.h>

enum { BYTES = 1024, WAITERS = 2 };
#define MILLISECOND 1000000

static _Alignas(16) uint8_t buffer[BYTES];
static _Alignas(16) uint8_t shared_buffer[BYTES];
static _Alignas(8) uint8_t waits_buffer[WRT_WAITS_BYTES(WAITERS)];

static bool good = true;

static void log_text(const char *text)
{
    wrt_port_log(WRT_PORT_INFO, text, strlen(text));
}

static void check(bool ok, const char *what)
{
    if (!ok) {
        good = false;
        log_text(what);
    }
}
#define TEXT_OF(x) #x
#define CHECK(x) check(x, "helper: failed: " TEXT_OF(x))

static void memories(void)
{
    const wrt_memory_type_t type = { .min_pages = 100, .max_pages = BYTES, .page_log2 = 0 };
    wrt_memory_t memory;

    memset(buffer, 0xff, sizeof buffer);
    CHECK(wrt_memory_new(&memory, &type, NULL, BYTES) != WRT_HELPER_OK || memory.base != NULL);
    CHECK(wrt_memory_new(&memory, &type, buffer, sizeof buffer) == WRT_HELPER_OK);
    CHECK(memory.base == buffer && memory.bytes == 100 && buffer[99] == 0 && buffer[100] == 0xff);
    CHECK(wrt_memory_fill(&memory, 0, 7, 50) == WRT_TRAP_NONE);
    CHECK(wrt_memory_copy(&memory, 50, &memory, 0, 50) == WRT_TRAP_NONE && buffer[99] == 7);
    CHECK(wrt_memory_copy(&memory, 51, &memory, 0, 50) == WRT_TRAP_MEMORY_OUT_OF_BOUNDS && buffer[100] == 0xff);
    CHECK(wrt_memory_grow(&memory, 10) == 100 && memory.bytes == 110 && buffer[109] == 0 && buffer[110] == 0xff);
    CHECK(wrt_memory_grow(&memory, BYTES) == WRT_GROW_FAILED && memory.bytes == 110);
    wrt_memory_delete(&memory);
    CHECK(memcmp(wrt_trap_text(WRT_TRAP_MEMORY_OUT_OF_BOUNDS), "out of bounds", 13) == 0);
}

static void waiting(void)
{
    const wrt_memory_type_t type = { .min_pages = BYTES, .max_pages = BYTES, .page_log2 = 0, .flags = WRT_MEMORY_SHARED };
    wrt_memory_t memory;
    wrt_waits_t *waits = NULL;
    uint32_t result = 99;
    uint64_t before;

    CHECK(wrt_memory_new(&memory, &type, shared_buffer, sizeof shared_buffer) == WRT_HELPER_OK);
    CHECK(wrt_waits_init(waits_buffer, 16, WAITERS, &waits) == WRT_HELPER_ENOMEM);
    CHECK(wrt_waits_init(waits_buffer, sizeof waits_buffer, WAITERS, &waits) == WRT_HELPER_OK);
    CHECK(wrt_atomic_wait32(&memory, waits, 0, 0, 1, -1, &result) == WRT_TRAP_NONE && result == WRT_WAIT_NOT_EQUAL);
    before = wrt_port_now_ns();
    CHECK(wrt_atomic_wait64(&memory, waits, 8, 0, 0, 20 * MILLISECOND, &result) == WRT_TRAP_NONE && result == WRT_WAIT_TIMED_OUT);
    CHECK(wrt_port_now_ns() - before >= 20 * MILLISECOND);
    CHECK(wrt_atomic_wait32(&memory, waits, 2, 0, 0, -1, &result) == WRT_TRAP_UNALIGNED_ATOMIC);
    CHECK(wrt_atomic_wait32(&memory, NULL, 0, 0, 0, -1, &result) == WRT_TRAP_CANNOT_SUSPEND);
    CHECK(wrt_atomic_notify(&memory, waits, 8, 0, UINT32_MAX, &result) == WRT_TRAP_NONE && result == 0);
    wrt_memory_delete(&memory);
}

int helper(void)
{
    CHECK(wrt_helper_version() == WRT_HELPER_VERSION && wrt_version() == WRT_API_VERSION);
    memories();
    waiting();
    if (good) {
        log_text("helper: passed");
    }
    return good ? 0 : 1;
}

#ifndef HELPER_NO_MAIN
int main(void)
{
    return helper();
}
#endif
