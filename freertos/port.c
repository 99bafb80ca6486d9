/* SPDX-License-Identifier: MIT */
/*
 * wrt/port.h for FreeRTOS.
 *
 * The lock is the suspended scheduler: what it protects are short walks, there is nothing to create, and interrupts go
 * on; with several cores the kernel keeps the others out by its task lock meanwhile. A parker is the waiting task's notification at an index of its own, or, where tasks have one index only (it belongs
 * to stream buffers), a semaphore on the task's stack. README.md tells which settings of FreeRTOSConfig.h matter.
 */
#include <string.h>

#include <FreeRTOS.h>
#include <semphr.h>
#include <task.h>

#include <wrt/freertos.h>
#include <wrt/port.h>

#define NS_PER_SECOND UINT64_C(1000000000)

/* Regions come from the kernel's heap; not where a failed allocation calls a hook, which may well end the system. */
#define HAVE_HEAP (configSUPPORT_DYNAMIC_ALLOCATION == 1 && configUSE_MALLOC_FAILED_HOOK == 0)

#define HAVE_NOTIFICATION (configUSE_TASK_NOTIFICATIONS == 1 && configTASK_NOTIFICATION_ARRAY_ENTRIES >= 2)
#define HAVE_SEMAPHORE (!HAVE_NOTIFICATION && configSUPPORT_STATIC_ALLOCATION == 1)

#ifndef configWRT_WAITING
#define configWRT_WAITING 1
#endif
#if configWRT_WAITING == 1
#if !HAVE_NOTIFICATION && !HAVE_SEMAPHORE
#error "WRT has nothing to wait with. In FreeRTOSConfig.h set configTASK_NOTIFICATION_ARRAY_ENTRIES to 2 or more (and configUSE_TASK_NOTIFICATIONS to 1), or configSUPPORT_STATIC_ALLOCATION to 1 for semaphores; or configWRT_WAITING to 0 to do without waiting."
#endif
#if INCLUDE_vTaskSuspend != 1
#error "WRT waits without a deadline. In FreeRTOSConfig.h set INCLUDE_vTaskSuspend to 1, or configWRT_WAITING to 0 to do without waiting."
#endif
#if INCLUDE_xTaskGetSchedulerState != 1 && configUSE_TIMERS != 1
#error "WRT must know whether the scheduler runs. In FreeRTOSConfig.h set INCLUDE_xTaskGetSchedulerState to 1, or configWRT_WAITING to 0 to do without waiting."
#endif
#if HAVE_NOTIFICATION && !defined(configWRT_NOTIFICATION_INDEX)
#define configWRT_NOTIFICATION_INDEX (configTASK_NOTIFICATION_ARRAY_ENTRIES - 1)
#elif HAVE_NOTIFICATION && (configWRT_NOTIFICATION_INDEX < 1 || configWRT_NOTIFICATION_INDEX >= configTASK_NOTIFICATION_ARRAY_ENTRIES)
#error "configWRT_NOTIFICATION_INDEX must be from 1 (0 belongs to stream buffers) to configTASK_NOTIFICATION_ARRAY_ENTRIES - 1. In FreeRTOSConfig.h correct one of the two, or leave the first out: WRT takes the last index."
#endif
#endif

/* ---- memory ------------------------------------------------------------------------------------------------------- */

uint32_t wrt_port_capabilities(void)
{
    uint32_t can = 0;

#if HAVE_HEAP
    can |= WRT_PORT_CAN_RESERVE;
#endif
#ifdef configWRT_RANDOM
    can |= WRT_PORT_CAN_RANDOM;
#endif
#if configWRT_WAITING == 1
    can |= WRT_PORT_CAN_PARK;
#endif
    return can;
}

size_t wrt_port_page_bytes(void)
{
    return 16; /* nothing is protected: just the alignment that the engine likes */
}

int wrt_port_reserve(size_t bytes, size_t alignment, void **base)
{
    if (bytes == 0 || base == NULL || (alignment & (alignment - 1)) != 0) {
        return WRT_PORT_EINVAL;
    }
#if HAVE_HEAP
    if (alignment < wrt_port_page_bytes()) {
        alignment = wrt_port_page_bytes();
    }
    if (bytes > SIZE_MAX - alignment - sizeof(void *)) {
        return WRT_PORT_ENOMEM;
    }
    char *block = pvPortMalloc(bytes + alignment + sizeof(void *));

    if (block == NULL) {
        return WRT_PORT_ENOMEM;
    }
    /* The kernel's heap aligns to 8 at most: take more, and remember in front of the base where the block begins. */
    uintptr_t aligned = ((uintptr_t)block + sizeof(void *) + alignment - 1) & ~(uintptr_t)(alignment - 1);

    ((void **)aligned)[-1] = block;
    *base = (void *)aligned;
    return WRT_PORT_OK;
#else
    return WRT_PORT_ENOTSUP;
#endif
}

