/* SPDX-License-Identifier: MIT */
/*
 * samples/threads in unprivileged tasks: threads.h with tasks that are there before the scheduler runs, because such tasks
 * may not create others. The interrupt that stops a waiting guest is privileged, and gets the task's handle.
 */
#include <wrt/freertos.h>

#include "demo.h"
#include "threads.h"

#define STACK_WORDS (configMINIMAL_STACK_SIZE * 4)

static StackType_t stacks[THREADS][STACK_WORDS] DEMO_REGION(STACK_WORDS * sizeof(StackType_t));
static DEMO_KERNEL_DATA StaticTask_t tasks[THREADS];

static struct {
    TaskHandle_t task;
    void (*f)(void *argument);
    void *argument;
    volatile BaseType_t returned;
} all[THREADS];

static void run(void *n)
{
    size_t i = (size_t)n;

    for (;;) {
        (void)ulTaskNotifyTake(pdTRUE, portMAX_DELAY); /* at index 0, which is not WRT's */
        all[i].f(all[i].argument);
        all[i].returned = pdTRUE;
    }
}

void threads_make(void)
{
    for (size_t i = 0; i < THREADS; i++) {
        all[i].task = demo_task(run, (void *)i, stacks[i], STACK_WORDS, &tasks[i], NULL, 0);
    }
}

void threads_start(size_t n, void (*f)(void *argument), void *argument)
{
    all[n].f = f;
    all[n].argument = argument;
    all[n].returned = pdFALSE;
    (void)xTaskNotifyGive(all[n].task);
}

void threads_join(size_t n)
{
    while (!all[n].returned) {
        vTaskDelay(1);
    }
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
