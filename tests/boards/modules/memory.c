// SPDX-License-Identifier: MIT
// Bytes, strings, and a heap of blocks in lists by size.
#include "base.h"

void *memcpy(void *to, const void *from, size n) {
    u8 *t = to;
    const u8 *f = from;
    while (n >= 4 && (((size)t | (size)f) & 3) == 0) {
        *(u32 *)t = *(const u32 *)f;
        t += 4, f += 4, n -= 4;
    }
    while (n--) *t++ = *f++;
    return to;
}
void *memmove(void *to, const void *from, size n) {
    u8 *t = to;
    const u8 *f = from;
    if (t <= f) return memcpy(to, from, n);
    while (n--) t[n] = f[n];
    return to;
}
void *memset(void *to, int byte, size n) {
    u8 *t = to;
    while (n--) *t++ = (u8)byte;
    return to;
}
int memcmp(const void *a, const void *b, size n) {
    const u8 *x = a, *y = b;
    for (; n--; x++, y++)
        if (*x != *y) return *x - *y;
    return 0;
}
size strlen(const char *s) {
    size n = 0;
    while (s[n]) n++;
    return n;
}
int strcmp(const char *a, const char *b) {
    while (*a && *a == *b) a++, b++;
    return (u8)*a - (u8)*b;
}

#define CLASSES 12
struct block {
    u32 class_;
    struct block *next;
};
static u8 pool[48 << 10] __attribute__((aligned(16)));
static size pool_used;
static struct block *lists[CLASSES];
static u32 taken, given;

static u32 class_of(size bytes) {
    u32 c = 0;
    for (size n = 16; n < bytes + 8 && c < CLASSES; n <<= 1) c++;
    return c;
}

void *heap_take(size bytes) {
    u32 c = class_of(bytes);
    if (c >= CLASSES) return NULL;
    struct block *b = lists[c];
    if (b) {
        lists[c] = b->next;
    } else {
        size n = (size)16 << c;
        if (pool_used + n > sizeof pool) {
            // Splits the smallest larger block that is free.
            u32 larger = c + 1;
            while (larger < CLASSES && !lists[larger]) larger++;
            if (larger >= CLASSES) return NULL;
            b = lists[larger];
            lists[larger] = b->next;
            while (larger > c) {
                larger--;
                struct block *half = (struct block *)((u8 *)b + ((size)16 << larger));
                half->class_ = larger;
                half->next = lists[larger];
                lists[larger] = half;
            }
        } else {
            b = (struct block *)(pool + pool_used);
            pool_used += n;
        }
    }
    b->class_ = c;
    taken++;
    return (u8 *)b + 8;
}
void heap_give(void *p) {
    if (!p) return;
    struct block *b = (struct block *)((u8 *)p - 8);
    if (b->class_ >= CLASSES) __builtin_trap();
    b->next = lists[b->class_];
    lists[b->class_] = b;
    given++;
}
EXPORT("heap_live") u32 heap_live(void) { return taken - given; }
EXPORT("heap_alloc") void *heap_alloc(size n) { return heap_take(n); }
EXPORT("heap_free") void heap_free(void *p) { heap_give(p); }
