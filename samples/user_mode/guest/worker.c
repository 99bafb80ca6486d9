/* SPDX-License-Identifier: MIT */
/*
 * A guest that works in rounds and tells its host about each. In round `bad` it asks the host for something that the host
 * gets wrong.
 *
 *     clang --target=wasm32 -Os -nostdlib -mcpu=mvp -c worker.c -o worker.o
 *     rust-lld -flavor wasm worker.o -o worker.wasm --no-entry --page-size=1 -z stack-size=64
 */
#define IMPORT(name) __attribute__((import_module("host"), import_name(#name))) name
#define EXPORT(name) __attribute__((export_name(#name))) name

void IMPORT(report)(unsigned int number, unsigned int sum);
void IMPORT(faulty)(void);

static volatile unsigned int sums[64];

static __attribute__((noinline)) void ask(void)
{
    faulty();
}

static __attribute__((noinline)) unsigned int work(unsigned int number, unsigned int bad)
{
    unsigned int sum = 0;

    if (number == bad) {
        ask();
    }
    for (unsigned int i = 1; i <= 100 * number; i++) {
        sum += i ^ (sum << 3);
        sums[i % 64] = sum;
    }
    return sums[number];
}

void EXPORT(run)(unsigned int rounds, unsigned int bad)
{
    for (unsigned int number = 1; number <= rounds; number++) {
        report(number, work(number, bad));
    }
}
