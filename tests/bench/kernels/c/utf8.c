/* SPDX-License-Identifier: MIT */
/* Branches on bytes: UTF-8 is checked, decoded to code points and encoded again. */
#include "kernel.h"

#define SIZE 4096

static uint8_t text[SIZE + 4], copy[SIZE + 4];

static uint32_t encode(uint8_t *out, uint32_t c)
{
    if (c < 0x80) {
        out[0] = (uint8_t)c;
        return 1;
    }
    if (c < 0x800) {
        out[0] = (uint8_t)(0xc0 | c >> 6);
        out[1] = (uint8_t)(0x80 | (c & 0x3f));
        return 2;
    }
    if (c < 0x10000) {
        out[0] = (uint8_t)(0xe0 | c >> 12);
        out[1] = (uint8_t)(0x80 | (c >> 6 & 0x3f));
        out[2] = (uint8_t)(0x80 | (c & 0x3f));
        return 3;
    }
    out[0] = (uint8_t)(0xf0 | c >> 18);
    out[1] = (uint8_t)(0x80 | (c >> 12 & 0x3f));
    out[2] = (uint8_t)(0x80 | (c >> 6 & 0x3f));
    out[3] = (uint8_t)(0x80 | (c & 0x3f));
    return 4;
}

/* Bytes taken by the code point at p, 0 if it is none. */
static uint32_t decode(const uint8_t *p, const uint8_t *end, uint32_t *c)
{
    static const uint32_t least[] = {0, 0, 0x80, 0x800, 0x10000};
    uint32_t length;

    if (p[0] < 0x80) {
        *c = p[0];
        return 1;
    }
    if (p[0] >= 0xc2 && p[0] < 0xe0) {
        length = 2;
    } else if (p[0] >= 0xe0 && p[0] < 0xf0) {
        length = 3;
    } else if (p[0] >= 0xf0 && p[0] < 0xf5) {
        length = 4;
    } else {
        return 0;
    }
    if ((size_t)(end - p) < length) {
        return 0;
    }
    *c = p[0] & (0x7fu >> length);
    for (uint32_t i = 1; i < length; i++) {
        if ((p[i] & 0xc0) != 0x80) {
            return 0;
        }
        *c = *c << 6 | (p[i] & 0x3f);
    }
    if (*c < least[length] || *c > 0x10ffff || (*c >= 0xd800 && *c < 0xe000)) {
        return 0;
    }
    return length;
}

KERNEL(utf8)
{
    uint32_t state = seed(n), sum = 0, length = 0;

    while (length < SIZE) {
        uint32_t r = random32(&state), c = r >> 8 & 0x7f;

        if ((r & 7) == 0) {
            c = 0x80 + (r >> 8 & 0x3ff);
        } else if ((r & 31) == 1) {
            c = 0x4e00 + (r >> 8 & 0x3ff);
        } else if ((r & 63) == 2) {
            c = 0x1f600 + (r >> 8 & 0x3f);
        }
        length += encode(text + length, c);
    }
    for (int32_t i = 0; i < n; i++) {
        uint32_t at = 0, out = 0, wrong = 0, points = 0, c = 0;

        /* One damaged byte each round. */
        uint32_t damaged = random32(&state) % length;
        uint8_t held = text[damaged];

        text[damaged] ^= (uint8_t)(0x80 >> (i & 7));
        while (at < length) {
            uint32_t taken = decode(text + at, text + length, &c);

            if (taken == 0) {
                wrong++;
                at++;
                continue;
            }
            points++;
            at += taken;
            if (out < SIZE) {
                out += encode(copy + out, c);
            }
        }
        text[damaged] = held;
        sum = mix(sum, points * 8 + wrong);
        sum = mix(sum, copy[out / 2]);
    }
    return sum;
}
