/* SPDX-License-Identifier: MIT */
/**
 * @file deadline.h
 * @brief A timer that stops a guest. One small file per system implements it.
 *
 *     deadline_zephyr.c    a k_timer, whose function runs in the interrupt of the system clock
 *     deadline_freertos.c  the tick hook, in the tick's interrupt
 *     deadline_posix.c     a signal's handler: as close to an interrupt as a process comes
 */
#ifndef DEADLINE_H
#define DEADLINE_H

#include <stddef.h>
#include <stdint.h>

#include <wrt.h>

/** @brief Has wrt_interrupt(word) called in an interrupt, `ms` milliseconds from now. One at a time. */
void deadline_start(uint32_t ms, wrt_interrupt_t *word);

/** @brief Whether the interrupt of the last deadline_start() has come. */
int deadline_came(void);

/** @brief Microseconds from that interrupt until now. */
uint32_t deadline_late_us(void);

/** @brief Writes text to the console. */
void deadline_write(const char *text, size_t bytes);

#endif /* DEADLINE_H */
