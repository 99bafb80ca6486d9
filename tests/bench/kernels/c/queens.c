/* SPDX-License-Identifier: MIT */
/* Bit sets and recursion: ways to put queens on a board. */
#include "kernel.h"

static uint32_t place(uint32_t all, uint32_t columns, uint32_t left, uint32_t right)
{
    uint32_t count = 0;

    if (columns == all) {
        return 1;
    }
    for (uint32_t free = all & ~(columns | left | right); free; free &= free - 1) {
        uint32_t bit = free & -free;

        count += place(all, columns | bit, (left | bit) << 1 & all, (right | bit) >> 1);
    }
    return count;
}

KERNEL(queens)
{
    uint32_t sum = 0;

    for (int32_t i = 0; i < n; i++) {
        uint32_t columns = 7 + ((uint32_t)i & 1);
        /* A first queen that depends on the round. */
        uint32_t bit = 1u << ((uint32_t)i % columns), all = (1u << columns) - 1;

        sum = mix(sum, place(all, bit, bit << 1 & all, bit >> 1));
    }
    return sum;
}
