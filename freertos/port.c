/* SPDX-License-Identifier: MIT */
/*
 * wrt/port.h for FreeRTOS.
 *
 * The lock is the suspended scheduler: what it protects are short walks, there is nothing to create, and interrupts go
 * on. A parker is the waiting task's notification at an index of its own, or, where tasks have one index only (it belongs
 * to stream buffers), a semaphore on the task's stack. README.md tells which settings of FreeRTOSConfig.h matter.
 *
 * Several cores: vTaskSuspendAll() takes the kernel's task lock and xTaskResumeAll() gives it back, so another core waits
 * meanwhile where it suspends the scheduler, enters a critical section or switches tasks. unpark() takes that lock once
 * more inside, which its owner may; xTaskGetSchedulerState() takes it too, so it never sees a scheduler that another core
 * has suspended. All else here are functions of the kernel that lock for themselves; nothing relies on the interrupts of
 * one core being off. wrt_port_abort() ends its own core only.
 *
 * Kernels with an MPU: what an unprivileged task may call is a system call here, and what it may not is not called. So the
 * lock is a mutex, which wrt_freertos_init() makes; regions from the kernel's heap, which no such task reaches, are not
 * offered; and an interrupt handler is given a task's handle, which the kernel checks, not an address from a task's memory.
 */
#include <string.h>

#include <FreeRTOS.h>
#include <semphr.h>
#include <task.h>

#include <wrt/freertos.h>
#include <wrt/port.h>

#define NS_PER_SECOND UINT64_C(1000000000)

#define HAVE_MPU (portUSING_MPU_WRAPPERS == 1)
/* Regions come from the kernel's heap; not where a failed allocation calls a hook, which may well end the system. */
#define HAVE_HEAP (configSUPPORT_DYNAMIC_ALLOCATION == 1 && configUSE_MALLOC_FAILED_HOOK == 0 && !HAVE_MPU)

#ifndef configWRT_WAITING
#define configWRT_WAITING 1
#endif
#define BY_NOTIFICATION (configWRT_WAITING == 1 && configUSE_TASK_NOTIFICATIONS == 1 && configTASK_NOTIFICATION_ARRAY_ENTRIES >= 2)
#define BY_SEMAPHORE (configWRT_WAITING == 1 && !BY_NOTIFICATION && configSUPPORT_STATIC_ALLOCATION == 1)

#if configWRT_WAITING == 1
#if !BY_NOTIFICATION && !BY_SEMAPHORE
#error "WRT has nothing to wait with. In FreeRTOSConfig.h set configTASK_NOTIFICATION_ARRAY_ENTRIES to 2 or more (and configUSE_TASK_NOTIFICATIONS to 1), or configSUPPORT_STATIC_ALLOCATION to 1 for semaphores; or configWRT_WAITING to 0 to do without waiting."
#endif
#if INCLUDE_vTaskSuspend != 1
#error "WRT waits without a deadline. In FreeRTOSConfig.h set INCLUDE_vTaskSuspend to 1, or configWRT_WAITING to 0 to do without waiting."
#endif
#if INCLUDE_xTaskGetSchedulerState != 1 && configUSE_TIMERS != 1
#error "WRT must know whether the scheduler runs. In FreeRTOSConfig.h set INCLUDE_xTaskGetSchedulerState to 1, or configWRT_WAITING to 0 to do without waiting."
#endif
#if HAVE_MPU && (!BY_NOTIFICATION || configUSE_MUTEXES != 1 || configSUPPORT_STATIC_ALLOCATION != 1 || configUSE_MPU_WRAPPERS_V1 == 1 || configENABLE_ACCESS_CONTROL_LIST == 1)
#error "Tasks behind an MPU wait by notifications, with a mutex as the lock. In FreeRTOSConfig.h set configTASK_NOTIFICATION_ARRAY_ENTRIES to 2 or more, configUSE_MUTEXES and configSUPPORT_STATIC_ALLOCATION to 1, configUSE_MPU_WRAPPERS_V1 and configENABLE_ACCESS_CONTROL_LIST to 0; or configWRT_WAITING to 0 to do without waiting."
#endif
#if BY_NOTIFICATION && !defined(configWRT_NOTIFICATION_INDEX)
#define configWRT_NOTIFICATION_INDEX (configTASK_NOTIFICATION_ARRAY_ENTRIES - 1)
#elif BY_NOTIFICATION && (configWRT_NOTIFICATION_INDEX < 1 || configWRT_NOTIFICATION_INDEX >= configTASK_NOTIFICATION_ARRAY_ENTRIES)
#error "configWRT_NOTIFICATION_INDEX must be from 1 (0 belongs to stream buffers) to configTASK_NOTIFICATION_ARRAY_ENTRIES - 1. In FreeRTOSConfig.h correct one of the two, or leave the first out: WRT takes the last index."
#endif
#endif

