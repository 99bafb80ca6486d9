/* SPDX-License-Identifier: MIT */
/* Every size of everything that is given, from nothing up: each refusal leaves a runtime that works, and none is needless. */
#include "check.h"

WRT_STORE_DEFINE(room, WRT_STORE_BYTES(1, 1, 1, 24, 1, 24, 512, 256, 65536));
static uint32_t image[8192], scratch[4096];

/* What a store of this configuration makes of a module; 42 when it does what the module is for. */
static int outcome(const wrt_config_t *given, const wrt_module_t *module, const wrt_loader_memory_t *memory)
{
    wrt_store_t *store;
    wrt_instance_t instance;
    wrt_func_t add;
    wrt_val_t args[] = { I32(40), I32(2) }, result;
    int err = wrt_store_init(room, sizeof room, given, NULL, &store, NULL);

    if (err == WRT_OK) {
        err = wrt_load(store, module, memory, NULL, 0, &instance);
    }
    if (err == WRT_OK) {
        EQUAL(wrt_find_func(store, instance, "add", &add), WRT_OK);
        err = wrt_call(store, add, args, 2, &result, 1);
    }
    if (err != WRT_OK) {
        if (err == WRT_ETRAP) {
            EQUAL(wrt_last_error(store)->trap, 10); /* the stack is used up */
        } else if (err != WRT_EBUSY) { /* no stack to run on */
            EQUAL(err, WRT_ENOMEM);
        }
        return err;
    }
    return result.of.i32;
}

/* Sets field number n of a configuration; 0 when there is no such field. */
static uint32_t *wide_field(wrt_config_t *c, int n)
{
    uint32_t *fields[] = { &c->cells, &c->words, &c->memory_bytes };

    return n < 3 ? fields[n] : NULL;
}
static uint16_t *narrow_field(wrt_config_t *c, int n)
{
    uint16_t *fields[] = { &c->instances, &c->memories, &c->tables, &c->types, &c->stacks, &c->frames };

    return n < 6 ? fields[n] : NULL;
}

/* From the first size that suffices on, all do; before it, each is refused. Returns that size. */
static uint32_t least(const wrt_config_t *full, const wrt_module_t *module, const wrt_loader_memory_t *memory, int wide, int n, uint32_t step)
{
    uint32_t found = UINT32_MAX;
    wrt_config_t c = *full;
    const uint32_t most = wide ? *wide_field(&c, n) : *narrow_field(&c, n);
    for (uint32_t size = 0; size <= most; size += step) {
        c = *full;
        if (wide) {
            *wide_field(&c, n) = size;
        } else {
            *narrow_field(&c, n) = (uint16_t)size;
        }
        if (outcome(&c, module, memory) == 42) {
            found = found == UINT32_MAX ? size : found;
        } else {
            EQUAL(found, UINT32_MAX);
            EQUAL(outcome(full, module, memory), 42);
        }
    }
    CHECK(found != UINT32_MAX);
    return found;
}

static void configurations(void)
{
    const wrt_config_t full = { 1, 1, 1, 24, 1, 24, 512, 256, 65536, 0 };
    uint32_t sum = 0;

    for (int n = 0; n < 6; n++) {
        sum += least(&full, &calc.image, NULL, 0, n, 1);
    }
    CHECK(sum >= 3); /* an instance, a stack and a frame at least */
    least(&full, &calc.image, NULL, 1, 0, 1); /* 0 suffices: the window of slack holds a frame */
    CHECK(least(&full, &calc.image, NULL, 1, 1, 1) > 0);
    least(&full, &calc.image, NULL, 1, 2, 4096);
}

static void buffers(void)
{
    const wrt_config_t full = { 1, 1, 1, 24, 1, 24, 512, 256, 65536, 0 };
    const wrt_loader_memory_t all = { image, 8192, scratch, 4096 };
    uint32_t words, temporary;

    EQUAL(wrt_translate(calc.wasm.data, calc.wasm.bytes, &all, &words, &temporary, NULL), WRT_OK);
    CHECK(words > 100 && temporary > 10);
    for (uint32_t n = 0; n <= words; n++) {
        EQUAL(outcome(&full, &calc.wasm, &(wrt_loader_memory_t){ image, n, scratch, 4096 }), n < words ? WRT_ENOMEM : 42);
    }
    for (uint32_t n = 0, refused = 0; n <= temporary; n++) {
        int came = outcome(&full, &calc.wasm, &(wrt_loader_memory_t){ image, 8192, scratch, n });

        CHECK(came == WRT_ENOMEM || came == 42);
        refused += came == WRT_ENOMEM;
        CHECK(n < temporary || (came == 42 && refused > 10));
    }
    EQUAL(outcome(&full, &calc.wasm, &all), 42);
}

void test_refused(void)
{
    configurations();
    buffers();
}
