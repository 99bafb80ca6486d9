// SPDX-License-Identifier: MIT
// SHA-256 (FIPS 180-4), AES-128 in counter mode (FIPS 197), CRC-32, ChaCha20 (RFC 8439).
#include "base.h"

static const u32 k[64] = {
    0x428a2f98, 0x71374491, 0xb5c0fbcf, 0xe9b5dba5, 0x3956c25b, 0x59f111f1, 0x923f82a4, 0xab1c5ed5, 0xd807aa98, 0x12835b01, 0x243185be,
    0x550c7dc3, 0x72be5d74, 0x80deb1fe, 0x9bdc06a7, 0xc19bf174, 0xe49b69c1, 0xefbe4786, 0x0fc19dc6, 0x240ca1cc, 0x2de92c6f, 0x4a7484aa,
    0x5cb0a9dc, 0x76f988da, 0x983e5152, 0xa831c66d, 0xb00327c8, 0xbf597fc7, 0xc6e00bf3, 0xd5a79147, 0x06ca6351, 0x14292967, 0x27b70a85,
    0x2e1b2138, 0x4d2c6dfc, 0x53380d13, 0x650a7354, 0x766a0abb, 0x81c2c92e, 0x92722c85, 0xa2bfe8a1, 0xa81a664b, 0xc24b8b70, 0xc76c51a3,
    0xd192e819, 0xd6990624, 0xf40e3585, 0x106aa070, 0x19a4c116, 0x1e376c08, 0x2748774c, 0x34b0bcb5, 0x391c0cb3, 0x4ed8aa4a, 0x5b9cca4f,
    0x682e6ff3, 0x748f82ee, 0x78a5636f, 0x84c87814, 0x8cc70208, 0x90befffa, 0xa4506ceb, 0xbef9a3f7, 0xc67178f2,
};
struct sha256 {
    u32 h[8];
    u64 length;
    u8 block[64];
};
static u32 ror(u32 x, int n) { return x >> n | x << (32 - n); }
static u32 big(const u8 *p) { return (u32)p[0] << 24 | p[1] << 16 | p[2] << 8 | p[3]; }
static void put_big(u8 *p, u32 v) { p[0] = (u8)(v >> 24), p[1] = (u8)(v >> 16), p[2] = (u8)(v >> 8), p[3] = (u8)v; }

static void sha256_block(struct sha256 *s) {
    u32 w[64], v[8];
    for (int i = 0; i < 16; i++) w[i] = big(s->block + 4 * i);
    for (int i = 16; i < 64; i++) {
        u32 a = ror(w[i - 15], 7) ^ ror(w[i - 15], 18) ^ w[i - 15] >> 3;
        u32 b = ror(w[i - 2], 17) ^ ror(w[i - 2], 19) ^ w[i - 2] >> 10;
        w[i] = w[i - 16] + a + w[i - 7] + b;
    }
    for (int i = 0; i < 8; i++) v[i] = s->h[i];
    for (int i = 0; i < 64; i++) {
        u32 e = ror(v[4], 6) ^ ror(v[4], 11) ^ ror(v[4], 25);
        u32 t1 = v[7] + e + ((v[4] & v[5]) ^ (~v[4] & v[6])) + k[i] + w[i];
        u32 a = ror(v[0], 2) ^ ror(v[0], 13) ^ ror(v[0], 22);
        u32 t2 = a + ((v[0] & v[1]) ^ (v[0] & v[2]) ^ (v[1] & v[2]));
        for (int j = 7; j > 0; j--) v[j] = v[j - 1];
        v[4] += t1;
        v[0] = t1 + t2;
    }
    for (int i = 0; i < 8; i++) s->h[i] += v[i];
}
static void sha256_init(struct sha256 *s) {
    static const u32 h[8] = {0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a, 0x510e527f, 0x9b05688c, 0x1f83d9ab, 0x5be0cd19};
    memcpy(s->h, h, sizeof h);
    s->length = 0;
}
static void sha256_add(struct sha256 *s, const u8 *p, size n) {
    while (n) {
        size at = s->length & 63, m = 64 - at;
        if (m > n) m = n;
        memcpy(s->block + at, p, m);
        s->length += m, p += m, n -= m;
        if ((s->length & 63) == 0) sha256_block(s);
    }
}
static void sha256_end(struct sha256 *s, u8 *digest) {
    static const u8 zeros[64];
    u64 bits = s->length * 8;
    u8 one = 0x80, tail[8];
    sha256_add(s, &one, 1);
    sha256_add(s, zeros, (120 - (s->length & 63)) & 63);
    put_big(tail, (u32)(bits >> 32));
    put_big(tail + 4, (u32)bits);
    sha256_add(s, tail, 8);
    for (int i = 0; i < 8; i++) put_big(digest + 4 * i, s->h[i]);
}
EXPORT("sha256") void sha256(const u8 *p, size n, u8 *digest) {
    struct sha256 s;
    sha256_init(&s);
    sha256_add(&s, p, n);
    sha256_end(&s, digest);
}
EXPORT("hmac_sha256") void hmac_sha256(const u8 *key, size key_n, const u8 *p, size n, u8 *digest) {
    u8 pad[64] = {0};
    struct sha256 s;
    if (key_n > 64) sha256(key, key_n, pad);
    else memcpy(pad, key, key_n);
    for (int i = 0; i < 64; i++) pad[i] ^= 0x36;
    sha256_init(&s);
    sha256_add(&s, pad, 64);
    sha256_add(&s, p, n);
    sha256_end(&s, digest);
    for (int i = 0; i < 64; i++) pad[i] ^= 0x36 ^ 0x5c;
    sha256_init(&s);
    sha256_add(&s, pad, 64);
    sha256_add(&s, digest, 32);
    sha256_end(&s, digest);
}

