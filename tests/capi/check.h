/* SPDX-License-Identifier: MIT */
/* What the files of this test share. Every check that fails says where and ends the program. */
#ifndef CHECK_H
#define CHECK_H

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <wrt.h>

#define CHECK(condition)                                                          \
    do {                                                                          \
        if (!(condition)) {                                                       \
            fprintf(stderr, "%s:%d: not true: %s\n", __FILE__, __LINE__, #condition); \
            exit(1);                                                              \
        }                                                                         \
    } while (0)

/* The two numbers are equal; both are shown when not. */
#define EQUAL(is, expected)                                                                                                    \
    do {                                                                                                                       \
        long long is_ = (long long)(is), expected_ = (long long)(expected);                                                    \
        if (is_ != expected_) {                                                                                                \
            fprintf(stderr, "%s:%d: %s is %lld, expected %s = %lld\n", __FILE__, __LINE__, #is, is_, #expected, expected_); \
            exit(1);                                                                                                           \
        }                                                                                                                      \
    } while (0)

/* Both texts are equal. */
#define SAME(is, expected)                                                                                     \
    do {                                                                                                       \
        const char *is_ = (is);                                                                                \
        if (strcmp(is_, (expected)) != 0) {                                                                    \
            fprintf(stderr, "%s:%d: \"%s\", expected \"%s\"\n", __FILE__, __LINE__, is_, (expected)); \
            exit(1);                                                                                           \
        }                                                                                                      \
    } while (0)

/* A module twice: as .wasm (loaded with `loader`) and as image. Made by the test from the .wat of that name. */
struct both {
    wrt_module_t wasm;
    wrt_module_t image;
};
extern const struct both calc, empty, floats, hosts, start_traps, start_runs, start_waits, data_outside, memory_import, vectors, link_lib,
    link_user, link_tags, link_catch, wrong_kind, memories;

/* Room to translate any of them. */
extern const wrt_loader_memory_t loader;

/* 2 instances and a bit of everything; 2 stacks. */
extern const wrt_config_t config;
/* A new store of that configuration, always in the same buffer. */
wrt_store_t *new_store(wrt_interrupt_t *interrupt);
/* An instance in it, its function of that name. */
wrt_instance_t load(wrt_store_t *store, const wrt_module_t *module, const wrt_host_t *hosts, size_t host_count);
wrt_func_t find(wrt_store_t *store, wrt_instance_t instance, const char *name);

#define I32(v) ((wrt_val_t){ .type = WRT_I32, .of.i32 = (v) })
#define I64(v) ((wrt_val_t){ .type = WRT_I64, .of.i64 = (v) })
#define F32(v) ((wrt_val_t){ .type = WRT_F32, .of.f32 = (v) })
#define F64(v) ((wrt_val_t){ .type = WRT_F64, .of.f64 = (v) })

void test_store(void);
void test_modules(void);
void test_link(void);
void test_calls(void);
void test_hosts(void);
void test_memory(void);
void test_errors(void);
void test_refused(void);

#endif
