/* SPDX-License-Identifier: MIT */
/*
 * hello_wasm: runs a WebAssembly module that prints. The same file on Zephyr, FreeRTOS, a bare board and a desktop.
 *
 * No heap: the store and its guest live in one static buffer, whose size wrt_add_module() has computed into hello.h.
 */
#include <stdint.h>

#include <wrt.h>

#include "hello.h"
#include "platform.h"

WRT_STORE_DEFINE(buffer, WRT_HELLO_STORE_BYTES);

#if WRT_HELLO_SCRATCH_WORDS > 0 /* a .wasm, translated here; an image needs neither of the two and runs from flash */
static uint32_t image[WRT_HELLO_IMAGE_WORDS];
static uint32_t scratch[WRT_HELLO_SCRATCH_WORDS];
static const wrt_loader_memory_t loader = { image, WRT_HELLO_IMAGE_WORDS, scratch, WRT_HELLO_SCRATCH_WORDS };
#define LOADER (&loader)
#else
#define LOADER NULL
#endif

/* Collects what the guest prints, so that the console gets whole lines even when other threads print as well. */
static struct line {
    char text[80];
    size_t used;
} line;

static void line_flush(struct line *l)
{
    platform_write(l->text, l->used);
    l->used = 0;
}

static void line_put(struct line *l, char c)
{
    l->text[l->used++] = c;
    if (c == '\n' || l->used == sizeof l->text) {
        line_flush(l);
    }
}

static void put_text(const char *text)
{
    while (*text != '\0') {
        line_put(&line, *text++);
    }
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

/* ("host" "print"): text = args[0], bytes = args[1]. A range outside the guest's memory ends the guest with a trap. */
static int host_print(wrt_caller_t *caller, void *user, uint64_t *args)
{
    uint32_t at = WRT_ARG_U32(args, 0);
    uint32_t left = WRT_ARG_U32(args, 1);
    struct line *l = user;

    while (left > 0) {
        char piece[16];
        uint32_t n = left < sizeof piece ? left : (uint32_t)sizeof piece;
        int err = wrt_mem_read(wrt_caller_store(caller), wrt_caller_instance(caller), at, piece, n);

        if (err != WRT_OK) {
            return err;
        }
        for (uint32_t i = 0; i < n; i++) {
            line_put(l, piece[i]);
        }
        at += n;
        left -= n;
    }
    return WRT_OK;
}

static const wrt_host_t hosts[] = { WRT_HOST("host", "print", "(ii)", host_print, &line) };

#ifdef HELLO_WASM_BACKTRACE
/* The calls that led to a trap, a line each: the function's name, its index and the word in it, for `wrt inspect --at`. */
static void put_backtrace(const wrt_store_t *store)
{
    wrt_frame_t frames[8];
    char name[32];
    size_t n = wrt_backtrace(store, frames, 8);

    for (size_t i = 0; i < n && i < 8; i++) {
        wrt_func_name(store, frames[i].instance, frames[i].func, name, sizeof name);
        put_text("  at ");
        put_text(name[0] != '\0' ? name : "?");
        put_text(" (");
        put_number(frames[i].func);
        put_text(":");
        put_number(frames[i].offset);
        put_text(")\n");
    }
    if (n > 8) {
        put_text("  ...\n");
    }
}
#endif

/* One line that says what failed, why, and where. */
static int failed(const wrt_store_t *store, const char *what, int code)
{
    if (line.used > 0) {
        line_put(&line, '\n');
    }
    put_text("hello_wasm: failed: ");
    put_text(what);
    put_text(": ");
    put_text(wrt_strerror(code));
    if (store != NULL) {
        const wrt_error_t *error = wrt_last_error(store);

        if (error->code == code) {
            put_text(" (");
            put_text(error->message);
            put_text(code == WRT_ETRAP ? "; function " : "; at ");
            put_number(code == WRT_ETRAP ? error->func : error->at);
            if (code == WRT_ETRAP) {
                put_text(", word ");
                put_number(error->offset);
            }
            put_text(")");
        }
    }
    put_text("\n");
#ifdef HELLO_WASM_BACKTRACE
    if (store != NULL && code == WRT_ETRAP) {
        put_backtrace(store);
    }
#endif
    return 1;
}

int hello_wasm(void)
{
    wrt_store_t *store = NULL;
    wrt_instance_t hello;
    wrt_func_t main_;
    int err;

    if (wrt_version() != WRT_API_VERSION) {
        return failed(NULL, "wrt.h and the library are of different versions", WRT_ENOTSUP);
    }
    err = wrt_store_init(buffer, sizeof buffer, &wrt_module_hello.needs, NULL, &store, NULL);
    if (err != WRT_OK) {
        return failed(NULL, "store", err);
    }
    err = wrt_load(store, &wrt_module_hello, LOADER, hosts, 1, &hello);
    if (err != WRT_OK) {
        return failed(store, "load", err);
    }
    err = wrt_find_func(store, hello, "main", &main_);
    if (err != WRT_OK) {
        return failed(store, "find main", err);
    }
    err = wrt_call(store, main_, NULL, 0, NULL, 0);
    if (err != WRT_OK) {
        return failed(store, "main", err);
    }
    if (line.used > 0) {
        line_put(&line, '\n');
    }
#ifdef WRT_REPORT
    put_text("report: store ");
    put_number((uint32_t)sizeof buffer);
    put_text(" bytes\nreport: linear memory ");
    put_number(wrt_module_hello.needs.memory_bytes);
    put_text(" bytes\n");
    platform_report();
#endif
    put_text("hello_wasm: done\n");
    return 0;
}

#ifndef HELLO_WASM_NO_MAIN /* where main belongs to somebody else, as in the FreeRTOS demo */
int main(void)
{
    return hello_wasm();
}
#endif
