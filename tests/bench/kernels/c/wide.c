/* SPDX-License-Identifier: MIT */
/* 64-bit arithmetic: 128-bit products in halves, modular powers, square roots by Newton's iteration. */
#include "kernel.h"

static uint64_t random64(uint64_t *state)
{
    uint64_t x = *state;

    x ^= x >> 12;
    x ^= x << 25;
    x ^= x >> 27;
    *state = x;
    return x * 0x2545f4914f6cdd1dull;
}

static uint64_t high_product(uint64_t a, uint64_t b)
{
    uint64_t a0 = (uint32_t)a, a1 = a >> 32, b0 = (uint32_t)b, b1 = b >> 32;
    uint64_t m = a1 * b0 + (a0 * b0 >> 32);
    uint64_t k = a0 * b1 + (uint32_t)m;

    return a1 * b1 + (m >> 32) + (k >> 32);
}

static uint64_t modular_power(uint64_t base, uint32_t exponent, uint64_t modulus)
{
    uint64_t result = 1;

    base %= modulus;
    for (; exponent; exponent >>= 1) {
        if (exponent & 1) {
            result = result * base % modulus;
        }
        base = base * base % modulus;
    }
    return result;
}

static uint64_t root(uint64_t x)
{
    uint64_t r = 1ull << 32, next = (r + x / r) >> 1;

    while (next < r) {
        r = next;
        next = (r + x / r) >> 1;
    }
    return r;
}

KERNEL(wide)
{
    uint64_t state = seed(n), sum = 0;

    for (int32_t i = 0; i < n; i++) {
        uint64_t x = random64(&state), y = random64(&state);

        for (int j = 0; j < 16; j++) {
            sum += high_product(x, y);
            sum = sum << 7 | sum >> 57;
            x += 0x9e3779b97f4a7c15ull ^ sum >> 5;
            y ^= x << 3;
        }
        sum ^= modular_power(x, (uint32_t)y & 0xff, 4294967291u);
        if ((i & 7) == 0) {
            sum += root(x >> 2);
        }
    }
    return (int64_t)sum;
}
