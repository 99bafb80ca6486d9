/* SPDX-License-Identifier: MIT */
/**
 * @file threads.h
 * @brief What the sample takes from a system; one small file for each.
 *
 *     threads_zephyr.c    k_thread, and a k_timer, whose function runs in the interrupt of the system clock
 *     threads_freertos.c  tasks, and the tick hook, in the tick's interrupt
 *     threads_posix.c     threads, and the handler of a signal
 */
#ifndef THREADS_H
#define THREADS_H

#include <stddef.h>
#include <stdint.h>

#include <wrt.h>

/** Threads that there are besides the one that runs threads(). */
#define THREADS 2

/** @brief Starts thread n, which runs f(argument). */
void threads_start(size_t n, void (*f)(void *argument), void *argument);

/** @brief Waits until thread n has returned from its function. */
void threads_join(size_t n);

/** @brief Has wrt_interrupt(word) called in an interrupt, `ms` milliseconds from now. One at a time. */
void threads_interrupt_after(uint32_t ms, wrt_interrupt_t *word);

/** @brief Writes text to the console. */
void threads_write(const char *text, size_t bytes);

/** @brief The sample. @return 0: all went well. */
int threads(void);

#endif /* THREADS_H */