static u8 sbox[256];
static u8 twice(u8 x) { return (u8)(x << 1 ^ (x & 0x80 ? 0x1b : 0)); }
static void make_sbox(void) {
    u8 p = 1, q = 1;
    do {
        p = (u8)(p ^ twice(p));
        q ^= (u8)(q << 1), q ^= (u8)(q << 2), q ^= (u8)(q << 4);
        if (q & 0x80) q ^= 0x09;
        u8 x = (u8)(q ^ (q << 1 | q >> 7) ^ (q << 2 | q >> 6) ^ (q << 3 | q >> 5) ^ (q << 4 | q >> 4));
        sbox[p] = x ^ 0x63;
    } while (p != 1);
    sbox[0] = 0x63;
}
static void aes_expand(const u8 *key, u8 round[176]) {
    u8 constant = 1;
    memcpy(round, key, 16);
    for (int i = 16; i < 176; i += 4) {
        u8 t[4];
        memcpy(t, round + i - 4, 4);
        if (i % 16 == 0) {
            u8 first = t[0];
            t[0] = sbox[t[1]] ^ constant, t[1] = sbox[t[2]], t[2] = sbox[t[3]], t[3] = sbox[first];
            constant = twice(constant);
        }
        for (int j = 0; j < 4; j++) round[i + j] = round[i + j - 16] ^ t[j];
    }
}
static void aes_block(const u8 round[176], u8 s[16]) {
    for (int i = 0; i < 16; i++) s[i] ^= round[i];
    for (int r = 1; r <= 10; r++) {
        u8 t[16];
        for (int i = 0; i < 16; i++) t[i] = sbox[s[(i + 4 * (i & 3)) & 15]];
        if (r < 10)
            for (int c = 0; c < 16; c += 4) {
                u8 a = t[c], all = t[c] ^ t[c + 1] ^ t[c + 2] ^ t[c + 3];
                for (int j = 0; j < 4; j++) s[c + j] = t[c + j] ^ all ^ twice(t[c + j] ^ (j == 3 ? a : t[c + j + 1]));
            }
        else
            memcpy(s, t, 16);
        for (int i = 0; i < 16; i++) s[i] ^= round[16 * r + i];
    }
}
EXPORT("aes_ctr") void aes_ctr(const u8 *key, const u8 *nonce, u8 *data, size n) {
    u8 round[176], counter[16], pad[16];
    if (!sbox[0]) make_sbox();
    aes_expand(key, round);
    memcpy(counter, nonce, 16);
    for (size i = 0; i < n; i++) {
        if (i % 16 == 0) {
            memcpy(pad, counter, 16);
            aes_block(round, pad);
            for (int j = 15; j >= 0 && ++counter[j] == 0; j--) {}
        }
        data[i] ^= pad[i % 16];
    }
}

static u32 crc_table[256];
EXPORT("crc32") u32 crc32(const u8 *p, size n) {
    if (!crc_table[1])
        for (u32 i = 0; i < 256; i++) {
            u32 c = i;
            for (int j = 0; j < 8; j++) c = c & 1 ? 0xedb88320 ^ c >> 1 : c >> 1;
            crc_table[i] = c;
        }
    u32 c = ~0u;
    while (n--) c = crc_table[(c ^ *p++) & 255] ^ c >> 8;
    return ~c;
}

#define QUARTER(a, b, c, d) \
    a += b, d ^= a, d = d << 16 | d >> 16, c += d, b ^= c, b = b << 12 | b >> 20, a += b, d ^= a, d = d << 8 | d >> 24, c += d, b ^= c, \
        b = b << 7 | b >> 25
EXPORT("chacha20") void chacha20(const u32 key[8], const u32 nonce[3], u8 *data, size n) {
    u32 start[16] = {0x61707865, 0x3320646e, 0x79622d32, 0x6b206574}, x[16];
    for (int i = 0; i < 8; i++) start[4 + i] = key[i];
    for (int i = 0; i < 3; i++) start[13 + i] = nonce[i];
    for (size at = 0; at < n; at += 64) {
        memcpy(x, start, 64);
        for (int i = 0; i < 10; i++) {
            QUARTER(x[0], x[4], x[8], x[12]);
            QUARTER(x[1], x[5], x[9], x[13]);
            QUARTER(x[2], x[6], x[10], x[14]);
            QUARTER(x[3], x[7], x[11], x[15]);
            QUARTER(x[0], x[5], x[10], x[15]);
            QUARTER(x[1], x[6], x[11], x[12]);
            QUARTER(x[2], x[7], x[8], x[13]);
            QUARTER(x[3], x[4], x[9], x[14]);
        }
        for (int i = 0; i < 16; i++) x[i] += start[i];
        const u8 *pad = (const u8 *)x;
        for (size i = 0; i < 64 && at + i < n; i++) data[at + i] ^= pad[i];
        start[12]++;
    }
}
