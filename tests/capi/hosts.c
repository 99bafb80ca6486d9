/* SPDX-License-Identifier: MIT */
#include "check.h"

/* What the host functions of one instance share. */
struct world {
    wrt_func_t nest, count, div;
    int calls;
    int returns; /* what `code` returns */
    int inner;   /* what its nested call gave */
};

/* Checks what a caller is, and uses the whole interface from inside. */
static void look_around(wrt_caller_t *caller)
{
    wrt_store_t *store = wrt_caller_store(caller);
    wrt_instance_t instance = wrt_caller_instance(caller), other;
    wrt_func_t func;
    char text[9] = "", *base;
    uint64_t slot = 0;

    CHECK(store != NULL && instance != 0);
    EQUAL(wrt_mem_read(store, instance, 0, text, 8), WRT_OK);
    SAME(text, "abcdefgh");
    base = wrt_mem_base(store, instance, 0, 8);
    base[0] = 'A';
    EQUAL(wrt_mem_write(store, instance, 1, "B", 1), WRT_OK);
    SAME(memcpy(text, base, 8), "ABcdefgh");
    memcpy(base, "ab", 2);
    EQUAL(wrt_mem_size(store, instance), 65536);
    EQUAL(wrt_find_func(store, instance, "mix", &func), WRT_OK);
    /* Not from here. */
    EQUAL(wrt_load(store, &calc.image, NULL, NULL, 0, &other), WRT_EBUSY);
    EQUAL(wrt_load(store, &calc.wasm, &loader, NULL, 0, &other), WRT_EBUSY);
    EQUAL(wrt_last_error(store)->code, WRT_EBUSY);
    EQUAL(wrt_resume(store, NULL, 0), WRT_EINVAL);
    EQUAL(wrt_cancel(store), WRT_EINVAL);
    EQUAL(wrt_answer(store, &slot, 1), WRT_EINVAL);
}

static int mix(wrt_caller_t *caller, void *user, uint64_t *args)
{
    struct world *w = user;
    float f;
    double d;
    uint32_t bits = WRT_ARG_U32(args, 2);
    int32_t i = WRT_ARG_I32(args, 0);
    int64_t l = WRT_ARG_I64(args, 1);

    look_around(caller);
    memcpy(&f, &bits, 4);
    memcpy(&d, &args[3], 8);
    f *= 2;
    d *= 2;
    memcpy(&bits, &f, 4);
    memcpy(&args[0], &d, 8);
    WRT_RET_I32(args, 1, bits);
    WRT_RET_I64(args, 2, 2 * l);
    WRT_RET_I32(args, 3, 2 * i);
    w->calls++;
    return WRT_OK;
}

static int refs(wrt_caller_t *caller, void *user, uint64_t *args)
{
    uint64_t extern_ = args[0];

    (void)caller;
    (void)user;
    args[0] = args[1];
    args[1] = extern_ == WRT_HOST_REF(13) ? 0xfffffff2u : extern_;
    return WRT_OK;
}

static int wait(wrt_caller_t *caller, void *user, uint64_t *args)
{
    struct world *w = user;

    look_around(caller);
    w->calls++;
    args[0] = 0xdeadbeef;
    return WRT_ESUSPENDED;
}

static int code(wrt_caller_t *caller, void *user, uint64_t *args)
{
    struct world *w = user;
    wrt_store_t *store = wrt_caller_store(caller);
    wrt_val_t v[2] = { I32(WRT_ARG_I32(args, 0)), I32(0) }, result;
    wrt_frame_t frames[4];

    EQUAL(wrt_backtrace(store, frames, 4), 1);
    EQUAL(frames[0].func, 8);
    EQUAL(frames[0].instance, wrt_caller_instance(caller));
    switch (WRT_ARG_I32(args, 0)) {
    case 1: /* a nested call that traps is the inner one's affair */
        w->inner = wrt_call(store, w->div, v, 2, &result, 1);
        EQUAL(wrt_last_error(store)->trap, 7);
        EQUAL(wrt_backtrace(store, frames, 4), 2);
        EQUAL(frames[0].func, 10);
        EQUAL(frames[0].from_host + frames[1].from_host, 2);
        EQUAL(frames[1].func, 8);
        break;
    case 2: /* a nested call in slices */
        EQUAL(wrt_set_fuel(store, 50), WRT_OK);
        v[0] = I32(1000);
        w->inner = 0;
        for (int err = wrt_call(store, w->count, v, 1, &result, 1); err != WRT_OK; err = wrt_resume(store, &result, 1)) {
            EQUAL(err, WRT_EPAUSED);
            EQUAL(wrt_resume(store, &result, 0), WRT_ETYPE);
            EQUAL(wrt_answer(store, NULL, 0), WRT_EINVAL);
            EQUAL(wrt_set_fuel(store, 50), WRT_OK);
            w->inner++;
        }
        EQUAL(result.of.i32, 1000);
        EQUAL(wrt_resume(store, &result, 1), WRT_EINVAL);
        EQUAL(wrt_set_fuel(store, WRT_FUEL_UNLIMITED), WRT_OK);
        break;
    case 3: /* given up by returning, by the next call, by cancelling */
        EQUAL(wrt_set_fuel(store, 50), WRT_OK);
        v[0] = I32(1000);
        EQUAL(wrt_call(store, w->count, v, 1, &result, 1), WRT_EPAUSED);
        EQUAL(wrt_call(store, w->count, v, 1, &result, 1), WRT_EPAUSED);
        EQUAL(wrt_cancel(store), WRT_OK);
        EQUAL(wrt_cancel(store), WRT_EINVAL);
        EQUAL(wrt_resume(store, &result, 1), WRT_EINVAL);
        EQUAL(wrt_call(store, w->count, v, 1, &result, 1), WRT_EPAUSED);
        EQUAL(wrt_set_fuel(store, WRT_FUEL_UNLIMITED), WRT_OK);
        break;
    default:
        break;
    }
    WRT_RET_I32(args, 0, 70 + v[0].of.i32);
    return w->returns;
}

