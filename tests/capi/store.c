/* SPDX-License-Identifier: MIT */
#include "check.h"

static void sizes(void)
{
    const wrt_config_t none = { 0 };
    wrt_config_t c;
    uint32_t seed = 1;

    EQUAL(wrt_store_size(NULL), 0);
    CHECK(wrt_store_size(&none) > 0 && wrt_store_size(&none) <= WRT_SIZE_STORE);
    /* The macro is an upper bound, and not a far one. */
    for (int i = 0; i < 1000; i++) {
        uint32_t r[9];

        for (int n = 0; n < 9; n++) {
            seed = seed * 1664525u + 1013904223u;
            r[n] = seed >> 16;
        }
        c = (wrt_config_t){ r[0] % 9, r[1] % 5, r[2] % 5, r[3] % 99, r[4] % 4, r[5] % 50, r[6] % 999, r[7] % 999, r[8], 0 };
        size_t bound = WRT_STORE_BYTES((size_t)c.instances, c.memories, c.tables, c.types, c.stacks, c.frames, c.cells, c.words, c.memory_bytes);
        size_t need = wrt_store_size(&c);

        CHECK(need <= bound);
        CHECK(bound - need <= 150 + 16u * (c.instances + c.memories + c.tables + c.stacks));
    }
    c = (wrt_config_t){ .instances = 1, .stacks = 65535, .cells = UINT32_MAX, .words = UINT32_MAX };
    CHECK(sizeof(size_t) > 4 || wrt_store_size(&c) == 0);
}

static void init(void)
{
    static uint64_t small[512];
    static const wrt_config_t few = { 1, 1, 1, 2, 1, 2, 8, 8, 64, 0 };
    uint64_t before[512];
    wrt_store_t *store = NULL;
    size_t need = 0;
    size_t exact = wrt_store_size(&few);

    CHECK(exact <= sizeof small);
    for (size_t i = 0; i < 512; i++) {
        small[i] = 0x0101010101010101u * (i & 0xff);
    }
    memcpy(before, small, sizeof small);
    EQUAL(wrt_store_init(NULL, sizeof small, &few, NULL, &store, &need), WRT_EINVAL);
    EQUAL(need, exact);
    EQUAL(wrt_store_init(small, sizeof small, NULL, NULL, &store, &need), WRT_EINVAL);
    EQUAL(wrt_store_init(small, sizeof small, &few, NULL, NULL, &need), WRT_EINVAL);
    EQUAL(wrt_store_init((char *)small + 4, sizeof small - 8, &few, NULL, &store, &need), WRT_EINVAL);
    EQUAL(wrt_store_init(small, sizeof small, &few, (wrt_interrupt_t *)((char *)before + 1), &store, &need), WRT_EINVAL);
    for (size_t bytes = 0; bytes < exact; bytes++) {
        need = 0;
        EQUAL(wrt_store_init(small, bytes, &few, NULL, &store, &need), WRT_ENOMEM);
        EQUAL(need, exact);
    }
    CHECK(store == NULL);
    CHECK(memcmp(before, small, sizeof small) == 0);
    EQUAL(wrt_store_init(small, exact, &few, NULL, &store, NULL), WRT_OK);
    /* Not a byte behind it. */
    CHECK(memcmp((char *)before + exact, (char *)small + exact, sizeof small - exact) == 0);
    EQUAL(wrt_fuel(store), WRT_FUEL_UNLIMITED);
    EQUAL(wrt_last_error(store)->code, WRT_OK);
    SAME(wrt_last_error(store)->message, "done");
}

/* Memory that is no store. */
static void no_store(void)
{
    static uint64_t zeros[1024];
    wrt_store_t *store = (wrt_store_t *)zeros;
    wrt_func_t func;

    EQUAL(wrt_find_func(store, 1, "f", &func), WRT_EINVAL);
    EQUAL(wrt_find_func(NULL, 1, "f", &func), WRT_EINVAL);
    EQUAL(wrt_call((wrt_store_t *)((char *)zeros + 1), 1, NULL, 0, NULL, 0), WRT_EINVAL);
    EQUAL(wrt_call(NULL, 1, NULL, 0, NULL, 0), WRT_EINVAL);
    EQUAL(wrt_resume(NULL, NULL, 0), WRT_EINVAL);
    EQUAL(wrt_answer(NULL, NULL, 0), WRT_EINVAL);
    EQUAL(wrt_cancel(NULL), WRT_EINVAL);
    EQUAL(wrt_set_fuel(NULL, 1), WRT_EINVAL);
    EQUAL(wrt_fuel(NULL), 0);
    EQUAL(wrt_mem_read(NULL, 1, 0, zeros, 1), WRT_EINVAL);
    EQUAL(wrt_mem_write(NULL, 1, 0, zeros, 1), WRT_EINVAL);
    EQUAL(wrt_mem_size(NULL, 1), 0);
    CHECK(wrt_mem_base(NULL, 1, 0, 1) == NULL);
    CHECK(wrt_last_error(NULL) == NULL);
    CHECK(wrt_caller_store(NULL) == NULL);
    EQUAL(wrt_caller_instance(NULL), 0);
}

static void handles(void)
{
    enum { STORES = 100 };
    wrt_store_t *store = new_store(NULL);
    wrt_instance_t instances[STORES];
    wrt_func_t funcs[STORES];
    const wrt_val_t args[2] = { I32(1), I32(2) };
    wrt_val_t sum;
    char byte;

    for (int n = 0; n < STORES; n++) {
        store = new_store(NULL);
        instances[n] = load(store, &calc.image, NULL, 0);
        funcs[n] = find(store, instances[n], "add");
        for (int i = 0; i < n; i++) {
            EQUAL(wrt_call(store, funcs[i], args, 2, &sum, 1), WRT_EINVAL_HANDLE);
            EQUAL(wrt_mem_read(store, instances[i], 0, &byte, 1), WRT_EINVAL_HANDLE);
            EQUAL(wrt_mem_write(store, instances[i], 0, &byte, 1), WRT_EINVAL_HANDLE);
            EQUAL(wrt_find_func(store, instances[i], "add", &funcs[i]), WRT_EINVAL_HANDLE);
            CHECK(wrt_mem_base(store, instances[i], 0, 1) == NULL);
            EQUAL(wrt_last_error(store)->code, WRT_EINVAL_HANDLE);
            EQUAL(wrt_mem_size(store, instances[i]), 0);
        }
    }
    /* Neither 0, nor one kind for the other, nor one that was not made yet. */
    EQUAL(wrt_call(store, 0, args, 2, &sum, 1), WRT_EINVAL_HANDLE);
    EQUAL(wrt_call(store, instances[STORES - 1], args, 2, &sum, 1), WRT_EINVAL_HANDLE);
    EQUAL(wrt_call(store, funcs[STORES - 1] + 1000, args, 2, &sum, 1), WRT_EINVAL_HANDLE);
    EQUAL(wrt_mem_read(store, funcs[STORES - 1], 0, &byte, 1), WRT_EINVAL_HANDLE);
    EQUAL(wrt_mem_read(store, instances[STORES - 1] + 1, 0, &byte, 1), WRT_EINVAL_HANDLE);
    EQUAL(wrt_call(store, funcs[STORES - 1], args, 2, &sum, 1), WRT_OK);
    EQUAL(sum.of.i32, 3);
}

void test_store(void)
{
    EQUAL(wrt_version(), WRT_API_VERSION);
    sizes();
    init();
    no_store();
    handles();
}
