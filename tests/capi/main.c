/* SPDX-License-Identifier: MIT */
/* Every function and return code of wrt.h, from C. Built and run by rust/wrt-capi/tests/c.rs. */
#include "check.h"

const wrt_config_t config = {
    .instances = 2, .memories = 2, .tables = 1, .types = 24, .stacks = 2, .frames = 24, .cells = 512, .words = 256, .memory_bytes = 3 * 65536,
};
WRT_STORE_DEFINE(buffer, WRT_STORE_BYTES(2, 2, 1, 24, 2, 24, 512, 256, 3 * 65536));

static uint32_t image[8192], scratch[4096];
const wrt_loader_memory_t loader = { image, 8192, scratch, 4096 };

wrt_store_t *new_store(wrt_interrupt_t *interrupt)
{
    wrt_store_t *store = NULL;

    EQUAL(wrt_store_init(buffer, sizeof buffer, &config, interrupt, &store, NULL), WRT_OK);
    CHECK((void *)store == (void *)buffer);
    return store;
}

wrt_instance_t load(wrt_store_t *store, const wrt_module_t *module, const wrt_host_t *hosts, size_t host_count)
{
    wrt_instance_t instance = 0;

    EQUAL(wrt_load(store, module, &loader, hosts, host_count, &instance), WRT_OK);
    CHECK(instance != 0);
    return instance;
}

wrt_func_t find(wrt_store_t *store, wrt_instance_t instance, const char *name)
{
    wrt_func_t func = 0;

    EQUAL(wrt_find_func(store, instance, name, &func), WRT_OK);
    CHECK(func != 0);
    return func;
}

int main(void)
{
    test_store();
    test_modules();
    test_link();
    test_calls();
    test_hosts();
    test_memory();
    test_errors();
    test_refused();
    puts("all passed");
    return 0;
}