int wrt_port_commit(void *base, size_t from, size_t to)
{
    if (base == NULL || to < from) {
        return WRT_PORT_EINVAL;
    }
    (void)memset((char *)base + from, 0, to - from);
    return WRT_PORT_OK;
}

int wrt_port_protect(void *start, size_t bytes, enum wrt_port_access access)
{
    (void)start;
    (void)bytes;
    (void)access;
    return WRT_PORT_ENOTSUP;
}

int wrt_port_release(void *base, size_t bytes)
{
    (void)bytes;
    if (base == NULL) {
        return WRT_PORT_EINVAL;
    }
#if HAVE_HEAP
    vPortFree(((void **)base)[-1]);
    return WRT_PORT_OK;
#else
    return WRT_PORT_ENOTSUP;
#endif
}

/* ---- time --------------------------------------------------------------------------------------------------------- */

/* Ticks since the scheduler started, with the overflows of the kernel's counter. */
static uint64_t now_ticks(void)
{
    TimeOut_t now;

    vTaskSetTimeOutState(&now);
    /* Some ports have a TickType_t of their own, whatever the configuration says: ask the type. 64 bits never overflow. */
    uint64_t overflows = (UBaseType_t)now.xOverflowCount;

    return overflows << (sizeof(TickType_t) < sizeof overflows ? sizeof(TickType_t) * 8 : 0) | now.xTimeOnEntering;
}

uint64_t wrt_port_now_ns(void)
{
    uint64_t ticks = now_ticks();

    return ticks / configTICK_RATE_HZ * NS_PER_SECOND + ticks % configTICK_RATE_HZ * NS_PER_SECOND / configTICK_RATE_HZ;
}

#if configWRT_WAITING == 1
/* What is left until a deadline, in ticks for one call of the kernel: never less, unless that would be too many at once. */
static TickType_t ticks_until(uint64_t deadline_ns)
{
    uint64_t now = wrt_port_now_ns();

    if (deadline_ns == WRT_PORT_FOREVER) {
        return portMAX_DELAY;
    }
    if (deadline_ns <= now) {
        return 0;
    }
    uint64_t left = deadline_ns - now;
    uint64_t ticks = left / NS_PER_SECOND * configTICK_RATE_HZ +
                     (left % NS_PER_SECOND * configTICK_RATE_HZ + NS_PER_SECOND - 1) / NS_PER_SECOND + 1;

    return ticks < portMAX_DELAY ? (TickType_t)ticks : portMAX_DELAY - 1;
}
#endif

/* ---- messages, end, chance ---------------------------------------------------------------------------------------- */

static void write_text(const char *text)
{
    wrt_freertos_write(text, strlen(text));
}

void wrt_port_log(enum wrt_port_level level, const char *text, size_t bytes)
{
    write_text(level == WRT_PORT_ERROR ? "wrt: error: " : level == WRT_PORT_WARNING ? "wrt: warning: " : "wrt: ");
    wrt_freertos_write(text, bytes);
    write_text("\n");
}

_Noreturn void wrt_port_abort(const char *why)
{
    write_text("wrt: ");
    write_text(why);
    write_text("\n");
    configASSERT(why == NULL);
    taskDISABLE_INTERRUPTS();
    for (;;) {
    }
}

int wrt_port_random(void *to, size_t bytes)
{
    if (to == NULL) {
        return WRT_PORT_EINVAL;
    }
#ifdef configWRT_RANDOM
    return configWRT_RANDOM(to, bytes) == 0 ? WRT_PORT_OK : WRT_PORT_ENOTSUP;
#else
    (void)bytes;
    return WRT_PORT_ENOTSUP;
#endif
}

/* ---- waiting ------------------------------------------------------------------------------------------------------ */

void wrt_port_lock(void)
{
    vTaskSuspendAll();
}

void wrt_port_unlock(void)
{
    (void)xTaskResumeAll();
}

#if configWRT_WAITING == 1

static int may_block(void)
{
    return xTaskGetSchedulerState() == taskSCHEDULER_RUNNING;
}

#if HAVE_NOTIFICATION

struct parker {
    TaskHandle_t volatile task; /* NULL: it has ended, which an interrupt may learn late */
};

static void parker_begin(struct parker *p)
{
    p->task = xTaskGetCurrentTaskHandle();
    /* What an unpark after the deadline of an earlier parker has left. */
    (void)ulTaskNotifyValueClearIndexed(NULL, configWRT_NOTIFICATION_INDEX, UINT32_MAX);
    (void)xTaskNotifyStateClearIndexed(NULL, configWRT_NOTIFICATION_INDEX);
}

static int parker_take(struct parker *p, TickType_t ticks)
{
    (void)p;
    return ulTaskNotifyTakeIndexed(configWRT_NOTIFICATION_INDEX, pdTRUE, ticks) != 0;
}

