/* SPDX-License-Identifier: MIT */
/* Pointers: linked lists are built, searched, reversed and merge sorted. */
#include "kernel.h"

#define NODES 800

struct node {
    struct node *next;
    uint32_t key;
    uint32_t count;
};

static struct node pool[NODES];

static struct node *reverse(struct node *list)
{
    struct node *done = NULL;

    while (list) {
        struct node *next = list->next;

        list->next = done;
        done = list;
        list = next;
    }
    return done;
}

static struct node *merge(struct node *a, struct node *b)
{
    struct node head, *last = &head;

    while (a && b) {
        struct node **less = a->key <= b->key ? &a : &b;

        last->next = *less;
        last = *less;
        *less = last->next;
    }
    last->next = a ? a : b;
    return head.next;
}

/* Sorts the first n nodes; the rest goes to *rest. */
static struct node *sort(struct node *list, uint32_t n, struct node **rest)
{
    struct node *a, *b;

    if (n == 1) {
        *rest = list->next;
        list->next = NULL;
        return list;
    }
    a = sort(list, n / 2, &list);
    b = sort(list, n - n / 2, rest);
    return merge(a, b);
}

static struct node *find(struct node *list, uint32_t key)
{
    while (list && list->key != key) {
        list = list->next;
    }
    return list;
}

KERNEL(list)
{
    uint32_t state = seed(n), sum = 0;

    for (int32_t i = 0; i < n; i++) {
        struct node *list = NULL, *rest, *found;
        uint32_t at = 0;

        for (uint32_t k = 0; k < NODES; k++) {
            pool[k] = (struct node){list, random32(&state) & 0xfff, 0};
            list = &pool[k];
        }
        for (uint32_t k = 0; k < 8; k++) {
            found = find(list, random32(&state) & 0xfff);
            if (found) {
                found->count++;
            }
        }
        list = sort(reverse(list), NODES, &rest);
        for (struct node *p = list; p; p = p->next, at++) {
            sum += p->key * at + p->count;
        }
        sum = mix(sum, (uint32_t)(list - pool));
    }
    return sum;
}
