/* SPDX-License-Identifier: MIT */
/*
 * Four ways never to return, and `seen`, which tells that a guest that was stopped went on where it was.
 *
 *     clang --target=wasm32 -Os -nostdlib -mcpu=mvp -mbulk-memory -c runaway.c -o runaway.o
 *     rust-lld -flavor wasm runaway.o -o runaway.wasm --no-entry --strip-all --page-size=1 -z stack-size=64
 */
#define EXPORT(name) __attribute__((export_name(#name))) name

static volatile unsigned int turns;
static unsigned char block[1024];

void EXPORT(jumps)(void)
{
    for (;;) {
        turns++;
    }
}

static __attribute__((noinline)) void turn(void)
{
    turns++;
}

void EXPORT(calls)(void)
{
    for (;;) {
        turn();
    }
}

#define TEN(x) x x x x x x x x x x

void EXPORT(straight)(void)
{
    for (;;) {
        TEN(TEN(turns++;))
    }
}

void EXPORT(bulk)(void)
{
    for (;;) {
        turns++;
        __builtin_memset(block, (int)turns, sizeof block);
    }
}

unsigned int EXPORT(seen)(void)
{
    return turns;
}

unsigned int EXPORT(filled)(void)
{
    return block[sizeof block - 1];
}
