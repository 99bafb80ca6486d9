/* SPDX-License-Identifier: MIT */
/* Branches and recursion on text: a backtracking matcher of patterns with . * + ? [] ^ $ and escapes. */
#include "kernel.h"

#define LENGTH 1024

static char text[LENGTH + 1];

static const char *const patterns[] = {
    "[a-c]+d*e", "^.*xyz", "a.?b.?c", "[0-9]+:[0-9]+", "qu[aeiou][^aeiou]", "(ab)*", "\\.+[a-z]*,", "z*y*x*w$", "e[rstln]*e ",
};

static int match_here(const char *p, const char *t);

/* The end of the element that starts at p. */
static const char *element_end(const char *p)
{
    if (*p == '\\' && p[1]) {
        return p + 2;
    }
    if (*p == '[') {
        p += p[1] == '^' ? 2 : 1;
        while (*p && *p != ']') {
            p++;
        }
    }
    return *p ? p + 1 : p;
}

static int match_one(const char *p, char c)
{
    if (!c) {
        return 0;
    }
    switch (*p) {
    case '.':
        return 1;
    case '\\':
        return p[1] == c;
    case '[': {
        int other = p[1] == '^', in = 0;

        for (p += 1 + other; *p && *p != ']'; p++) {
            if (p[1] == '-' && p[2] && p[2] != ']') {
                in |= p[0] <= c && c <= p[2];
                p += 2;
            } else {
                in |= *p == c;
            }
        }
        return in != other;
    }
    default:
        return *p == c;
    }
}

/* Greedy: as many as there are, then one less at a time. */
static int match_many(const char *p, const char *rest, const char *t, uint32_t least, uint32_t most)
{
    uint32_t n = 0;

    while (n < most && match_one(p, t[n])) {
        n++;
    }
    for (;; n--) {
        if (n < least) {
            return 0;
        }
        if (match_here(rest, t + n)) {
            return 1;
        }
        if (n == 0) {
            return 0;
        }
    }
}

static int match_here(const char *p, const char *t)
{
    const char *end;

    if (!*p) {
        return 1;
    }
    if (*p == '$' && !p[1]) {
        return !*t;
    }
    end = element_end(p);
    switch (*end) {
    case '*': return match_many(p, end + 1, t, 0, LENGTH);
    case '+': return match_many(p, end + 1, t, 1, LENGTH);
    case '?': return match_many(p, end + 1, t, 0, 1);
    default: return match_one(p, *t) && match_here(end, t + 1);
    }
}

/* Where the first match starts, or LENGTH. */
static uint32_t search(const char *p)
{
    if (*p == '^') {
        return match_here(p + 1, text) ? 0 : LENGTH;
    }
    for (uint32_t at = 0; text[at]; at++) {
        if (match_here(p, text + at)) {
            return at;
        }
    }
    return LENGTH;
}

KERNEL(regex)
{
    static const char alphabet[] = "etaoinshrdlucmfwypvbgkqjxz   ,.:0123456789eeeaaatttt";
    uint32_t state = seed(n), sum = 0;

    for (int32_t i = 0; i < n; i++) {
        for (uint32_t at = 0; at < LENGTH; at++) {
            text[at] = alphabet[random32(&state) % (sizeof alphabet - 1)];
        }
        for (uint32_t p = 0; p < COUNT(patterns); p++) {
            sum = mix(sum, search(patterns[p]));
        }
    }
    return sum;
}
