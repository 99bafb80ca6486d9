/* SPDX-License-Identifier: MIT */
/*
 * Runs one function in a FreeRTOS task and ends with what it returns: hello_wasm(), or the checks of the port. On the
 * POSIX port a process, else a bare board of cmake/bare. Where the kernel has an MPU the task is unprivileged.
 */
#include <string.h>

#include <FreeRTOS.h>
#include <task.h>

#include <wrt/freertos.h>
#include <wrt/port.h>

#include "demo.h"

#if defined(DEMO_SMP)
int demo_both_cores_worked(void);
#endif

#if defined(DEMO_ON_BOARD)
#include "board.h"
#else
#include <errno.h>
#include <stdlib.h>
#include <unistd.h>
#endif

int DEMO_RUNS(void);
#if defined(DEMO_BEFORE)
void DEMO_BEFORE(void);
#endif

#if defined(DEMO_ON_BOARD)
void wrt_freertos_write(const char *text, size_t bytes)
{
    board_write(text, bytes);
}

static _Noreturn void end(int status)
{
    board_exit(status);
}
#else
/* write() and not stdio: a task that the tick interrupts in the C library would keep the library's lock. */
void wrt_freertos_write(const char *text, size_t bytes)
{
    while (bytes > 0) {
        ssize_t n = write(STDOUT_FILENO, text, bytes);

        if (n < 0 && errno != EINTR) {
            return;
        }
        if (n > 0) {
            text += n;
            bytes -= (size_t)n;
        }
    }
}

static _Noreturn void end(int status)
{
    _exit(status); /* the kernel's other threads still run: no destructors */
}
#endif

static void write_text(const char *text)
{
    wrt_freertos_write(text, strlen(text));
}

void demo_assert(const char *file, int line)
{
    char digits[12];
    size_t at = sizeof digits;

    digits[--at] = '\0';
    do {
        digits[--at] = (char)('0' + line % 10);
        line /= 10;
    } while (line != 0);
    write_text("assertion failed: ");
    write_text(file);
    write_text(":");
    write_text(&digits[at]);
    write_text("\n");
    end(2);
}

void vApplicationStackOverflowHook(TaskHandle_t task, char *name)
{
    (void)task;
    write_text("stack overflow: ");
    write_text(name);
    write_text("\n");
    end(2);
}

/* samples/deadline has its own. */
__attribute__((weak)) void vApplicationTickHook(void)
{
}

#if portUSING_MPU_WRAPPERS == 1
extern char __task_data_start__[], __task_data_end__[];

TaskHandle_t demo_task(void (*f)(void *argument), void *argument, StackType_t *stack, size_t words, StaticTask_t *task, void *arena,
                       size_t arena_bytes)
{
    TaskHandle_t handle = NULL;
    const TaskParameters_t definition = {
        .pvTaskCode = f,
        .pcName = "wrt",
        .usStackDepth = words,
        .pvParameters = argument,
        .uxPriority = DEMO_PRIORITY,
        .puxStackBuffer = stack,
        .pxTaskBuffer = task,
        .xRegions = { {
            arena != NULL ? arena : __task_data_start__,
            arena != NULL ? arena_bytes : (size_t)(__task_data_end__ - __task_data_start__),
            portMPU_REGION_READ_WRITE | portMPU_REGION_EXECUTE_NEVER | portMPU_REGION_CACHEABLE_BUFFERABLE,
        } },
    };

    configASSERT(xTaskCreateRestrictedStatic(&definition, &handle) == pdPASS);
    return handle;
}

void vApplicationGetIdleTaskMemory(StaticTask_t **task, StackType_t **stack, configSTACK_DEPTH_TYPE *words)
{
    DEMO_KERNEL_DATA static StaticTask_t idle;
    DEMO_KERNEL_DATA static StackType_t idle_stack[configMINIMAL_STACK_SIZE];

    *task = &idle;
    *stack = idle_stack;
    *words = configMINIMAL_STACK_SIZE;
}

static int result;
static TaskHandle_t ends;

/* Ends the system: an unprivileged task cannot. */
static void end_task(void *unused)
{
    (void)unused;
    (void)ulTaskNotifyTake(pdTRUE, portMAX_DELAY);
    end(result);
}

static void make_end_task(void)
{
    DEMO_KERNEL_DATA static StaticTask_t task;
    DEMO_KERNEL_DATA static StackType_t stack[configMINIMAL_STACK_SIZE];

    ends = xTaskCreateStatic(end_task, "end", configMINIMAL_STACK_SIZE, NULL, (DEMO_PRIORITY + 1) | portPRIVILEGE_BIT, stack, &task);
    configASSERT(wrt_freertos_init() == WRT_PORT_OK);
}

static void end_with(int status)
{
    /* A task that could write the kernel's variables would not be unprivileged. */
    if (!portIS_PRIVILEGED()) {
        write_text("demo: the task was unprivileged\n");
    }
    result = status;
    (void)xTaskNotifyGive(ends);
    vTaskSuspend(NULL);
}
#else
TaskHandle_t demo_task(void (*f)(void *argument), void *argument, StackType_t *stack, size_t words, StaticTask_t *task, void *arena,
                       size_t arena_bytes)
{
    (void)arena;
    (void)arena_bytes;
    return xTaskCreateStatic(f, "wrt", words, argument, DEMO_PRIORITY, stack, task);
}

static void make_end_task(void)
{
}

static void end_with(int status)
{
    end(status);
}
#endif

static void run(void *unused)
{
    int status;

    (void)unused;
    status = DEMO_RUNS();
#if defined(DEMO_SMP)
    if (demo_both_cores_worked()) {
        write_text("demo: both cores had work\n");
    }
#endif
    end_with(status);
}

int main(void)
{
    DEMO_KERNEL_DATA static StaticTask_t task;
    static StackType_t stack[DEMO_STACK_WORDS] DEMO_REGION(DEMO_STACK_WORDS * sizeof(StackType_t));

#if defined(DEMO_BEFORE)
    DEMO_BEFORE(); /* without a scheduler */
#endif
    make_end_task();
#if defined(DEMO_PRIVILEGED)
    (void)xTaskCreateStatic(run, "wrt", DEMO_STACK_WORDS, NULL, DEMO_PRIORITY | portPRIVILEGE_BIT, stack, &task);
#else
    (void)demo_task(run, NULL, stack, DEMO_STACK_WORDS, &task, NULL, 0);
#endif
    vTaskStartScheduler();
    return 2; /* the scheduler comes back when it could not start */
}
