/* SPDX-License-Identifier: MIT */
/*
 * What a C library has and a compiler may call. Without these four a firmware gets those that Rust brings along, which are
 * 1 KiB. Words where both sides are aligned, bytes otherwise.
 */
#include <stddef.h>
#include <stdint.h>

#include "board.h"

/* May alias anything, as bytes do. */
typedef uint32_t __attribute__((may_alias)) word_t;

void *memcpy(void *to, const void *from, size_t n)
{
    uint8_t *d = to;
    const uint8_t *s = from;

    if ((((uintptr_t)d | (uintptr_t)s) & 3) == 0) {
        for (; n >= 4; n -= 4, d += 4, s += 4) {
            *(word_t *)d = *(const word_t *)s;
        }
    }
    while (n-- > 0) {
        *d++ = *s++;
    }
    return to;
}

void *memset(void *to, int value, size_t n)
{
    uint8_t *d = to;

    if (((uintptr_t)d & 3) == 0) {
        for (; n >= 4; n -= 4, d += 4) {
            *(word_t *)d = 0x01010101u * (uint8_t)value;
        }
    }
    while (n-- > 0) {
        *d++ = (uint8_t)value;
    }
    return to;
}

void *memmove(void *to, const void *from, size_t n)
{
    uint8_t *d = to;
    const uint8_t *s = from;

    if ((uintptr_t)d - (uintptr_t)s >= n) {
        return memcpy(to, from, n);
    }
    while (n-- > 0) {
        d[n] = s[n];
    }
    return to;
}

int memcmp(const void *one, const void *other, size_t n)
{
    const uint8_t *a = one, *b = other;

    for (; n > 0; n--, a++, b++) {
        if (*a != *b) {
            return *a - *b;
        }
    }
    return 0;
}

#ifdef __arm__
/* The names that compilers for Arm use (run-time ABI, 4.3.4); their memset has the value last. */
void __aeabi_memcpy(void *to, const void *from, size_t n) { memcpy(to, from, n); }
void __aeabi_memcpy4(void *to, const void *from, size_t n) { memcpy(to, from, n); }
void __aeabi_memcpy8(void *to, const void *from, size_t n) { memcpy(to, from, n); }
void __aeabi_memmove(void *to, const void *from, size_t n) { memmove(to, from, n); }
void __aeabi_memmove4(void *to, const void *from, size_t n) { memmove(to, from, n); }
void __aeabi_memset(void *to, size_t n, int value) { memset(to, value, n); }
void __aeabi_memset4(void *to, size_t n, int value) { memset(to, value, n); }
void __aeabi_memclr(void *to, size_t n) { memset(to, 0, n); }
void __aeabi_memclr4(void *to, size_t n) { memset(to, 0, n); }
void __aeabi_memclr8(void *to, size_t n) { memset(to, 0, n); }
#endif