static int nest(wrt_caller_t *caller, void *user, uint64_t *args)
{
    struct world *w = user;
    wrt_val_t v = I32(WRT_ARG_I32(args, 0) - 1), result = I32(-1);

    w->calls++;
    int err = wrt_call(wrt_caller_store(caller), w->nest, &v, 1, &result, 1);
    WRT_RET_I32(args, 0, result.of.i32);
    if (err != WRT_OK && w->inner == 0) {
        w->inner = (int)wrt_last_error(wrt_caller_store(caller))->trap;
    }
    return err;
}

#define TABLE(world)                                              \
    {                                                             \
        WRT_HOST("host", "mix", "(iIfF)FfIi", mix, world),        \
            WRT_HOST("host", "refs", "(xr)rx", refs, world),      \
            WRT_HOST("host", "wait", "(i)I", wait, world),        \
            WRT_HOST("host", "code", "(i)i", code, world),        \
            WRT_HOST("host", "nest", "(i)i", nest, world),        \
    }

static struct world one, two;
static const wrt_host_t first_table[] = TABLE(&one);
static const wrt_host_t second_table[] = TABLE(&two);

static wrt_instance_t make(wrt_store_t *store, const wrt_host_t *table, struct world *w)
{
    wrt_instance_t instance = load(store, &hosts.image, table, 5);

    *w = (struct world){ .nest = find(store, instance, "nest"), .count = find(store, instance, "count"), .div = find(store, instance, "div") };
    return instance;
}

static void values(wrt_store_t *store, wrt_instance_t a, wrt_instance_t b)
{
    wrt_val_t v[4] = { I32(-3), I64(-5000000000), F32(0.5f), F64(-0.25) }, r[4];

    EQUAL(wrt_call(store, find(store, a, "mix"), v, 4, r, 4), WRT_OK);
    CHECK(r[0].of.f64 == -0.5 && r[1].of.f32 == 1.0f);
    EQUAL(r[2].of.i64, -10000000000);
    EQUAL(r[3].of.i32, -6);
    EQUAL(one.calls, 1);
    /* The import itself, called from C. */
    EQUAL(wrt_call(store, find(store, a, "host_mix"), v, 4, r, 4), WRT_OK);
    EQUAL(r[3].of.i32, -6);
    EQUAL(one.calls, 2);
    /* Each instance has its own table. */
    EQUAL(two.calls, 0);
    EQUAL(wrt_call(store, find(store, b, "mix"), v, 4, r, 4), WRT_OK);
    EQUAL(one.calls, 2);
    EQUAL(two.calls, 1);

    v[0] = (wrt_val_t){ .type = WRT_EXTERNREF, .of.ref = WRT_HOST_REF(12) };
    v[1] = (wrt_val_t){ .type = WRT_FUNCREF, .of.ref = 0 };
    EQUAL(wrt_call(store, find(store, a, "refs"), v, 2, r, 2), WRT_OK);
    EQUAL(r[0].type, WRT_FUNCREF);
    EQUAL(r[0].of.ref, 0);
    EQUAL(r[1].of.ref, WRT_HOST_REF(12));
    v[0].of.ref = WRT_HOST_REF(13);
    EQUAL(wrt_call(store, find(store, a, "refs"), v, 2, r, 2), WRT_ETRAP);
    EQUAL(wrt_last_error(store)->host_code, WRT_EINVAL_HANDLE);
}

