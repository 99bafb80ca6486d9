/* SPDX-License-Identifier: MIT */
/*
 * deadline: guests that never return are stopped by a timer's interrupt, go on, and are stopped again.
 *
 * The interrupt sets one word (wrt_interrupt()) and touches nothing else of WRT. The engine looks at the word at least
 * every 1000 instructions of the guest, long operations on memory included; it never masks interrupts.
 */
#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#include <wrt.h>

#include "deadline.h"
#include "runaway.h"

enum { DEADLINE_MS = 20 };

/* A second stack for the calls that are made while the guest is stopped; its frames and cells are few. */
#define STORE_BYTES (WRT_RUNAWAY_STORE_BYTES + WRT_SIZE_STACK + 4u * 12u + (32u + WRT_WINDOW_CELLS) * 4u)

WRT_STORE_DEFINE(buffer, STORE_BYTES);
static wrt_interrupt_t stop;
static uint32_t latest_us;

static void put_text(const char *text)
{
    deadline_write(text, strlen(text));
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

static bool failed(const char *what, int code)
{
    put_text("deadline: failed: ");
    put_text(what);
    put_text(": ");
    put_text(wrt_strerror(code));
    put_text("\n");
    return false;
}

/* What a function without parameters returns. */
static bool ask(wrt_store_t *store, wrt_instance_t guest, const char *name, uint32_t *answer)
{
    wrt_func_t func;
    wrt_val_t result;
    int err = wrt_find_func(store, guest, name, &func);

    if (err == WRT_OK) {
        err = wrt_call(store, func, NULL, 0, &result, 1);
    }
    *answer = (uint32_t)result.of.i32;
    return err == WRT_OK || failed(name, err);
}

/* The guest has run, and was stopped by the interrupt and by nothing else. */
static bool was_stopped(const char *name, int code)
{
    uint32_t late = deadline_late_us();

    if (code != WRT_EINTERRUPTED || !deadline_came()) {
        return failed(name, code);
    }
    if (late > latest_us) {
        latest_us = late;
    }
    wrt_interrupt_clear(&stop);
    return true;
}

/* Runs a function that does not return until the deadline, and on from there until a second one. */
static bool run_away(wrt_store_t *store, wrt_instance_t guest, const char *name)
{
    wrt_func_t func;
    uint32_t first, second;
    int err = wrt_find_func(store, guest, name, &func);

    if (err != WRT_OK) {
        return failed(name, err);
    }
    deadline_start(DEADLINE_MS, &stop);
    if (!was_stopped(name, wrt_call(store, func, NULL, 0, NULL, 0)) || !ask(store, guest, "seen", &first)) {
        return false;
    }
    deadline_start(DEADLINE_MS, &stop);
    if (!was_stopped(name, wrt_resume(store, NULL, 0)) || !ask(store, guest, "seen", &second)) {
        return false;
    }
    if (first == second) {
        return failed("it did not go on", WRT_OK);
    }
    err = wrt_cancel(store);
    if (err != WRT_OK) {
        return failed(name, err);
    }
    put_text("deadline: ");
    put_text(name);
    put_text(": stopped, went on, stopped again\n");
    return true;
}

int deadline(void)
{
    static const char *const names[] = { "jumps", "calls", "straight", "bulk" };
    wrt_config_t needs = wrt_module_runaway.needs;
    wrt_store_t *store = NULL;
    wrt_instance_t guest;
    uint32_t filled;
    int err;

    needs.stacks++;
    err = wrt_store_init(buffer, sizeof buffer, &needs, &stop, &store, NULL);
    if (err == WRT_OK) {
        err = wrt_load(store, &wrt_module_runaway, NULL, NULL, 0, &guest);
    }
    if (err != WRT_OK) {
        return !failed("load", err);
    }
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        if (!run_away(store, guest, names[i])) {
            return 1;
        }
    }
    if (!ask(store, guest, "filled", &filled)) {
        return 1;
    }
    put_text("deadline: latest ");
    put_number(latest_us);
    put_text(" us after the interrupt\ndeadline: done\n");
    return 0;
}

#ifndef DEADLINE_NO_MAIN /* where main belongs to somebody else, as in the FreeRTOS demo */
int main(void)
{
    return deadline();
}
#endif
