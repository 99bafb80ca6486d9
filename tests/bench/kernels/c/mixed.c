/* SPDX-License-Identifier: MIT */
/* A mix as small controllers have it: a list that is searched and sorted, matrices of 16-bit numbers, a state machine that
 * reads numbers, and a CRC over all results. The parts steer each other. */
#include "kernel.h"

static uint16_t crc16(uint16_t crc, uint16_t value)
{
    for (int i = 0; i < 16; i++) {
        uint16_t carry = (uint16_t)((crc ^ value) & 1);

        value >>= 1;
        crc >>= 1;
        if (carry) {
            crc ^= 0xa001;
        }
    }
    return crc;
}

/* List: items with data that are computed once and cached, found by index or by value, sorted by either. */

#define ITEMS 40

struct item {
    struct item *next;
    uint16_t data;
    int16_t index;
};

static struct item items[ITEMS];

typedef int32_t (*compare)(struct item *a, struct item *b, uint16_t *crc);

static int32_t by_index(struct item *a, struct item *b, uint16_t *crc)
{
    (void)crc;
    return a->index - b->index;
}

static uint16_t matrix_work(uint16_t seed_value);
static uint16_t states_work(uint16_t seed_value);

/* What an item stands for; the top bit says that it is known. */
static uint16_t resolve(struct item *item, uint16_t *crc)
{
    uint16_t result;

    if (item->data & 0x8000) {
        return item->data & 0x7f;
    }
    result = item->data & 1 ? states_work(item->data) : matrix_work(item->data);
    *crc = crc16(*crc, result);
    item->data = (uint16_t)((item->data & 0x7f00) | 0x8000 | (result & 0x7f));
    return result & 0x7f;
}

static int32_t by_data(struct item *a, struct item *b, uint16_t *crc)
{
    return resolve(a, crc) - resolve(b, crc);
}

/* Merge sort from the bottom up. */
static struct item *sort(struct item *list, compare order, uint16_t *crc)
{
    for (int32_t width = 1;; width *= 2) {
        struct item *p = list, *last = NULL;
        int32_t merges = 0;

        list = NULL;
        while (p) {
            struct item *q = p;
            int32_t left = 0, right = width;

            merges++;
            while (left < width && q) {
                left++;
                q = q->next;
            }
            while (left > 0 || (right > 0 && q)) {
                struct item *taken;

                if (left > 0 && (right == 0 || !q || order(p, q, crc) <= 0)) {
                    taken = p;
                    p = p->next;
                    left--;
                } else {
                    taken = q;
                    q = q->next;
                    right--;
                }
                if (last) {
                    last->next = taken;
                } else {
                    list = taken;
                }
                last = taken;
            }
            p = q;
        }
        if (last) {
            last->next = NULL;
        }
        if (merges <= 1) {
            return list;
        }
    }
}

static struct item *find(struct item *list, int16_t index, uint16_t low_data)
{
    while (list && (index >= 0 ? list->index != index : (list->data & 0xff) != low_data)) {
        list = list->next;
    }
    return list;
}

static struct item *reverse(struct item *list)
{
    struct item *done = NULL;

    while (list) {
        struct item *next = list->next;

        list->next = done;
        done = list;
        list = next;
    }
    return done;
}

/* Matrices. */

#define SIDE 10

static int16_t ma[SIDE * SIDE], mb[SIDE * SIDE];
static int32_t mc[SIDE * SIDE];

static int16_t matrix_sum(int32_t limit)
{
    int32_t sum = 0, before = 0;
    int16_t result = 0;

    for (int i = 0; i < SIDE * SIDE; i++) {
        sum += mc[i];
        if (sum > limit) {
            result += 10;
            sum = 0;
        } else {
            result += mc[i] > before;
        }
        before = mc[i];
    }
    return result;
}

static uint16_t matrix_work(uint16_t value)
{
    uint16_t crc = 0;
    int16_t scale = (int16_t)(value & 0xff);

    for (int i = 0; i < SIDE * SIDE; i++) {
        ma[i] = (int16_t)(ma[i] + scale);
    }
    for (int i = 0; i < SIDE * SIDE; i++) {
        mc[i] = ma[i] * scale;
    }
    crc = crc16(crc, (uint16_t)matrix_sum(-4096 + scale));
    for (int i = 0; i < SIDE; i++) {
        mc[i] = 0;
        for (int j = 0; j < SIDE; j++) {
            mc[i] += ma[i * SIDE + j] * mb[j];
        }
    }
    crc = crc16(crc, (uint16_t)matrix_sum(scale * 512));
    for (int i = 0; i < SIDE; i++) {
        for (int j = 0; j < SIDE; j++) {
            int32_t sum = 0;

            for (int k = 0; k < SIDE; k++) {
                sum += ma[i * SIDE + k] * mb[k * SIDE + j];
            }
            mc[i * SIDE + j] = sum;
        }
    }
    crc = crc16(crc, (uint16_t)matrix_sum(scale * 4096));
    for (int i = 0; i < SIDE; i++) {
        for (int j = 0; j < SIDE; j++) {
            uint32_t sum = 0;

            for (int k = 0; k < SIDE; k++) {
                uint32_t product = (uint32_t)(ma[i * SIDE + k] * mb[k * SIDE + j]);

                sum += (product >> 2 & 0xf) * (product >> 5 & 0x7f);
            }
            mc[i * SIDE + j] = (int32_t)sum;
        }
    }
    crc = crc16(crc, (uint16_t)matrix_sum(scale * 64));
    for (int i = 0; i < SIDE * SIDE; i++) {
        ma[i] = (int16_t)(ma[i] - scale);
    }
    return crc;
}

