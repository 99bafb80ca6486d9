/* SPDX-License-Identifier: MIT */
/* Threads on FreeRTOS: tasks, with static memory. configUSE_TICK_HOOK has to be 1. */
#include <FreeRTOS.h>
#include <task.h>

#include <wrt/freertos.h>

#include "threads.h"

#define STACK_WORDS (configMINIMAL_STACK_SIZE * 4)

static struct {
    StackType_t stack[STACK_WORDS];
    StaticTask_t task;
    void (*f)(void *argument);
    void *argument;
    TaskHandle_t joins;
    volatile BaseType_t returned;
} all[THREADS];

static void run(void *n)
{
    size_t i = (size_t)n;

    all[i].f(all[i].argument);
    all[i].returned = pdTRUE;
    (void)xTaskNotifyGive(all[i].joins); /* at index 0, which is not WRT's */
    vTaskSuspend(NULL);
}

void threads_start(size_t n, void (*f)(void *argument), void *argument)
{
    all[n].f = f;
    all[n].argument = argument;
    all[n].returned = pdFALSE;
    all[n].joins = xTaskGetCurrentTaskHandle();
    (void)xTaskCreateStatic(run, "guest", STACK_WORDS, (void *)n, uxTaskPriorityGet(NULL), all[n].stack, &all[n].task);
}

void threads_join(size_t n)
{
    while (!all[n].returned) { /* the notification may be another one's */
        (void)ulTaskNotifyTake(pdTRUE, portMAX_DELAY);
    }
    vTaskDelay(2); /* so that it sleeps before it is deleted */
    vTaskDelete((TaskHandle_t)&all[n].task);
    vTaskDelay(2); /* the idle task finishes deleting */
}

static wrt_interrupt_t *volatile asked;
static volatile uint32_t ticks_left;

/* In the tick's interrupt. */
void vApplicationTickHook(void)
{
    if (ticks_left != 0 && --ticks_left == 0) {
        wrt_interrupt(asked);
    }
}

void threads_interrupt_after(uint32_t ms, wrt_interrupt_t *word)
{
    asked = word;
    ticks_left = pdMS_TO_TICKS(ms) + 1;
}

void threads_write(const char *text, size_t bytes)
{
    wrt_freertos_write(text, bytes);
}
