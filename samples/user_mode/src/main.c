/* SPDX-License-Identifier: MIT */
/*
 * user_mode: two programs in user threads, each with the engine, its store and its guest's memory in an arena of its own.
 * A host function of one has a fault: it writes into the other one's arena. That ends that program, with a report of where
 * its guest was. The other one goes on.
 */
#include <zephyr/kernel.h>
#include <zephyr/sys/printk.h>

#include <wrt.h>
#include <wrt/zephyr.h>

#include "worker.h"

BUILD_ASSERT(IS_ENABLED(CONFIG_USERSPACE), "this sample is about CONFIG_USERSPACE");

enum { ROUNDS = 6, STACK_BYTES = 4096 };

/* What a program's thread reaches, besides WRT's own partition. */
struct space {
    char name;
    uint32_t bad;          /* round in which it asks for the faulty host function; 0: never */
    volatile uint32_t *to; /* where that one writes */
    bool finished;
    wrt_host_t hosts[2];
    wrt_store_t *store;
    wrt_instance_t worker;
    uint64_t buffer[(WRT_WORKER_STORE_BYTES + 7) / 8];
};

WRT_ARENA_DEFINE(arena_a, sizeof(struct space));
WRT_ARENA_DEFINE(arena_b, sizeof(struct space));

static struct program {
    struct k_mem_partition *arena;
    struct wrt_domain domain;
} programs[2] = { { .arena = &arena_a_partition }, { .arena = &arena_b_partition } };

static K_THREAD_STACK_ARRAY_DEFINE(stacks, 2, STACK_BYTES);
static struct k_thread threads[2];

static struct space *space_of(const struct program *p)
{
    return (struct space *)p->arena->start;
}

static int host_report(wrt_caller_t *caller, void *user, uint64_t *args)
{
    const struct space *space = user;

    ARG_UNUSED(caller);
    printk("user_mode: %c: round %u, sum %u, %s mode\n", space->name, WRT_ARG_U32(args, 0), WRT_ARG_U32(args, 1),
           k_is_user_context() ? "user" : "supervisor");
    k_sleep(K_MSEC(20));
    return WRT_OK;
}

/* Writes where its program may not. */
static int host_faulty(wrt_caller_t *caller, void *user, uint64_t *args)
{
    const struct space *space = user;

    ARG_UNUSED(caller);
    ARG_UNUSED(args);
    *space->to = 0;
    printk("user_mode: %c: wrote outside of its arena\n", space->name);
    return WRT_OK;
}

/* The program's thread, in user mode. */
static void run(void *of, void *unused, void *unused2)
{
    struct space *space = of;
    wrt_val_t args[2] = { { WRT_I32, { .i32 = ROUNDS } }, { WRT_I32, { .i32 = (int32_t)space->bad } } };
    wrt_func_t func;
    int err;

    ARG_UNUSED(unused);
    ARG_UNUSED(unused2);
    space->hosts[0] = (wrt_host_t)WRT_HOST("host", "report", "(ii)", host_report, space);
    space->hosts[1] = (wrt_host_t)WRT_HOST("host", "faulty", "()", host_faulty, space);
    err = wrt_store_init(space->buffer, sizeof space->buffer, &wrt_module_worker.needs, NULL, &space->store, NULL);
    if (err == WRT_OK) {
        err = wrt_load(space->store, &wrt_module_worker, NULL, space->hosts, ARRAY_SIZE(space->hosts), &space->worker);
    }
    if (err == WRT_OK) {
        err = wrt_find_func(space->store, space->worker, "run", &func);
    }
    if (err == WRT_OK) {
        err = wrt_call(space->store, func, args, 2, NULL, 0);
    }
    if (err != WRT_OK) {
        printk("user_mode: %c: %s\n", space->name, wrt_strerror(err));
    }
    space->finished = err == WRT_OK;
}

/* Where the guest was. In user mode too, and in the arena's domain: what the store holds now is nothing to rely on. */
static void tell(void *of, void *unused, void *unused2)
{
    const struct space *space = of;
    wrt_frame_t frames[8];
    size_t n = wrt_backtrace(space->store, frames, ARRAY_SIZE(frames));

    ARG_UNUSED(unused);
    ARG_UNUSED(unused2);
    for (size_t i = 0; i < MIN(n, ARRAY_SIZE(frames)); i++) {
        char name[16];

        (void)wrt_func_name(space->store, frames[i].instance, frames[i].func, name, sizeof name);
        printk("user_mode: %c:   in function %u %s, word %u\n", space->name, frames[i].func, name, frames[i].offset);
    }
}

static void start(size_t i, k_thread_entry_t entry)
{
    (void)k_thread_create(&threads[i], stacks[i], STACK_BYTES, entry, space_of(&programs[i]), NULL, NULL, 5, K_USER, K_FOREVER);
    if (k_mem_domain_add_thread(&programs[i].domain.domain, &threads[i]) != 0) {
        k_panic();
    }
    k_thread_start(&threads[i]);
}

/* What the hardware could not do is refused, not mapped elsewhere. */
static bool refusals(void)
{
    static struct wrt_domain domain;
    struct k_mem_partition odd = arena_a_partition, shifted = arena_a_partition, again = arena_b_partition, small[16];
    struct k_mem_partition *many[16];

    odd.size -= 1;
    shifted.start += 2;
    for (size_t i = 0; i < ARRAY_SIZE(small); i++) { /* each of them is right */
        small[i] = arena_a_partition;
        small[i].start += i * arena_a_partition.size;
        many[i] = &small[i];
    }
    return wrt_domain_init(&domain, (struct k_mem_partition *[]){ &odd }, 1) == -EINVAL &&
           wrt_domain_init(&domain, (struct k_mem_partition *[]){ &shifted }, 1) == -EINVAL &&
           wrt_domain_init(&domain, (struct k_mem_partition *[]){ &arena_b_partition, &again }, 2) == -EINVAL &&
           wrt_domain_init(&domain, many, IS_ENABLED(CONFIG_MMU) ? ARRAY_SIZE(many) : 13) == -ENOMEM;
}

int main(void)
{
    bool good = true;

    printk("user_mode: arenas of %u bytes\n", (unsigned int)sizeof arena_a);
    if (!refusals()) {
        printk("user_mode: failed: a partition that cannot be mapped was taken\n");
        return 0;
    }
    for (size_t i = 0; i < ARRAY_SIZE(programs); i++) {
        struct space *space = space_of(&programs[i]);
        int err = wrt_domain_init(&programs[i].domain, &programs[i].arena, 1);

        if (err != 0) {
            printk("user_mode: failed: no domain: %d\n", err);
            return 0;
        }
        space->name = (char)('a' + i);
        space->bad = i == 0 ? 3 : 0;
        space->to = (volatile uint32_t *)space_of(&programs[1 - i])->buffer;
        start(i, run);
    }
    for (size_t i = 0; i < ARRAY_SIZE(programs); i++) {
        const struct space *space = space_of(&programs[i]);

        (void)k_thread_join(&threads[i], K_FOREVER);
        printk("user_mode: %c: %s\n", space->name, space->finished ? "finished" : "ended by a fault, while its guest was");
        if (!space->finished) {
            start(i, tell);
            (void)k_thread_join(&threads[i], K_FOREVER);
        }
        good = good && space->finished == (i == 1);
    }
    printk("user_mode: %s\n", good ? "done" : "failed");
    return 0;
}
