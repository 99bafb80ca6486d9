// SPDX-License-Identifier: MIT
// An interpreter of a small stack machine, LZ compression, sorting, and Modbus and CAN frames.
#include "base.h"

struct machine {
    i32 stack[64];
    u32 calls[16];
    i32 memory[256];
    u32 sp, csp, pc, steps;
    i32 error;
};
enum op { HALT, PUSH, DUP, DROP, SWAP, OVER, ROT, ADD, SUB, MUL, DIV, MOD, AND, OR, XOR, SHL, SHR, SAR, NOT, NEG, EQ, NE, LT, GT, LE, GE, JUMP, JZ, CALL, RET, LOAD, STORE, INC, MIN, MAX, ABS, CLZ, POP_COUNT, ROTL, SELECT };

EXPORT("machine_run") i32 machine_run(struct machine *m, const u8 *code, size n, u32 steps) {
#define NEED(k) if (m->sp < (k)) { m->error = 1; return 0; }
#define TOP m->stack[m->sp - 1]
#define SECOND m->stack[m->sp - 2]
#define BINARY(expression) { NEED(2); i32 b = TOP, a = SECOND; (void)a; (void)b; m->sp--; TOP = (expression); break; }
    for (m->steps = 0; m->steps < steps; m->steps++) {
        if (m->pc >= n) { m->error = 2; return 0; }
        u8 op = code[m->pc++];
        switch (op) {
        case HALT: return m->sp ? TOP : 0;
        case PUSH: {
            if (m->sp >= COUNT(m->stack) || m->pc + 4 > n) { m->error = 3; return 0; }
            i32 v;
            memcpy(&v, code + m->pc, 4);
            m->pc += 4;
            m->stack[m->sp++] = v;
            break;
        }
        case DUP: NEED(1); if (m->sp >= COUNT(m->stack)) { m->error = 3; return 0; } m->stack[m->sp] = TOP; m->sp++; break;
        case DROP: NEED(1); m->sp--; break;
        case SWAP: { NEED(2); i32 t = TOP; TOP = SECOND; SECOND = t; break; }
        case OVER: NEED(2); if (m->sp >= COUNT(m->stack)) { m->error = 3; return 0; } m->stack[m->sp] = SECOND; m->sp++; break;
        case ROT: { NEED(3); i32 t = m->stack[m->sp - 3]; m->stack[m->sp - 3] = SECOND; SECOND = TOP; TOP = t; break; }
        case ADD: BINARY((i32)((u32)a + (u32)b))
        case SUB: BINARY((i32)((u32)a - (u32)b))
        case MUL: BINARY((i32)((u32)a * (u32)b))
        case DIV: BINARY(b == 0 ? (m->error = 4, 0) : b == -1 ? (i32)(0 - (u32)a) : a / b)
        case MOD: BINARY(b == 0 ? (m->error = 4, 0) : b == -1 ? 0 : a % b)
        case AND: BINARY(a & b)
        case OR: BINARY(a | b)
        case XOR: BINARY(a ^ b)
        case SHL: BINARY((i32)((u32)a << (b & 31)))
        case SHR: BINARY((i32)((u32)a >> (b & 31)))
        case SAR: BINARY(a >> (b & 31))
        case NOT: NEED(1); TOP = ~TOP; break;
        case NEG: NEED(1); TOP = (i32)(0 - (u32)TOP); break;
        case EQ: BINARY(a == b)
        case NE: BINARY(a != b)
        case LT: BINARY(a < b)
        case GT: BINARY(a > b)
        case LE: BINARY(a <= b)
        case GE: BINARY(a >= b)
        case JUMP:
        case JZ:
        case CALL: {
            if (m->pc + 2 > n) { m->error = 2; return 0; }
            u32 to = code[m->pc] | (u32)code[m->pc + 1] << 8;
            m->pc += 2;
            if (op == JZ) {
                NEED(1);
                if (m->stack[--m->sp]) break;
            }
            if (op == CALL) {
                if (m->csp >= COUNT(m->calls)) { m->error = 5; return 0; }
                m->calls[m->csp++] = m->pc;
            }
            m->pc = to;
            break;
        }
        case RET: if (!m->csp) { m->error = 5; return 0; } m->pc = m->calls[--m->csp]; break;
        case LOAD: NEED(1); TOP = m->memory[TOP & 255]; break;
        case STORE: NEED(2); m->memory[TOP & 255] = SECOND; m->sp -= 2; break;
        case INC: NEED(1); TOP = (i32)((u32)TOP + 1); break;
        case MIN: BINARY(a < b ? a : b)
        case MAX: BINARY(a > b ? a : b)
        case ABS: NEED(1); TOP = TOP < 0 ? (i32)(0 - (u32)TOP) : TOP; break;
        case CLZ: NEED(1); TOP = TOP ? __builtin_clz((u32)TOP) : 32; break;
        case POP_COUNT: NEED(1); TOP = __builtin_popcount((u32)TOP); break;
        case ROTL: BINARY((i32)((u32)a << (b & 31) | (u32)a >> (-b & 31)))
        case SELECT: { NEED(3); i32 c = TOP, b = SECOND; m->sp -= 2; if (c) TOP = b; break; }
        default: m->error = 6; return 0;
        }
        if (m->error) return 0;
    }
    m->error = 7;
    return 0;
}

