/* SPDX-License-Identifier: MIT */
/**
 * @file wrt_helper.h
 * @brief What WebAssembly that was translated to machine code ahead of time calls at run time: growth, bulk operations,
 *        waiting and waking, traps. The library is wrt_helper; the interpreter, wrt.h, is not needed.
 *
 * Translated code loads and stores through `base` and `bytes` of a wrt_memory_t by itself. Both are to be read again after
 * every wrt_memory_grow() and every call that may have grown the memory; of a memory that threads share, a bounds check
 * that fails reads the length once more with wrt_memory_bytes() before it traps.
 *
 * Nothing here unwinds, jumps or allocates: a function that can trap returns a status, and translated code looks at it. An
 * embedder that wants a jump out of deep code gives a wrt_trap_hook_t, called by wrt_raise(), which is inline: no frame of
 * the library is ever jumped over.
 *
 * What an operation does, its bounds, the order of its checks and its traps are those of WRT's interpreter.
 *
 * Unless it says otherwise a function is for threads, not for interrupt handlers, and does not block. A memory that is not
 * shared is used by one thread at a time.
 */
#ifndef WRT_HELPER_H
#define WRT_HELPER_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/**
 * Version of this interface. 0: it may still change in any way; code and library are from one release of WRT. Translated code
 * refuses to start when wrt_helper_version() is another one.
 */
#define WRT_HELPER_VERSION 0u

/** @brief The WRT_HELPER_VERSION of the library linked. ISR-ok. */
uint32_t wrt_helper_version(void);

/* ---- status -------------------------------------------------------------------------------------------------------- */

/** How an operation of the guest ended: WRT_TRAP_NONE, or the number of a trap, as in wrt_error_t of wrt.h. */
typedef uint32_t wrt_status_t;

#define WRT_TRAP_NONE 0u                         /**< It is done. */
#define WRT_TRAP_UNREACHABLE 1u
#define WRT_TRAP_MEMORY_OUT_OF_BOUNDS 2u
#define WRT_TRAP_TABLE_OUT_OF_BOUNDS 3u
#define WRT_TRAP_UNDEFINED_ELEMENT 4u
#define WRT_TRAP_UNINITIALIZED_ELEMENT 5u
#define WRT_TRAP_INDIRECT_CALL_TYPE_MISMATCH 6u
#define WRT_TRAP_DIVIDE_BY_ZERO 7u
#define WRT_TRAP_INTEGER_OVERFLOW 8u
#define WRT_TRAP_INVALID_CONVERSION 9u
#define WRT_TRAP_STACK_EXHAUSTED 10u
#define WRT_TRAP_HOST 12u                        /**< A host function reported an error. */
#define WRT_TRAP_CANNOT_SUSPEND 13u              /**< There is no way, or no room, to wait. */
#define WRT_TRAP_UNALIGNED_ATOMIC 26u
#define WRT_TRAP_NOT_SHARED 27u                  /**< A wait on a memory that is not shared. */

/** @brief The sentence of the specification's test suite for a trap; "" for other numbers. Never freed. ISR-ok. */
const char *wrt_trap_text(wrt_status_t trap);

/** Where traps go that translated code does not want to pass down itself. */
typedef struct wrt_trap_hook {
    void (*raise)(void *user, wrt_status_t trap); /**< Does not return: it ends the thread or jumps. NULL: none. */
    void *user;                                   /**< Its first argument. */
} wrt_trap_hook_t;

/** @brief Hands a trap to the hook, if there is one; returns the status. @param hook NULL: none. */
static inline wrt_status_t wrt_raise(const wrt_trap_hook_t *hook, wrt_status_t status)
{
    if (status != WRT_TRAP_NONE && hook != NULL && hook->raise != NULL) {
        hook->raise(hook->user, status);
    }
    return status;
}

/* ---- return codes of what the embedder calls, as in wrt.h ----------------------------------------------------------- */

#define WRT_HELPER_OK 0           /**< Done. */
#define WRT_HELPER_EINVAL (-22)   /**< An argument is NULL, misaligned or out of range. */
#define WRT_HELPER_ENOMEM (-12)   /**< The buffer is too small, or the system has no memory. */
#define WRT_HELPER_ENOTSUP (-95)  /**< This build or processor does not offer it. */

/* ---- memories ------------------------------------------------------------------------------------------------------ */

