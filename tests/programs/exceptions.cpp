// SPDX-License-Identifier: MIT
// C++ exceptions in their old encoding, without a library.
//
//     clang++ --target=wasm32 -O2 -nostdlib -fwasm-exceptions -Wl,--no-entry,--strip-all -o exceptions.wasm exceptions.cpp
//
// is what clang 14 was called with; newer ones also need -mllvm -wasm-use-legacy-eh=true.
//
// `run` returns digits that tell who did something, in order.

static int thrown;
static int digits;

static void digit(int d) { digits = digits * 10 + d; }

// What a C++ runtime has: the object that was thrown, and its handlers.
extern "C" void *__cxa_begin_catch(void *object) noexcept { return object; }
extern "C" void __cxa_end_catch() noexcept {}

__attribute__((noinline)) static void raise(int value)
{
    if (value == 0)
        return;
    thrown = value;
    __builtin_wasm_throw(0, &thrown);
}

// Something with a destructor, which runs when an exception passes.
struct Guard {
    int d;
    explicit Guard(int d) : d(d) {}
    __attribute__((noinline)) ~Guard() { digit(d); }
};

__attribute__((noinline)) static void guarded(int value)
{
    Guard outer(1);
    raise(value & 1);
    {
        Guard inner(2);
        raise(value & 2);
    }
    raise(value & 4);
}

extern "C" __attribute__((export_name("run"))) int run(int value)
{
    digits = 0;
    try {
        Guard all(3);
        try {
            guarded(value);
            digit(4);
        } catch (...) {
            Guard in_handler(5);
            digit(thrown);
            raise(value & 8);
            digit(6);
        }
        raise(value & 16);
        digit(7);
    } catch (...) {
        digit(thrown & 8 ? 8 : 9);
    }
    return digits;
}
