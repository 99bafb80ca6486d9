// SPDX-License-Identifier: MIT
// JSON into a tree, regular expressions, and a tree of settings.
#include "base.h"

enum kind { NOTHING, FALSE, TRUE, NUMBER, STRING, LIST, OBJECT };
struct json {
    u8 kind;
    struct json *next, *first;
    const char *name, *text;
    double number;
};
struct input {
    const char *at, *end;
    u32 depth;
};
static int blank(char c) { return c == ' ' || c == '\n' || c == '\r' || c == '\t'; }
static char look(struct input *in) {
    while (in->at < in->end && blank(*in->at)) in->at++;
    return in->at < in->end ? *in->at : 0;
}
static int hex(char c) {
    if (c >= '0' && c <= '9') return c - '0';
    if (c >= 'a' && c <= 'f') return c - 'a' + 10;
    if (c >= 'A' && c <= 'F') return c - 'A' + 10;
    return -1;
}
static char *string(struct input *in) {
    if (look(in) != '"') return NULL;
    const char *begin = ++in->at;
    size n = 0;
    for (; in->at < in->end && *in->at != '"'; in->at++, n++)
        if (*in->at == '\\') in->at++;
    if (in->at >= in->end) return NULL;
    char *text = heap_take(3 * n + 1), *to = text;
    if (!text) return NULL;
    for (const char *p = begin; p < in->at; p++) {
        if (*p != '\\') {
            *to++ = *p;
            continue;
        }
        switch (*++p) {
        case 'n': *to++ = '\n'; break;
        case 't': *to++ = '\t'; break;
        case 'r': *to++ = '\r'; break;
        case 'b': *to++ = '\b'; break;
        case 'f': *to++ = '\f'; break;
        case 'u': {
            u32 c = 0;
            for (int i = 0; i < 4; i++) {
                int h = p + 1 < in->at ? hex(*++p) : -1;
                if (h < 0) {
                    heap_give(text);
                    return NULL;
                }
                c = c << 4 | (u32)h;
            }
            if (c < 0x80) *to++ = (char)c;
            else if (c < 0x800) *to++ = (char)(0xc0 | c >> 6), *to++ = (char)(0x80 | (c & 63));
            else *to++ = (char)(0xe0 | c >> 12), *to++ = (char)(0x80 | (c >> 6 & 63)), *to++ = (char)(0x80 | (c & 63));
            break;
        }
        default: *to++ = *p;
        }
    }
    in->at++;
    *to = 0;
    return text;
}
static int number(struct input *in, double *result) {
    const char *p = in->at;
    double v = 0, scale = 1;
    int negative = 0, exponent = 0, down = 0, digits = 0;
    if (p < in->end && *p == '-') negative = 1, p++;
    for (; p < in->end && *p >= '0' && *p <= '9'; p++, digits++) v = v * 10 + (*p - '0');
    if (p < in->end && *p == '.')
        for (p++; p < in->end && *p >= '0' && *p <= '9'; p++, digits++) v += (*p - '0') * (scale /= 10);
    if (!digits) return 0;
    if (p < in->end && (*p | 32) == 'e') {
        p++;
        if (p < in->end && (*p == '+' || *p == '-')) down = *p++ == '-';
        for (; p < in->end && *p >= '0' && *p <= '9'; p++) exponent = exponent * 10 + *p - '0';
        for (double ten = 10; exponent; exponent >>= 1, ten *= ten)
            if (exponent & 1) v = down ? v / ten : v * ten;
    }
    in->at = p;
    *result = negative ? -v : v;
    return 1;
}
static void json_free(struct json *j) {
    while (j) {
        struct json *next = j->next;
        json_free(j->first);
        heap_give((void *)j->name);
        heap_give((void *)j->text);
        heap_give(j);
        j = next;
    }
}
static int word(struct input *in, const char *w) {
    size n = strlen(w);
    if ((size)(in->end - in->at) < n || memcmp(in->at, w, n)) return 0;
    in->at += n;
    return 1;
}
static struct json *value(struct input *in) {
    struct json *j = heap_take(sizeof *j);
    if (!j) return NULL;
    memset(j, 0, sizeof *j);
    char c = look(in);
    int good = 0;
    if (c == '{' || c == '[') {
        struct json **tail = &j->first;
        char close = c == '{' ? '}' : ']';
        j->kind = c == '{' ? OBJECT : LIST;
        in->at++;
        if (++in->depth > 16) goto bad;
        if (look(in) == close) {
            in->at++;
            good = 1;
        }
        while (!good) {
            char *name = NULL;
            if (j->kind == OBJECT) {
                name = string(in);
                if (!name || look(in) != ':') {
                    heap_give(name);
                    goto bad;
                }
                in->at++;
            }
            struct json *item = value(in);
            if (!item) {
                heap_give(name);
                goto bad;
            }
            item->name = name;
            *tail = item;
            tail = &item->next;
            c = look(in);
            if (c != ',' && c != close) goto bad;
            in->at++;
            good = c == close;
        }
        in->depth--;
    } else if (c == '"') {
        j->kind = STRING;
        j->text = string(in);
        good = j->text != NULL;
    } else if (c == 't') {
        j->kind = TRUE;
        good = word(in, "true");
    } else if (c == 'f') {
        j->kind = FALSE;
        good = word(in, "false");
    } else if (c == 'n') {
        good = word(in, "null");
    } else {
        j->kind = NUMBER;
        good = number(in, &j->number);
    }
    if (good) return j;
bad:
    json_free(j);
    return NULL;
}
static void print(struct out *o, const struct json *j, int indent) {
    switch (j->kind) {
    case NOTHING: out_format(o, "null"); break;
    case TRUE: out_format(o, "true"); break;
    case FALSE: out_format(o, "false"); break;
    case NUMBER:
        if (j->number == (double)(i32)j->number) out_format(o, "%d", (i32)j->number);
        else out_format(o, "%.4f", j->number);
        break;
    case STRING:
        out_format(o, "\"");
        for (const char *s = j->text; *s; s++) {
            if (*s == '"' || *s == '\\') out_format(o, "\\%c", *s);
            else if ((u8)*s < 32) out_format(o, "\\u%04x", *s);
            else out_format(o, "%c", *s);
        }
        out_format(o, "\"");
        break;
    default:
        out_format(o, j->kind == LIST ? "[" : "{");
        for (const struct json *i = j->first; i; i = i->next) {
            out_format(o, "\n%s", &"                "[16 - (indent < 7 ? 2 * indent + 2 : 16)]);
            if (i->name) out_format(o, "\"%s\": ", i->name);
            print(o, i, indent + 1);
            if (i->next) out_format(o, ",");
        }
        out_format(o, j->kind == LIST ? "]" : "}");
    }
}
EXPORT("json_pretty") i32 json_pretty(const char *text, size n, char *to, size room) {
    struct input in = {text, text + n, 0};
    struct json *j = value(&in);
    if (!j || look(&in)) {
        json_free(j);
        return -1;
    }
    struct out o = {to, to + room};
    print(&o, j, 0);
    json_free(j);
    return (i32)(o.at - to);
}

