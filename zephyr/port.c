/* SPDX-License-Identifier: MIT */
/*
 * wrt/port.h for Zephyr.
 *
 * With CONFIG_USERSPACE a parker is a slot with a futex in it, because k_futex and sys_mutex have to be static, and the
 * lock a sys_mutex: both work from user threads. Without it there is no k_futex, and a parker is a semaphore on the
 * waiting thread's stack. Regions come from a heap of the port's own and are for supervisor threads.
 */
#include <string.h>

#include <zephyr/kernel.h>
#include <zephyr/logging/log.h>
#include <zephyr/sys/atomic.h>
#include <zephyr/sys/printk.h>
#if defined(CONFIG_USERSPACE)
#include <zephyr/app_memory/app_memdomain.h>
#include <zephyr/sys/mutex.h>
#endif
#if defined(CONFIG_CSPRNG_ENABLED)
#if __has_include(<zephyr/random/random.h>)
#include <zephyr/random/random.h>
#else
#include <zephyr/random/rand32.h> /* before Zephyr 3.5 */
#endif
#endif

#include <wrt/port.h>

LOG_MODULE_REGISTER(wrt, CONFIG_WRT_LOG_LEVEL);

/* ---- memory ------------------------------------------------------------------------------------------------------- */

uint32_t wrt_port_capabilities(void)
{
    return WRT_PORT_CAN_PARK | (CONFIG_WRT_PORT_HEAP_SIZE > 0 ? WRT_PORT_CAN_RESERVE : 0u) |
           (IS_ENABLED(CONFIG_CSPRNG_ENABLED) ? WRT_PORT_CAN_RANDOM : 0u);
}

size_t wrt_port_page_bytes(void)
{
    return 16; /* nothing is protected: just the alignment that the engine likes */
}

#if CONFIG_WRT_PORT_HEAP_SIZE > 0
static K_HEAP_DEFINE(regions, CONFIG_WRT_PORT_HEAP_SIZE);
#endif

int wrt_port_reserve(size_t bytes, size_t alignment, void **base)
{
    if (bytes == 0 || base == NULL || (alignment & (alignment - 1)) != 0) {
        return WRT_PORT_EINVAL;
    }
#if CONFIG_WRT_PORT_HEAP_SIZE > 0
    *base = k_heap_aligned_alloc(&regions, MAX(alignment, wrt_port_page_bytes()), bytes, K_NO_WAIT);
    return *base != NULL ? WRT_PORT_OK : WRT_PORT_ENOMEM;
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
    ARG_UNUSED(start);
    ARG_UNUSED(bytes);
    ARG_UNUSED(access);
    return WRT_PORT_ENOTSUP;
}

int wrt_port_release(void *base, size_t bytes)
{
    ARG_UNUSED(bytes);
    if (base == NULL) {
        return WRT_PORT_EINVAL;
    }
#if CONFIG_WRT_PORT_HEAP_SIZE > 0
    k_heap_free(&regions, base);
    return WRT_PORT_OK;
#else
    return WRT_PORT_ENOTSUP;
#endif
}

/* ---- time --------------------------------------------------------------------------------------------------------- */

uint64_t wrt_port_now_ns(void)
{
    return k_ticks_to_ns_floor64((uint64_t)k_uptime_ticks());
}

/* What is left until a deadline; never less. */
static k_timeout_t timeout_until(uint64_t deadline_ns)
{
    uint64_t now = wrt_port_now_ns();

    if (deadline_ns == WRT_PORT_FOREVER) {
        return K_FOREVER;
    }
    if (deadline_ns <= now) {
        return K_NO_WAIT;
    }
    /* By way of milliseconds where a tick count could overflow: about 29 years, whatever the tick. */
    if (deadline_ns - now > (uint64_t)INT32_MAX * NSEC_PER_SEC / 2) {
        return K_SECONDS(INT32_MAX / 4);
    }
#if defined(CONFIG_TIMEOUT_64BIT)
    return K_TICKS(k_ns_to_ticks_ceil64(deadline_ns - now) + 1);
#else
    return K_TICKS(MIN(k_ns_to_ticks_ceil64(deadline_ns - now) + 1, (uint64_t)INT32_MAX / 2));
#endif
}

/* ---- messages, end, chance ---------------------------------------------------------------------------------------- */

void wrt_port_log(enum wrt_port_level level, const char *text, size_t bytes)
{
    int length = (int)MIN(bytes, (size_t)INT32_MAX);

    if (!IS_ENABLED(CONFIG_LOG)) {
        printk("%.*s\n", length, text);
        return;
    }
    switch (level) {
    case WRT_PORT_ERROR:
        LOG_ERR("%.*s", length, text);
        break;
    case WRT_PORT_WARNING:
        LOG_WRN("%.*s", length, text);
        break;
    case WRT_PORT_INFO:
        LOG_INF("%.*s", length, text);
        break;
    default:
        LOG_DBG("%.*s", length, text);
        break;
    }
}

