/* SPDX-License-Identifier: MIT */
#include "check.h"

static void values(void)
{
    wrt_store_t *store = new_store(NULL);
    wrt_instance_t calc_ = load(store, &calc.image, NULL, 0);
    wrt_func_t mix = find(store, calc_, "mix"), refs = find(store, calc_, "refs"), add = find(store, calc_, "add");
    wrt_val_t v[4] = { I32(INT32_MIN), I64(INT64_MIN + 1), F32(-1.5f), F64(1e300) };
    wrt_val_t results[4], many[17];

    EQUAL(wrt_call(store, mix, v, 4, results, 4), WRT_OK);
    EQUAL(results[0].type, WRT_F64);
    CHECK(results[0].of.f64 == 1e300);
    EQUAL(results[1].type, WRT_F32);
    CHECK(results[1].of.f32 == -1.5f);
    EQUAL(results[2].type, WRT_I64);
    EQUAL(results[2].of.i64, INT64_MIN + 1);
    EQUAL(results[3].type, WRT_I32);
    EQUAL(results[3].of.i32, INT32_MIN);
    EQUAL(results[3].of.bits, 0x80000000u);
    /* One array for both. */
    EQUAL(wrt_call(store, mix, v, 4, v, 4), WRT_OK);
    EQUAL(v[3].of.i32, INT32_MIN);

    EQUAL(wrt_call(store, find(store, calc_, "ref_add"), NULL, 0, results, 1), WRT_OK);
    EQUAL(results[0].type, WRT_FUNCREF);
    CHECK(results[0].of.ref != 0);
    v[0] = results[0];
    v[1] = (wrt_val_t){ .type = WRT_EXTERNREF, .of.ref = WRT_HOST_REF(0x1fffffff) };
    EQUAL(wrt_call(store, refs, v, 2, results, 2), WRT_OK);
    EQUAL(results[0].type, WRT_EXTERNREF);
    EQUAL(results[0].of.ref, WRT_HOST_REF(0x1fffffff));
    EQUAL(results[1].of.ref, v[0].of.ref);
    v[0].of.ref = v[1].of.ref = 0;
    EQUAL(wrt_call(store, refs, v, 2, results, 2), WRT_OK);
    EQUAL(results[0].of.ref, 0);
    v[0].of.ref = WRT_HOST_REF(1);
    EQUAL(wrt_call(store, refs, v, 2, results, 2), WRT_EINVAL_HANDLE);
    v[0].of.ref = 0xfffff2;
    EQUAL(wrt_call(store, refs, v, 2, results, 2), WRT_EINVAL_HANDLE);
    v[0].of.ref = 0;
    v[1].of.ref = 2;
    EQUAL(wrt_call(store, refs, v, 2, results, 2), WRT_EINVAL_HANDLE);

    /* Types and numbers. */
    v[0] = I32(1);
    v[1] = I32(2);
    EQUAL(wrt_call(store, add, v, 1, results, 1), WRT_ETYPE);
    EQUAL(wrt_call(store, add, v, 3, results, 1), WRT_ETYPE);
    EQUAL(wrt_call(store, add, v, 2, results, 0), WRT_ETYPE);
    EQUAL(wrt_call(store, add, v, 2, results, 2), WRT_ETYPE);
    v[1] = I64(2);
    EQUAL(wrt_call(store, add, v, 2, results, 1), WRT_ETYPE);
    SAME(wrt_last_error(store)->message, "value of another type");
    v[1].type = 0x40;
    EQUAL(wrt_call(store, add, v, 2, results, 1), WRT_ETYPE);
    EQUAL(wrt_call(store, add, NULL, 2, results, 1), WRT_EINVAL);
    EQUAL(wrt_call(store, add, v, 2, NULL, 1), WRT_EINVAL);
    EQUAL(wrt_call(store, add, (wrt_val_t *)((char *)v + 1), 2, results, 1), WRT_EINVAL);
    EQUAL(wrt_call(store, add, v, SIZE_MAX / 8, results, 1), WRT_EINVAL);
    for (int i = 0; i < 17; i++) {
        many[i] = I32(i);
    }
    EQUAL(wrt_call(store, find(store, calc_, "many"), many, 17, results, 1), WRT_ENOTSUP);
    EQUAL(wrt_call(store, find(store, calc_, "nothing"), NULL, 0, NULL, 0), WRT_OK);
}

/* A v128 is two values, and two slots. */
static int vector(wrt_caller_t *caller, void *user, uint64_t *args)
{
    (void)caller;
    (void)user;
    uint64_t low = args[1], high = args[2];
    EQUAL(args[0], 7);
    EQUAL((int64_t)args[3], -9);
    args[0] = high;
    args[1] = low;
    args[2] = 4;
    return WRT_OK;
}

#define V128(half) ((wrt_val_t){ .type = WRT_V128, .of.bits = (half) })

