/* SPDX-License-Identifier: MIT */
/*
 * Two programs in unprivileged tasks, each with the engine, its store and its guest's memory in a region of its own: all that
 * such a task can write besides its stack. A host function of one has a fault: it writes into the other one's region. That
 * ends that program, with a report of where its guest was. The other one goes on.
 */
#include <stdbool.h>
#include <string.h>

#include <wrt.h>
#include <wrt/freertos.h>

#include "board.h"
#include "demo.h"
#include "worker.h"

#include <semphr.h> /* after FreeRTOS.h */

enum { ROUNDS = 6, STACK_WORDS = 1024, ARENA_BYTES = 4096 };

struct space {
    char name;
    uint32_t bad;          /* round in which it asks for the faulty host function; 0: never */
    volatile uint32_t *to; /* where that one writes */
    volatile bool finished, ended;
    SemaphoreHandle_t console; /* held for a line */
    wrt_host_t hosts[2];
    wrt_store_t *store;
    wrt_instance_t worker;
    uint64_t buffer[(WRT_WORKER_STORE_BYTES + 7) / 8];
};

static union arena {
    struct space space;
    char bytes[ARENA_BYTES];
} arenas[2] DEMO_REGION(ARENA_BYTES);
_Static_assert(sizeof(union arena) == ARENA_BYTES, "an arena is a power of two of bytes");

static StackType_t stacks[2][STACK_WORDS] DEMO_REGION(STACK_WORDS * sizeof(StackType_t));
static DEMO_KERNEL_DATA StaticTask_t tasks[2];

static void write_number(uint32_t n)
{
    char digits[10];
    size_t at = sizeof digits;

    do {
        digits[--at] = (char)('0' + n % 10);
        n /= 10;
    } while (n != 0);
    wrt_freertos_write(&digits[at], sizeof digits - at);
}

/* A line: a text, a number above 0, and a text. */
static void say(const struct space *space, const char *text, uint32_t n, const char *more)
{
    char begin[] = "restricted: x: ";

    begin[12] = space->name;
    (void)xSemaphoreTake(space->console, portMAX_DELAY);
    wrt_freertos_write(begin, sizeof begin - 1);
    wrt_freertos_write(text, strlen(text));
    if (n > 0) {
        write_number(n);
    }
    wrt_freertos_write(more, strlen(more));
    wrt_freertos_write("\n", 1);
    (void)xSemaphoreGive(space->console);
}

static int host_report(wrt_caller_t *caller, void *user, uint64_t *args)
{
    (void)caller;
    say(user, "round ", WRT_ARG_U32(args, 0), portIS_PRIVILEGED() ? ", privileged" : ", unprivileged");
    vTaskDelay(pdMS_TO_TICKS(20));
    return WRT_OK;
}

/* Writes where its program may not. */
static int host_faulty(wrt_caller_t *caller, void *user, uint64_t *args)
{
    const struct space *space = user;

    (void)caller;
    (void)args;
    *space->to = 0;
    say(space, "wrote outside of its region", 0, "");
    return WRT_OK;
}

static void program(void *of)
{
    struct space *space = of;
    wrt_val_t args[2] = { { WRT_I32, { .i32 = ROUNDS } }, { WRT_I32, { .i32 = (int32_t)space->bad } } };
    wrt_func_t func;
    int err;

    space->hosts[0] = (wrt_host_t)WRT_HOST("host", "report", "(ii)", host_report, space);
    space->hosts[1] = (wrt_host_t)WRT_HOST("host", "faulty", "()", host_faulty, space);
    err = wrt_store_init(space->buffer, sizeof space->buffer, &wrt_module_worker.needs, NULL, &space->store, NULL);
    if (err == WRT_OK) {
        err = wrt_load(space->store, &wrt_module_worker, NULL, space->hosts, 2, &space->worker);
    }
    if (err == WRT_OK) {
        err = wrt_find_func(space->store, space->worker, "run", &func);
    }
    if (err == WRT_OK) {
        err = wrt_call(space->store, func, args, 2, NULL, 0);
    }
    if (err != WRT_OK) {
        say(space, wrt_strerror(err), 0, "");
    }
    space->finished = err == WRT_OK;
    space->ended = true;
    vTaskSuspend(NULL);
}

/* Where the task goes on after its fault, still unprivileged: what the store holds now is nothing for others to rely on. */
static void after_fault(struct space *space)
{
    wrt_frame_t frames[8];
    size_t n = wrt_backtrace(space->store, frames, 8);

    say(space, "ended by a fault, while its guest was", 0, "");
    for (size_t i = 0; i < n && i < 8; i++) {
        char name[16] = " ";

        (void)wrt_func_name(space->store, frames[i].instance, frames[i].func, name + 1, sizeof name - 1);
        say(space, "  in function ", frames[i].func, name);
    }
    space->ended = true;
    vTaskSuspend(NULL);
}

/* What the processor pushed when an exception came. */
struct exception_frame {
    uint32_t r0, r1, r2, r3, r12, lr, pc, psr;
};

#define CFSR (*(volatile uint32_t *)0xe000ed28u)
#define CFSR_DATA_ACCESS 0x02u /* DACCVIOL: with MMARVALID alone it is no fault of pushing or popping a frame */
#define CFSR_ADDRESS_VALID 0x80u

/* A task of ours that broke its regions goes on in after_fault(); anything else ends the system. */
__attribute__((used)) static void memory_fault(struct exception_frame *frame, uint32_t control)
{
    uint32_t cause = CFSR;

    for (size_t i = 0; i < 2; i++) {
        uintptr_t low = (uintptr_t)stacks[i], at = (uintptr_t)frame;

        if ((control & 1) != 0 && cause == (CFSR_DATA_ACCESS | CFSR_ADDRESS_VALID) && at >= low &&
            at + sizeof *frame <= low + sizeof stacks[i]) {
            CFSR = cause; /* ones clear */
            frame->r0 = (uint32_t)&arenas[i].space;
            frame->pc = (uint32_t)after_fault & ~1u;
            frame->psr = 1u << 24; /* Thumb, and in the middle of no instruction */
            return;
        }
    }
    board_fault("memory", cause, frame->pc);
}

__attribute__((naked)) void MemManage_Handler(void)
{
    __asm__("mrs r0, psp\n"
            "mrs r1, control\n"
            "b memory_fault\n");
}

void restricted_make(void)
{
    static DEMO_KERNEL_DATA StaticSemaphore_t memory;
    SemaphoreHandle_t console = xSemaphoreCreateMutexStatic(&memory);

    for (size_t i = 0; i < 2; i++) {
        struct space *space = &arenas[i].space;

        space->console = console;
        space->name = (char)('a' + i);
        space->bad = i == 0 ? 3 : 0;
        space->to = (volatile uint32_t *)arenas[1 - i].space.buffer;
        (void)demo_task(program, space, stacks[i], STACK_WORDS, &tasks[i], &arenas[i], sizeof arenas[i]);
    }
}

/* Privileged: it looks at both regions. */
int restricted(void)
{
    while (!arenas[0].space.ended || !arenas[1].space.ended) {
        vTaskDelay(1);
    }
    if (arenas[1].space.finished) {
        say(&arenas[1].space, "finished", 0, "");
    }
    bool good = !arenas[0].space.finished && arenas[1].space.finished;

    wrt_freertos_write(good ? "restricted: done\n" : "restricted: failed\n", good ? 17 : 19);
    return good ? 0 : 1;
}
