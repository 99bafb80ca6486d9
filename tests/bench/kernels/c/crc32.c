/* SPDX-License-Identifier: MIT */
/* Table look-ups in a chain: CRC-32, a byte at a time. */
#include "kernel.h"

static uint32_t table[256];
static uint8_t message[4096];

static void make_table(void)
{
    for (uint32_t i = 0; i < 256; i++) {
        uint32_t c = i;

        for (int bit = 0; bit < 8; bit++) {
            c = c & 1 ? 0xedb88320u ^ c >> 1 : c >> 1;
        }
        table[i] = c;
    }
}

static uint32_t crc32(uint32_t crc, const uint8_t *data, size_t length)
{
    crc = ~crc;
    while (length-- > 0) {
        crc = table[(crc ^ *data++) & 0xff] ^ crc >> 8;
    }
    return ~crc;
}

KERNEL(crc32)
{
    uint32_t state = seed(n), crc = 0;

    make_table();
    for (size_t i = 0; i < sizeof message; i++) {
        message[i] = (uint8_t)random32(&state);
    }
    for (int32_t i = 0; i < n; i++) {
        crc = crc32(crc, message, sizeof message);
        message[i & 4095] ^= (uint8_t)crc;
    }
    return crc;
}
