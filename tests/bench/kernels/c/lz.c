/* SPDX-License-Identifier: MIT */
/* Bytes and branches: a compressor with a hash of the last four bytes, and its decompressor. */
#include "kernel.h"

#define SIZE 8192

static uint8_t input[SIZE], packed[SIZE * 2], output[SIZE];
static uint16_t last[1024];

static uint32_t hash(const uint8_t *p)
{
    uint32_t word = (uint32_t)p[0] | (uint32_t)p[1] << 8 | (uint32_t)p[2] << 16 | (uint32_t)p[3] << 24;

    return word * 2654435761u >> 22;
}

/* A literal run: its length less one (< 128), then the bytes. A match: 128 + length - 4, then the distance. */
static uint32_t pack(const uint8_t *in, uint32_t length, uint8_t *out)
{
    uint32_t at = 0, run = 0, n = 0;

    for (uint32_t i = 0; i < COUNT(last); i++) {
        last[i] = 0xffff;
    }
    while (at < length) {
        uint32_t match = 0, from = 0;

        if (at + 4 <= length) {
            uint32_t h = hash(in + at);

            from = last[h];
            last[h] = (uint16_t)at;
            if (from != 0xffff) {
                while (match < 131 && at + match < length && in[from + match] == in[at + match]) {
                    match++;
                }
            }
        }
        if (match < 4) {
            at++;
            run++;
        }
        if (run == 128 || (run > 0 && (match >= 4 || at == length))) {
            out[n++] = (uint8_t)(run - 1);
            for (uint32_t i = at - run; i < at; i++) {
                out[n++] = in[i];
            }
            run = 0;
        }
        if (match >= 4) {
            out[n++] = (uint8_t)(128 + match - 4);
            out[n++] = (uint8_t)(at - from);
            out[n++] = (uint8_t)((at - from) >> 8);
            at += match;
        }
    }
    return n;
}

static uint32_t unpack(const uint8_t *in, uint32_t length, uint8_t *out)
{
    uint32_t n = 0;

    for (uint32_t at = 0; at < length;) {
        uint32_t head = in[at++];

        if (head < 128) {
            for (uint32_t i = 0; i <= head; i++) {
                out[n++] = in[at++];
            }
        } else {
            uint32_t distance = (uint32_t)in[at] | (uint32_t)in[at + 1] << 8;

            at += 2;
            for (uint32_t i = 0; i < head - 128 + 4; i++, n++) {
                out[n] = out[n - distance];
            }
        }
    }
    return n;
}

KERNEL(lz)
{
    static const char *const words[] = {"the ", "runtime ", "of ", "a ", "module", "s ", "and ", "memory ", ", ", "is ", "loaded\n", "12", "7"};
    uint32_t state = seed(n), sum = 0;

    for (int32_t i = 0; i < n; i++) {
        uint32_t length = 0, short_by;

        while (length < SIZE) {
            uint32_t r = random32(&state);

            for (const char *w = words[r % COUNT(words)]; *w && length < SIZE; w++) {
                input[length++] = (uint8_t)*w;
            }
            if ((r >> 20 & 7) == 0 && length < SIZE) {
                input[length++] = (uint8_t)(r >> 24);
            }
        }
        short_by = pack(input, SIZE, packed);
        sum = mix(sum, short_by);
        sum = mix(sum, unpack(packed, short_by, output));
        for (uint32_t at = 0; at < SIZE; at += 61) {
            sum = mix(sum, output[at] ^ (uint32_t)(output[at] == input[at]) << 8);
        }
    }
    return sum;
}
