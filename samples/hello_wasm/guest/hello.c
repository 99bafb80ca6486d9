/* SPDX-License-Identifier: MIT */
/*
 * The guest of hello_wasm in C: prints a line of text and a number that it has computed.
 *
 *     clang --target=wasm32 -Os -nostdlib -mcpu=mvp -c hello.c -o hello.o
 *     rust-lld -flavor wasm hello.o -o hello.wasm --no-entry --strip-all --page-size=1 -z stack-size=256
 *
 * --page-size=1 (custom page sizes, LLD 20 or newer; rustup's rust-lld is) lets the linear memory have the size that
 * the program needs, instead of a multiple of 64 KiB. Without it the guest works just as well, in 64 KiB more.
 */

__attribute__((import_module("host"), import_name("print"))) void print(const char *text, int bytes);

static const char greeting[] = "Hello from WebAssembly!\n";

static void print_number(unsigned n)
{
    char digits[11];
    int at = sizeof digits;

    digits[--at] = '\n';
    do {
        digits[--at] = (char)('0' + n % 10);
        n /= 10;
    } while (n != 0);
    print(digits + at, (int)sizeof digits - at);
}

__attribute__((export_name("main"))) void guest_main(void)
{
    static const char sum[] = "1 + 2 + ... + 100 = ";
    static volatile unsigned last = 100; /* volatile: to be added up by the guest, not by its compiler */
    unsigned total = 0;

    for (unsigned n = 1; n <= last; n++) {
        total += n;
    }
    print(greeting, sizeof greeting - 1);
    print(sum, sizeof sum - 1);
    print_number(total);
}