#define WRT_MEMORY_64 1u     /**< Addresses have 64 bits. */
#define WRT_MEMORY_SHARED 2u /**< Threads share it. It has a maximum, and never moves. */
/** No maximum was declared. */
#define WRT_NO_MAXIMUM UINT64_MAX
/** What wrt_memory_grow() returns when it cannot: -1 as i32 and as i64. */
#define WRT_GROW_FAILED UINT64_MAX

/** The type of a memory, as its module declares it. */
typedef struct wrt_memory_type {
    uint64_t min_pages; /**< Pages at first. */
    uint64_t max_pages; /**< Most pages, or WRT_NO_MAXIMUM. */
    uint32_t page_log2; /**< Log2 of the bytes of a page: 16, or 0 (custom page sizes). */
    uint32_t flags;     /**< WRT_MEMORY_64, WRT_MEMORY_SHARED. */
} wrt_memory_type_t;

/** One memory. Translated code reads `base` and `bytes`, and writes nothing. It stays where it is until it is deleted. */
typedef struct wrt_memory {
    uint8_t *base;       /**< The first byte; never NULL; a multiple of 16. */
    size_t bytes;        /**< Length in bytes. Of a shared one it rises at any moment: wrt_memory_bytes(). */
    size_t room;         /**< Bytes that it can have. */
    uint64_t max_pages;  /**< As declared. */
    uint32_t page_log2;  /**< As declared. */
    uint32_t flags;      /**< As declared. */
    uint32_t from_system; /**< 1: its pages are the system's. */
    uint32_t reserved;   /**< 0. */
    uint64_t source[16]; /**< The library's. */
} wrt_memory_t;

/**
 * @brief Makes a memory, all zero.
 * @param memory receives it; until wrt_memory_delete() nothing else writes there, and it is not moved.
 * @param type   its type.
 * @param buffer where its bytes are, aligned to 16; the caller's, and nobody else uses it until wrt_memory_delete(). NULL: in
 *               pages of the system, reserved now for all growth and taken when it grows (shared: now).
 * @param limit  bytes of the buffer, or the most to take from the system.
 * @retval WRT_HELPER_OK
 * @retval WRT_HELPER_EINVAL  NULL, a misaligned buffer, another page size, a maximum below the minimum or beyond what
 *                            there are addresses for, unknown flags, or a shared one without a maximum.
 * @retval WRT_HELPER_ENOMEM  the first pages do not fit into `limit`, or the system has no memory.
 * @retval WRT_HELPER_ENOTSUP no pages of the system in this build; or shared, on a processor without compare-and-swap.
 */
int wrt_memory_new(wrt_memory_t *memory, const wrt_memory_type_t *type, void *buffer, size_t limit);

/**
 * @brief Ends a memory and gives pages of the system back. Nobody uses or waits on it any more. What has been deleted has no
 *        bytes and may be deleted again.
 * @param memory NULL: nothing happens.
 */
void wrt_memory_delete(wrt_memory_t *memory);

/** @brief Length in bytes, whatever other threads do. ISR-ok. */
size_t wrt_memory_bytes(const wrt_memory_t *memory);

/** @brief Length in pages (`memory.size`). ISR-ok. */
uint64_t wrt_memory_pages(const wrt_memory_t *memory);

/**
 * @brief Adds zeroed pages (`memory.grow`). `base` may be another one afterwards, unless the memory is shared.
 *        Takes time in proportion to what it adds, if the bytes are in a buffer. Several threads may grow a shared one at once.
 * @param delta pages to add.
 * @return the number of pages before, or WRT_GROW_FAILED, and nothing has changed.
 */
uint64_t wrt_memory_grow(wrt_memory_t *memory, uint64_t delta);

/**
 * @brief Copies `n` bytes from `from` to `to`, which may be one memory, and ranges that overlap (`memory.copy`). Takes time in
 *        proportion to `n`.
 * @retval WRT_TRAP_NONE
 * @retval WRT_TRAP_MEMORY_OUT_OF_BOUNDS nothing was copied.
 */
wrt_status_t wrt_memory_copy(const wrt_memory_t *to, uint64_t to_address, const wrt_memory_t *from, uint64_t from_address, uint64_t n);

/**
 * @brief Sets `n` bytes to the low 8 bits of `value` (`memory.fill`). Takes time in proportion to `n`.
 * @retval WRT_TRAP_NONE
 * @retval WRT_TRAP_MEMORY_OUT_OF_BOUNDS nothing was set.
 */
