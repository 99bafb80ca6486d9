/* SPDX-License-Identifier: MIT */
/* Copies and fills of all sizes: packets that are gathered, moved and cleared. */
#include "kernel.h"

#define BUFFER 16384

static uint8_t buffer[BUFFER + 4096], packet[4096];

KERNEL(memops)
{
    uint32_t state = seed(n), sum = 0;

    for (uint32_t i = 0; i < BUFFER; i++) {
        buffer[i] = (uint8_t)random32(&state);
    }
    for (int32_t i = 0; i < n; i++) {
        uint32_t r = random32(&state);
        uint32_t at = r & 8191, to = r >> 13 & 8191, length = 1u << (r >> 27 & 7) | (r >> 20 & 31);

        if ((r & 0xf00) == 0) {
            length += 1800;
        }
        __builtin_memcpy(packet, buffer + at, length);
        packet[0] ^= (uint8_t)i;
        __builtin_memmove(buffer + to, buffer + to + (r & 15), length);
        __builtin_memcpy(buffer + to, packet, length);
        if ((r & 7) == 0) {
            __builtin_memset(buffer + at, (int)(r >> 9), length / 2);
        }
        sum = mix(sum, buffer[to + length / 2]);
    }
    return sum;
}
