/* SPDX-License-Identifier: MIT */
/* Threads for check.c: FreeRTOS tasks. */
#include <FreeRTOS.h>
#include <task.h>

#include "check.h"

const size_t check_heap_bytes = configTOTAL_HEAP_SIZE;

const size_t check_threads = CHECK_MOST_THREADS;
const size_t check_parkers = 0;

#define STACK_WORDS (configMINIMAL_STACK_SIZE * 2)

static struct {
    StackType_t stack[STACK_WORDS];
    StaticTask_t task;
    void (*f)(void *argument);
    void *argument;
    volatile BaseType_t returned;
} threads[CHECK_MOST_THREADS];

static void run(void *n)
{
    size_t i = (size_t)n;

    threads[i].f(threads[i].argument);
    threads[i].returned = pdTRUE;
    vTaskSuspend(NULL);
}

void check_start(size_t n, void (*f)(void *argument), void *argument)
{
    threads[n].f = f;
    threads[n].argument = argument;
    threads[n].returned = pdFALSE;
    (void)xTaskCreateStatic(run, "check", STACK_WORDS, (void *)n, uxTaskPriorityGet(NULL), threads[n].stack, &threads[n].task);
}

void check_join(size_t n)
{
    while (!threads[n].returned) {
        vTaskDelay(1);
    }
    vTaskDelay(2); /* so that it sleeps before it is deleted */
    vTaskDelete((TaskHandle_t)&threads[n].task);
    vTaskDelay(2); /* the idle task finishes deleting */
}

void check_sleep_ms(uint32_t ms)
{
    vTaskDelay(pdMS_TO_TICKS(ms) + 1);
}
