/* SPDX-License-Identifier: MIT */
#include "update.h"

#include <string.h>

#define MAGIC 0x31555257u /* "WRU1" */
/* Bytes in front of the data: a header, whatever the unit, and an offset that suits an image that is run in place. */
#define FRONT 32u

struct header {
    uint32_t magic;
    uint32_t generation;
    uint32_t length;
    uint32_t data_check;
    uint32_t check; /* of the words before */
};

uint32_t update_check(uint32_t before, const void *from, uint32_t bytes)
{
    const uint8_t *p = from;
    uint32_t crc = ~before;

    for (uint32_t i = 0; i < bytes; i++) {
        crc ^= p[i];
        for (int bit = 0; bit < 8; bit++) {
            crc = (crc >> 1) ^ (0xedb88320u & (0u - (crc & 1u)));
        }
    }
    return ~crc;
}

static uint32_t slot_bytes(const struct update_flash *f)
{
    return f->bytes / 2;
}

/* The check value of data in flash. */
static int checked(const struct update_flash *f, uint32_t at, uint32_t bytes, uint32_t *check)
{
    uint8_t piece[64];

    *check = 0;
    while (bytes > 0) {
        uint32_t n = bytes < sizeof piece ? bytes : sizeof piece;
        int err = f->read(f->user, at, piece, n);

        if (err != 0) {
            return err;
        }
        *check = update_check(*check, piece, n);
        at += n;
        bytes -= n;
    }
    return 0;
}

/* Whether a slot is whole; its header. */
static int look(const struct update_flash *f, int slot, struct header *h, bool *whole)
{
    uint32_t at = (uint32_t)slot * slot_bytes(f), check = 0;
    int err = f->read(f->user, at, h, sizeof *h);

    *whole = false;
    if (err != 0 || h->magic != MAGIC || h->length == 0 || h->length > slot_bytes(f) - FRONT ||
        h->check != update_check(0, h, offsetof(struct header, check))) {
        return err;
    }
    err = checked(f, at + FRONT, h->length, &check);
    *whole = err == 0 && check == h->data_check;
    return err;
}

static bool possible(const struct update_flash *f)
{
    return f->erase_bytes > 0 && f->program_bytes > 0 && f->program_bytes <= UPDATE_MAX_UNIT &&
           (f->program_bytes & (f->program_bytes - 1)) == 0 && f->erase_bytes % f->program_bytes == 0 && f->bytes % 2 == 0 &&
           slot_bytes(f) % f->erase_bytes == 0 && slot_bytes(f) > FRONT && FRONT % f->program_bytes == 0;
}

int update_open(struct update *u, const struct update_flash *flash)
{
    *u = (struct update){ .flash = flash, .active = -1 };
    if (!possible(flash)) {
        return UPDATE_EINVAL;
    }
    for (int slot = 0; slot < 2; slot++) {
        struct header h;
        bool whole;
        int err = look(flash, slot, &h, &whole);

        if (err != 0) {
            return err;
        }
        /* Generations may wrap: the newer one is less than half of them ahead. */
        if (whole && (u->active < 0 || (int32_t)(h.generation - u->generation) > 0)) {
            u->active = slot;
            u->generation = h.generation;
            u->length = h.length;
        }
    }
    return u->active < 0 ? UPDATE_ENOENT : 0;
}

uint32_t update_data(const struct update *u)
{
    return (u->active > 0 ? slot_bytes(u->flash) : 0) + FRONT;
}

int update_read(const struct update *u, uint32_t at, void *to, uint32_t bytes)
{
    if (u->active < 0) {
        return UPDATE_ENOENT;
    }
    if (at > u->length || bytes > u->length - at) {
        return UPDATE_EINVAL;
    }
    return u->flash->read(u->flash->user, update_data(u) + at, to, bytes);
}

/* The slot that is written to. */
static uint32_t other(const struct update *u)
{
    return u->active == 0 ? slot_bytes(u->flash) : 0;
}

int update_begin(struct update *u, uint32_t bytes)
{
    const struct update_flash *f = u->flash;

    u->writing = false;
    if (bytes == 0) {
        return UPDATE_EINVAL;
    }
    if (bytes > slot_bytes(f) - FRONT) {
        return UPDATE_ENOSPC;
    }
    /* Block by block, the header's first: what is left of the data never has a header in front of it. */
    for (uint32_t at = 0; at < slot_bytes(f); at += f->erase_bytes) {
        int err = f->erase(f->user, other(u) + at, f->erase_bytes);

        if (err != 0) {
            return err;
        }
    }
    u->expected = bytes;
    u->written = u->check = u->fill = 0;
    u->writing = true;
    return 0;
}

/* Programs units and reads them back. */
static int program(const struct update_flash *f, uint32_t at, const uint8_t *from, uint32_t bytes)
{
    uint8_t back[UPDATE_MAX_UNIT];
    int err = f->program(f->user, at, from, bytes);

    for (uint32_t i = 0; err == 0 && i < bytes; i += f->program_bytes) {
        err = f->read(f->user, at + i, back, f->program_bytes);
        if (err == 0 && memcmp(back, from + i, f->program_bytes) != 0) {
            err = UPDATE_EIO;
        }
    }
    return err;
}

/* Programs the unit that has been filled; the rest of it stays as if erased. */
static int put(struct update *u)
{
    const struct update_flash *f = u->flash;
    uint32_t at = other(u) + FRONT + (u->written - u->fill);

    memset(u->unit + u->fill, f->erased, f->program_bytes - u->fill);
    u->fill = 0;
    return program(f, at, u->unit, f->program_bytes);
}

int update_write(struct update *u, const void *from, uint32_t bytes)
{
    const uint8_t *p = from;

    if (!u->writing) {
        return UPDATE_EINVAL;
    }
    if (bytes > u->expected - u->written) {
        u->writing = false;
        return UPDATE_ENOSPC;
    }
    u->check = update_check(u->check, from, bytes);
    for (uint32_t i = 0; i < bytes; i++) {
        u->unit[u->fill++] = p[i];
        u->written++;
        if (u->fill == u->flash->program_bytes) {
            int err = put(u);

            if (err != 0) {
                u->writing = false;
                return err;
            }
        }
    }
    return 0;
}

int update_finish(struct update *u, uint32_t check)
{
    const struct update_flash *f = u->flash;
    uint8_t front[FRONT];
    struct header h = { MAGIC, u->generation + 1, u->expected, u->check, 0 };
    uint32_t units = ((uint32_t)sizeof h + f->program_bytes - 1) / f->program_bytes * f->program_bytes;
    uint32_t found = 0;
    int err = 0;

    if (!u->writing) {
        return UPDATE_EINVAL;
    }
    u->writing = false;
    if (u->written != u->expected || u->check != check) {
        return UPDATE_EBADMSG;
    }
    if (u->fill > 0) {
        err = put(u);
    }
    if (err == 0) {
        err = checked(f, other(u) + FRONT, u->expected, &found);
    }
    if (err == 0 && found != check) {
        err = UPDATE_EIO;
    }
    if (err != 0) {
        return err;
    }
    h.check = update_check(0, &h, offsetof(struct header, check));
    memset(front, f->erased, sizeof front);
    memcpy(front, &h, sizeof h);
    err = program(f, other(u), front, units);
    if (err == 0) {
        u->active = u->active == 0 ? 1 : 0;
        u->generation = h.generation;
        u->length = h.length;
    }
    return err;
}
