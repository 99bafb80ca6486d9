// SPDX-License-Identifier: MIT
// Text: printf's little sister, numbers, base64, UTF-8.
#include "base.h"
typedef __builtin_va_list va_list;

static void put(struct out *o, char c) {
    if (o->at < o->end) *o->at = c;
    o->at++;
}
static void pad(struct out *o, int n, char c) {
    while (n-- > 0) put(o, c);
}
static void text(struct out *o, const char *s, int width, int left) {
    int n = (int)strlen(s);
    if (!left) pad(o, width - n, ' ');
    while (*s) put(o, *s++);
    if (left) pad(o, width - n, ' ');
}
static void number(struct out *o, u64 v, u32 base, int negative, int width, char fill, int left, int upper) {
    char digits[24];
    int n = 0;
    do {
        u32 d = (u32)(v % base);
        digits[n++] = (char)(d < 10 ? '0' + d : (upper ? 'A' : 'a') + d - 10);
        v /= base;
    } while (v);
    int all = n + negative;
    if (!left && fill == ' ') pad(o, width - all, ' ');
    if (negative) put(o, '-');
    if (!left && fill == '0') pad(o, width - all, '0');
    while (n) put(o, digits[--n]);
    if (left) pad(o, width - all, ' ');
}
static void real(struct out *o, double v, int digits, int width) {
    if (v != v) {
        text(o, "nan", width, 0);
        return;
    }
    int negative = v < 0;
    if (negative) v = -v;
    if (v > 1.8e19) {
        text(o, negative ? "-inf" : "inf", width, 0);
        return;
    }
    double scale = 1;
    for (int i = 0; i < digits; i++) scale *= 10;
    u64 whole = (u64)v;
    u64 part = (u64)((v - (double)whole) * scale + 0.5);
    if ((double)part >= scale) whole++, part = 0;
    number(o, whole, 10, negative, width - digits - 1, ' ', 0, 0);
    if (digits) {
        put(o, '.');
        number(o, part, 10, 0, digits, '0', 0, 0);
    }
}
void out_format(struct out *o, const char *f, ...) {
    va_list args;
    __builtin_va_start(args, f);
    for (; *f; f++) {
        if (*f != '%') {
            put(o, *f);
            continue;
        }
        int left = 0, width = 0, digits = 6, wide = 0;
        char fill = ' ';
        for (f++; *f == '-' || *f == '0'; f++) {
            if (*f == '-') left = 1;
            else fill = '0';
        }
        for (; *f >= '0' && *f <= '9'; f++) width = width * 10 + *f - '0';
        if (*f == '.')
            for (digits = 0, f++; *f >= '0' && *f <= '9'; f++) digits = digits * 10 + *f - '0';
        for (; *f == 'l'; f++) wide++;
        switch (*f) {
        case 'd': {
            i64 v = wide > 1 ? __builtin_va_arg(args, i64) : __builtin_va_arg(args, i32);
            number(o, v < 0 ? 0 - (u64)v : (u64)v, 10, v < 0, width, fill, left, 0);
            break;
        }
        case 'u':
        case 'x':
        case 'X':
        case 'o': {
            u64 v = wide > 1 ? __builtin_va_arg(args, u64) : __builtin_va_arg(args, u32);
            number(o, v, *f == 'u' ? 10 : *f == 'o' ? 8 : 16, 0, width, fill, left, *f == 'X');
            break;
        }
        case 'c':
            put(o, (char)__builtin_va_arg(args, int));
            break;
        case 's': {
            const char *s = __builtin_va_arg(args, const char *);
            text(o, s ? s : "(null)", width, left);
            break;
        }
        case 'f':
            real(o, __builtin_va_arg(args, double), digits, width);
            break;
        case '%':
            put(o, '%');
            break;
        default:
            put(o, '?');
            f -= *f == 0;
        }
    }
    __builtin_va_end(args);
    if (o->at < o->end) *o->at = 0;
}

static const char alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

EXPORT("base64_encode") size base64_encode(const u8 *from, size n, char *to) {
    char *at = to;
    for (; n >= 3; n -= 3, from += 3) {
        u32 w = from[0] << 16 | from[1] << 8 | from[2];
        *at++ = alphabet[w >> 18];
        *at++ = alphabet[w >> 12 & 63];
        *at++ = alphabet[w >> 6 & 63];
        *at++ = alphabet[w & 63];
    }
    if (n) {
        u32 w = from[0] << 16 | (n > 1 ? from[1] << 8 : 0);
        *at++ = alphabet[w >> 18];
        *at++ = alphabet[w >> 12 & 63];
        *at++ = n > 1 ? alphabet[w >> 6 & 63] : '=';
        *at++ = '=';
    }
    return (size)(at - to);
}
static int sextet(char c) {
    if (c >= 'A' && c <= 'Z') return c - 'A';
    if (c >= 'a' && c <= 'z') return c - 'a' + 26;
    if (c >= '0' && c <= '9') return c - '0' + 52;
    if (c == '+') return 62;
    if (c == '/') return 63;
    return -1;
}
EXPORT("base64_decode") i32 base64_decode(const char *from, size n, u8 *to) {
    u32 w = 0, bits = 0;
    u8 *at = to;
    for (; n; n--, from++) {
        if (*from == '=') break;
        int s = sextet(*from);
        if (s < 0) return -1;
        w = w << 6 | (u32)s;
        bits += 6;
        if (bits >= 8) {
            bits -= 8;
            *at++ = (u8)(w >> bits);
        }
    }
    return (i32)(at - to);
}

// The next code point, or -1; moves `*s` behind it.
static i32 decode(const u8 **s, const u8 *end) {
    const u8 *p = *s;
    u32 c = *p++, more, least;
    if (c < 0x80) more = 0, least = 0;
    else if (c >= 0xc2 && c < 0xe0) more = 1, least = 0x80, c &= 0x1f;
    else if (c >= 0xe0 && c < 0xf0) more = 2, least = 0x800, c &= 0x0f;
    else if (c >= 0xf0 && c < 0xf5) more = 3, least = 0x10000, c &= 0x07;
    else return -1;
    for (; more; more--) {
        if (p == end || (*p & 0xc0) != 0x80) return -1;
        c = c << 6 | (*p++ & 0x3f);
    }
    if (c < least || c > 0x10ffff || (c >= 0xd800 && c < 0xe000)) return -1;
    *s = p;
    return (i32)c;
}
EXPORT("utf8_to_utf16") i32 utf8_to_utf16(const u8 *from, size n, u16 *to) {
    const u8 *end = from + n;
    u16 *at = to;
    while (from < end) {
        i32 c = decode(&from, end);
        if (c < 0) return -1;
        if (c < 0x10000) {
            *at++ = (u16)c;
        } else {
            c -= 0x10000;
            *at++ = (u16)(0xd800 | c >> 10);
            *at++ = (u16)(0xdc00 | (c & 0x3ff));
        }
    }
    return (i32)(at - to);
}
