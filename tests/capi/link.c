/* SPDX-License-Identifier: MIT */
#include "check.h"

static int plus_1(wrt_caller_t *caller, void *user, uint64_t *args)
{
    (void)caller;
    (void)user;
    WRT_RET_I32(args, 0, WRT_ARG_I32(args, 0) + 1);
    return WRT_OK;
}

static const wrt_host_t code[] = { WRT_HOST("host", "code", "(i)i", plus_1, NULL) };

/* Loads `module` with these links. */
static int link_(wrt_store_t *store, const struct both *module, int image, const wrt_link_t *links, size_t count, wrt_instance_t *out)
{
    return image ? wrt_link_image(store, &module->image, NULL, code, 1, links, count, out)
                 : wrt_link_wasm(store, &module->wasm, &loader, code, 1, links, count, out);
}

static int32_t call(wrt_store_t *store, wrt_instance_t instance, const char *name, int32_t a, int32_t b, size_t args)
{
    wrt_val_t v[2] = { I32(a), I32(b) }, result = I32(0);

    EQUAL(wrt_call(store, find(store, instance, name), v, args, &result, 1), WRT_OK);
    return result.of.i32;
}

/* One memory, table and counter for both; each sees what the other one does. */
static void shares(int image)
{
    wrt_store_t *store = new_store(NULL);
    wrt_module_t growing = link_lib.image;
    wrt_instance_t lib, user;
    wrt_link_t links[2];
    wrt_val_t v[2] = { I32(20), I32('x') };
    char text[5] = "", *here, *there;

    growing.needs.memory_bytes = 2 * 65536;
    lib = load(store, &growing, NULL, 0);
    links[0] = (wrt_link_t){ "other", lib };
    links[1] = (wrt_link_t){ "lib", lib };
    EQUAL(link_(store, &link_user, image, links, 2, &user), WRT_OK);
    /* The names were needed during the call only. */
    memset(links, 0, sizeof links);
    EQUAL(call(store, user, "count", 3, 0, 1), 16);
    EQUAL(call(store, lib, "count", 0, 0, 0), 16);
    EQUAL(call(store, user, "host", 41, 0, 1), 42);
    /* The table has a function of each, and each runs in its own instance. */
    EQUAL(call(store, lib, "call", 0, 21, 2), 42);
    EQUAL(call(store, lib, "call", 1, 41, 2), 42);
    /* The memory: by guests, */
    EQUAL(wrt_call(store, find(store, user, "store"), v, 2, NULL, 0), WRT_OK);
    EQUAL(call(store, lib, "byte", 20, 0, 1), 'x');
    EQUAL(call(store, lib, "byte", 64, 0, 1), 'u');
    /* and by C, through either. */
    here = wrt_mem_base(store, lib, 16, 8);
    there = wrt_mem_base(store, user, 16, 8);
    CHECK(here == there && here != NULL);
    EQUAL(memcmp(there, "librx", 4), 0);
    here[0] = 'L';
    EQUAL(wrt_mem_read(store, user, 16, text, 4), WRT_OK);
    SAME(text, "Libr");
    EQUAL(wrt_mem_write(store, user, 17, "IB", 2), WRT_OK);
    EQUAL(memcmp(here, "LIBr", 4), 0);
    EQUAL(call(store, lib, "grow", 0, 0, 0), 1);
    EQUAL(call(store, user, "pages", 0, 0, 0), 2);
    EQUAL(wrt_mem_size(store, user), 2 * 65536);
    EQUAL(wrt_mem_size(store, lib), 2 * 65536);
}

/* A link that has to fail: nothing was taken, the error has the code and that number. */
static void fails(int image, const wrt_link_t *links, size_t count, int error, uint32_t at)
{
    wrt_store_t *store = new_store(NULL);
    wrt_instance_t lib = load(store, &link_lib.image, NULL, 0), user = 77;
    wrt_link_t good = { "lib", lib };

    EQUAL(link_(store, &link_user, image, links, count, &user), error);
    EQUAL(user, 77);
    EQUAL(wrt_last_error(store)->code, error);
    EQUAL(wrt_last_error(store)->at, at);
    EQUAL(call(store, lib, "byte", 64, 0, 1), 0);
    EQUAL(link_(store, &link_user, image, &good, 1, &user), WRT_OK);
    EQUAL(call(store, lib, "byte", 64, 0, 1), 'u');
}

