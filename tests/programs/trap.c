// SPDX-License-Identifier: MIT
// A program that traps under two calls and an inlined function, for the lines of a backtrace.
//
//     clang --target=wasm32 -O1 -g -fdebug-compilation-dir=. -nostdlib -fno-builtin \
//           -Wl,--no-entry,--export=share,-z,stack-size=1024 -o trap.wasm trap.c

static inline __attribute__((always_inline)) int part(int whole, int n)
{
    return whole / n;
}

__attribute__((noinline)) static int divide(int n)
{
    return part(100, n) + 1;
}

int share(int n)
{
    return divide(n) * 2;
}