static void codes(wrt_store_t *store, wrt_instance_t a)
{
    const wrt_error_t *error = wrt_last_error(store);
    wrt_func_t f = find(store, a, "code");
    wrt_val_t v = I32(0), r = I32(0);

    EQUAL(wrt_call(store, f, &v, 1, &r, 1), WRT_OK);
    EQUAL(r.of.i32, 70);
    one.returns = -5;
    EQUAL(wrt_call(store, f, &v, 1, &r, 1), WRT_ETRAP);
    EQUAL(error->trap, 12);
    EQUAL(error->host_code, -5);
    EQUAL(error->func, 8);
    SAME(error->message, "host function failed");
    EQUAL(wrt_backtrace(store, NULL, 0), 1);
    one.returns = WRT_EPAUSED;
    EQUAL(wrt_call(store, f, &v, 1, &r, 1), WRT_ETRAP);
    EQUAL(error->host_code, WRT_EPAUSED);
    one.returns = 0;
    v = I32(1);
    EQUAL(wrt_call(store, f, &v, 1, &r, 1), WRT_OK);
    EQUAL(one.inner, WRT_ETRAP);
    EQUAL(r.of.i32, 71);
    EQUAL(wrt_backtrace(store, NULL, 0), 0);
    v = I32(2);
    EQUAL(wrt_call(store, f, &v, 1, &r, 1), WRT_OK);
    CHECK(one.inner > 10);
    EQUAL(r.of.i32, 1070);
    v = I32(3);
    EQUAL(wrt_call(store, f, &v, 1, &r, 1), WRT_OK);
    EQUAL(r.of.i32, 1070);
    EQUAL(wrt_resume(store, &r, 1), WRT_EINVAL);
}

static void suspended(wrt_store_t *store, wrt_instance_t a, wrt_instance_t b)
{
    wrt_func_t wait_ = find(store, a, "wait"), again = find(store, b, "wait"), count = find(store, b, "count");
    wrt_val_t v = I32(7), r;
    uint64_t answer = (uint64_t)-43;

    one.calls = two.calls = 0;
    EQUAL(wrt_call(store, wait_, &v, 1, &r, 1), WRT_ESUSPENDED);
    EQUAL(wrt_resume(store, &r, 1), WRT_ESUSPENDED);
    EQUAL(one.calls, 1);
    EQUAL(wrt_answer(store, &answer, 0), WRT_EINVAL);
    EQUAL(wrt_answer(store, &answer, 2), WRT_EINVAL);
    EQUAL(wrt_answer(store, NULL, 1), WRT_EINVAL);
    /* The other stack is free meanwhile; what pauses there goes on first. */
    EQUAL(wrt_call(store, count, &v, 1, &r, 1), WRT_OK);
    EQUAL(r.of.i32, 7);
    EQUAL(wrt_call(store, again, &v, 1, &r, 1), WRT_ESUSPENDED);
    EQUAL(wrt_call(store, count, &v, 1, &r, 1), WRT_EBUSY);
    EQUAL(wrt_cancel(store), WRT_OK);
    EQUAL(wrt_answer(store, &answer, 1), WRT_OK);
    EQUAL(wrt_answer(store, &answer, 1), WRT_EINVAL);
    EQUAL(wrt_resume(store, &r, 1), WRT_OK);
    EQUAL(r.of.i64, -42);
    /* The import itself. */
    EQUAL(wrt_call(store, find(store, a, "host_wait"), &v, 1, &r, 1), WRT_ESUSPENDED);
    EQUAL(wrt_backtrace(store, NULL, 0), 0);
    EQUAL(wrt_answer(store, &answer, 1), WRT_OK);
    EQUAL(wrt_resume(store, &r, 1), WRT_OK);
    EQUAL(r.of.i64, -43);
}

static void nested(wrt_store_t *store, wrt_instance_t a)
{
    wrt_func_t f = find(store, a, "nest");
    wrt_val_t v, r;

    for (int depth = 0; depth <= 3; depth++) {
        v = I32(depth);
        one.calls = 0;
        EQUAL(wrt_call(store, f, &v, 1, &r, 1), WRT_OK);
        EQUAL(one.calls, depth);
        EQUAL(r.of.i32, 100 + depth);
    }
    for (int depth = 4; depth <= 6; depth++) {
        v = I32(depth);
        one.calls = one.inner = 0;
        EQUAL(wrt_call(store, f, &v, 1, &r, 1), WRT_ETRAP);
        EQUAL(one.calls, 4);
        EQUAL(one.inner, 14);
        EQUAL(wrt_last_error(store)->host_code, WRT_ETRAP);
    }
    /* A host function cannot wait inside a nested call. */
    one.nest = find(store, a, "wait");
    one.inner = 0;
    v = I32(1);
    EQUAL(wrt_call(store, f, &v, 1, &r, 1), WRT_ETRAP);
    EQUAL(one.inner, 13);
    EQUAL(wrt_last_error(store)->host_code, WRT_ETRAP);
}

void test_hosts(void)
{
    wrt_store_t *store = new_store(NULL);
    wrt_instance_t a = make(store, first_table, &one), b = make(store, second_table, &two);

    values(store, a, b);
    codes(store, a);
    suspended(store, a, b);
    nested(store, a);
}
