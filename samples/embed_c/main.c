/* SPDX-License-Identifier: MIT */
/* The smallest host: calls a function that a WebAssembly module exports. */
#include <stdio.h>

#include <wrt.h>

#include "add.h"

WRT_STORE_DEFINE(buffer, WRT_ADD_STORE_BYTES);

int main(void)
{
    const wrt_val_t args[2] = { { .type = WRT_I32, .of.i32 = 40 }, { .type = WRT_I32, .of.i32 = 2 } };
    wrt_val_t sum;
    wrt_store_t *store;
    wrt_instance_t instance;
    wrt_func_t add;
    int err = wrt_store_init(buffer, sizeof buffer, &wrt_module_add.needs, NULL, &store, NULL);

    if (err == WRT_OK) {
        err = wrt_load(store, &wrt_module_add, NULL, NULL, 0, &instance);
    }
    if (err == WRT_OK) {
        err = wrt_find_func(store, instance, "add", &add);
    }
    if (err == WRT_OK) {
        err = wrt_call(store, add, args, 2, &sum, 1);
    }
    if (err != WRT_OK) {
        fprintf(stderr, "embed_c: %s\n", wrt_strerror(err));
        return 1;
    }
    printf("40 + 2 = %d\n", (int)sum.of.i32);
    return 0;
}
