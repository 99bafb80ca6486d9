/* SPDX-License-Identifier: MIT */
/* A hash table with open addressing: keys are put in, looked up and taken out. */
#include "kernel.h"

#define SLOTS 1024

enum state { FREE, USED, GONE };

static struct slot {
    uint64_t key;
    uint32_t value;
    uint32_t state;
} slots[SLOTS];

static uint32_t spread(uint64_t key)
{
    key ^= key >> 33;
    key *= 0xff51afd7ed558ccdull;
    key ^= key >> 29;
    return (uint32_t)key;
}

static struct slot *look(uint64_t key, int for_insert)
{
    struct slot *gone = NULL;

    for (uint32_t i = spread(key), probes = 0; probes < SLOTS; i++, probes++) {
        struct slot *s = &slots[i & (SLOTS - 1)];

        if (s->state == FREE) {
            return for_insert ? (gone ? gone : s) : NULL;
        }
        if (s->state == GONE) {
            gone = gone ? gone : s;
        } else if (s->key == key) {
            return s;
        }
    }
    return for_insert ? gone : NULL;
}

KERNEL(hash)
{
    uint32_t random = seed(n), sum = 0, used = 0;

    for (uint32_t i = 0; i < SLOTS; i++) {
        slots[i].state = FREE;
    }
    for (int32_t i = 0; i < n; i++) {
        for (int k = 0; k < 256; k++) {
            uint32_t r = random32(&random);
            uint64_t key = (uint64_t)(r >> 4 & 0x3ff) * 0x100000001ull;
            struct slot *s = look(key, (r & 3) == 0 && used < SLOTS * 7 / 10);

            if (!s) {
                sum++;
            } else if (s->state != USED) {
                *s = (struct slot){key, r, USED};
                used++;
            } else if ((r & 15) == 7) {
                s->state = GONE;
                used--;
            } else {
                sum = mix(sum, s->value++);
            }
        }
    }
    return mix(sum, used);
}
