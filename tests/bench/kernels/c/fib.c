/* SPDX-License-Identifier: MIT */
/* Calls: Fibonacci numbers, each from the two before it. */
#include "kernel.h"

static uint32_t fib(uint32_t n)
{
    return n < 2 ? n : fib(n - 1) + fib(n - 2);
}

KERNEL(fib)
{
    uint32_t sum = 0;

    for (int32_t i = 0; i < n; i++) {
        sum = mix(sum, fib(16 + (i & 3)));
    }
    return sum;
}