wrt_status_t wrt_memory_fill(const wrt_memory_t *memory, uint64_t address, uint32_t value, uint64_t n);

/* ---- waiting and waking -------------------------------------------------------------------------------------------- */

/** Where threads wait; opaque, at the start of the caller's buffer. One serves all memories of a program. */
typedef struct wrt_waits wrt_waits_t;

/** Bytes of a buffer that suffice for so many threads that wait at once. */
#define WRT_WAITS_BYTES(waiters) (128u + (waiters) * 256u)

/** Results of a wait. */
#define WRT_WAIT_WOKEN 0u     /**< Somebody woke it. */
#define WRT_WAIT_NOT_EQUAL 1u /**< The value was another one. */
#define WRT_WAIT_TIMED_OUT 2u /**< The time is up. */

/**
 * @brief Makes a place to wait in.
 * @param buffer  the caller's, aligned to 8; it serves until no thread waits or wakes any more.
 * @param bytes   its size: WRT_WAITS_BYTES(waiters).
 * @param waiters threads that can wait at once.
 * @param waits   receives it.
 * @retval WRT_HELPER_OK
 * @retval WRT_HELPER_EINVAL  NULL, a misaligned buffer, or no waiters.
 * @retval WRT_HELPER_ENOMEM  the buffer is too small.
 * @retval WRT_HELPER_ENOTSUP this build knows no system to wait in.
 */
int wrt_waits_init(void *buffer, size_t bytes, uint32_t waiters, wrt_waits_t **waits);

/**
 * @brief Waits until notified, if the 4 bytes at `index` + `offset` are `expected` (`memory.atomic.wait32`). Blocks.
 *        The comparison and the beginning of the wait are one step for wrt_atomic_notify(): no wake-up is lost.
 * @param memory     shared.
 * @param waits      NULL: none, every wait traps.
 * @param timeout_ns nanoseconds; below 0 for ever.
 * @param result     receives WRT_WAIT_*.
 * @retval WRT_TRAP_NONE
 * @retval WRT_TRAP_NOT_SHARED           the memory is not shared. Checked first,
 * @retval WRT_TRAP_UNALIGNED_ATOMIC     then that the address is a multiple of the width,
 * @retval WRT_TRAP_MEMORY_OUT_OF_BOUNDS then that it is inside.
 * @retval WRT_TRAP_CANNOT_SUSPEND       `waits` is NULL, all its places are in use, or the system cannot wait now.
 */
wrt_status_t wrt_atomic_wait32(const wrt_memory_t *memory, wrt_waits_t *waits, uint64_t index, uint64_t offset, uint32_t expected,
                               int64_t timeout_ns, uint32_t *result);

/** @brief The same with 8 bytes (`memory.atomic.wait64`). */
wrt_status_t wrt_atomic_wait64(const wrt_memory_t *memory, wrt_waits_t *waits, uint64_t index, uint64_t offset, uint64_t expected,
                               int64_t timeout_ns, uint32_t *result);

/**
 * @brief Wakes up to `count` threads that wait at `index` + `offset`, those first that have waited longest
 *        (`memory.atomic.notify`).
 * @param waits NULL: nobody waits.
 * @param woken receives how many, exactly; 0 if the memory is not shared.
 * @retval WRT_TRAP_NONE
 * @retval WRT_TRAP_UNALIGNED_ATOMIC     the address is no multiple of 4. Checked first,
 * @retval WRT_TRAP_MEMORY_OUT_OF_BOUNDS then that 4 bytes are inside.
 */
wrt_status_t wrt_atomic_notify(const wrt_memory_t *memory, wrt_waits_t *waits, uint64_t index, uint64_t offset, uint32_t count,
                               uint32_t *woken);

/** @brief wrt_atomic_wait64() if `bytes` is 8, else wrt_atomic_wait32(): for translators with one case for both. */
static inline wrt_status_t wrt_atomic_wait(const wrt_memory_t *memory, wrt_waits_t *waits, uint32_t bytes, uint64_t index, uint64_t offset,
                                           uint64_t expected, int64_t timeout_ns, uint32_t *result)
{
    return bytes == 8u ? wrt_atomic_wait64(memory, waits, index, offset, expected, timeout_ns, result)
                       : wrt_atomic_wait32(memory, waits, index, offset, (uint32_t)expected, timeout_ns, result);
}

#ifdef __cplusplus
}
#endif
#endif /* WRT_HELPER_H */