// LZ with a hash of three bytes; a token is a length of literals and of a match, as in LZ4.
static u16 heads[1 << 10];
static u8 *length(u8 *to, size n) {
    for (; n >= 255; n -= 255) *to++ = 255;
    *to++ = (u8)n;
    return to;
}
EXPORT("lz_pack") size lz_pack(const u8 *from, size n, u8 *to) {
    u8 *begin = to;
    size at = 0, literals = 0;
    memset(heads, 0xff, sizeof heads);
    while (at < n) {
        size match = 0, distance = 0;
        if (at + 4 <= n) {
            u32 w;
            memcpy(&w, from + at, 4);
            u32 h = (w * 2654435761u) >> 22;
            u32 candidate = heads[h];
            heads[h] = (u16)at;
            if (candidate != 0xffff && candidate < at && at - candidate < 0xffff) {
                while (at + match < n && from[candidate + match] == from[at + match]) match++;
                distance = at - candidate;
            }
        }
        if (match < 4) {
            at++;
            continue;
        }
        size run = at - literals;
        *to++ = (u8)((run < 15 ? run : 15) << 4 | (match - 4 < 15 ? match - 4 : 15));
        if (run >= 15) to = length(to, run - 15);
        memcpy(to, from + literals, run);
        to += run;
        *to++ = (u8)distance;
        *to++ = (u8)(distance >> 8);
        if (match - 4 >= 15) to = length(to, match - 4 - 15);
        at += match;
        literals = at;
    }
    size run = n - literals;
    *to++ = (u8)((run < 15 ? run : 15) << 4);
    if (run >= 15) to = length(to, run - 15);
    memcpy(to, from + literals, run);
    return (size)(to + run - begin);
}
static size read_length(const u8 **p, const u8 *end, size n) {
    if (n < 15) return n;
    u8 b;
    do {
        if (*p >= end) return ~(size)0;
        b = *(*p)++;
        n += b;
    } while (b == 255);
    return n;
}
EXPORT("lz_unpack") i32 lz_unpack(const u8 *from, size n, u8 *to, size room) {
    const u8 *end = from + n;
    u8 *begin = to, *limit = to + room;
    while (from < end) {
        u8 token = *from++;
        size run = read_length(&from, end, token >> 4);
        if (run > (size)(end - from) || run > (size)(limit - to)) return -1;
        memcpy(to, from, run);
        to += run, from += run;
        if (from == end) return (i32)(to - begin);
        if (end - from < 2) return -1;
        size distance = from[0] | (size)from[1] << 8;
        from += 2;
        size match = read_length(&from, end, token & 15);
        if (match == ~(size)0 || !distance || distance > (size)(to - begin) || match + 4 > (size)(limit - to)) return -1;
        for (match += 4; match; match--, to++) *to = to[-(i32)distance];
    }
    return -1;
}

typedef int (*order)(const void *, const void *);
static int by_number(const void *a, const void *b) { return *(const i32 *)a < *(const i32 *)b ? -1 : *(const i32 *)a > *(const i32 *)b; }
static int by_magnitude(const void *a, const void *b) {
    i64 x = *(const i32 *)a, y = *(const i32 *)b;
    return x * x < y * y ? -1 : x * x > y * y;
}
static int by_low_byte(const void *a, const void *b) { return *(const u8 *)a - *(const u8 *)b; }
static void swap(u8 *a, u8 *b, size width) {
    while (width--) {
        u8 t = *a;
        *a++ = *b;
        *b++ = t;
    }
}
static void sort(u8 *a, size n, size width, order compare) {
    while (n > 8) {
        u8 *last = a + (n - 1) * width, *middle = a + n / 2 * width;
        if (compare(middle, a) < 0) swap(middle, a, width);
        if (compare(last, middle) < 0) {
            swap(last, middle, width);
            if (compare(middle, a) < 0) swap(middle, a, width);
        }
        swap(middle, last - width, width);
        u8 *pivot = last - width, *i = a, *j = pivot;
        for (;;) {
            do i += width; while (compare(i, pivot) < 0);
            do j -= width; while (compare(pivot, j) < 0);
            if (i >= j) break;
            swap(i, j, width);
        }
        swap(i, pivot, width);
        size left = (size)(i - a) / width;
        if (left < n - left - 1) {
            sort(a, left, width, compare);
            a = i + width;
            n -= left + 1;
        } else {
            sort(i + width, n - left - 1, width, compare);
            n = left;
        }
    }
    for (size i = 1; i < n; i++)
        for (size j = i; j > 0 && compare(a + j * width, a + (j - 1) * width) < 0; j--) swap(a + j * width, a + (j - 1) * width, width);
}
EXPORT("sort_numbers") void sort_numbers(i32 *a, size n, u32 how) {
    static const order orders[] = {by_number, by_magnitude, by_low_byte};
    sort((u8 *)a, n, 4, orders[how % COUNT(orders)]);
}

