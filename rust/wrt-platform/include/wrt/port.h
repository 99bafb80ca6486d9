/* SPDX-License-Identifier: MIT */
/**
 * @file port.h
 * @brief What WRT takes from an operating system. One C file per system implements it: zephyr/port.c, freertos/port.c.
 *
 * Four groups, in this order here and in every port: memory, time, messages, waiting. Above them WRT has, once for all
 * systems, the table of waiting threads, the page allocator and the locks that its Rust side offers.
 *
 * A function that a system, or its configuration, cannot offer returns WRT_PORT_ENOTSUP. None does nothing and says OK.
 * The engine itself calls none of this: an application that only loads and calls modules needs no port.
 *
 * Unless it says otherwise a function is for threads, never for interrupt handlers, and for privileged threads.
 */
#ifndef WRT_PORT_H
#define WRT_PORT_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#define WRT_PORT_OK 0           /**< Done. */
#define WRT_PORT_EINVAL (-22)   /**< An argument is NULL, misaligned or out of range. */
#define WRT_PORT_ENOMEM (-12)   /**< No memory, or no slot, of that size is left. */
#define WRT_PORT_ENOTSUP (-95)  /**< This system or configuration does not offer it. */
#define WRT_PORT_ETIMEDOUT (-116) /**< The deadline has passed. */

/* ---- memory: regions that grow in place --------------------------------------------------------------------------- */

#define WRT_PORT_CAN_RESERVE 1u /**< wrt_port_reserve() and wrt_port_release() work. */
#define WRT_PORT_CAN_COMMIT 2u  /**< What is reserved costs no memory before it is committed. */
#define WRT_PORT_CAN_PROTECT 4u /**< wrt_port_protect() works. */
#define WRT_PORT_CAN_RANDOM 8u  /**< wrt_port_random() works. */
#define WRT_PORT_CAN_PARK 16u   /**< The functions for waiting work. */

/** @brief What this port offers: WRT_PORT_CAN_*. Does not change while the system runs. ISR-ok. */
uint32_t wrt_port_capabilities(void);

/** @brief Bytes of a page: what wrt_port_protect() works in, and the least alignment of a region. A power of two. ISR-ok. */
size_t wrt_port_page_bytes(void);

/**
 * @brief Takes an address range that nobody else uses. Like mmap(PROT_NONE), k_heap_aligned_alloc().
 * @param bytes     the most that the region will ever have; more than 0.
 * @param alignment of the base, a power of two; 0: a page.
 * @param base      receives the start; not to be touched before it is committed.
 * @retval WRT_PORT_OK
 * @retval WRT_PORT_EINVAL  bytes is 0, alignment is no power of two, or base is NULL.
 * @retval WRT_PORT_ENOMEM  there is no such range; no hook of the system is called for it.
 * @retval WRT_PORT_ENOTSUP this configuration gives the port no memory.
 */
int wrt_port_reserve(size_t bytes, size_t alignment, void **base);

/**
 * @brief Makes bytes [from, to) of a region readable and writable, and zero. Like mprotect() on fresh pages.
 * @param from what was `to` before, 0 the first time.
 * @param to   at most what was reserved.
 * @retval WRT_PORT_OK
 * @retval WRT_PORT_EINVAL base is NULL or to < from.
 * @retval WRT_PORT_ENOMEM there is no memory behind the range.
 */
int wrt_port_commit(void *base, size_t from, size_t to);

enum wrt_port_access { WRT_PORT_NO_ACCESS = 0, WRT_PORT_READ = 1, WRT_PORT_READ_WRITE = 3 };

/**
 * @brief Changes what may be done with whole pages of a region. Like mprotect().
 * @retval WRT_PORT_OK
 * @retval WRT_PORT_EINVAL  not whole pages, or access is none of the three.
 * @retval WRT_PORT_ENOMEM  no protection region is left (an MPU has a few).
 * @retval WRT_PORT_ENOTSUP there is no MMU or MPU, or the port does not use it.
 */
int wrt_port_protect(void *start, size_t bytes, enum wrt_port_access access);

/** @brief Gives a region back. @param bytes as reserved. @retval WRT_PORT_OK, WRT_PORT_EINVAL (base is NULL), WRT_PORT_ENOTSUP */
int wrt_port_release(void *base, size_t bytes);

/* ---- time --------------------------------------------------------------------------------------------------------- */

