/* SPDX-License-Identifier: MIT */
/* Shifts, rotations and additions in long straight code: SHA-256 (FIPS 180-4). */
#include "kernel.h"

static uint32_t k[64];
static uint8_t message[2048];

/* The first 32 bits of the fractional part of the cube root of a prime, in integers only: the largest r whose cube is at
 * most p * 2^96. Only the low word of the root is kept. */
static uint32_t cube_root_fraction(uint32_t p)
{
    uint64_t r = 0;

    for (int bit = 34; bit >= 0; bit--) {
        uint64_t t = r | 1ull << bit;
        /* t^3 <= p * 2^96, by 32-bit limbs. */
        uint64_t t0 = t & 0xffffffff, t1 = t >> 32;
        uint64_t s0 = t0 * t0, m = t0 * t1 * 2;
        uint64_t s1 = (s0 >> 32) + (m & 0xffffffff), s2 = t1 * t1 + (m >> 32) + (s1 >> 32);

        s0 &= 0xffffffff;
        s1 &= 0xffffffff;
        uint64_t c0 = s0 * t0, c1 = s1 * t0 + (c0 >> 32), c2 = s2 * t0 + (c1 >> 32);
        uint64_t d1 = s0 * t1 + (c1 & 0xffffffff), d2 = s1 * t1 + (c2 & 0xffffffff) + (d1 >> 32);
        uint64_t d3 = s2 * t1 + (c2 >> 32) + (d2 >> 32);

        if (d3 < p) {
            r = t;
        }
    }
    return (uint32_t)r;
}

static void make_constants(void)
{
    uint32_t found = 0;

    for (uint32_t p = 2; found < 64; p++) {
        uint32_t d = 2;

        while (d * d <= p && p % d) {
            d++;
        }
        if (d * d > p) {
            k[found++] = cube_root_fraction(p);
        }
    }
}

static uint32_t rotate(uint32_t x, int by)
{
    return x >> by | x << (32 - by);
}

static void block(uint32_t h[8], const uint8_t *data)
{
    uint32_t w[64], v[8];

    for (int i = 0; i < 16; i++) {
        w[i] = (uint32_t)data[i * 4] << 24 | (uint32_t)data[i * 4 + 1] << 16 | (uint32_t)data[i * 4 + 2] << 8 | data[i * 4 + 3];
    }
    for (int i = 16; i < 64; i++) {
        uint32_t s0 = rotate(w[i - 15], 7) ^ rotate(w[i - 15], 18) ^ w[i - 15] >> 3;
        uint32_t s1 = rotate(w[i - 2], 17) ^ rotate(w[i - 2], 19) ^ w[i - 2] >> 10;

        w[i] = w[i - 16] + s0 + w[i - 7] + s1;
    }
    for (int i = 0; i < 8; i++) {
        v[i] = h[i];
    }
    for (int i = 0; i < 64; i++) {
        uint32_t e = v[4], a = v[0];
        uint32_t t1 = v[7] + (rotate(e, 6) ^ rotate(e, 11) ^ rotate(e, 25)) + ((e & v[5]) ^ (~e & v[6])) + k[i] + w[i];
        uint32_t t2 = (rotate(a, 2) ^ rotate(a, 13) ^ rotate(a, 22)) + ((a & v[1]) ^ (a & v[2]) ^ (v[1] & v[2]));

        v[7] = v[6];
        v[6] = v[5];
        v[5] = v[4];
        v[4] = v[3] + t1;
        v[3] = v[2];
        v[2] = v[1];
        v[1] = v[0];
        v[0] = t1 + t2;
    }
    for (int i = 0; i < 8; i++) {
        h[i] += v[i];
    }
}

KERNEL(sha256)
{
    uint32_t state = seed(n);
    uint32_t h[8] = {0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a, 0x510e527f, 0x9b05688c, 0x1f83d9ab, 0x5be0cd19};

    make_constants();
    for (size_t i = 0; i < sizeof message; i++) {
        message[i] = (uint8_t)random32(&state);
    }
    for (int32_t i = 0; i < n; i++) {
        for (size_t at = 0; at < sizeof message; at += 64) {
            block(h, message + at);
        }
    }
    return (int64_t)((uint64_t)h[0] << 32 | h[7]);
}
