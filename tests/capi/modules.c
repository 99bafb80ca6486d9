/* SPDX-License-Identifier: MIT */
#include "check.h"

static int answer_1(wrt_caller_t *caller, void *user, uint64_t *args)
{
    (void)caller;
    (void)user;
    WRT_RET_I32(args, 0, 1);
    return WRT_OK;
}

static int not_ready(wrt_caller_t *caller, void *user, uint64_t *args)
{
    (void)caller;
    (void)user;
    (void)args;
    return WRT_ESUSPENDED;
}

/* wrt_load() of a module that has to fail; the error has the code and that number. */
static void fails(const wrt_module_t *module, const wrt_host_t *hosts, size_t host_count, int code, uint32_t at)
{
    wrt_store_t *store = new_store(NULL);
    wrt_instance_t instance = 77;

    EQUAL(wrt_load(store, module, &loader, hosts, host_count, &instance), code);
    EQUAL(instance, 77);
    EQUAL(wrt_last_error(store)->code, code);
    EQUAL(wrt_last_error(store)->at, at);
}

static void images(void)
{
    static uint32_t copy[8192];
    size_t bytes = calc.image.bytes;
    wrt_module_t m = calc.image;

    load(new_store(NULL), &calc.image, NULL, 0);
    m.data = copy;
    memcpy(copy, calc.image.data, bytes);
    load(new_store(NULL), &m, NULL, 0);

    m.data = (char *)copy + 1;
    fails(&m, NULL, 0, WRT_EIMAGE, 0);
    m.data = copy;
    m.bytes = (uint32_t)bytes - 1;
    fails(&m, NULL, 0, WRT_EIMAGE, 0);
    m.bytes = (uint32_t)bytes - 4;
    fails(&m, NULL, 0, WRT_EIMAGE, 0);
    m.bytes = 0;
    fails(&m, NULL, 0, WRT_EIMAGE, 0);
    m.bytes = (uint32_t)bytes;
    /* Every bit counts. */
    for (size_t bit = 0; bit < bytes * 8; bit += 61) {
        wrt_store_t *store = new_store(NULL);
        wrt_instance_t instance;

        copy[bit / 32] ^= 1u << (bit % 32);
        int err = wrt_load(store, &m, NULL, NULL, 0, &instance);
        CHECK(err == WRT_EIMAGE || err == WRT_ENOTSUP);
        copy[bit / 32] ^= 1u << (bit % 32);
    }
    m.data = NULL;
    fails(&m, NULL, 0, WRT_EINVAL, 0);

    wrt_store_t *store = new_store(NULL);
    wrt_instance_t instance;
    EQUAL(wrt_load_image(store, NULL, NULL, NULL, 0, &instance), WRT_EINVAL);
    EQUAL(wrt_load_image(store, &calc.image, NULL, NULL, 0, NULL), WRT_EINVAL);
    EQUAL(wrt_load_image(store, &calc.image, NULL, NULL, 3, &instance), WRT_EINVAL);
    EQUAL(wrt_load_image(NULL, &calc.image, NULL, NULL, 0, &instance), WRT_EINVAL);
}