static void vector_values(void)
{
    const wrt_host_t table[] = { WRT_HOST("host", "vector", "(ivI)vi", vector, NULL) };
    const wrt_host_t other[] = { WRT_HOST("host", "vector", "(iII)vi", vector, NULL) };
    wrt_store_t *store = new_store(NULL);
    wrt_instance_t instance;
    int code = wrt_load(store, &vectors.image, NULL, other, 1, &instance);
    if (code == WRT_ENOTSUP) {
        SAME(wrt_last_error(store)->message, "needs simd"); /* of this build */
        return;
    }
    EQUAL(code, WRT_ETYPE);
    store = new_store(NULL);
    instance = load(store, &vectors.image, table, 1);
    wrt_func_t turn = find(store, instance, "turn"), host = find(store, instance, "host");
    wrt_val_t v[6] = { I32(1), V128(2), V128(3), I64(4), V128(5), V128(6) }, results[6];

    EQUAL(wrt_call(store, turn, v, 6, results, 6), WRT_OK);
    static const uint64_t turned[6] = { 5, 6, 4, 2, 3, 1 };
    for (int i = 0; i < 6; i++) {
        EQUAL(results[i].of.bits, turned[i]);
        EQUAL(results[i].type, i == 2 ? WRT_I64 : i == 5 ? WRT_I32 : WRT_V128);
    }
    EQUAL(wrt_call(store, turn, v, 4, results, 6), WRT_ETYPE);
    EQUAL(wrt_call(store, turn, v, 6, results, 4), WRT_ETYPE);
    v[2] = I64(3);
    EQUAL(wrt_call(store, turn, v, 6, results, 6), WRT_ETYPE);

    v[0] = V128(0x100000000u);
    v[1] = V128(0xffffffffu);
    EQUAL(wrt_call(store, host, v, 2, results, 3), WRT_OK);
    EQUAL(results[0].of.bits, 0x100000000u);
    EQUAL(results[1].of.bits, 0x200000001u);
    EQUAL(results[2].of.i32, 4);
}

static void names(void)
{
    wrt_store_t *store = new_store(NULL);
    wrt_instance_t calc_ = load(store, &calc.image, NULL, 0);
    wrt_func_t func = 77;

    EQUAL(wrt_find_func(store, calc_, "ad", &func), WRT_ENOENT);
    EQUAL(wrt_find_func(store, calc_, "addd", &func), WRT_ENOENT);
    EQUAL(wrt_find_func(store, calc_, "", &func), WRT_ENOENT);
    EQUAL(wrt_find_func(store, calc_, "memory", &func), WRT_ENOENT);
    EQUAL(wrt_find_func(store, calc_, NULL, &func), WRT_EINVAL);
    EQUAL(wrt_find_func(store, calc_, "add", NULL), WRT_EINVAL);
    EQUAL(wrt_find_func(store, 0, "add", &func), WRT_EINVAL_HANDLE);
    EQUAL(func, 77);
    CHECK(find(store, calc_, "add") == find(store, calc_, "add"));
}

static void traps(void)
{
    wrt_store_t *store = new_store(NULL);
    wrt_instance_t calc_ = load(store, &calc.image, NULL, 0);
    wrt_val_t v[2] = { I32(1), I32(0) }, result = I32(5);
    const wrt_error_t *error = wrt_last_error(store);

    EQUAL(wrt_call(store, find(store, calc_, "div"), v, 2, &result, 1), WRT_ETRAP);
    EQUAL(error->code, WRT_ETRAP);
    EQUAL(error->trap, 7);
    EQUAL(error->func, 4);
    EQUAL(error->host_code, 0);
    CHECK(error->offset < 8);
    SAME(error->message, "integer divide by zero");
    EQUAL(result.of.i32, 5);
    v[0] = I32(INT32_MIN);
    v[1] = I32(-1);
    EQUAL(wrt_call(store, find(store, calc_, "div"), v, 2, &result, 1), WRT_ETRAP);
    EQUAL(error->trap, 8);
    EQUAL(wrt_call(store, find(store, calc_, "deep"), v, 1, &result, 1), WRT_ETRAP);
    EQUAL(error->trap, 10);
    EQUAL(error->func, 9);
    /* Nothing is left of it. */
    EQUAL(wrt_resume(store, &result, 1), WRT_EINVAL);
    EQUAL(wrt_cancel(store), WRT_EINVAL);
    EQUAL(wrt_call(store, find(store, calc_, "div"), v, 1, &result, 1), WRT_ETYPE);
    EQUAL(error->trap, 0);
    v[1] = I32(2);
    EQUAL(wrt_call(store, find(store, calc_, "div"), v, 2, &result, 1), WRT_OK);
    EQUAL(result.of.i32, INT32_MIN / 2);
}