_Noreturn void wrt_port_abort(const char *why)
{
    printk("wrt: %s\n", why);
    k_oops();
    for (;;) { /* a fatal handler of the application may return when it is an interrupt that fails */
    }
}

int wrt_port_random(void *to, size_t bytes)
{
    if (to == NULL) {
        return WRT_PORT_EINVAL;
    }
#if defined(CONFIG_CSPRNG_ENABLED)
    return sys_csrand_get(to, bytes) == 0 ? WRT_PORT_OK : WRT_PORT_ENOTSUP;
#else
    ARG_UNUSED(bytes);
    return WRT_PORT_ENOTSUP;
#endif
}

/* ---- waiting ------------------------------------------------------------------------------------------------------ */

#if defined(CONFIG_USERSPACE)

K_APPMEM_PARTITION_DEFINE(wrt_partition);

static K_APP_DMEM(wrt_partition) SYS_MUTEX_DEFINE(table_lock);
static K_APP_DMEM(wrt_partition) struct k_futex slots[CONFIG_WRT_MAX_WAITERS];
static K_APP_DMEM(wrt_partition) uint8_t slot_taken[CONFIG_WRT_MAX_WAITERS];

void wrt_port_lock(void)
{
    (void)sys_mutex_lock(&table_lock, K_FOREVER);
}

void wrt_port_unlock(void)
{
    (void)sys_mutex_unlock(&table_lock);
}

int wrt_port_parker_init(wrt_port_parker_t *parker)
{
    int result = WRT_PORT_ENOMEM;

    if (parker == NULL) {
        return WRT_PORT_EINVAL;
    }
    wrt_port_lock();
    for (size_t i = 0; i < ARRAY_SIZE(slots) && result != WRT_PORT_OK; i++) {
        if (!slot_taken[i]) {
            slot_taken[i] = 1;
            atomic_set(&slots[i].val, 0);
            parker->opaque[0] = i;
            parker->handle = i + 1; /* no address: a handler believes what a user thread's memory says */
            result = WRT_PORT_OK;
        }
    }
    wrt_port_unlock();
    return result;
}

int wrt_port_park(wrt_port_parker_t *parker, uint64_t deadline_ns)
{
    struct k_futex *futex = &slots[parker->opaque[0]];

    while (!atomic_cas(&futex->val, 1, 0)) {
        k_timeout_t left = timeout_until(deadline_ns);

        if (K_TIMEOUT_EQ(left, K_NO_WAIT)) {
            return WRT_PORT_ETIMEDOUT;
        }
        (void)k_futex_wait(futex, 0, left);
    }
    return WRT_PORT_OK;
}

void wrt_port_unpark(wrt_port_parker_t *parker)
{
    struct k_futex *futex = &slots[parker->opaque[0]];

    atomic_set(&futex->val, 1);
    (void)k_futex_wake(futex, false);
}

void wrt_port_interrupt(uintptr_t parker)
{
    if (parker - 1 < ARRAY_SIZE(slots)) {
        atomic_set(&slots[parker - 1].val, 1);
        (void)k_futex_wake(&slots[parker - 1], false);
    }
}

void wrt_port_parker_done(wrt_port_parker_t *parker)
{
    wrt_port_lock();
    slot_taken[parker->opaque[0]] = 0;
    wrt_port_unlock();
}

#else /* no user threads */

BUILD_ASSERT(sizeof(struct k_sem) <= sizeof(((wrt_port_parker_t *)0)->opaque), "wrt_port_parker_t is too small");

static K_MUTEX_DEFINE(table_lock);

void wrt_port_lock(void)
{
    (void)k_mutex_lock(&table_lock, K_FOREVER);
}

void wrt_port_unlock(void)
{
    (void)k_mutex_unlock(&table_lock);
}

int wrt_port_parker_init(wrt_port_parker_t *parker)
{
    if (parker == NULL) {
        return WRT_PORT_EINVAL;
    }
    parker->handle = (uintptr_t)parker->opaque;
    return k_sem_init((struct k_sem *)parker->opaque, 0, 1) == 0 ? WRT_PORT_OK : WRT_PORT_ENOTSUP;
}

int wrt_port_park(wrt_port_parker_t *parker, uint64_t deadline_ns)
{
    struct k_sem *sem = (struct k_sem *)parker->opaque;

    for (;;) {
        k_timeout_t left = timeout_until(deadline_ns);

        if (k_sem_take(sem, left) == 0) {
            return WRT_PORT_OK;
        }
        if (K_TIMEOUT_EQ(left, K_NO_WAIT)) {
            return WRT_PORT_ETIMEDOUT;
        }
    }
}

void wrt_port_unpark(wrt_port_parker_t *parker)
{
    k_sem_give((struct k_sem *)parker->opaque);
}

void wrt_port_interrupt(uintptr_t parker)
{
    k_sem_give((struct k_sem *)parker);
}

void wrt_port_parker_done(wrt_port_parker_t *parker)
{
    ARG_UNUSED(parker);
}

#endif
