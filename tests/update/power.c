/* SPDX-License-Identifier: MIT */
/*
 * The power is cut at every erasure and every program call of an update, and within each: after each block nothing, a part, or all
 * of it has happened, with bits of the unit at the cut in between. After the restart the old module runs or the new one, never
 * anything else, and the update can be done again. Over several geometries; also for a cut during the repetition.
 */
#include <setjmp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <wrt.h>

#include "../../samples/update/src/update.h"
#include "version1.h"
#include "version2.h"

#define CHECK(condition)                                                              \
    do {                                                                              \
        if (!(condition)) {                                                           \
            fprintf(stderr, "%s:%d: not true: %s\n", __FILE__, __LINE__, #condition); \
            exit(1);                                                                  \
        }                                                                             \
    } while (0)

/* ---- flash that loses power ---- */

#define AREA 8192u
static _Alignas(8) uint8_t area[AREA];
static struct update_flash flash;
static jmp_buf dark;
static uint32_t operations; /* erasures and program calls since the start */
static uint32_t cut;        /* the one at which the power is cut */
static uint32_t how;        /* 0: before it; 1: in the middle; 2: nearly at its end; 3: behind it */
static uint32_t seed;

static uint32_t chance(void)
{
    seed = seed * 1664525u + 1013904223u;
    return seed >> 16;
}

static int read_(void *user, uint32_t at, void *to, uint32_t bytes)
{
    (void)user;
    CHECK(at <= AREA && bytes <= AREA - at);
    memcpy(to, area + at, bytes);
    return 0;
}

/* How many of the bytes are done before the power is gone; the next one is done in part. */
static uint32_t reach(uint32_t bytes)
{
    if (operations++ != cut) {
        return UINT32_MAX;
    }
    return how == 0 ? 0 : how == 1 ? chance() % bytes : how == 2 ? bytes - 1 : bytes;
}

static int erase(void *user, uint32_t at, uint32_t bytes)
{
    uint32_t done = reach(bytes);

    (void)user;
    CHECK(at % flash.erase_bytes == 0 && bytes == flash.erase_bytes && at + bytes <= AREA);
    for (uint32_t i = 0; i < bytes && i < done; i++) {
        area[at + i] = flash.erased;
    }
    if (done != UINT32_MAX) {
        /* All that is left is in between: some bits are erased. */
        for (uint32_t i = done; how != 0 && i < bytes; i++) {
            uint8_t some = (uint8_t)chance();

            area[at + i] = flash.erased ? area[at + i] | some : area[at + i] & some;
        }
        longjmp(dark, 1);
    }
    return 0;
}

static int program_(void *user, uint32_t at, const void *from, uint32_t bytes)
{
    const uint8_t *p = from;
    uint32_t done = reach(bytes);

    (void)user;
    CHECK(at % flash.program_bytes == 0 && bytes % flash.program_bytes == 0 && at + bytes <= AREA);
    for (uint32_t i = 0; i < bytes; i++) {
        CHECK(area[at + i] == flash.erased); /* nothing is programmed twice */
    }
    for (uint32_t i = 0; i < bytes && i < done; i++) {
        area[at + i] = p[i];
    }
    if (done != UINT32_MAX) {
        for (uint32_t i = done; how != 0 && i < bytes && i / flash.program_bytes == done / flash.program_bytes; i++) {
            uint8_t some = (uint8_t)chance();

            area[at + i] = flash.erased ? p[i] | some : p[i] & some;
        }
        longjmp(dark, 1);
    }
    return 0;
}

/* ---- what runs ---- */

static int print(wrt_caller_t *caller, void *user, uint64_t *args)
{
    (void)caller, (void)user, (void)args;
    return WRT_OK;
}
static const wrt_host_t hosts[] = { WRT_HOST("host", "print", "(ii)", print, NULL) };
WRT_STORE_DEFINE(buffer, WRT_STORE_BYTES(1, 1, 0, 8, 1, 8, 128, 64, 65536));

/* Restarts: the version that the module in flash says it has; 0: there is none. It is run from where it lies. */
static int restart(struct update *u)
{
    int err = update_open(u, &flash);
    wrt_store_t *store;
    wrt_instance_t instance;
    wrt_func_t main_;
    wrt_val_t result;

    if (err == UPDATE_ENOENT) {
        return 0;
    }
    CHECK(err == 0);
    const wrt_config_t config = { 1, 1, 0, 8, 1, 8, 128, 64, 65536, 0 };
    const wrt_module_t module = { area + update_data(u), u->length, 0, 0, config, wrt_load_image };

    CHECK(wrt_store_init(buffer, sizeof buffer, &config, NULL, &store, NULL) == WRT_OK);
    CHECK(wrt_load(store, &module, NULL, hosts, 1, &instance) == WRT_OK);
    CHECK(wrt_find_func(store, instance, "main", &main_) == WRT_OK);
    CHECK(wrt_call(store, main_, NULL, 0, &result, 1) == WRT_OK);
    return result.of.i32;
}

static int install(struct update *u, const wrt_module_t *module)
{
    uint32_t check = update_check(0, module->data, module->bytes);
    int err = update_begin(u, module->bytes);

    for (uint32_t at = 0; err == 0 && at < module->bytes; at += 50) {
        err = update_write(u, (const uint8_t *)module->data + at, module->bytes - at < 50 ? module->bytes - at : 50);
    }
    return err != 0 ? err : update_finish(u, check);
}

/* Installs with a cut; whether the power was cut. */
static int interrupted(const wrt_module_t *module, uint32_t at, uint32_t way)
{
    static struct update u; /* static: longjmp */
    static int done;

    operations = 0;
    cut = at;
    how = way;
    done = 0;
    if (setjmp(dark) == 0) {
        (void)update_open(&u, &flash);
        CHECK(install(&u, module) == 0);
        done = 1;
    }
    cut = UINT32_MAX;
    return !done;
}

static void prepare(int version)
{
    struct update u;

    memset(area, flash.erased, sizeof area);
    cut = UINT32_MAX;
    CHECK(update_open(&u, &flash) == UPDATE_ENOENT);
    if (version > 0) {
        CHECK(install(&u, &wrt_module_version1) == 0);
    }
    /* Twice, so that the other slot has an old module of its own. */
    if (version > 1) {
        CHECK(install(&u, &wrt_module_version2) == 0);
        CHECK(install(&u, &wrt_module_version1) == 0);
    }
    CHECK(restart(&u) == (version > 0));
}

static uint32_t cuts_old, cuts_new;

static void cut_everywhere(int before)
{
    static uint8_t saved[AREA], twice[AREA];

    prepare(before);
    memcpy(saved, area, AREA);
    for (uint32_t at = 0, cut_once = 1; cut_once; at++) {
        for (uint32_t way = 0; way < 4 && cut_once; way++) {
            struct update u;

            memcpy(area, saved, AREA);
            seed = at * 31 + way;
            cut_once = (uint32_t)interrupted(&wrt_module_version2, at, way);
            int version = restart(&u);

            if (!cut_once) {
                CHECK(version == 2 && at > 3);
                break;
            }
            CHECK(version == 2 || version == (before > 0));
            version == 2 ? cuts_new++ : cuts_old++;
            /* The repetition is cut too, at a few places, and then it succeeds. */
            memcpy(twice, area, AREA);
            for (uint32_t again = 0; again < 40; again += 7) {
                memcpy(area, twice, AREA);
                (void)interrupted(&wrt_module_version2, again, (again + way) % 4);
                int then = restart(&u);

                CHECK(then == 2 || then == version);
                CHECK(install(&u, &wrt_module_version1) == 0 && restart(&u) == 1);
            }
        }
    }
}

static void refusals(void)
{
    struct update u;
    static uint8_t large[AREA];

    prepare(1);
    CHECK(update_open(&u, &flash) == 0 && u.generation == 1);
    CHECK(update_write(&u, large, 1) == UPDATE_EINVAL && update_finish(&u, 0) == UPDATE_EINVAL);
    CHECK(update_begin(&u, 0) == UPDATE_EINVAL && update_begin(&u, AREA / 2 - 31) == UPDATE_ENOSPC);
    CHECK(update_begin(&u, 100) == 0 && update_write(&u, large, 101) == UPDATE_ENOSPC && update_finish(&u, 0) == UPDATE_EINVAL);
    CHECK(update_begin(&u, 100) == 0 && update_write(&u, large, 99) == 0);
    CHECK(update_finish(&u, update_check(0, large, 99)) == UPDATE_EBADMSG);
    CHECK(update_begin(&u, 100) == 0 && update_write(&u, large, 100) == 0 && update_finish(&u, 1) == UPDATE_EBADMSG);
    CHECK(restart(&u) == 1);
    CHECK(update_check(0, "123456789", 9) == 0xcbf43926u);
    /* Every bit of the header and of the data counts. */
    static uint8_t saved[AREA];
    memcpy(saved, area, AREA);
    for (uint32_t bit = 0; bit < (32 + u.length) * 8; bit++) {
        if (bit >= 20 * 8 && bit < 32 * 8) {
            continue; /* between header and data */
        }
        memcpy(area, saved, AREA);
        area[bit / 8] ^= (uint8_t)(1 << bit % 8);
        CHECK(update_open(&u, &flash) == UPDATE_ENOENT);
        CHECK(update_read(&u, 0, large, 1) == UPDATE_ENOENT);
    }
    const struct update_flash good = flash;
    flash.program_bytes = 3;
    CHECK(update_open(&u, &flash) == UPDATE_EINVAL);
    flash = good;
    flash.bytes = AREA - 2;
    CHECK(update_open(&u, &flash) == UPDATE_EINVAL);
    flash = good;
}

int main(void)
{
    static const uint32_t erase_sizes[] = { 256, 1024, 4096 }, units[] = { 1, 4, 8, 32 };

    for (int e = 0; e < 3; e++) {
        for (int p = 0; p < 4; p++) {
            flash = (struct update_flash){ AREA, erase_sizes[e], units[p], (e + p) % 2 ? 0xff : 0, read_, program_, erase, NULL };
            refusals();
            for (int before = 0; before < 3; before++) {
                cut_everywhere(before);
            }
        }
    }
    CHECK(cuts_old > 1000 && cuts_new > 20);
    printf("%u cuts: the old module ran after %u, the new one after %u\nall passed\n", cuts_old + cuts_new, cuts_old, cuts_new);
    return 0;
}