// Regular expressions by backtracking: . [a-z] [^a] * + ? ^ $ \d \w \s
static int in_class(const char *p, const char *end, char c) {
    int negated = *p == '^';
    if (negated) p++;
    for (; p < end; p++) {
        if (p + 2 < end && p[1] == '-') {
            if (c >= p[0] && c <= p[2]) return !negated;
            p += 2;
        } else if (*p == c) {
            return !negated;
        }
    }
    return negated;
}
static const char *atom_end(const char *p) {
    if (*p == '\\' && p[1]) return p + 2;
    if (*p != '[') return p + 1;
    for (p++; *p && *p != ']'; p++) {}
    return *p ? p + 1 : p;
}
static int atom_matches(const char *p, const char *end, char c) {
    if (!c) return 0;
    switch (*p) {
    case '.': return 1;
    case '[': return in_class(p + 1, end - 1, c);
    case '\\':
        switch (p[1]) {
        case 'd': return c >= '0' && c <= '9';
        case 's': return blank(c);
        case 'w': return (c | 32) >= 'a' && (c | 32) <= 'z' ? 1 : c == '_' || (c >= '0' && c <= '9');
        default: return c == p[1];
        }
    default: return *p == c;
    }
}
static const char *match_here(const char *p, const char *s) {
    for (;;) {
        if (!*p) return s;
        if (*p == '$' && !p[1]) return *s ? NULL : s;
        const char *end = atom_end(p);
        u32 least = 1, most = 1;
        const char *next = end;
        if (*end == '*') least = 0, most = ~0u, next++;
        else if (*end == '+') most = ~0u, next++;
        else if (*end == '?') least = 0, next++;
        u32 n = 0;
        while (n < most && atom_matches(p, end, s[n])) n++;
        if (n < least) return NULL;
        while (n > least) {
            const char *rest = match_here(next, s + n);
            if (rest) return rest;
            n--;
        }
        s += n;
        p = next;
    }
}
EXPORT("regex_find") i32 regex_find(const char *pattern, const char *s, u32 *length) {
    const char *begin = s;
    do {
        const char *end = match_here(*pattern == '^' ? pattern + 1 : pattern, s);
        if (end) {
            *length = (u32)(end - s);
            return (i32)(s - begin);
        }
    } while (*pattern != '^' && *s++);
    return -1;
}

