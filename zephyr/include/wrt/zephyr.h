/* SPDX-License-Identifier: MIT */
/**
 * @file wrt/zephyr.h
 * @brief WRT on Zephyr, beyond wrt.h: host functions and modules that register themselves; user mode (CONFIG_USERSPACE):
 *        arenas, their memory domains, faults. Zephyr 3.4 and later.
 */
#ifndef WRT_ZEPHYR_H
#define WRT_ZEPHYR_H

#include <zephyr/kernel.h>
#include <zephyr/sys/iterable_sections.h>

#include <wrt.h>

#ifdef __cplusplus
extern "C" {
#endif

/* ---- what registers itself ------------------------------------------------------------------------------------------ */

/**
 * @brief Defines a host function that every program of the shell can import; in flash, in any file.
 * @param id of the C variable. The rest: WRT_HOST of wrt.h.
 */
#define WRT_HOST_DEFINE(id, module, name, signature, function, user) \
    const STRUCT_SECTION_ITERABLE(wrt_host, id) = WRT_HOST(module, name, signature, function, user)

/** @brief All of them, as wrt_load() takes host functions. @param count out: how many. */
static inline const wrt_host_t *wrt_hosts(size_t *count)
{
    TYPE_SECTION_START_EXTERN(struct wrt_host, wrt_host);
    STRUCT_SECTION_COUNT(wrt_host, count);
    return TYPE_SECTION_START(wrt_host);
}

/** A module in the firmware that `wrt run` finds by its name. */
struct wrt_firmware_module {
    const char *name;
    const wrt_module_t *module;
};

/** @brief Lets the shell run a module of wrt_add_module(). @param id its NAME. */
#define WRT_MODULE_REGISTER(id) \
    const STRUCT_SECTION_ITERABLE(wrt_firmware_module, wrt_registered_##id) = { #id, &wrt_module_##id }

/* ---- user mode ------------------------------------------------------------------------------------------------------ */

/*
 * A guest cannot leave its memory: the engine sees to that in software. User mode is the second fence, and the one for the
 * engine itself and for host functions: they run in a user thread that reaches its own arena, and what is given to it, and
 * nothing else. samples/user_mode shows all of it.
 */
#if defined(CONFIG_USERSPACE)
#include <zephyr/app_memory/app_memdomain.h>

/** The static variables of WRT's library and port: what every thread that calls them needs. wrt_domain_init() adds it. */
extern struct k_mem_partition wrt_partition;

/** Bytes of an arena that holds so many: a power of two, and a page at least, as every MPU, PMP and MMU can map it. */
#if defined(CONFIG_MMU)
#define WRT_ARENA_BYTES(bytes) NHPOT(MAX((bytes), CONFIG_MMU_PAGE_SIZE))
#else
#define WRT_ARENA_BYTES(bytes) NHPOT(MAX((bytes), 64))
#endif

/**
 * @brief Defines an arena: memory of one user thread, or of some that trust each other, mapped as one partition. The buffer
 *        of a store goes there with the guest's linear memory in it, whole from the start: a memory that grows moves no
 *        border. Zero at the start.
 * @param name  of the array, with the partition `name_partition`.
 * @param bytes that it holds; rounded up by WRT_ARENA_BYTES.
 */
#define WRT_ARENA_DEFINE(name, bytes)                                                                      \
    static uint8_t __aligned(WRT_ARENA_BYTES(bytes)) name[WRT_ARENA_BYTES(bytes)];                         \
    static struct k_mem_partition name##_partition = { (uintptr_t)name, WRT_ARENA_BYTES(bytes), K_MEM_PARTITION_P_RW_U_RW }

/** A memory domain that is known to WRT. */
struct wrt_domain {
    struct k_mem_domain domain; /**< For k_mem_domain_add_thread(). */
    sys_snode_t node;
};

/**
 * @brief Makes a domain of partitions, and of those of WRT and of the C library. Each is checked first, because Zephyr maps
 *        one that its MPU cannot have elsewhere, or not at all, without an error. For supervisor threads, once per domain.
 * @param domain is in use from now on; static, and nothing that a user thread may write.
 * @param parts  arenas and partitions of the application.
 * @retval 0
 * @retval -EINVAL a size or an address is none that this board's hardware can map, or two overlap; a message is logged.
 * @retval -ENOMEM the board has fewer regions than that takes; a message is logged.
 */
int wrt_domain_init(struct wrt_domain *domain, struct k_mem_partition *const parts[], size_t count);

#endif /* CONFIG_USERSPACE */

#ifdef __cplusplus
}
#endif
#endif /* WRT_ZEPHYR_H */
