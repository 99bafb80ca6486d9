/* SPDX-License-Identifier: MIT */
/* What wasm3.rs calls of wasm3, compiled against its headers, and what wasm3 calls of a C library. */

#include "m3_api_defs.h"
#include "m3_compile.h"
#include "m3_env.h"
#include "wasm3.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Bytes of its stack of values: room for the deepest kernel. */
#define STACK_BYTES 8192

static IM3Environment environment;
static IM3Runtime runtime;
static IM3Function function;
static IM3Module module;

static m3ApiRawFunction(adc)
{
    m3ApiReturnType(uint32_t)
    m3ApiReturn(0)
}

/* From the bytes to the module; 0: done. */
int boards_wasm3_parse(const uint8_t *wasm, uint32_t length)
{
    environment = m3_NewEnvironment();
    return !environment || m3_ParseModule(environment, &module, wasm, length);
}

/* Instantiates it; 0: done. */
int boards_wasm3_instantiate(void)
{
    runtime = m3_NewRuntime(environment, STACK_BYTES, NULL);
    if (!runtime || m3_LoadModule(runtime, module)) {
        return 1;
    }
    /* What the module of tests/boards imports. */
    M3Result result = m3_LinkRawFunction(module, "env", "adc", "i(i)", adc);
    return result && result != m3Err_functionLookupFailed;
}

/* Translates all functions, which wasm3 would do when they are called first; 0: done. */
int boards_wasm3_compile(void)
{
    for (uint32_t i = 0; i < module->numFunctions; i++) {
        IM3Function f = &module->functions[i];

        if (f->wasm && !f->compiled && Compile_Function(f)) {
            return 1;
        }
    }
    return 0;
}

/* Finds the function `run`; 0: done. */
int boards_wasm3_find(void)
{
    return m3_FindFunction(&function, runtime, "run") != NULL;
}

/* Calls it; 0: done. */
int boards_wasm3_call(int32_t n, int64_t *result)
{
    char text[12];
    const char *args[] = {text + sizeof text - 1};
    uint32_t rest = (uint32_t)n;

    text[sizeof text - 1] = 0;
    do {
        *(char *)--args[0] = '0' + rest % 10;
        rest /= 10;
    } while (rest);
    if (m3_CallWithArgs(function, 1, args)) {
        return 1;
    }
    *result = *(int64_t *)runtime->stack;
    return 0;
}

/* Pages of its memory. */
uint32_t boards_wasm3_pages(void)
{
    return runtime->memory.numPages;
}

/* Arguments of calls are such texts. */
unsigned long long strtoull(const char *text, char **end, int base)
{
    unsigned long long value = 0;

    while (*text >= '0' && *text <= '9') {
        value = value * base + (*text++ - '0');
    }
    if (end) {
        *end = (char *)text;
    }
    return value;
}

unsigned long strtoul(const char *text, char **end, int base)
{
    return strtoull(text, end, base);
}

int strcmp(const char *a, const char *b)
{
    while (*a && *a == *b) {
        a++, b++;
    }
    return (unsigned char)*a - (unsigned char)*b;
}

/* Nobody reads the texts of errors here. */
int vsnprintf(char *to, size_t room, const char *format, va_list args)
{
    (void)format, (void)args;
    if (room) {
        *to = 0;
    }
    return 0;
}

int snprintf(char *to, size_t room, const char *format, ...)
{
    (void)format;
    if (room) {
        *to = 0;
    }
    return 0;
}
