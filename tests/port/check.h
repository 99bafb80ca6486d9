/* SPDX-License-Identifier: MIT */
/**
 * @file check.h
 * @brief Checks of wrt/port.h, the same for every system. A system brings threads: check_zephyr.c, check_freertos.c.
 */
#ifndef CHECK_H
#define CHECK_H

#include <stddef.h>
#include <stdint.h>

/** @brief Runs all checks in a thread. @return 0: all passed; the log has the rest. */
int port_check(void);

/** @brief Starts thread number n (below check_threads), of the same priority as the caller, running f(argument). */
void check_start(size_t n, void (*f)(void *argument), void *argument);

/** @brief Waits until thread number n has returned from its function. */
void check_join(size_t n);

/** @brief Sleeps at least so long. */
void check_sleep_ms(uint32_t ms);

/** @brief Has wrt_port_interrupt(handle) called in an interrupt, or, where there are none, in thread 0, in so long. Once. */
void check_interrupt_after(uint32_t ms, uintptr_t handle);

/** @brief Most bytes that wrt_port_reserve() can have in this configuration, about. */
extern const size_t check_heap_bytes;

/** @brief Threads that there are, besides the one that runs the checks: 2 to CHECK_MOST_THREADS. */
extern const size_t check_threads;
#define CHECK_MOST_THREADS 64

/** @brief Parkers that there can be at one time; 0: as many as there are threads. */
extern const size_t check_parkers;

/** @brief Where nothing may block yet, before a scheduler runs: waiting is refused. The result is one of port_check()'s. */
void port_check_early(void);

#endif /* CHECK_H */