static void wasm(void)
{
    static const uint8_t malformed[] = { 0, 'a', 's', 'm', 1, 0, 0, 0, 0x44 };
    /* (func i32.add) */
    static const uint8_t invalid[] = { 0, 'a', 's', 'm', 1, 0, 0, 0, 1, 4, 1, 0x60, 0, 0, 3, 2, 1, 0, 10, 5, 1, 3, 0, 0x6a, 0x0b };
    /* a shared memory */
    static const uint8_t shared[] = { 0, 'a', 's', 'm', 1, 0, 0, 0, 5, 4, 1, 3, 1, 1 };
    wrt_module_t m = { .bytes = sizeof malformed, .load = wrt_load_wasm };
    wrt_store_t *store;
    wrt_instance_t instance;
    wrt_loader_memory_t little = loader;

    load(new_store(NULL), &calc.wasm, NULL, 0);

    m.data = malformed;
    fails(&m, NULL, 0, WRT_EMALFORMED, 9);
    m.data = invalid;
    m.bytes = sizeof invalid;
    fails(&m, NULL, 0, WRT_EINVALID, 24);
#ifdef WRT_NO_OBJECTS /* the library without proposals */
    m.data = shared;
    m.bytes = sizeof shared;
    fails(&m, NULL, 0, WRT_ENOTSUP, 12);
#else
    (void)shared;
#endif
    m.data = "";
    m.bytes = 0;
    fails(&m, NULL, 0, WRT_EMALFORMED, 0);
    m.data = NULL;
    fails(&m, NULL, 0, WRT_EMALFORMED, 0);
    m.bytes = 1;
    fails(&m, NULL, 0, WRT_EINVAL, 0);

    store = new_store(NULL);
    little.image_words = 0;
    EQUAL(wrt_load(store, &calc.wasm, &little, NULL, 0, &instance), WRT_ENOMEM);
    /* A library without objects leaves out what would tell where they are. */
    const uint32_t words = wrt_last_error(store)->at / 4;
    CHECK(words > 0 && words <= calc.wasm.image_words);
    little.image_words = words - 1;
    EQUAL(wrt_load(store, &calc.wasm, &little, NULL, 0, &instance), WRT_ENOMEM);
    EQUAL(wrt_last_error(store)->at, 4 * words);
    SAME(wrt_last_error(store)->message, "the image does not fit");
    little.image_words++;
    little.scratch_words = calc.wasm.scratch_words / 4;
    EQUAL(wrt_load(store, &calc.wasm, &little, NULL, 0, &instance), WRT_ENOMEM);
    SAME(wrt_last_error(store)->message, "decode scratch is too small");
    CHECK(wrt_last_error(store)->at > 4 * little.scratch_words);
    little.scratch_words = calc.wasm.scratch_words;
    EQUAL(wrt_load(store, &calc.wasm, &little, NULL, 0, &instance), WRT_OK);

    EQUAL(wrt_load(store, &calc.wasm, NULL, NULL, 0, &instance), WRT_EINVAL);
    little.image = NULL;
    EQUAL(wrt_load(store, &calc.wasm, &little, NULL, 0, &instance), WRT_EINVAL);
    little.image = (uint32_t *)((char *)loader.image + 2);
    EQUAL(wrt_load(store, &calc.wasm, &little, NULL, 0, &instance), WRT_EINVAL);
    little.image = loader.scratch + 10;
    EQUAL(wrt_load(store, &calc.wasm, &little, NULL, 0, &instance), WRT_EINVAL);
}

static void translate(void)
{
    const uint8_t *data = calc.wasm.data;
    size_t bytes = calc.wasm.bytes;
    wrt_loader_memory_t m = loader;
    uint32_t words = 7, scratch = 7, at = 7;

    EQUAL(wrt_translate(data, bytes, &m, &words, &scratch, &at), WRT_OK);
    EQUAL(at, 0);
#ifdef WRT_NO_OBJECTS
    /* A library without objects leaves out what would tell where they are. */
    CHECK(words > 7 && words <= calc.wasm.image_words);
    CHECK(scratch > 7 && scratch <= calc.wasm.scratch_words);
#else
    EQUAL(words, calc.wasm.image_words);
    EQUAL(scratch, calc.wasm.scratch_words);
    EQUAL(4 * words, calc.image.bytes);
    CHECK(memcmp(m.image, calc.image.data, 4 * words) == 0);
#endif
    const uint32_t image_words = words;

    m.image = NULL;
    m.image_words = 0;
    EQUAL(wrt_translate(data, bytes, &m, &words, NULL, NULL), WRT_ENOMEM);
    EQUAL(words, image_words);
    m.scratch_words = 1;
    EQUAL(wrt_translate(data, bytes, &m, &words, &scratch, &at), WRT_ENOMEM);
    EQUAL(words, 0);
    CHECK(scratch > 1);
    EQUAL(at, 0);
    EQUAL(wrt_translate(data, bytes - 1, &loader, NULL, NULL, &at), WRT_EMALFORMED);
    CHECK(at > 8);
    EQUAL(wrt_translate(data, bytes, NULL, NULL, NULL, NULL), WRT_EINVAL);
    EQUAL(wrt_translate(NULL, bytes, &loader, NULL, NULL, NULL), WRT_EINVAL);
}

