/* SPDX-License-Identifier: MIT */
/* Bytes through tables: base64 (RFC 4648) there and back. */
#include "kernel.h"

#define SIZE 3072

static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
static uint8_t data[SIZE], back[SIZE], values[256];
static char text[SIZE / 3 * 4 + 4];

static uint32_t encode(const uint8_t *in, uint32_t length, char *out)
{
    uint32_t n = 0, i = 0;

    for (; i + 3 <= length; i += 3) {
        uint32_t v = (uint32_t)in[i] << 16 | (uint32_t)in[i + 1] << 8 | in[i + 2];

        out[n++] = digits[v >> 18];
        out[n++] = digits[v >> 12 & 63];
        out[n++] = digits[v >> 6 & 63];
        out[n++] = digits[v & 63];
    }
    if (i < length) {
        uint32_t v = (uint32_t)in[i] << 16 | (i + 1 < length ? (uint32_t)in[i + 1] << 8 : 0);

        out[n++] = digits[v >> 18];
        out[n++] = digits[v >> 12 & 63];
        out[n++] = i + 1 < length ? digits[v >> 6 & 63] : '=';
        out[n++] = '=';
    }
    return n;
}

/* Bytes decoded; stops at the first character that is no digit. */
static uint32_t decode(const char *in, uint32_t length, uint8_t *out)
{
    uint32_t n = 0, held = 0, bits = 0;

    for (uint32_t i = 0; i < length; i++) {
        uint32_t v = values[(uint8_t)in[i]];

        if (v == 0xff) {
            break;
        }
        held = held << 6 | v;
        bits += 6;
        if (bits >= 8) {
            bits -= 8;
            out[n++] = (uint8_t)(held >> bits);
        }
    }
    return n;
}

KERNEL(base64)
{
    uint32_t state = seed(n), sum = 0;

    for (uint32_t i = 0; i < 256; i++) {
        values[i] = 0xff;
    }
    for (uint32_t i = 0; i < 64; i++) {
        values[(uint8_t)digits[i]] = (uint8_t)i;
    }
    for (uint32_t i = 0; i < SIZE; i++) {
        data[i] = (uint8_t)random32(&state);
    }
    for (int32_t i = 0; i < n; i++) {
        uint32_t length = SIZE - (uint32_t)(i & 63), chars = encode(data, length, text);

        sum = mix(sum, decode(text, chars, back));
        sum = mix(sum, back[(uint32_t)i % length] ^ (uint32_t)text[chars / 2] << 8);
        data[(uint32_t)i % SIZE] ^= (uint8_t)sum;
    }
    return sum;
}