/* A state machine that reads numbers separated by commas. */

enum number { START, SIGN, INTEGER, POINT, FRACTION, EXPONENT, EXPONENT_SIGN, SCIENTIFIC, WRONG, STATES };

#define TEXT 480

static uint8_t text[TEXT];
static uint32_t entered[STATES], ended[STATES];

static int is_digit(uint8_t c)
{
    return c >= '0' && c <= '9';
}

static uint32_t next_number(uint32_t at, enum number *end)
{
    enum number state = START;

    for (; at < TEXT && state != WRONG; at++) {
        uint8_t c = text[at];

        if (c == ',') {
            at++;
            break;
        }
        switch (state) {
        case START:
            state = is_digit(c) ? INTEGER : c == '+' || c == '-' ? SIGN : c == '.' ? POINT : WRONG;
            break;
        case SIGN:
            state = is_digit(c) ? INTEGER : c == '.' ? POINT : WRONG;
            break;
        case INTEGER:
            state = is_digit(c) ? INTEGER : c == '.' ? FRACTION : c == 'e' ? EXPONENT : WRONG;
            break;
        case POINT:
        case FRACTION:
            state = is_digit(c) ? FRACTION : c == 'e' && state == FRACTION ? EXPONENT : WRONG;
            break;
        case EXPONENT:
            state = c == '+' || c == '-' ? EXPONENT_SIGN : is_digit(c) ? SCIENTIFIC : WRONG;
            break;
        case EXPONENT_SIGN:
        case SCIENTIFIC:
            state = is_digit(c) ? SCIENTIFIC : WRONG;
            break;
        case WRONG:
        case STATES:
            break;
        }
        entered[state]++;
    }
    *end = state;
    return at;
}

static uint16_t states_work(uint16_t value)
{
    uint16_t crc = 0;
    uint8_t flip = (uint8_t)(value >> 1 & 0x1f);
    uint32_t step = 11 + (value & 7);

    for (int i = 0; i < STATES; i++) {
        entered[i] = ended[i] = 0;
    }
    for (int pass = 0; pass < 2; pass++) {
        for (uint32_t at = 0; at < TEXT;) {
            enum number end;

            at = next_number(at, &end);
            ended[end]++;
        }
        /* Damages the text, and the second time repairs it. */
        for (uint32_t at = 0; at < TEXT; at += step) {
            if (text[at] != ',' && (text[at] ^ flip) != ',') {
                text[at] ^= flip;
            }
        }
    }
    for (int i = 0; i < STATES; i++) {
        crc = crc16(crc, (uint16_t)entered[i]);
        crc = crc16(crc, (uint16_t)ended[i]);
    }
    return crc;
}

static void prepare(uint32_t state)
{
    static const char *const numbers[] = {"7", "-31", "+4096", "60.25", ".03125", "-9.5", "2e10", "-7.25e-3", "+.5e+2", "1.x", "3e", "--8"};
    uint32_t at = 0;

    while (at < TEXT) {
        for (const char *p = numbers[random32(&state) % COUNT(numbers)]; *p && at < TEXT; p++) {
            text[at++] = (uint8_t)*p;
        }
        if (at < TEXT) {
            text[at++] = ',';
        }
    }
    for (int i = 0; i < SIDE * SIDE; i++) {
        ma[i] = (int16_t)(random32(&state) & 0xff);
        mb[i] = (int16_t)(random32(&state) & 0xff);
    }
}

KERNEL(mixed)
{
    uint32_t state = seed(n);
    uint16_t crc = 0;

    prepare(state);
    for (int32_t round = 0; round < n; round++) {
        struct item *list = NULL, *found;

        for (int16_t i = ITEMS - 1; i >= 0; i--) {
            items[i] = (struct item){list, (uint16_t)(random32(&state) & 0x7f7f), i};
            list = &items[i];
            /* Most items share few values, as cached ones do. */
            items[i].data = i % 10 == 0 ? items[i].data : (uint16_t)(0x8000 | (items[i].data & 0x7f));
        }
        for (int i = 0; i < 20; i++) {
            found = i & 1 ? find(list, -1, random32(&state) & 0x7f) : find(list, (int16_t)(random32(&state) % (ITEMS + 5)), 0);
            list = reverse(list);
            crc = found ? crc16(crc, found->data) : (uint16_t)(crc + 1);
        }
        list = sort(list, by_data, &crc);
        crc = crc16(crc, (uint16_t)list->index);
        list = sort(list, by_index, &crc);
        for (struct item *p = list; p; p = p->next) {
            crc = crc16(crc, p->data);
        }
    }
    return crc;
}
