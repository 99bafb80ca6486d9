/* SPDX-License-Identifier: MIT */
/*
 * Blinks: ten times it sets the LED, asks for it and waits. It returns how often the LED was as it should be.
 *
 *     clang --target=wasm32 -Os -nostdlib -mcpu=mvp -c blink.c -o blink.o
 *     rust-lld -flavor wasm blink.o -o blink.wasm --no-entry --strip-all --page-size=1 -z stack-size=64
 */
#define IMPORT(module, name) __attribute__((import_module(#module), import_name(#name)))
#define EXPORT(name) __attribute__((export_name(#name))) name

IMPORT(led, set) void led_set(int on);
IMPORT(led, get) int led_get(void);
IMPORT(host, sleep_ms) void sleep_ms(unsigned int ms);

int EXPORT(blink)(void)
{
    int right = 0;

    for (int turn = 0; turn < 10; turn++) {
        led_set(turn % 2 == 0);
        right += led_get() == (turn % 2 == 0);
        sleep_ms(50);
    }
    return right;
}