static u16 crc16(const u8 *p, size n) {
    u16 c = 0xffff;
    while (n--) {
        c ^= *p++;
        for (int i = 0; i < 8; i++) c = c & 1 ? (u16)(c >> 1 ^ 0xa001) : (u16)(c >> 1);
    }
    return c;
}
static u16 registers[64];
static u8 coils[16];
static u16 big16(const u8 *p) { return (u16)(p[0] << 8 | p[1]); }
static u8 *put16(u8 *p, u32 v) {
    p[0] = (u8)(v >> 8), p[1] = (u8)v;
    return p + 2;
}
// Answers a Modbus RTU request; length of the answer, 0 for none.
EXPORT("modbus") size modbus(u8 address, const u8 *request, size n, u8 *answer) {
    if (n < 4 || crc16(request, n) != 0 || (request[0] != address && request[0] != 0)) return 0;
    u8 function = request[1], *to = answer, exception = 0;
    u32 first = n >= 8 ? big16(request + 2) : 0, count = n >= 8 ? big16(request + 4) : 0;
    *to++ = address;
    *to++ = function;
    switch (function) {
    case 1:
        if (count < 1 || first + count > 8 * COUNT(coils)) {
            exception = 2;
            break;
        }
        *to++ = (u8)((count + 7) / 8);
        for (u32 i = 0; i < count; i += 8) {
            u8 b = 0;
            for (u32 j = i; j < count && j < i + 8; j++)
                if (coils[(first + j) / 8] >> (first + j) % 8 & 1) b |= (u8)(1 << (j - i));
            *to++ = b;
        }
        break;
    case 3:
    case 4:
        if (count < 1 || first + count > COUNT(registers)) {
            exception = 2;
            break;
        }
        *to++ = (u8)(2 * count);
        for (u32 i = 0; i < count; i++) to = put16(to, registers[first + i]);
        break;
    case 5:
        if (first >= 8 * COUNT(coils)) exception = 2;
        else if (count != 0 && count != 0xff00) exception = 3;
        else {
            u8 bit = (u8)(1 << first % 8);
            if (count) coils[first / 8] |= bit;
            else coils[first / 8] &= (u8)~bit;
            to = put16(put16(to, first), count);
        }
        break;
    case 6:
        if (first >= COUNT(registers)) exception = 2;
        else {
            registers[first] = (u16)count;
            to = put16(put16(to, first), count);
        }
        break;
    case 16:
        if (first + count > COUNT(registers)) exception = 2;
        else if (n < 9 + 2 * count || request[6] != 2 * count) exception = 3;
        else {
            for (u32 i = 0; i < count; i++) registers[first + i] = big16(request + 7 + 2 * i);
            to = put16(put16(to, first), count);
        }
        break;
    default: exception = 1;
    }
    if (exception) {
        to = answer + 1;
        *to++ = function | 0x80;
        *to++ = exception;
    }
    u16 c = crc16(answer, (size)(to - answer));
    *to++ = (u8)c;
    *to++ = (u8)(c >> 8);
    return request[0] ? (size)(to - answer) : 0;
}

// Signals of a CAN frame: bits in either order, scaled.
struct signal {
    u16 id;
    u8 start, bits, big_endian, is_signed;
    float factor, offset;
};
static const struct signal signals[] = {
    {0x100, 0, 16, 0, 0, 0.25f, 0},  {0x100, 16, 8, 0, 0, 1, -40},  {0x100, 24, 12, 0, 1, 0.1f, 0}, {0x101, 7, 16, 1, 0, 0.01f, 0},
    {0x101, 23, 10, 1, 1, 0.5f, -5}, {0x200, 3, 5, 0, 0, 1, 0},     {0x200, 8, 32, 0, 1, 1e-6f, 0}, {0x200, 40, 24, 0, 0, 1, 100},
};
EXPORT("can_signal") float can_signal(u16 id, u32 index, const u8 data[8]) {
    for (u32 i = 0; i < COUNT(signals); i++) {
        const struct signal *s = &signals[i];
        if (s->id != id || index--) continue;
        u64 v = 0;
        if (s->big_endian) {
            u32 bit = s->start;
            for (u32 j = 0; j < s->bits; j++) {
                v = v << 1 | (data[bit / 8] >> bit % 8 & 1);
                bit = bit % 8 ? bit - 1 : bit + 15;
            }
        } else {
            for (u32 j = 0; j < s->bits; j++) v |= (u64)(data[(s->start + j) / 8] >> (s->start + j) % 8 & 1) << j;
        }
        i64 n = s->is_signed ? (i64)(v << (64 - s->bits)) >> (64 - s->bits) : (i64)v;
        return (float)n * s->factor + s->offset;
    }
    return 0;
}
