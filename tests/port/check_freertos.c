/* SPDX-License-Identifier: MIT */
/*
 * Threads for check.c: FreeRTOS tasks, of freertos/demo. They are there before the scheduler runs and run a function each time
 * they are notified, because unprivileged tasks, which they are where the kernel has an MPU, may not create others.
 */
#include <FreeRTOS.h>
#include <task.h>

#include <demo.h>
#include <wrt/port.h>

#include "check.h"

const size_t check_heap_bytes = configTOTAL_HEAP_SIZE;

const size_t check_threads = CHECK_MOST_THREADS;
const size_t check_parkers = 0;

#define STACK_WORDS (configMINIMAL_STACK_SIZE * 2)

static StackType_t stacks[CHECK_MOST_THREADS][STACK_WORDS] DEMO_REGION(STACK_WORDS * sizeof(StackType_t));
static DEMO_KERNEL_DATA StaticTask_t tasks[CHECK_MOST_THREADS];

static struct {
    TaskHandle_t task;
    void (*f)(void *argument);
    void *argument;
    volatile BaseType_t returned;
} threads[CHECK_MOST_THREADS];

static void run(void *n)
{
    size_t i = (size_t)n;

    for (;;) {
        (void)ulTaskNotifyTake(pdTRUE, portMAX_DELAY); /* at index 0, which is not WRT's */
        threads[i].f(threads[i].argument);
        threads[i].returned = pdTRUE;
    }
}

void check_early(void)
{
    port_check_early();
    for (size_t i = 0; i < CHECK_MOST_THREADS; i++) {
        threads[i].task = demo_task(run, (void *)i, stacks[i], STACK_WORDS, &tasks[i], NULL, 0);
    }
}

void check_start(size_t n, void (*f)(void *argument), void *argument)
{
    threads[n].f = f;
    threads[n].argument = argument;
    threads[n].returned = pdFALSE;
    (void)xTaskNotifyGive(threads[n].task);
}

void check_join(size_t n)
{
    while (!threads[n].returned) {
        vTaskDelay(1);
    }
}

static volatile uintptr_t interrupted;
static volatile uint32_t ticks_left;

/* In the tick's interrupt. */
void vApplicationTickHook(void)
{
    if (ticks_left != 0 && --ticks_left == 0) {
        wrt_port_interrupt(interrupted);
    }
}

void check_interrupt_after(uint32_t ms, uintptr_t handle)
{
    interrupted = handle;
    ticks_left = pdMS_TO_TICKS(ms) + 1;
}

void check_sleep_ms(uint32_t ms)
{
    vTaskDelay(pdMS_TO_TICKS(ms) + 1);
}
