/* SPDX-License-Identifier: MIT */
/* Byte stores with a stride: primes by the sieve of Eratosthenes. */
#include "kernel.h"

#define SIZE 16384

static uint8_t composite[SIZE];

static uint32_t sieve(uint32_t limit)
{
    uint32_t count = 0;

    for (uint32_t i = 0; i < limit; i++) {
        composite[i] = 0;
    }
    for (uint32_t i = 2; i < limit; i++) {
        if (composite[i]) {
            continue;
        }
        count++;
        for (uint32_t j = i * 2; j < limit; j += i) {
            composite[j] = 1;
        }
    }
    return count;
}

KERNEL(sieve)
{
    uint32_t sum = 0;

    for (int32_t i = 0; i < n; i++) {
        sum = mix(sum, sieve(SIZE - (uint32_t)(i & 1023)));
    }
    return sum;
}
