/* SPDX-License-Identifier: MIT */
/**
 * @file wrt/freertos.h
 * @brief What the application gives to WRT's port to FreeRTOS.
 */
#ifndef WRT_FREERTOS_H
#define WRT_FREERTOS_H

#include <stddef.h>

#ifdef __cplusplus
extern "C" {
#endif

/**
 * @brief Defined by the application: writes text to its console, for wrt_port_log() and wrt_port_abort().
 * @param text need not end with a zero.
 */
void wrt_freertos_write(const char *text, size_t bytes);

#ifdef __cplusplus
}
#endif
#endif /* WRT_FREERTOS_H */
