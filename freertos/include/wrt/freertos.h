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

/**
 * @brief Only there with the kernel's MPU ports: makes the lock of wrt/port.h. Called once by privileged code, before any
 *        task waits in WRT; without it waiting is WRT_PORT_ENOTSUP.
 * @retval WRT_PORT_OK
 * @retval WRT_PORT_ENOMEM configPROTECTED_KERNEL_OBJECT_POOL_SIZE is too small.
 */
int wrt_freertos_init(void);

#ifdef __cplusplus
}
#endif
#endif /* WRT_FREERTOS_H */