// Settings by name, in a tree that keeps itself balanced (AA tree).
struct node {
    struct node *left, *right;
    u32 level;
    i64 value;
    char name[24];
};
static struct node *settings;
static u32 level(const struct node *n) { return n ? n->level : 0; }
static struct node *skew(struct node *n) {
    if (n && n->left && n->left->level == n->level) {
        struct node *l = n->left;
        n->left = l->right;
        l->right = n;
        return l;
    }
    return n;
}
static struct node *split(struct node *n) {
    if (n && n->right && n->right->right && n->right->right->level == n->level) {
        struct node *r = n->right;
        n->right = r->left;
        r->left = n;
        r->level++;
        return r;
    }
    return n;
}
static struct node *insert(struct node *n, const char *name, i64 value) {
    if (!n) {
        n = heap_take(sizeof *n);
        if (!n) return NULL;
        memset(n, 0, sizeof *n);
        n->level = 1;
        n->value = value;
        memcpy(n->name, name, strlen(name) < 23 ? strlen(name) : 23);
        return n;
    }
    int order = strcmp(name, n->name);
    if (order == 0) n->value = value;
    else if (order < 0) n->left = insert(n->left, name, value);
    else n->right = insert(n->right, name, value);
    return split(skew(n));
}
static struct node *removed(struct node *n, const char *name) {
    if (!n) return NULL;
    int order = strcmp(name, n->name);
    if (order < 0) {
        n->left = removed(n->left, name);
    } else if (order > 0) {
        n->right = removed(n->right, name);
    } else if (!n->left && !n->right) {
        heap_give(n);
        return NULL;
    } else {
        struct node *other = n->left ? n->left : n->right;
        if (n->left)
            while (other->right) other = other->right;
        else
            while (other->left) other = other->left;
        n->value = other->value;
        memcpy(n->name, other->name, sizeof n->name);
        if (n->left) n->left = removed(n->left, other->name);
        else n->right = removed(n->right, other->name);
    }
    u32 should = (level(n->left) < level(n->right) ? level(n->left) : level(n->right)) + 1;
    if (should < n->level) {
        n->level = should;
        if (n->right && should < n->right->level) n->right->level = should;
    }
    n = skew(n);
    n->right = skew(n->right);
    if (n->right) n->right->right = skew(n->right->right);
    n = split(n);
    n->right = split(n->right);
    return n;
}
EXPORT("setting_set") void setting_set(const char *name, i64 value) { settings = insert(settings, name, value); }
EXPORT("setting_unset") void setting_unset(const char *name) { settings = removed(settings, name); }
EXPORT("setting_get") i64 setting_get(const char *name, i64 otherwise) {
    for (struct node *n = settings; n;) {
        int order = strcmp(name, n->name);
        if (order == 0) return n->value;
        n = order < 0 ? n->left : n->right;
    }
    return otherwise;
}