static void imports(void)
{
    const wrt_host_t none[] = { WRT_HOST("host", "wait", "(i)i", answer_1, NULL), WRT_HOST("host", "wai", "(i)I", answer_1, NULL),
                                WRT_HOST("other", "wait", "(i)I", answer_1, NULL) };
    const wrt_host_t second[] = { WRT_HOST("host", "wait", "", answer_1, NULL), WRT_HOST("host", "wait", "(i)I", not_ready, NULL) };
    const wrt_host_t broken[] = { WRT_HOST(NULL, NULL, NULL, answer_1, NULL), WRT_HOST("host", "wait", "(i)I", NULL, NULL),
                                  WRT_HOST("host", "wait", NULL, answer_1, NULL) };
    const wrt_host_t code[] = { WRT_HOST("host", "code", "(i)i", answer_1, NULL), WRT_HOST("env", "memory", "", answer_1, NULL) };
    wrt_store_t *store;
    wrt_instance_t instance;

    fails(&start_waits.image, NULL, 0, WRT_ENOENT, 0);
    fails(&start_waits.image, none, 1, WRT_ETYPE, 0);
    fails(&start_waits.image, none + 1, 2, WRT_ENOENT, 0);
    fails(&start_waits.image, broken, 2, WRT_ENOENT, 0);
    fails(&start_waits.image, broken, 3, WRT_ETYPE, 0);
    /* Only functions can be imported. */
    fails(&memory_import.image, code, 2, WRT_ENOENT, 1);
    /* The entry whose type fits is taken, and runs: start functions cannot wait. */
    store = new_store(NULL);
    EQUAL(wrt_load(store, &start_waits.image, NULL, second, 2, &instance), WRT_ETRAP);
    EQUAL(wrt_last_error(store)->trap, 13);
    EQUAL(wrt_last_error(store)->func, 1);
}

static void starts(void)
{
    static wrt_interrupt_t stop;
    wrt_store_t *store = new_store(&stop);
    wrt_instance_t instance = 0;
    wrt_val_t args[2] = { I32(1), I32(2) }, sum;

    EQUAL(wrt_load(store, &start_traps.image, NULL, NULL, 0, &instance), WRT_ETRAP);
    EQUAL(wrt_last_error(store)->trap, 1);
    EQUAL(wrt_last_error(store)->func, 0);
    SAME(wrt_last_error(store)->message, "unreachable");
    EQUAL(instance, 0);
    /* It keeps its slot; the other one can still be used. */
    instance = load(store, &calc.image, NULL, 0);
    EQUAL(wrt_call(store, find(store, instance, "add"), args, 2, &sum, 1), WRT_OK);
    EQUAL(wrt_load(store, &calc.image, NULL, NULL, 0, &instance), WRT_ENOMEM);

    fails(&data_outside.image, NULL, 0, WRT_ETRAP, 0);

    store = new_store(&stop);
    EQUAL(wrt_set_fuel(store, 1000), WRT_OK);
    EQUAL(wrt_load(store, &start_runs.image, NULL, NULL, 0, &instance), WRT_EPAUSED);
    EQUAL(wrt_resume(store, NULL, 0), WRT_EINVAL);
    EQUAL(wrt_set_fuel(store, WRT_FUEL_UNLIMITED), WRT_OK);
    wrt_interrupt(&stop);
    EQUAL(wrt_load(store, &start_runs.image, NULL, NULL, 0, &instance), WRT_EINTERRUPTED);
    wrt_interrupt_clear(&stop);
}

/* Each thing that a store can lack; the bytes it says suffice. */
static void too_small(void)
{
    static uint64_t big[WRT_STORE_BYTES(4, 4, 4, 64, 4, 64, 1024, 1024, 0x40000) / 8 + 1];
    const wrt_config_t needs = { 1, 1, 0, 24, 1, 8, 64, 64, 65536, 0 };
    wrt_config_t c;
    wrt_store_t *store;
    wrt_instance_t instance;

#define LACKS(field, value, what, min)                                                       \
    c = needs;                                                                               \
    c.field = value;                                                                         \
    EQUAL(wrt_store_init(big, sizeof big, &c, NULL, &store, NULL), WRT_OK);                  \
    EQUAL(wrt_load(store, &calc.image, NULL, NULL, 0, &instance), WRT_ENOMEM);               \
    SAME(wrt_last_error(store)->message, what);                                              \
    CHECK(wrt_last_error(store)->at >= min)

    EQUAL(wrt_store_init(big, sizeof big, &needs, NULL, &store, NULL), WRT_OK);
    load(store, &calc.image, NULL, 0);
    LACKS(instances, 0, "instance slots", 1);
    LACKS(memories, 0, "memory slots", 1);
    LACKS(types, 2, "type slots", 1);
    LACKS(words, 3, "store words", 16);
    LACKS(memory_bytes, 65535, "memory bytes", 65536);
    LACKS(stacks, 0, "stack slots", 4 * WRT_WINDOW_CELLS);

    c = needs;
    c.frames = 0;
    EQUAL(wrt_store_init(big, sizeof big, &c, NULL, &store, NULL), WRT_OK);
    EQUAL(wrt_load(store, &calc.image, NULL, NULL, 0, &instance), WRT_ETRAP);
    EQUAL(wrt_last_error(store)->trap, 10);
    EQUAL(wrt_last_error(store)->func, UINT32_MAX);
}

void test_modules(void)
{
    images();
    wasm();
    translate();
    imports();
    starts();
    too_small();
}