static void refuses(int image)
{
    wrt_store_t *store = new_store(NULL);
    wrt_instance_t lib = load(store, &link_lib.image, NULL, 0);
    wrt_link_t other = { "other", lib }, stale = { "lib", lib }, nameless = { NULL, lib }, none = { "lib", 0 }, func = { "lib", 0 };
    wrt_val_t v = I32(1), result;

    /* Stores in this buffer follow each other: the next one's first instance has the next generation. */
    fails(image, &stale, 1, WRT_EINVAL_HANDLE, 0);
    fails(image, &none, 1, WRT_EINVAL_HANDLE, 0);
    fails(image, NULL, 0, WRT_ENOENT, 0);
    fails(image, NULL, 1, WRT_EINVAL, 0);

    store = new_store(NULL);
    lib = load(store, &link_lib.image, NULL, 0);
    other.instance = nameless.instance = lib;
    func.instance = find(store, lib, "twice");
    EQUAL(link_(store, &link_user, image, &func, 1, &lib), WRT_EINVAL_HANDLE);
    EQUAL(link_(store, &link_user, image, &other, 1, &lib), WRT_ENOENT);
    EQUAL(wrt_last_error(store)->at, 0);
    EQUAL(link_(store, &link_user, image, &nameless, 1, &lib), WRT_EINVAL);
    EQUAL(link_(NULL, &link_user, image, &other, 1, &lib), WRT_EINVAL);
    /* Its own exports have other types: "count" is there, and takes nothing. */
    EQUAL(wrt_call(store, find(store, lib, "count"), &v, 1, &result, 1), WRT_ETYPE);
}

/* An export of that name, and of another kind or type. */
static void types(int image)
{
    wrt_store_t *store = new_store(NULL);
    wrt_instance_t calc_ = load(store, &calc.image, NULL, 0), user;
    wrt_link_t links[] = { { "host", calc_ }, { "env", calc_ } };

    /* "memory" of `calc` is a memory; what `host` has is a function of another type, and not the first. */
    EQUAL(link_(store, &memory_import, image, links, 2, &user), WRT_OK);
    CHECK(wrt_mem_base(store, user, 0, 1) == wrt_mem_base(store, calc_, 0, 1));
    store = new_store(NULL);
    calc_ = load(store, &calc.image, NULL, 0);
    links[0] = (wrt_link_t){ "env", calc_ };
    EQUAL(link_(store, &wrong_kind, image, links, 1, &user), WRT_ETYPE);
    EQUAL(wrt_last_error(store)->at, 0);
}

#ifndef WRT_NO_OBJECTS
/* Tags, and a memory that is not the first. */
static void tags(int image)
{
    static uint64_t room[32768];
    wrt_config_t large = config;
    wrt_store_t *store;
    wrt_instance_t lib, catcher;
    wrt_link_t link;

    large.heap_bytes = 512;
    CHECK(wrt_store_size(&large) <= sizeof room);
    EQUAL(wrt_store_init(room, sizeof room, &large, NULL, &store, NULL), WRT_OK);
    EQUAL(wrt_load_image(store, &link_tags.image, NULL, NULL, 0, &lib), WRT_OK);
    link = (wrt_link_t){ "lib", lib };
    EQUAL(link_(store, &link_catch, image, &link, 1, &catcher), WRT_OK);
    EQUAL(call(store, catcher, "catch", 7, 0, 1), 7);
    EQUAL(call(store, catcher, "third", 0, 0, 0), 42);
}
#endif

void test_link(void)
{
    for (int image = 0; image < 2; image++) {
        shares(image);
        refuses(image);
        types(image);
#ifndef WRT_NO_OBJECTS
        tags(image);
#endif
    }
}
