/* SPDX-License-Identifier: MIT */
/*
 * wrt/zephyr.h: memory domains for user threads that run WRT, and the end of such a thread by a fault.
 *
 * Zephyr's k_mem_domain_init() compares numbers of partitions at best. Whether the hardware can have a partition as it is
 * stands in architecture-specific macros for static ones only; so it is checked here.
 */
#include <errno.h>

#include <zephyr/fatal.h>
#include <zephyr/kernel.h>
#include <zephyr/logging/log.h>
#include <zephyr/logging/log_ctrl.h>
#include <zephyr/sys/libc-hooks.h>
#include <zephyr/sys/slist.h>

#include <wrt/zephyr.h>

LOG_MODULE_DECLARE(wrt, CONFIG_WRT_LOG_LEVEL);

/* At most: WRT's, the C library's, and the caller's. */
#define MOST_PARTITIONS 16

static sys_slist_t domains = SYS_SLIST_STATIC_INIT(&domains);

static bool is_power_of_two_aligned(const struct k_mem_partition *p)
{
    return p->size != 0 && (p->size & (p->size - 1)) == 0 && (p->start & (p->size - 1)) == 0;
}

/* Whether the hardware can map exactly this. */
static bool can_be_mapped(const struct k_mem_partition *p)
{
#if defined(CONFIG_MPU_REQUIRES_POWER_OF_TWO_ALIGNMENT) && defined(CONFIG_ARM_MPU)
    return is_power_of_two_aligned(p) && p->size >= CONFIG_ARM_MPU_REGION_MIN_ALIGN_AND_SIZE;
#elif defined(CONFIG_MPU_REQUIRES_POWER_OF_TWO_ALIGNMENT)
    return is_power_of_two_aligned(p);
#else
#if defined(CONFIG_MMU)
    const size_t granule = CONFIG_MMU_PAGE_SIZE;
#elif defined(CONFIG_ARM_MPU)
    const size_t granule = CONFIG_ARM_MPU_REGION_MIN_ALIGN_AND_SIZE;
#elif defined(CONFIG_PMP_GRANULARITY)
    const size_t granule = CONFIG_PMP_GRANULARITY;
#else
    const size_t granule = 4;
#endif
    return p->size != 0 && p->size % granule == 0 && p->start % granule == 0;
#endif
}

/* Regions that it takes: RISC-V's PMP describes by two what is no power of two. */
static int regions_of(const struct k_mem_partition *p)
{
    return IS_ENABLED(CONFIG_RISCV_PMP) && !is_power_of_two_aligned(p) ? 2 : 1;
}

static bool overlap(const struct k_mem_partition *a, const struct k_mem_partition *b)
{
    return a->start < b->start + b->size && b->start < a->start + a->size;
}

int wrt_domain_init(struct wrt_domain *domain, struct k_mem_partition *const parts[], size_t count)
{
    struct k_mem_partition *all[MOST_PARTITIONS];
    size_t n = 0;
    int regions = 0;

    all[n++] = &wrt_partition;
#if Z_LIBC_PARTITION_EXISTS
    all[n++] = &z_libc_partition;
#endif
    if (domain == NULL || parts == NULL) {
        return -EINVAL;
    }
    if (count > MOST_PARTITIONS - n) {
        LOG_ERR("%u partitions are too many for a domain", (unsigned int)count);
        return -ENOMEM;
    }
    for (size_t i = 0; i < count; i++) {
        all[n++] = parts[i];
    }
    for (size_t i = 0; i < n; i++) {
        if (!can_be_mapped(all[i])) {
            LOG_ERR("partition of %u bytes at 0x%lx: this hardware cannot map it; see WRT_ARENA_DEFINE()",
                    (unsigned int)all[i]->size, (unsigned long)all[i]->start);
            return -EINVAL;
        }
        for (size_t j = 0; j < i; j++) {
            if (overlap(all[i], all[j])) {
                LOG_ERR("partitions at 0x%lx and 0x%lx overlap", (unsigned long)all[i]->start, (unsigned long)all[j]->start);
                return -EINVAL;
            }
        }
        regions += regions_of(all[i]);
    }
    if (n > CONFIG_MAX_DOMAIN_PARTITIONS || regions > arch_mem_domain_max_partitions_get()) {
        LOG_ERR("%u partitions take %d regions; there are %d, and CONFIG_MAX_DOMAIN_PARTITIONS is %d", (unsigned int)n, regions,
                arch_mem_domain_max_partitions_get(), CONFIG_MAX_DOMAIN_PARTITIONS);
        return -ENOMEM;
    }

    int err = k_mem_domain_init(&domain->domain, (uint8_t)n, all);

    if (err == 0) {
        sys_slist_append(&domains, &domain->node);
    }
    return err;
}

#if defined(CONFIG_WRT_FATAL_HANDLER)

static bool is_ours(const struct k_thread *thread)
{
    struct wrt_domain *d;

    if (thread == NULL || (thread->base.user_options & K_USER) == 0) {
        return false;
    }
    SYS_SLIST_FOR_EACH_CONTAINER(&domains, d, node) {
        if (thread->mem_domain_info.mem_domain == &d->domain) {
            return true;
        }
    }
    return false;
}

/* Zephyr ends the thread when this returns. */
void k_sys_fatal_error_handler(unsigned int reason, const struct arch_esf *esf)
{
#if defined(CONFIG_CPU_CORTEX_M)
    /* There a fault is an interrupt like any other: what it interrupted stands in the frame. */
    bool in_interrupt = esf != NULL && (esf->basic.xpsr & IPSR_ISR_Msk) != 0;
#else
    bool in_interrupt = k_is_in_isr();

    ARG_UNUSED(esf);
#endif
    if (reason != K_ERR_KERNEL_PANIC && !in_interrupt && is_ours(k_current_get())) {
        return;
    }
    LOG_PANIC();
    LOG_ERR("halting: error %u outside of WRT's threads", reason);
    k_fatal_halt(reason);
}

#endif
