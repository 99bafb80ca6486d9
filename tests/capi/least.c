/* SPDX-License-Identifier: MIT */
/* A library without loader and float, with the small window: what it does not offer, it says. */
#include "check.h"

const wrt_loader_memory_t loader;

int main(void)
{
    static uint64_t buffer[WRT_STORE_BYTES(2, 2, 0, 24, 1, 8, 64, 128, 131072) / 8 + 1];
    static const wrt_config_t needs = { 2, 2, 0, 24, 1, 8, 64, 128, 131072, 0 };
    uint32_t words = 7, scratch = 7, at = 7;
    wrt_store_t *store;
    wrt_instance_t instance;

    EQUAL(wrt_store_init(buffer, sizeof buffer, &needs, NULL, &store, NULL), WRT_OK);
    EQUAL(wrt_load(store, &empty.image, NULL, NULL, 0, &instance), WRT_OK);
    EQUAL(wrt_load(store, &empty.wasm, NULL, NULL, 0, &instance), WRT_ENOTSUP);
    EQUAL(wrt_last_error(store)->code, WRT_ENOTSUP);
    EQUAL(wrt_link_image(store, &empty.image, NULL, NULL, 0, NULL, 0, &instance), WRT_ENOTSUP);
    EQUAL(wrt_link_wasm(store, &empty.wasm, &loader, NULL, 0, NULL, 0, &instance), WRT_ENOTSUP);
    EQUAL(wrt_translate(empty.wasm.data, empty.wasm.bytes, &loader, &words, &scratch, &at), WRT_ENOTSUP);
    EQUAL(words + scratch + at, 0);
    EQUAL(wrt_load(store, &floats.image, NULL, NULL, 0, &instance), WRT_ENOTSUP);
    SAME(wrt_last_error(store)->message, "needs float");

    uint32_t words_of[256];
    wrt_module_t large = empty.image;

    EQUAL(empty.image.bytes <= sizeof words_of, 1);
    memcpy(words_of, empty.image.data, empty.image.bytes);
    EQUAL(words_of[3] >> 16, 136);
    words_of[3] = (words_of[3] & 0xffff) | 264u << 16;
    large.data = words_of;
    EQUAL(wrt_load(store, &large, NULL, NULL, 0, &instance), WRT_ENOTSUP);
    SAME(wrt_last_error(store)->message, "image for the large window: run `wrt compile --small-window`");
    puts("all passed");
    return 0;
}
