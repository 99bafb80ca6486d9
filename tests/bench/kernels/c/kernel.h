/* SPDX-License-Identifier: MIT */
/* What every kernel starts with. KERNEL(name) heads its one function: run(n) does n rounds of work on data that depend
 * on n, and gives a checksum of all it computed. */
#include <stddef.h>
#include <stdint.h>

#ifdef __wasm__
#define KERNEL(name) __attribute__((export_name("run"))) int64_t run_##name(int32_t n)
#else
#define KERNEL(name) int64_t run_##name(int32_t n)
#endif

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

/* A generator of random numbers that no compiler sees through. */
static inline uint32_t random32(uint32_t *state)
{
    uint32_t x = *state;

    x ^= x << 13;
    x ^= x >> 17;
    x ^= x << 5;
    return *state = x;
}

/* A state for n: never zero. */
static inline uint32_t seed(int32_t n)
{
    return (uint32_t)n * 2654435761u | 1;
}

/* Adds a value to a checksum. */
static inline uint32_t mix(uint32_t sum, uint32_t value)
{
    sum = (sum ^ value) * 0x9e3779b1u;
    return sum ^ sum >> 15;
}