static void pauses(void)
{
    static wrt_interrupt_t stop;
    wrt_store_t *store = new_store(&stop);
    wrt_instance_t calc_ = load(store, &calc.image, NULL, 0);
    wrt_func_t count = find(store, calc_, "count"), add = find(store, calc_, "add"), forever = find(store, calc_, "forever");
    wrt_val_t v[2] = { I32(10000), I32(3) }, result;
    int64_t spent, used = 0;
    int err, slices = 0;

    /* What it costs at once, and in slices: the same. */
    EQUAL(wrt_call(store, count, v, 1, &result, 1), WRT_OK);
    spent = WRT_FUEL_UNLIMITED - wrt_fuel(store);
    CHECK(spent > 10000);
    EQUAL(wrt_set_fuel(store, -1), WRT_EINVAL);
    EQUAL(wrt_set_fuel(store, WRT_FUEL_UNLIMITED), WRT_OK);
    spent = 0;
    store = new_store(&stop);
    calc_ = load(store, &calc.image, NULL, 0);
    EQUAL(wrt_set_fuel(store, 1000000), WRT_OK);
    EQUAL(wrt_call(store, count, v, 1, &result, 1), WRT_EINVAL_HANDLE);
    count = find(store, calc_, "count");
    add = find(store, calc_, "add");
    forever = find(store, calc_, "forever");
    EQUAL(wrt_call(store, count, v, 1, &result, 1), WRT_OK);
    spent = 1000000 - wrt_fuel(store);
    EQUAL(wrt_set_fuel(store, 0), WRT_OK);
    result = I32(5);
    err = wrt_call(store, count, v, 1, &result, 1);
    while (err == WRT_EPAUSED) {
        EQUAL(result.of.i32, 5);
        CHECK(wrt_fuel(store) <= 0);
        EQUAL(wrt_set_fuel(store, 777), WRT_OK);
        used += 777;
        slices++;
        err = wrt_resume(store, &result, 1);
    }
    EQUAL(err, WRT_OK);
    EQUAL(result.of.i32, 10000);
    EQUAL(used - wrt_fuel(store), spent);
    CHECK(slices > 10);

    /* A debt is subtracted. */
    EQUAL(wrt_set_fuel(store, 0), WRT_OK);
    EQUAL(wrt_set_fuel(store, 1), WRT_OK);
    EQUAL(wrt_call(store, forever, NULL, 0, NULL, 0), WRT_EPAUSED);
    used = wrt_fuel(store);
    CHECK(used <= 0 && used > -488);
    EQUAL(wrt_set_fuel(store, 5), WRT_OK);
    EQUAL(wrt_fuel(store), 5 + used);

    /* Two stacks: one more call on the second, a third is too many; the newest goes on first. */
    EQUAL(wrt_set_fuel(store, 100), WRT_OK);
    EQUAL(wrt_call(store, count, v, 1, &result, 1), WRT_EPAUSED);
    EQUAL(wrt_call(store, add, v, 2, &result, 1), WRT_EBUSY);
    EQUAL(wrt_load(store, &calc.image, NULL, NULL, 0, &calc_), WRT_EBUSY);
    EQUAL(wrt_answer(store, NULL, 0), WRT_EINVAL);
    EQUAL(wrt_resume(store, &result, 2), WRT_ETYPE);
    EQUAL(wrt_resume(store, NULL, 1), WRT_EINVAL);
    EQUAL(wrt_set_fuel(store, WRT_FUEL_UNLIMITED), WRT_OK);
    EQUAL(wrt_resume(store, &result, 1), WRT_OK);
    EQUAL(result.of.i32, 10000);
    EQUAL(wrt_call(store, add, v, 2, &result, 1), WRT_OK);
    EQUAL(result.of.i32, 10003);

    wrt_interrupt(&stop);
    EQUAL(wrt_resume(store, NULL, 0), WRT_EINTERRUPTED);
    EQUAL(wrt_resume(store, NULL, 0), WRT_EINTERRUPTED);
    wrt_interrupt_clear(&stop);
    EQUAL(wrt_set_fuel(store, 1000), WRT_OK);
    EQUAL(wrt_resume(store, NULL, 0), WRT_EPAUSED);
    EQUAL(wrt_cancel(store), WRT_OK);
    EQUAL(wrt_cancel(store), WRT_EINVAL);
    EQUAL(wrt_resume(store, NULL, 0), WRT_EINVAL);
    EQUAL(wrt_set_fuel(store, WRT_FUEL_UNLIMITED), WRT_OK);
    EQUAL(wrt_call(store, find(store, calc_, "seen"), NULL, 0, &result, 1), WRT_OK);
    CHECK(result.of.i32 > 0);
}

static void two_instances(void)
{
    wrt_store_t *store = new_store(NULL);
    wrt_instance_t a = load(store, &calc.image, NULL, 0), b = load(store, &calc.wasm, NULL, 0);
    wrt_val_t v[2] = { I32(100), I32(55) }, result;

    CHECK(a != b);
    CHECK(find(store, a, "poke") != find(store, b, "poke"));
    EQUAL(wrt_call(store, find(store, a, "poke"), v, 2, NULL, 0), WRT_OK);
    EQUAL(wrt_call(store, find(store, a, "peek"), v, 1, &result, 1), WRT_OK);
    EQUAL(result.of.i32, 55);
    EQUAL(wrt_call(store, find(store, b, "peek"), v, 1, &result, 1), WRT_OK);
    EQUAL(result.of.i32, 0);
}

void test_calls(void)
{
    values();
    vector_values();
    names();
    traps();
    pauses();
    two_instances();
}
