/* SPDX-License-Identifier: MIT */
/**
 * @file platform.h
 * @brief What hello_wasm wants from the platform it runs on. One small file per platform implements it.
 *
 *     platform_zephyr.c    Zephyr
 *     platform_freertos.c  a FreeRTOS task
 *     platform_bare.c      a bare board of cmake/bare
 *     platform_stdio.c     a process with the C library: Linux, macOS, QNX, Windows
 */
#ifndef PLATFORM_H
#define PLATFORM_H

#include <stddef.h>

/** @brief Writes text to the console at once. Thread-only; may block. @param text need not end with a zero. */
void platform_write(const char *text, size_t bytes);

/** @brief Prints how much C stack the program has used at most, and how much static RAM it has; `unknown` where nobody counts. */
void platform_report(void);

#endif /* PLATFORM_H */
