/* SPDX-License-Identifier: MIT */
#include "check.h"

static void name_is(wrt_store_t *store, wrt_instance_t instance, uint32_t func, const char *name)
{
    char text[8];

    memset(text, 'x', sizeof text);
    EQUAL(wrt_func_name(store, instance, func, text, sizeof text), strlen(name));
    CHECK(strncmp(text, name, sizeof text - 1) == 0 && strlen(text) == (strlen(name) < 7 ? strlen(name) : 7));
    EQUAL(wrt_func_name(store, instance, func, NULL, 0), strlen(name));
    EQUAL(wrt_func_name(store, instance, func, text, 1), strlen(name));
    SAME(text, "");
}

static void backtraces(void)
{
    wrt_store_t *store = new_store(NULL);
    wrt_instance_t a = load(store, &calc.image, NULL, 0), b = load(store, &calc.wasm, NULL, 0), failed;
    wrt_val_t v[2] = { I32(1), I32(0) }, r;
    wrt_frame_t frames[3];

    EQUAL(wrt_backtrace(store, frames, 3), 0);
    EQUAL(wrt_call(store, find(store, b, "div"), v, 2, &r, 1), WRT_ETRAP);
    EQUAL(wrt_backtrace(store, frames, 3), 1);
    EQUAL(frames[0].instance, b);
    EQUAL(frames[0].func, wrt_last_error(store)->func);
    EQUAL(frames[0].offset, wrt_last_error(store)->offset);
    EQUAL(frames[0].from_host, 1);
    name_is(store, b, frames[0].func, "div");

    /* As many as the stack has room for; those that fit are the innermost ones. */
    EQUAL(wrt_call(store, find(store, a, "deep"), v, 1, &r, 1), WRT_ETRAP);
    memset(frames, 0xff, sizeof frames);
    EQUAL(wrt_backtrace(store, frames, 2), config.frames);
    EQUAL(wrt_backtrace(store, NULL, 0), config.frames);
    EQUAL(frames[0].func, frames[1].func);
    EQUAL(frames[0].from_host + frames[1].from_host, 0);
    CHECK(frames[0].offset < frames[1].offset);
    EQUAL(frames[2].instance, UINT32_MAX);
    name_is(store, a, frames[0].func, "deep");

    /* Paused, where it is; over, not at all. */
    v[0] = I32(1000);
    EQUAL(wrt_set_fuel(store, 50), WRT_OK);
    EQUAL(wrt_call(store, find(store, a, "count"), v, 1, &r, 1), WRT_EPAUSED);
    EQUAL(wrt_backtrace(store, frames, 3), 1);
    EQUAL(frames[0].instance, a);
    name_is(store, a, frames[0].func, "count");
    EQUAL(wrt_set_fuel(store, WRT_FUEL_UNLIMITED), WRT_OK);
    EQUAL(wrt_resume(store, &r, 1), WRT_OK);
    EQUAL(wrt_backtrace(store, frames, 3), 0);

    EQUAL(wrt_backtrace(NULL, frames, 3), 0);
    EQUAL(wrt_backtrace(store, NULL, 3), 0);
    EQUAL(wrt_func_name(NULL, a, 0, NULL, 0), 0);
    EQUAL(wrt_func_name(store, a, 0, NULL, 3), 0);
    name_is(store, a, 99, "");
    name_is(store, a + 99, 0, "");

    /* A start function has a name in an image that was made with names, and nowhere else: it is not exported. */
    store = new_store(NULL);
    EQUAL(wrt_load(store, &start_traps.image, NULL, NULL, 0, &failed), WRT_ETRAP);
    EQUAL(wrt_backtrace(store, frames, 3), 2);
    EQUAL(frames[0].func, 0);
    EQUAL(frames[1].func, UINT32_MAX);
    EQUAL(frames[1].from_host, 1);
    name_is(store, frames[0].instance, 0, "start");
    EQUAL(wrt_load(store, &start_traps.wasm, &loader, NULL, 0, &failed), WRT_ETRAP);
    EQUAL(wrt_backtrace(store, frames, 3), 2);
    name_is(store, frames[0].instance, 0, "");
}

void test_errors(void)
{
    backtraces();

    static const int codes[] = { WRT_OK,     WRT_EPAUSED, WRT_EINTERRUPTED, WRT_ESUSPENDED, WRT_ETRAP,  WRT_EINVAL,  WRT_EINVAL_HANDLE, WRT_ENOMEM,
                                 WRT_ENOENT, WRT_ETYPE,   WRT_EMALFORMED,   WRT_EINVALID,   WRT_EIMAGE, WRT_ENOTSUP, WRT_EBUSY };
    enum { CODES = sizeof codes / sizeof codes[0] };

    for (int i = 0; i < CODES; i++) {
        CHECK(strlen(wrt_strerror(codes[i])) > 3);
        for (int n = 0; n < i; n++) {
            CHECK(strcmp(wrt_strerror(codes[i]), wrt_strerror(codes[n])) != 0);
        }
    }
    SAME(wrt_strerror(12345), "an unknown code");
    SAME(wrt_trap_message(0), "no trap");
    for (uint32_t trap = 1; trap <= 15; trap++) {
        CHECK(strlen(wrt_trap_message(trap)) > 8 && strcmp(wrt_trap_message(trap), "an unknown trap") != 0);
    }
#ifndef WRT_NO_OBJECTS
    SAME(wrt_trap_message(16), "null function reference");
    SAME(wrt_trap_message(25), "heap exhausted");
#endif
    SAME(wrt_trap_message(UINT32_MAX), "an unknown trap");
}
