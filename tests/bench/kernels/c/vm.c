/* SPDX-License-Identifier: MIT */
/* An interpreter inside: a stack machine whose loop is one switch, as scripting languages have it. */
#include "kernel.h"

enum op { PUSH, LOAD, STORE, ADD, SUB, MUL, AND, XOR, SHR, LESS, EQUAL, JUMP, JUMP_IF, JUMP_UNLESS, DUP, SWAP, DROP, CALL, RETURN, PEEK, POKE, HALT };

struct word {
    uint8_t op;
    int16_t arg;
};

static int32_t heap[256];

static int32_t interpret(const struct word *code, int32_t *locals)
{
    int32_t stack[64];
    int32_t *sp = stack;
    uint32_t calls[16];
    uint32_t depth = 0, pc = 0;

    for (;;) {
        struct word w = code[pc++];

        switch ((enum op)w.op) {
        case PUSH: *sp++ = w.arg; break;
        case LOAD: *sp++ = locals[w.arg]; break;
        case STORE: locals[w.arg] = *--sp; break;
        case ADD: sp--; sp[-1] = (int32_t)((uint32_t)sp[-1] + (uint32_t)sp[0]); break;
        case SUB: sp--; sp[-1] = (int32_t)((uint32_t)sp[-1] - (uint32_t)sp[0]); break;
        case MUL: sp--; sp[-1] = (int32_t)((uint32_t)sp[-1] * (uint32_t)sp[0]); break;
        case AND: sp--; sp[-1] &= sp[0]; break;
        case XOR: sp--; sp[-1] ^= sp[0]; break;
        case SHR: sp--; sp[-1] = (int32_t)((uint32_t)sp[-1] >> (sp[0] & 31)); break;
        case LESS: sp--; sp[-1] = sp[-1] < sp[0]; break;
        case EQUAL: sp--; sp[-1] = sp[-1] == sp[0]; break;
        case JUMP: pc = (uint32_t)w.arg; break;
        case JUMP_IF: if (*--sp) pc = (uint32_t)w.arg; break;
        case JUMP_UNLESS: if (!*--sp) pc = (uint32_t)w.arg; break;
        case DUP: sp[0] = sp[-1]; sp++; break;
        case SWAP: { int32_t t = sp[-1]; sp[-1] = sp[-2]; sp[-2] = t; break; }
        case DROP: sp--; break;
        case CALL: calls[depth++ & 15] = pc; pc = (uint32_t)w.arg; break;
        case RETURN: pc = calls[--depth & 15]; break;
        case PEEK: sp[-1] = heap[sp[-1] & 255]; break;
        case POKE: sp -= 2; heap[sp[1] & 255] = sp[0]; break;
        case HALT: return sp[-1];
        }
    }
}

/* Lengths of Collatz sequences from local 0 down to 1, counted in the heap; the function at 25 does one step. */
static const struct word program[] = {
    /* 0: while (0 < local 0) */
    {PUSH, 0}, {LOAD, 0}, {LESS, 0}, {JUMP_UNLESS, 22},
    /* 4: x (1) = local 0, length (2) = 0 */
    {LOAD, 0}, {STORE, 1}, {PUSH, 0}, {STORE, 2},
    /* 8: while (x != 1 && length < 120) */
    {LOAD, 1}, {PUSH, 1}, {EQUAL, 0}, {JUMP_IF, 16}, {CALL, 25}, {LOAD, 2}, {PUSH, 120}, {JUMP, 40},
    /* 16: heap[length]++, local 0 - 1 */
    {LOAD, 2}, {CALL, 45}, {LOAD, 0}, {PUSH, 1}, {SUB, 0}, {JUMP, 50},
    /* 22: local 3, the checksum */
    {LOAD, 3}, {HALT, 0}, {HALT, 0},
    /* 25: x = x odd ? 3x + 1 : x >> 1, length++ */
    {LOAD, 1}, {PUSH, 1}, {AND, 0}, {JUMP_IF, 33}, {LOAD, 1}, {PUSH, 1}, {SHR, 0}, {JUMP, 38},
    /* 33 */
    {LOAD, 1}, {PUSH, 3}, {MUL, 0}, {PUSH, 1}, {ADD, 0},
    /* 38 */
    {STORE, 1}, {JUMP, 52},
    /* 40: if (length < 120) goto 8 */
    {LESS, 0}, {JUMP_IF, 8}, {JUMP, 16}, {HALT, 0}, {HALT, 0},
    /* 45: heap[top] + 1, into the checksum too */
    {DUP, 0}, {PEEK, 0}, {PUSH, 1}, {ADD, 0}, {JUMP, 57},
    /* 50: local 0 = top */
    {STORE, 0}, {JUMP, 0},
    /* 52 */
    {LOAD, 2}, {PUSH, 1}, {ADD, 0}, {STORE, 2}, {RETURN, 0},
    /* 57 */
    {DUP, 0}, {LOAD, 3}, {XOR, 0}, {PUSH, 31}, {MUL, 0}, {STORE, 3}, {SWAP, 0}, {POKE, 0}, {RETURN, 0},
};

KERNEL(vm)
{
    int32_t locals[4] = {0, 0, 0, n};
    uint32_t sum = 0;

    for (uint32_t i = 0; i < COUNT(heap); i++) {
        heap[i] = 0;
    }
    for (int32_t i = 0; i < n; i++) {
        locals[0] = 40 + (i & 63);
        sum = mix(sum, (uint32_t)interpret(program, locals));
    }
    for (uint32_t i = 0; i < COUNT(heap); i++) {
        sum = mix(sum, (uint32_t)heap[i]);
    }
    return sum;
}