static void parker_give(struct parker *p)
{
    (void)xTaskNotifyGiveIndexed(p->task, configWRT_NOTIFICATION_INDEX);
}

static void parker_give_from_isr(struct parker *p, BaseType_t *woken)
{
    TaskHandle_t task = p->task;

    if (task != NULL) {
        vTaskNotifyGiveIndexedFromISR(task, configWRT_NOTIFICATION_INDEX, woken);
    }
}

static void parker_end(struct parker *p)
{
    p->task = NULL;
}

#else

struct parker {
    SemaphoreHandle_t volatile semaphore; /* NULL: it has ended, which an interrupt may learn late */
    StaticSemaphore_t memory;
};

static void parker_begin(struct parker *p)
{
    p->semaphore = xSemaphoreCreateBinaryStatic(&p->memory);
}

static int parker_take(struct parker *p, TickType_t ticks)
{
    return xSemaphoreTake(p->semaphore, ticks) == pdTRUE;
}

static void parker_give(struct parker *p)
{
    (void)xSemaphoreGive(p->semaphore); /* fails when one is pending, which is as good */
}

static void parker_give_from_isr(struct parker *p, BaseType_t *woken)
{
    SemaphoreHandle_t semaphore = p->semaphore;

    if (semaphore != NULL) {
        (void)xSemaphoreGiveFromISR(semaphore, woken);
    }
}

static void parker_end(struct parker *p)
{
    SemaphoreHandle_t semaphore = p->semaphore;

    p->semaphore = NULL;
    vSemaphoreDelete(semaphore);
}

#endif

/* Whether the caller is an interrupt handler; 2: nobody knows. Then what is woken runs with the next tick at the latest. */
#if defined(configWRT_INSIDE_INTERRUPT)
static int inside_interrupt(void)
{
    return configWRT_INSIDE_INTERRUPT() ? 1 : 0;
}
#elif defined(__GNUC__) && defined(__ARM_ARCH_PROFILE) && __ARM_ARCH_PROFILE == 'M'
static int inside_interrupt(void)
{
    uint32_t exception;

    __asm volatile("mrs %0, ipsr" : "=r"(exception));
    return exception != 0;
}
#else
static int inside_interrupt(void)
{
    return 2;
}
#endif

_Static_assert(sizeof(struct parker) <= sizeof(((wrt_port_parker_t *)0)->opaque), "wrt_port_parker_t is too small");

int wrt_port_parker_init(wrt_port_parker_t *parker)
{
    if (parker == NULL) {
        return WRT_PORT_EINVAL;
    }
    if (!may_block()) {
        return WRT_PORT_ENOTSUP;
    }
    parker_begin((struct parker *)parker->opaque);
    parker->handle = (uintptr_t)parker->opaque;
    return WRT_PORT_OK;
}

int wrt_port_park(wrt_port_parker_t *parker, uint64_t deadline_ns)
{
    for (;;) {
        TickType_t ticks = ticks_until(deadline_ns);

        if (parker_take((struct parker *)parker->opaque, ticks)) {
            return WRT_PORT_OK;
        }
        if (ticks == 0) {
            return WRT_PORT_ETIMEDOUT;
        }
    }
}

void wrt_port_unpark(wrt_port_parker_t *parker)
{
    parker_give((struct parker *)parker->opaque);
}

void wrt_port_interrupt(uintptr_t parker)
{
    struct parker *p = (struct parker *)parker;
    BaseType_t woken = pdFALSE;

    switch (inside_interrupt()) {
    case 0:
        vTaskSuspendAll(); /* so that the parker's task does not end meanwhile */
        parker_give_from_isr(p, NULL);
        (void)xTaskResumeAll();
        break;
    case 1:
        parker_give_from_isr(p, &woken);
        portYIELD_FROM_ISR(woken);
        break;
    default:
        parker_give_from_isr(p, NULL);
        break;
    }
}

void wrt_port_parker_done(wrt_port_parker_t *parker)
{
    parker_end((struct parker *)parker->opaque);
}

#else /* nothing to wait with: no parker can be made, so the others are not reached */

int wrt_port_parker_init(wrt_port_parker_t *parker)
{
    return parker == NULL ? WRT_PORT_EINVAL : WRT_PORT_ENOTSUP;
}

int wrt_port_park(wrt_port_parker_t *parker, uint64_t deadline_ns)
{
    (void)parker;
    (void)deadline_ns;
    return WRT_PORT_ENOTSUP;
}

void wrt_port_unpark(wrt_port_parker_t *parker)
{
    (void)parker;
    wrt_port_abort("unpark without a parker");
}

void wrt_port_interrupt(uintptr_t parker)
{
    (void)parker;
    wrt_port_abort("interrupt without a parker");
}

void wrt_port_parker_done(wrt_port_parker_t *parker)
{
    (void)parker;
    wrt_port_abort("the end of a parker that was never made");
}

#endif
