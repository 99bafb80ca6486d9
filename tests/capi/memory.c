/* SPDX-License-Identifier: MIT */
#include "check.h"

/* Several memories of one module share what there is for growth. */
static void several(void)
{
    WRT_STORE_DEFINE(buffer, WRT_STORE_BYTES(1, 3, 0, 4, 1, 4, 64, 64, 5 * 65536));
    static const wrt_config_t five_pages = { 1, 3, 0, 4, 1, 4, 64, 64, 5 * 65536, 0 };
    wrt_store_t *store;
    wrt_val_t delta = I32(1), old[3];
    wrt_instance_t all;

    EQUAL(wrt_store_init(buffer, sizeof buffer, &five_pages, NULL, &store, NULL), WRT_OK);
    if (wrt_load(store, &memories.image, NULL, NULL, 0, &all) == WRT_ENOTSUP) {
        SAME(wrt_last_error(store)->message, "needs multi-memory"); /* of this build */
        return;
    }
    EQUAL(wrt_last_error(store)->code, WRT_OK);
    /* One page for the one that has a maximum, two for each of the others. */
    EQUAL(wrt_call(store, find(store, all, "grow"), &delta, 1, old, 3), WRT_OK);
    EQUAL(old[0].of.i32, 1);
    EQUAL(old[1].of.i32, 1);
    EQUAL(old[2].of.i32, 0);
    EQUAL(wrt_call(store, find(store, all, "grow"), &delta, 1, old, 3), WRT_OK);
    EQUAL(old[0].of.i32, -1);
    EQUAL(old[1].of.i32, -1);
    EQUAL(old[2].of.i32, -1);
    EQUAL(wrt_mem_size(store, all), 131072);
}

void test_memory(void)
{
    static char wide[70000];
    wrt_store_t *store = new_store(NULL);
    wrt_instance_t calc_ = load(store, &calc.image, NULL, 0);
    wrt_instance_t last;
    wrt_val_t v[2] = { I32(1), I32(0) }, result;
    char text[8] = "", *p, *q;

    EQUAL(wrt_mem_size(store, calc_), 65536);
    EQUAL(wrt_mem_read(store, calc_, 16, text, 5), WRT_OK);
    SAME(text, "hello");
    EQUAL(wrt_mem_write(store, calc_, 65533, "xyz", 3), WRT_OK);
    v[0] = I32(65535);
    EQUAL(wrt_call(store, find(store, calc_, "peek"), v, 1, &result, 1), WRT_OK);
    EQUAL(result.of.i32, 'z');

    /* Bounds, in each of the three. */
    EQUAL(wrt_mem_read(store, calc_, 65536, text, 0), WRT_OK);
    EQUAL(wrt_mem_read(store, calc_, 65536, NULL, 0), WRT_OK);
    EQUAL(wrt_mem_read(store, calc_, 65537, NULL, 0), WRT_EINVAL);
    EQUAL(wrt_mem_read(store, calc_, 65536, text, 1), WRT_EINVAL);
    EQUAL(wrt_mem_read(store, calc_, 65530, text, 7), WRT_EINVAL);
    EQUAL(wrt_mem_read(store, calc_, 1, text, SIZE_MAX), WRT_EINVAL);
    EQUAL(wrt_mem_read(store, calc_, UINT32_MAX, text, 2), WRT_EINVAL);
    EQUAL(wrt_mem_read(store, calc_, 0, NULL, 1), WRT_EINVAL);
    SAME(text, "hello");
    EQUAL(wrt_mem_write(store, calc_, 65536, text, 1), WRT_EINVAL);
    EQUAL(wrt_mem_write(store, calc_, 65534, text, 3), WRT_EINVAL);
    EQUAL(wrt_mem_write(store, calc_, 0, NULL, 1), WRT_EINVAL);
    EQUAL(wrt_mem_write(store, calc_, 65536, NULL, 0), WRT_OK);
    EQUAL(wrt_mem_read(store, calc_, 0, wide, 65536), WRT_OK);
    CHECK(memcmp(wide + 16, "hello", 5) == 0 && wide[65535] == 'z');
    CHECK(wrt_mem_base(store, calc_, 65536, 0) != NULL);
    CHECK(wrt_mem_base(store, calc_, 65536, 1) == NULL);
    CHECK(wrt_mem_base(store, calc_, 1, 65536) == NULL);

    /* Two addresses stay good together, and over reads and writes. */
    p = wrt_mem_base(store, calc_, 16, 5);
    q = wrt_mem_base(store, calc_, 1000, 5);
    memcpy(q, p, 5);
    EQUAL(wrt_mem_write(store, calc_, 1001, "a", 1), WRT_OK);
    q[4] = 'y';
    EQUAL(wrt_mem_read(store, calc_, 1000, text, 5), WRT_OK);
    SAME(text, "hally");
    /* Inside one memory. */
    EQUAL(wrt_mem_write(store, calc_, 1001, q, 4), WRT_OK);
    EQUAL(wrt_mem_read(store, calc_, 1000, text, 5), WRT_OK);
    SAME(text, "hhall");

    /* Growth: this memory has one slot left behind it, so it gets what its module needs, which is nothing more. */
    v[0] = I32(1);
    EQUAL(wrt_call(store, find(store, calc_, "grow"), v, 1, &result, 1), WRT_OK);
    EQUAL(result.of.i32, -1);
    /* The last one gets the rest. */
    last = load(store, &calc.image, NULL, 0);
    EQUAL(wrt_call(store, find(store, last, "grow"), v, 1, &result, 1), WRT_OK);
    EQUAL(result.of.i32, 1);
    EQUAL(wrt_mem_size(store, last), 131072);
    EQUAL(wrt_mem_write(store, last, 131071, "!", 1), WRT_OK);
    EQUAL(wrt_call(store, find(store, last, "grow"), v, 1, &result, 1), WRT_OK);
    EQUAL(result.of.i32, -1);
    EQUAL(wrt_mem_size(store, calc_), 65536);

    /* No memory. */
    store = new_store(NULL);
    last = load(store, &empty.image, NULL, 0);
    EQUAL(wrt_mem_size(store, last), 0);
    EQUAL(wrt_last_error(store)->code, WRT_OK);
    EQUAL(wrt_mem_read(store, last, 0, text, 0), WRT_EINVAL);
    EQUAL(wrt_mem_write(store, last, 0, text, 1), WRT_EINVAL);
    CHECK(wrt_mem_base(store, last, 0, 0) == NULL);

    several();
}
