/* SPDX-License-Identifier: MIT */
/* Tasks of the demo. Where the kernel has an MPU they are unprivileged: each reaches its stack, and what all of them share. */
#ifndef DEMO_H
#define DEMO_H

#include <FreeRTOS.h>
#include <task.h>

#define DEMO_PRIORITY 2

#if portUSING_MPU_WRAPPERS == 1
/* A region by itself: the stack of one task, or an arena. A power of two of bytes. */
#define DEMO_REGION(bytes) __attribute__((section("private_memory"), aligned(bytes)))
#define DEMO_KERNEL_DATA PRIVILEGED_DATA
#else
#define DEMO_REGION(bytes)
#define DEMO_KERNEL_DATA
#endif

/* Creates a task; by privileged code. `arena`: its region besides the stack, a power of two of bytes; NULL: the programs' data. */
TaskHandle_t demo_task(void (*f)(void *argument), void *argument, StackType_t *stack, size_t words, StaticTask_t *task, void *arena,
                       size_t arena_bytes);

#endif /* DEMO_H */