/* ---- memory ------------------------------------------------------------------------------------------------------- */

uint32_t wrt_port_capabilities(void)
{
    uint32_t can = (HAVE_HEAP ? WRT_PORT_CAN_RESERVE : 0) | (configWRT_WAITING == 1 ? WRT_PORT_CAN_PARK : 0);

#ifdef configWRT_RANDOM
    can |= WRT_PORT_CAN_RANDOM;
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

/* ---- messages, end, chance ---------------------------------------------------------------------------------------- */

void wrt_port_log(enum wrt_port_level level, const char *text, size_t bytes)
{
    const char *before = level == WRT_PORT_ERROR ? "wrt: error: " : level == WRT_PORT_WARNING ? "wrt: warning: " : "wrt: ";

    wrt_freertos_write(before, strlen(before));
    wrt_freertos_write(text, bytes);
    wrt_freertos_write("\n", 1);
}

_Noreturn void wrt_port_abort(const char *why)
{
    wrt_port_log(WRT_PORT_ERROR, why, strlen(why));
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

#if HAVE_MPU && configWRT_WAITING == 1
static SemaphoreHandle_t table_lock; /* an index: the kernel has the rest */

int wrt_freertos_init(void)
{
    PRIVILEGED_DATA static StaticSemaphore_t memory;

    table_lock = xSemaphoreCreateMutexStatic(&memory);
    return table_lock != NULL ? WRT_PORT_OK : WRT_PORT_ENOMEM;
}
#define READY() (table_lock != NULL)
#define LOCK() ((void)xSemaphoreTake(table_lock, portMAX_DELAY))
#define UNLOCK() ((void)xSemaphoreGive(table_lock))
#else
#define READY() 1
#define LOCK() vTaskSuspendAll()
#define UNLOCK() ((void)xTaskResumeAll())
#endif

void wrt_port_lock(void)
{
    LOCK();
}

void wrt_port_unlock(void)
{
    UNLOCK();
}

#if defined(configWRT_INSIDE_INTERRUPT)
#define INSIDE_INTERRUPT() (configWRT_INSIDE_INTERRUPT() ? 1 : 0)
#elif defined(__GNUC__) && defined(__ARM_ARCH_PROFILE) && __ARM_ARCH_PROFILE == 'M'
#define INSIDE_INTERRUPT() ({ uint32_t ipsr; __asm volatile("mrs %0, ipsr" : "=r"(ipsr)); ipsr != 0; })
#else
#define INSIDE_INTERRUPT() 2 /* nobody knows: what is woken runs with the next tick at the latest */
#endif

struct parker { /* NULL: it has ended, which an interrupt may learn late */
#if BY_NOTIFICATION
    TaskHandle_t volatile who;
#else
    SemaphoreHandle_t volatile who;
    StaticSemaphore_t memory;
#endif
};

_Static_assert(sizeof(struct parker) <= sizeof(((wrt_port_parker_t *)0)->opaque), "wrt_port_parker_t is too small");

int wrt_port_parker_init(wrt_port_parker_t *parker)
{
    if (parker == NULL) {
        return WRT_PORT_EINVAL;
    }
#if configWRT_WAITING == 1
    struct parker *p = (struct parker *)parker->opaque;

    if (xTaskGetSchedulerState() != taskSCHEDULER_RUNNING || !READY()) {
        return WRT_PORT_ENOTSUP;
    }
#if BY_NOTIFICATION
    p->who = xTaskGetCurrentTaskHandle();
    /* What an unpark after the deadline of an earlier parker has left. */
    (void)ulTaskNotifyValueClearIndexed(NULL, configWRT_NOTIFICATION_INDEX, UINT32_MAX);
    (void)xTaskNotifyStateClearIndexed(NULL, configWRT_NOTIFICATION_INDEX);
#else
    p->who = xSemaphoreCreateBinaryStatic(&p->memory);
#endif
    parker->handle = HAVE_MPU ? (uintptr_t)p->who : (uintptr_t)p;
    return WRT_PORT_OK;
#else /* no parker can be made, so the functions below are not reached */
    return WRT_PORT_ENOTSUP;
#endif
}

/* Unparks, the same in an interrupt, and waits at most so long: whether somebody has unparked. */
#if BY_NOTIFICATION
#define GIVE(p) ((void)xTaskNotifyGiveIndexed((p)->who, configWRT_NOTIFICATION_INDEX))
#define GIVE_FROM_ISR(p, woken) vTaskNotifyGiveIndexedFromISR((p)->who, configWRT_NOTIFICATION_INDEX, woken)
#define TAKE(p, ticks) ((void)(p), ulTaskNotifyTakeIndexed(configWRT_NOTIFICATION_INDEX, pdTRUE, ticks) != 0)
#elif BY_SEMAPHORE
#define GIVE(p) ((void)xSemaphoreGive((p)->who)) /* fails when one is pending, which is as good */
#define GIVE_FROM_ISR(p, woken) ((void)xSemaphoreGiveFromISR((p)->who, woken))
#define TAKE(p, ticks) (xSemaphoreTake((p)->who, ticks) == pdTRUE)
#else
#define GIVE(p) ((void)(p), wrt_port_abort("unpark without a parker"))
#define GIVE_FROM_ISR(p, woken) ((void)(p), (void)(woken), wrt_port_abort("interrupt without a parker"))
#define TAKE(p, ticks) ((void)(p), (void)(ticks), wrt_port_abort("park without a parker"), 0)
#endif

int wrt_port_park(wrt_port_parker_t *parker, uint64_t deadline_ns)
{
    for (;;) {
        TickType_t ticks = ticks_until(deadline_ns);

        if (TAKE((struct parker *)parker->opaque, ticks)) {
            return WRT_PORT_OK;
        }
        if (ticks == 0) {
            return WRT_PORT_ETIMEDOUT;
        }
    }
}

void wrt_port_unpark(wrt_port_parker_t *parker)
{
    GIVE((struct parker *)parker->opaque);
}

#if HAVE_MPU && configWRT_WAITING == 1

/* The kernel looks a handle up in its list of tasks: one that has ended, or that a task has invented, finds none or another. */
void wrt_port_interrupt(uintptr_t parker)
{
    BaseType_t woken = pdFALSE;

    if (INSIDE_INTERRUPT() == 0) {
        (void)xTaskNotifyGiveIndexed((TaskHandle_t)parker, configWRT_NOTIFICATION_INDEX);
        return;
    }
    vTaskNotifyGiveIndexedFromISR((TaskHandle_t)parker, configWRT_NOTIFICATION_INDEX, &woken);
    portYIELD_FROM_ISR(woken);
}

void wrt_port_parker_done(wrt_port_parker_t *parker)
{
    (void)parker;
}

#else

/* In a critical section, so that a parker does not end on another core meanwhile. */
static void give_from_isr(struct parker *p, BaseType_t *woken)
{
    UBaseType_t mask = taskENTER_CRITICAL_FROM_ISR();

    if (p->who != NULL) {
        GIVE_FROM_ISR(p, woken);
    }
    taskEXIT_CRITICAL_FROM_ISR(mask);
}

void wrt_port_interrupt(uintptr_t parker)
{
    struct parker *p = (struct parker *)parker;
    int inside = INSIDE_INTERRUPT();
    BaseType_t woken = pdFALSE;

    if (inside == 0) {
        vTaskSuspendAll(); /* to switch tasks when it is resumed */
        give_from_isr(p, NULL);
        (void)xTaskResumeAll();
        return;
    }
    give_from_isr(p, inside == 1 ? &woken : NULL);
    portYIELD_FROM_ISR(woken);
}

void wrt_port_parker_done(wrt_port_parker_t *parker)
{
    struct parker *p = (struct parker *)parker->opaque;
#if BY_SEMAPHORE
    SemaphoreHandle_t semaphore = p->who;
#endif

    taskENTER_CRITICAL();
    p->who = NULL;
    taskEXIT_CRITICAL();
#if BY_SEMAPHORE
    vSemaphoreDelete(semaphore);
#endif
}

#endif
