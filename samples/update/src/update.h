/* SPDX-License-Identifier: MIT */
/**
 * @file update.h
 * @brief A module in flash that is replaced while the system runs, and by power cuts never half.
 *
 * The area has two halves, slots. One holds the module that runs; the next one is written to the other. A slot is data and,
 * in front of it, a header with length, generation and check values, which is programmed last and by one call. So at each
 * moment one slot at least is whole, and the whole slot with the newer generation is the module:
 *
 *     erase the other slot, its header first     the old module is the one
 *     program its data, read it back             the old module is the one
 *     program its header                         the old one, or the new one if the header is whole
 *
 * Nothing is erased or programmed in the slot that is in use. A header that is torn has a wrong check value; an erasure that
 * is torn may leave a header, but not one with data of its check value, or it leaves a whole older module, which is not newest.
 * Who has several modules has several areas. Check values find accidents; a module of an attacker's needs a signature.
 *
 * No heap, no system: the flash is three functions. One thread at a time uses a struct update.
 */
#ifndef UPDATE_H
#define UPDATE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define UPDATE_EINVAL (-22)  /**< An argument, or the flash's parameters, are out of range. */
#define UPDATE_ENOENT (-2)   /**< There is no whole module. */
#define UPDATE_ENOSPC (-28)  /**< The module is larger than a slot. */
#define UPDATE_EIO (-5)      /**< The flash reads back something else than was programmed. */
#define UPDATE_EBADMSG (-74) /**< Fewer bytes came than were announced, or with another check value. */

/** Largest unit that a flash may program. */
#define UPDATE_MAX_UNIT 32u

/** One area of flash. Offsets and lengths are in bytes; each function returns 0 or a negative number, which is passed on. */
struct update_flash {
    uint32_t bytes;         /**< Of the area: two times a multiple of erase_bytes. */
    uint32_t erase_bytes;   /**< What is erased at once. */
    uint32_t program_bytes; /**< What is programmed at once: 1 to UPDATE_MAX_UNIT, a power of two. */
    uint8_t erased;         /**< A byte that is erased: 0xff or 0. */
    int (*read)(void *user, uint32_t at, void *to, uint32_t bytes);
    int (*program)(void *user, uint32_t at, const void *from, uint32_t bytes); /**< Whole units that are erased. */
    int (*erase)(void *user, uint32_t at, uint32_t bytes);                    /**< Whole blocks. */
    void *user;
};

/** The modules of an area. */
struct update {
    const struct update_flash *flash;
    int active;          /**< Slot of the module: 0 or 1; -1: none. */
    uint32_t generation; /**< Of the module. */
    uint32_t length;     /**< Of the module, in bytes. */
    /* of the update under way */
    bool writing;
    uint32_t expected, written, check, fill;
    uint8_t unit[UPDATE_MAX_UNIT];
};

/**
 * @brief Looks which module there is. Reads all data of both slots at most.
 * @retval 0             u->active has it.
 * @retval UPDATE_ENOENT there is none; an update can be begun.
 * @retval UPDATE_EINVAL the flash's parameters are impossible. Others of the flash.
 */
int update_open(struct update *u, const struct update_flash *flash);

/** @brief Offset of the module's first byte in the area: a multiple of 32, for an area that is mapped. */
uint32_t update_data(const struct update *u);

/** @brief Copies bytes of the module. @retval 0, UPDATE_ENOENT, UPDATE_EINVAL (outside of it), others of the flash */
int update_read(const struct update *u, uint32_t at, void *to, uint32_t bytes);

/**
 * @brief Begins an update; one under way is given up. Erases the slot that is not in use.
 * @param bytes of the new module.
 * @retval 0, UPDATE_ENOSPC, UPDATE_EINVAL (0 bytes), others of the flash
 */
int update_begin(struct update *u, uint32_t bytes);

/** @brief The next bytes. @retval 0, UPDATE_EINVAL (none begun), UPDATE_ENOSPC (more than announced), UPDATE_EIO, others of the flash */
int update_write(struct update *u, const void *from, uint32_t bytes);

/**
 * @brief Makes the new module the one; until its last step has happened the old one is.
 * @param check update_check() of all bytes, as the sender knows it.
 * @retval 0, UPDATE_EINVAL (none begun), UPDATE_EBADMSG, UPDATE_EIO, others of the flash: the old module stays.
 */
int update_finish(struct update *u, uint32_t check);

/** @brief CRC-32 (ISO-HDLC, as of zlib) of more bytes; `before` is 0 at first. */
uint32_t update_check(uint32_t before, const void *from, uint32_t bytes);

#endif
