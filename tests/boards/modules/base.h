// SPDX-License-Identifier: MIT
// What the sources of device.wasm share: there is no C library.
#pragma once
typedef unsigned char u8;
typedef unsigned short u16;
typedef unsigned int u32;
typedef unsigned long long u64;
typedef signed char i8;
typedef short i16;
typedef int i32;
typedef long long i64;
typedef __SIZE_TYPE__ size;
#define NULL ((void *)0)
#define EXPORT(name) __attribute__((export_name(name)))
#define COUNT(array) (sizeof(array) / sizeof(array)[0])

void *memcpy(void *to, const void *from, size n);
void *memmove(void *to, const void *from, size n);
void *memset(void *to, int byte, size n);
int memcmp(const void *a, const void *b, size n);
size strlen(const char *s);
int strcmp(const char *a, const char *b);

void *heap_take(size bytes);
void heap_give(void *block);

struct out {
    char *at, *end;
};
void out_format(struct out *o, const char *format, ...);