/** No deadline. */
#define WRT_PORT_FOREVER UINT64_MAX

/** @brief Nanoseconds since some moment at or after the start; never goes back. Like clock_gettime(CLOCK_MONOTONIC). */
uint64_t wrt_port_now_ns(void);

/* ---- messages, end, chance ---------------------------------------------------------------------------------------- */

enum wrt_port_level { WRT_PORT_ERROR = 1, WRT_PORT_WARNING = 2, WRT_PORT_INFO = 3, WRT_PORT_DEBUG = 4 };

/** @brief Writes one line to where the system logs. @param text without a line end, need not end with a zero. May block. */
void wrt_port_log(enum wrt_port_level level, const char *text, size_t bytes);

/** @brief Ends the system (or the thread, if its fatal handler does so) after writing why. ISR-ok. */
#if defined(__cplusplus)
[[noreturn]]
#else
_Noreturn
#endif
void wrt_port_abort(const char *why);

/**
 * @brief Fills memory with numbers fit for keys. Like getentropy().
 * @retval WRT_PORT_OK
 * @retval WRT_PORT_EINVAL  to is NULL.
 * @retval WRT_PORT_ENOTSUP there is no source that deserves the name; nothing was written.
 */
int wrt_port_random(void *to, size_t bytes);

/* ---- waiting ------------------------------------------------------------------------------------------------------ */
/*
 * One lock for the whole table of waiting threads, held for short walks only, and a parker per waiting thread:
 *
 *     waiter:   init(p)  lock  "not equal?" enter p  unlock  park(p, deadline)  lock  woken? leave  unlock  done(p)
 *     waker:    lock  find p, mark it woken, take it out  unpark(p)  unlock
 *
 * unpark() is called with the lock held, on a parker that is in the table; so it cannot be gone.
 */

/**
 * Where a port keeps what one waiting thread needs: in that thread's entry of the table. The entry may be on the thread's
 * stack, but not where threads cannot read each other's (user mode of Zephyr and of FreeRTOS's MPU ports).
 */
typedef struct wrt_port_parker {
    uintptr_t handle; /**< Made by wrt_port_parker_init(): what wrt_port_interrupt() takes. Not 0. */
    uintptr_t opaque[28];
} wrt_port_parker_t;

/**
 * @brief Takes the lock; waits for it. Not recursive. Until wrt_port_unlock() the thread touches memory and calls
 * wrt_port_unpark(), nothing else: a port may hold back the scheduler meanwhile.
 */
void wrt_port_lock(void);

/** @brief Gives the lock back. By the thread that took it. */
void wrt_port_unlock(void);

/**
 * @brief Makes a parker for the calling thread, with no wake-up pending.
 * @retval WRT_PORT_OK
 * @retval WRT_PORT_EINVAL  parker is NULL.
 * @retval WRT_PORT_ENOMEM  as many threads wait as the configuration allows.
 * @retval WRT_PORT_ENOTSUP the configuration lacks what waiting needs, or the scheduler does not run.
 */
int wrt_port_parker_init(wrt_port_parker_t *parker);

/**
 * @brief Blocks the calling thread, which made the parker, until somebody unparks it. Without the lock.
 * @param deadline_ns on the clock of wrt_port_now_ns(); WRT_PORT_FOREVER for none. It never returns earlier for time.
 * @retval WRT_PORT_OK        unparked, perhaps before the call. It may also be returned without any reason: look at the table.
 * @retval WRT_PORT_ETIMEDOUT the deadline has passed.
 */
int wrt_port_park(wrt_port_parker_t *parker, uint64_t deadline_ns);

/** @brief Lets the parker's thread go on, or its next wrt_port_park() return at once. With the lock. Several are as one. */
void wrt_port_unpark(wrt_port_parker_t *parker);

/**
 * @brief Lets the parker's thread go on, or its next wrt_port_park() return at once, without the lock. ISR-ok; does not block.
 *        It may come late, when the parker has ended or another thread has it: then that thread's park may return for no
 *        reason, or nothing happens. So the parker's memory must live, not the parker.
 * @param parker its handle.
 */
void wrt_port_interrupt(uintptr_t parker);

/** @brief Ends a parker. By the thread that made it, when nobody can unpark it any more. */
void wrt_port_parker_done(wrt_port_parker_t *parker);

#ifdef __cplusplus
}
#endif
#endif /* WRT_PORT_H */
