/* SPDX-License-Identifier: MIT */
/* Loops whose branches depend on data: quicksort of records by a key, insertion sort for short ranges. */
#include "kernel.h"

#define RECORDS 1500

struct record {
    uint32_t key;
    uint16_t kind, weight;
};

static struct record records[RECORDS];

static int before(const struct record *a, const struct record *b)
{
    return a->key != b->key ? a->key < b->key : a->weight < b->weight;
}

static void insertion_sort(struct record *r, int32_t low, int32_t high)
{
    for (int32_t i = low + 1; i <= high; i++) {
        struct record held = r[i];
        int32_t j = i;

        for (; j > low && before(&held, &r[j - 1]); j--) {
            r[j] = r[j - 1];
        }
        r[j] = held;
    }
}

static void sort(struct record *r, int32_t low, int32_t high)
{
    while (high - low > 12) {
        struct record pivot = r[low + (high - low) / 2];
        int32_t i = low, j = high;

        while (i <= j) {
            while (before(&r[i], &pivot)) {
                i++;
            }
            while (before(&pivot, &r[j])) {
                j--;
            }
            if (i <= j) {
                struct record t = r[i];

                r[i++] = r[j];
                r[j--] = t;
            }
        }
        /* The shorter part by recursion, so that the depth is logarithmic. */
        if (j - low < high - i) {
            sort(r, low, j);
            low = i;
        } else {
            sort(r, i, high);
            high = j;
        }
    }
    insertion_sort(r, low, high);
}

KERNEL(qsort)
{
    uint32_t state = seed(n), sum = 0;

    for (int32_t i = 0; i < n; i++) {
        for (uint32_t at = 0; at < RECORDS; at++) {
            uint32_t x = random32(&state);

            records[at] = (struct record){x >> 8 & 0x3fff, (uint16_t)(x & 7), (uint16_t)(x >> 22)};
        }
        sort(records, 0, RECORDS - 1);
        for (uint32_t at = 1; at < RECORDS; at += 97) {
            sum = mix(sum, records[at].key + records[at].weight + (uint32_t)before(&records[at], &records[at - 1]));
        }
    }
    return sum;
}
