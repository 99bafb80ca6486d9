/* SPDX-License-Identifier: MIT */
/* Indirect calls: objects of several kinds in a queue, each with a table of functions, as drivers and widgets have. */
#include "kernel.h"

#define OBJECTS 64

struct object;

struct methods {
    void (*step)(struct object *self, uint32_t input);
    uint32_t (*value)(const struct object *self);
};

struct object {
    const struct methods *methods;
    uint32_t a, b;
};

static void counter_step(struct object *self, uint32_t input) { self->a += input & 3; }
static uint32_t counter_value(const struct object *self) { return self->a; }
static void filter_step(struct object *self, uint32_t input) { self->b += ((input & 0xffff) - self->b) >> 2; self->a = self->b; }
static uint32_t filter_value(const struct object *self) { return self->a >> 1; }
static void latch_step(struct object *self, uint32_t input)
{
    if (input & 0x100) {
        self->a = input;
    } else {
        self->b++;
    }
}
static uint32_t latch_value(const struct object *self) { return self->a ^ self->b; }
static void toggle_step(struct object *self, uint32_t input) { uint32_t t = self->a; self->a = self->b ^ input; self->b = t; }
static uint32_t toggle_value(const struct object *self) { return self->a + self->b; }

static const struct methods kinds[] = {
    {counter_step, counter_value}, {filter_step, filter_value}, {latch_step, latch_value}, {toggle_step, toggle_value},
};

static struct object objects[OBJECTS];

KERNEL(dispatch)
{
    uint32_t state = seed(n), sum = 0;

    for (uint32_t i = 0; i < OBJECTS; i++) {
        objects[i] = (struct object){&kinds[random32(&state) % COUNT(kinds)], i, 0};
    }
    for (int32_t i = 0; i < n; i++) {
        uint32_t input = random32(&state);

        for (uint32_t at = 0; at < OBJECTS; at++) {
            struct object *o = &objects[at];

            o->methods->step(o, input);
            input += o->methods->value(o);
        }
        sum = mix(sum, input);
    }
    return sum;
}
