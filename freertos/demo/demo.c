/* SPDX-License-Identifier: MIT */
/*
 * Runs one function in a FreeRTOS task and ends with what it returns: hello_wasm(), or the checks of the port. On the
 * POSIX port a process, else a bare board of cmake/bare.
 */
#include <string.h>

#include <FreeRTOS.h>
#include <task.h>

#include <wrt/freertos.h>

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
    end(status);
}

int main(void)
{
    static StaticTask_t task;
    static StackType_t stack[DEMO_STACK_WORDS];

#if defined(DEMO_BEFORE)
    DEMO_BEFORE(); /* without a scheduler */
#endif
    (void)xTaskCreateStatic(run, "wrt", DEMO_STACK_WORDS, NULL, 2, stack, &task);
    vTaskStartScheduler();
    return 2; /* the scheduler comes back when it could not start */
}
