/* SPDX-License-Identifier: MIT */
/**
 * @file wrt.h
 * @brief WRT for C: run WebAssembly on memory that you give.
 *
 * No global state, no hidden thread, no allocation. Everything a program needs stands in one buffer of yours, the
 * store; its size is known before flashing (WRT_STORE_BYTES, or what `wrt inspect` and wrt_add_module() report).
 *
 *     static const wrt_host_t hosts[] = { WRT_HOST("host", "print", "(ii)", host_print, NULL) };
 *     WRT_STORE_DEFINE(buffer, WRT_HELLO_STORE_BYTES);
 *
 *     wrt_store_t *store;
 *     wrt_instance_t hello;
 *     wrt_func_t main_;
 *     wrt_store_init(buffer, sizeof buffer, &wrt_module_hello.needs, NULL, &store, NULL);
 *     wrt_load(store, &wrt_module_hello, NULL, hosts, 1, &hello);
 *     wrt_find_func(store, hello, "main", &main_);
 *     wrt_call(store, main_, NULL, 0, NULL, 0);
 *
 * Unless it says otherwise a function is for threads, not for interrupt handlers; it never blocks by itself; and one
 * store is used by one thread at a time (different stores by different threads at will). Nothing has to be freed: when
 * the buffer is used for something else, the store is gone.
 */
#ifndef WRT_H
#define WRT_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/** Version of this interface; wrt_version() returns the one of the library linked. */
#define WRT_API_VERSION 1

/**
 * @name Return codes
 * 0 or more is success. wrt_strerror() has a sentence for each.
 * @{
 */
#define WRT_OK 0               /**< Done. */
#define WRT_EPAUSED 1          /**< Fuel or time slice used up; wrt_resume() goes on. */
#define WRT_EINTERRUPTED 2     /**< wrt_interrupt() was called; clear it, then wrt_resume() goes on. */
#define WRT_ESUSPENDED 3       /**< A host function is not ready; wrt_answer(), then wrt_resume(). */
#define WRT_EWAITING 4         /**< The guest asks something of other threads that you serve: wrt_wait_get(), then wrt_resume(). */
#define WRT_ETRAP (-1)         /**< The guest trapped; wrt_last_error() tells which trap and where. */
#define WRT_EINVAL (-22)       /**< An argument is NULL, misaligned or out of range. */
#define WRT_EINVAL_HANDLE (-9) /**< A handle is stale or not of this store. */
#define WRT_ENOMEM (-12)       /**< The buffer is too small; the bytes needed are reported. */
#define WRT_ENOENT (-2)        /**< No export of that name, or nobody offers an import. */
#define WRT_ETYPE (-71)        /**< Arguments, results or an import have another type. */
#define WRT_EMALFORMED (-8)    /**< Not a WebAssembly module; wrt_last_error() has the byte offset. */
#define WRT_EINVALID (-74)     /**< The module is invalid; wrt_last_error() has the byte offset. */
#define WRT_EIMAGE (-84)       /**< A damaged, truncated, misaligned or foreign-version image. */
#define WRT_ENOTSUP (-95)      /**< This build does not offer it (float, loader, a proposal). */
#define WRT_EBUSY (-16)        /**< The stack is in use, or a host function called what it must not. */
/** @} */

/** A store: opaque, at the start of the caller's buffer. */
typedef struct wrt_store wrt_store_t;
/**
 * An instance of a module in a store: a handle. 0 is never one.
 *
 * Handles have a generation. Those of the 2046 stores before in the same buffer are refused with WRT_EINVAL_HANDLE, unless
 * something else has overwritten the buffer's first 8 bytes in between; those of a store elsewhere are refused unless both
 * generations are equal by chance (1 in 2047); a function is never taken for an instance or the other way round.
 */
typedef uint32_t wrt_instance_t;
/** A function of a store: a handle, as wrt_instance_t. 0 is never one. */
typedef uint32_t wrt_func_t;
/** A reference as the guest holds it; 0 is null. Host references are made by WRT_HOST_REF. */
typedef uint32_t wrt_ref_t;
/** The host's number n (below 2^29) as an externref. */
#define WRT_HOST_REF(n) ((wrt_ref_t)(((uint32_t)(n) << 3) | 4u))

/** What an interrupt handler may set; never inside the store. Zero-initialised is ready. One per store. */
typedef struct wrt_interrupt_word {
    volatile uint32_t word;
    volatile uintptr_t waiting; /**< The library's: the parker in which the store's thread waits. */
} wrt_interrupt_t;

#ifdef WRT_PORT /* where a port of wrt/port.h is linked and the library has threads; the CMake files of both set it */
#include <wrt/port.h>
#define WRT_INTERRUPT_WAITING(i) (__atomic_thread_fence(__ATOMIC_SEQ_CST), (i)->waiting != 0 ? wrt_port_interrupt((i)->waiting) : (void)0)
#else
#define WRT_INTERRUPT_WAITING(i) ((void)0)
#endif

/**
 * @brief Asks the guest to stop: wrt_call() or wrt_resume() returns WRT_EINTERRUPTED within 1000 of the guest's
 *        instructions, where 64 bytes of a bulk operation count as one; time in host functions comes on top. A timer that
 *        calls it is a deadline: samples/deadline.
 *
 * A guest that waits for another thread stops at once, and goes on waiting when it is resumed; a request that comes before the
 * wait is not lost. Stopping one that waits takes WRT_PORT, which WRT's CMake files define: it is
 * wrt_port_interrupt(), which makes the waiting thread ready.
 *
 * ISR-ok, all of it, on every port here; does not block, takes no lock, looks at nothing but *i and the parker. The
 * shared memory whose wait table the parker stands in has to live. For user threads of Zephyr too.
 */
static inline void wrt_interrupt(wrt_interrupt_t *i)
{
    i->word = 1;
    WRT_INTERRUPT_WAITING(i);
}
/** @brief Takes the request back; the engine never does. ISR-ok; does not block. */
static inline void wrt_interrupt_clear(wrt_interrupt_t *i) { i->word = 0; }

/** Type of a value; the binary format's code. */
typedef enum wrt_type {
    WRT_I32 = 0x7f,
    WRT_I64 = 0x7e,
    WRT_F32 = 0x7d,
    WRT_F64 = 0x7c,
    WRT_V128 = 0x7b,
    WRT_FUNCREF = 0x70,
    WRT_EXTERNREF = 0x6f
} wrt_type_t;

/** One value. A v128 is two of them side by side, both of type WRT_V128: in bits its low half, then its high half. */
typedef struct wrt_val {
    uint32_t type; /**< A wrt_type_t. */
    union {
        int32_t i32;
        int64_t i64;
        float f32;
        double f64;
        wrt_ref_t ref;
        uint64_t bits;
    } of;
} wrt_val_t;

/** How much of everything a store holds. A zero means none; wrt_add_module() fills one in for its module. */
typedef struct wrt_config {
    uint16_t instances;    /**< Instances, host-made globals included. */
    uint16_t memories;     /**< Memories. */
    uint16_t tables;       /**< Tables. */
    uint16_t types;        /**< Different function types. */
    uint16_t stacks;       /**< Stacks: 1, and 1 more for each call that stays paused while others are made. */
    uint16_t frames;       /**< Frames of each stack: calls open at once, and one per call from C. */
    uint32_t cells;        /**< 4-byte cells of each stack, without the window of slack (WRT adds it). */
    uint32_t words;        /**< 4-byte words for instances and table elements. Tables do not grow. */
    /**
     * Bytes of all linear memories, reserved for growth included. The memories of a module may grow to the memory_bytes of its
     * needs, all together; those of the module that takes the store's last memory slot, to all that is left. Several memories
     * of one module share it equally, but for those that take more at first or whose maximum is less; so a maximum in the
     * module is how one of them leaves room for another. What is not there for growth makes memory.grow return -1.
     */
    uint32_t memory_bytes;
    uint32_t heap_bytes; /**< Bytes for structures, arrays and exceptions; garbage is collected. Not used without gc and exceptions. */
} wrt_config_t;

/** @name Sizes on this target, checked against the library when a store is initialised. @{ */
#ifdef WRT_SMALL_WINDOW /* with the library's feature small-window; WRT's CMake files set it */
#define WRT_WINDOW_CELLS 136u
#else
#define WRT_WINDOW_CELLS 264u
#endif
/** Bytes of a buffer that suffice for a configuration without a heap: what wrt_store_size() returns, or up to some 150 more. */
#define WRT_STORE_BYTES(instances, memories, tables, types, stacks, frames, cells, words, memory_bytes)                                             \
    (WRT_SIZE_STORE + (instances) * WRT_SIZE_INSTANCE + (memories) * WRT_SIZE_MEMORY + (tables) * WRT_SIZE_TABLE + (types) * WRT_SIZE_TYPE +          \
     (stacks) * (WRT_SIZE_STACK + (frames) * 12u + ((cells) + WRT_WINDOW_CELLS) * 4u) + (words) * 4u + (memory_bytes) + 4u)
#if UINTPTR_MAX > 0xffffffffu
#ifdef WRT_NO_OBJECTS /* without the library's features function-references, gc and exceptions; WRT's CMake files set it */
#define WRT_SIZE_STORE 352u
#define WRT_SIZE_TYPE 12u
#else
#define WRT_SIZE_STORE 448u
#define WRT_SIZE_TYPE 24u
#endif
#define WRT_SIZE_INSTANCE 136u
#define WRT_SIZE_MEMORY 56u
#define WRT_SIZE_TABLE 56u
#define WRT_SIZE_STACK 112u
#else
#ifdef WRT_NO_OBJECTS
#define WRT_SIZE_STORE 184u
#define WRT_SIZE_TYPE 12u
#else
#define WRT_SIZE_STORE 240u
#define WRT_SIZE_TYPE 24u
#endif
#define WRT_SIZE_INSTANCE 88u
#define WRT_SIZE_MEMORY 28u
#define WRT_SIZE_TABLE 36u
#define WRT_SIZE_STACK 76u
#endif
/** @} */

/** Defines a static buffer for a store, aligned as it must be. */
#define WRT_STORE_DEFINE(name, bytes) static uint64_t name[((bytes) + 7u) / 8u]

/* ---- host functions ---------------------------------------------------------------------------------------------- */

/** What a host function is called with; valid until it returns. */
typedef struct wrt_caller wrt_caller_t;

/**
 * @brief A host function.
 * @param caller who calls: for wrt_caller_*(), and through them memory and nested calls.
 * @param user   the pointer given to WRT_HOST.
 * @param args   one 64-bit slot per parameter, two per v128 (low half first); the function writes its results into the slots
 *               from 0 on. i32 and f32 use the low half (as uint32_t bits), see WRT_ARG_* and WRT_RET_*.
 * @retval WRT_OK         results are in the slots.
 * @retval WRT_ESUSPENDED not ready: the outermost wrt_call()/wrt_resume() returns WRT_ESUSPENDED. Inside a nested call or a
 *                        start function it cannot be, and the guest traps with "host function cannot be suspended here".
 * @retval others         the guest traps with "host function failed"; the value is host_code of wrt_last_error().
 *
 * It may use every function of this header with the caller's store, except wrt_load*() (WRT_EBUSY); wrt_call() from here is
 * a nested call, and up to 4 host functions may be at work at once. It returns once, the usual way (no longjmp).
 */
typedef int (*wrt_host_fn_t)(wrt_caller_t *caller, void *user, uint64_t *args);

/** One host function of an import table. */
typedef struct wrt_host {
    const char *module;    /**< Module part of the import's name. */
    const char *name;      /**< Field part. */
    const char *signature; /**< "(params)results", letters i I f F for i32 i64 f32 f64, v v128, x externref, r funcref: "(ii)i". */
    wrt_host_fn_t call;
    void *user;
} wrt_host_t;

/** An entry of an import table. */
#define WRT_HOST(module, name, signature, function, user) { module, name, signature, function, user }

/** Most parameters, and most results, of a host function; and most arguments of wrt_call(). */
#define WRT_HOST_MAX_VALUES 16u

#define WRT_ARG_I32(args, n) ((int32_t)(uint32_t)(args)[n])
#define WRT_ARG_U32(args, n) ((uint32_t)(args)[n])
#define WRT_ARG_I64(args, n) ((int64_t)(args)[n])
#define WRT_RET_I32(args, n, v) ((args)[n] = (uint32_t)(v))
#define WRT_RET_I64(args, n, v) ((args)[n] = (uint64_t)(v))

/** @brief The store of the caller. */
wrt_store_t *wrt_caller_store(const wrt_caller_t *caller);
/** @brief The instance that called. */
wrt_instance_t wrt_caller_instance(const wrt_caller_t *caller);

/* ---- store ------------------------------------------------------------------------------------------------------- */

/** @brief Version of the library: WRT_API_VERSION when header and library fit. ISR-ok. */
uint32_t wrt_version(void);

/**
 * @brief Bytes that a store of this configuration needs, for a buffer aligned to 8.
 * @return the bytes; 0 when config is NULL or there is no such size. ISR-ok.
 */
size_t wrt_store_size(const wrt_config_t *config);

/**
 * @brief Makes a store in a buffer.
 * @param buffer    the caller's, aligned to 8; used by nobody else while the store lives. What it holds does not matter, but
 *                  it must hold something: a static buffer does, so does calloc()'s; clear malloc()'s first.
 * @param bytes     its length.
 * @param config    how much it holds.
 * @param interrupt what stops the guest, or NULL; must live as long as the store, and be no other store's.
 * @param out       the store: the start of the buffer.
 * @param need      if not NULL: the bytes needed, whatever is returned; SIZE_MAX when there is no such size.
 * @retval WRT_OK     made. A store that was there before is gone, and its handles are stale.
 * @retval WRT_EINVAL a pointer is NULL or misaligned. Without a config *need is not set.
 * @retval WRT_ENOMEM bytes is less than *need; nothing was written to the buffer.
 */
int wrt_store_init(void *buffer, size_t bytes, const wrt_config_t *config, wrt_interrupt_t *interrupt, wrt_store_t **out, size_t *need);

/* ---- modules ----------------------------------------------------------------------------------------------------- */

/** Buffers for translating a .wasm on the device. */
typedef struct wrt_loader_memory {
    uint32_t *image;      /**< Receives the image; it is run from here, so it must live as long as the store. */
    size_t image_words;   /**< Length in 4-byte words. */
    uint32_t *scratch;    /**< Used during the call only. */
    size_t scratch_words; /**< Length in 4-byte words. */
} wrt_loader_memory_t;

/** A module in the firmware, as wrt_add_module() defines it. */
typedef struct wrt_module {
    const void *data;       /**< An image (const uint32_t[]: aligned, stays as long as the store) or a .wasm file. */
    uint32_t bytes;         /**< Its length. */
    uint32_t image_words;   /**< Words of the image, made or to be made. */
    uint32_t scratch_words; /**< Words of scratch that translating takes; 0 for an image. */
    wrt_config_t needs;     /**< A store for this module alone. */
    /** wrt_load_image or wrt_load_wasm: so that image-only firmware links no translator. */
    int (*load)(wrt_store_t *store, const struct wrt_module *module, const wrt_loader_memory_t *memory, const wrt_host_t *hosts, size_t host_count, wrt_instance_t *out);
} wrt_module_t;

/**
 * @brief Instantiates a module and runs its initialisation and start function.
 * @param memory for a .wasm: where to translate it; NULL for an image.
 * @param hosts  host functions by name, at most 65536; table and strings must live as long as the store.
 * @param out    the instance; only set with WRT_OK. What failed after its imports were found keeps its slots until the
 *               store is gone.
 * @retval WRT_OK         ready.
 * @retval WRT_EMALFORMED, WRT_EINVALID the .wasm is not a valid module.
 * @retval WRT_EIMAGE     the image cannot be used.
 * @retval WRT_ENOENT     an import has no host function; wrt_last_error() has its number.
 * @retval WRT_ETYPE      an import has another type; likewise.
 * @retval WRT_ENOMEM     too little memory; wrt_last_error() has the bytes needed, and of what.
 * @retval WRT_ENOTSUP    this build cannot load it.
 * @retval WRT_ETRAP      initialisation or start trapped.
 * @retval WRT_EPAUSED, WRT_EINTERRUPTED  fuel ran out, or wrt_interrupt() was called, meanwhile: there is no instance.
 * @retval WRT_EBUSY      a host function calls, or paused calls are on all stacks.
 * @retval WRT_EINVAL     a pointer is NULL, misaligned, or the buffers overlap.
 */
static inline int wrt_load(wrt_store_t *store, const wrt_module_t *module, const wrt_loader_memory_t *memory, const wrt_host_t *hosts, size_t host_count, wrt_instance_t *out)
{
    return module->load(store, module, memory, hosts, host_count, out);
}
/** @brief wrt_load() of an image; nothing is copied. */
int wrt_load_image(wrt_store_t *store, const wrt_module_t *module, const wrt_loader_memory_t *memory, const wrt_host_t *hosts, size_t host_count, wrt_instance_t *out);
/** @brief wrt_load() of a .wasm: decodes, validates and translates it first. Linking this links the translator. */
int wrt_load_wasm(wrt_store_t *store, const wrt_module_t *module, const wrt_loader_memory_t *memory, const wrt_host_t *hosts, size_t host_count, wrt_instance_t *out);

/** An instance whose exports a module may import: functions, memories, tables, globals and tags. */
typedef struct wrt_link {
    const char *module;      /**< The module part of the imports' names; needed during the call only. */
    wrt_instance_t instance; /**< Of the same store. It lives as long as the store. */
} wrt_link_t;

/**
 * @brief wrt_load_image(), where imports that no host function serves are looked for in other instances. Both share what is
 *        imported; a table or memory takes no slot and no bytes a second time.
 * @param links instances by name; needed during the call only. The first one of that name with such an export counts.
 * @retval as wrt_load(); WRT_ENOENT an import has no host function, and no instance exports it; WRT_ETYPE an export has
 *         another kind or type, or a memory or table is smaller than asked for; WRT_EINVAL_HANDLE an instance is not of this
 *         store; WRT_EINVAL also for a name that is NULL;
 *        WRT_ENOTSUP the library has no feature `linking`.
 */
int wrt_link_image(wrt_store_t *store, const wrt_module_t *module, const wrt_loader_memory_t *memory, const wrt_host_t *hosts, size_t host_count, const wrt_link_t *links, size_t link_count, wrt_instance_t *out);
/** @brief The same of a .wasm, see wrt_load_wasm(). */
int wrt_link_wasm(wrt_store_t *store, const wrt_module_t *module, const wrt_loader_memory_t *memory, const wrt_host_t *hosts, size_t host_count, const wrt_link_t *links, size_t link_count, wrt_instance_t *out);

/**
 * @brief Translates a .wasm into an image without a store.
 * @param memory   its image may be NULL with 0 words, to learn how many are needed.
 * @param words    out, or NULL: words of the image, also when its buffer is too small (then exactly what is needed); 0 when
 *                 that is not known, because the scratch is too small or the module is not valid.
 * @param scratch  out, or NULL: words of scratch used, or at least needed.
 * @param at       out, or NULL: byte offset of the fault of a module that is not valid or not supported.
 * @retval WRT_OK         the image is in its buffer.
 * @retval WRT_EMALFORMED, WRT_EINVALID, WRT_ENOTSUP  there is a fault.
 * @retval WRT_ENOMEM     image or scratch are too small.
 * @retval WRT_EINVAL     a pointer is NULL, misaligned, or the buffers overlap.
 */
int wrt_translate(const uint8_t *wasm, size_t bytes, const wrt_loader_memory_t *memory, uint32_t *words, uint32_t *scratch, uint32_t *at);

/* ---- calls ------------------------------------------------------------------------------------------------------- */

/**
 * @brief Finds an exported function.
 * @retval WRT_OK, WRT_ENOENT (no such function), WRT_EINVAL_HANDLE, WRT_EINVAL, WRT_ENOTSUP (a million functions before it)
 */
int wrt_find_func(wrt_store_t *store, wrt_instance_t instance, const char *name, wrt_func_t *out);

/**
 * @brief Calls a function and runs it until it returns, traps or pauses. From a host function: a nested call, on the same
 *        stack and the same fuel; one that paused is given up by the next one, or when the host function returns.
 * @param args    may be the same array as results.
 * @param results receives the results; their types are written too. Only written with WRT_OK.
 * @retval WRT_OK           results are there.
 * @retval WRT_ETRAP        it trapped.
 * @retval WRT_EPAUSED, WRT_EINTERRUPTED, WRT_ESUSPENDED, WRT_EWAITING  go on with wrt_resume().
 * @retval WRT_ETYPE        number or types of arguments, or number of results, are wrong.
 * @retval WRT_EBUSY        paused calls are on all stacks: resume or wrt_cancel() one first.
 * @retval WRT_EINVAL_HANDLE  the function, or a reference among the arguments, is not of this store.
 * @retval WRT_ENOTSUP      more than WRT_HOST_MAX_VALUES arguments; or the guest waits for another thread where none can
 *                          wait: the port cannot, not here or not yet. The call is over then.
 * @retval WRT_ENOMEM       the port has no parker left for one more thread that waits. The call is over then.
 * @retval WRT_EINVAL       a pointer is NULL or misaligned.
 */
int wrt_call(wrt_store_t *store, wrt_func_t func, const wrt_val_t *args, size_t arg_count, wrt_val_t *results, size_t result_count);

/**
 * @brief Goes on with the call that paused last; in a host function, with the nested call that it made.
 * @retval as wrt_call(); WRT_EINVAL when nothing is paused; WRT_ESUSPENDED also as long as wrt_answer() is missing.
 */
int wrt_resume(wrt_store_t *store, wrt_val_t *results, size_t result_count);

/**
 * @brief Gives the results of the host function that suspended the call that paused last.
 * @param results one slot each, as the host function would have set them.
 * @retval WRT_OK            wrt_resume() goes on.
 * @retval WRT_EINVAL        nothing is suspended, or it has another number of results.
 * @retval WRT_EINVAL_HANDLE a reference among the results is not of this store.
 */
int wrt_answer(wrt_store_t *store, const uint64_t *results, size_t result_count);

/** @brief Gives up the call that paused last. @retval WRT_OK, WRT_EINVAL (nothing paused) */
int wrt_cancel(wrt_store_t *store);

/** Fuel of a store without a limit. */
#define WRT_FUEL_UNLIMITED INT64_MAX
/**
 * @brief Sets the fuel: one unit per WebAssembly instruction (bulk operations 1 and 1 per 64 bytes). A new store has
 *        WRT_FUEL_UNLIMITED. Fuel is charged block by block, so it may end below zero: that debt is subtracted here.
 * @retval WRT_OK, WRT_EINVAL (negative)
 */
int wrt_set_fuel(wrt_store_t *store, int64_t fuel);
/** @brief Fuel left; negative: a debt. 0 for NULL. */
int64_t wrt_fuel(const wrt_store_t *store);

/* ---- memory of the guest ----------------------------------------------------------------------------------------- */

/** @brief Copies from the guest's memory 0. @retval WRT_OK, WRT_EINVAL (outside, or no memory: nothing is copied), WRT_EINVAL_HANDLE */
int wrt_mem_read(wrt_store_t *store, wrt_instance_t instance, uint32_t address, void *to, size_t bytes);
/** @brief Copies to the guest's memory 0. @retval as wrt_mem_read() */
int wrt_mem_write(wrt_store_t *store, wrt_instance_t instance, uint32_t address, const void *from, size_t bytes);
/** @brief Bytes of the guest's memory 0; 0 without one. What a 64-bit memory has beyond 4 GiB is reached by wrt_mem_base(). */
size_t wrt_mem_size(wrt_store_t *store, wrt_instance_t instance);
/**
 * @brief Where bytes [address, address + bytes) of the guest's memory 0 are, for the host to read and write in place.
 * @return NULL when outside, or when the memory has no plain address (shared). Valid until the guest runs again (wrt_call(),
 *         wrt_resume(), wrt_load(), return of the host function); other calls leave it valid.
 */
void *wrt_mem_base(wrt_store_t *store, wrt_instance_t instance, uint32_t address, size_t bytes);

/* ---- threads ----------------------------------------------------------------------------------------------------- */
/*
 * Guest threads are stores: each thread of yours has one, and all of them have one memory, which stands in a buffer of
 * its own. Modules import it (declared shared).
 *
 *     WRT_SHARED_DEFINE(memory, 4, 1024);
 *     static const wrt_shared_config_t config = { .pages = 1024, .max_pages = 1024, .page_log2 = 0, .threads = 4 };
 *     wrt_shared_init(memory, sizeof memory, &config, wrt_port_waiting(), &shared);     once
 *
 *     wrt_share_t share = { .shared = shared, .module = "env", .name = "memory" };      in each thread, with its store
 *     wrt_share(store, &share);
 *     wrt_load(store, &wrt_module_worker, NULL, NULL, 0, &worker);
 *
 * All of it needs the library's feature `threads`; without it the functions return WRT_ENOTSUP, or 0. It keeps no global
 * state, makes no thread and allocates nothing: a thread that waits sleeps in the port, in an entry of that buffer.
 */

struct wrt_port_parker; /* wrt/port.h */

/** How threads wait: the functions of wrt/port.h, or others of the same contract. All of them are there. */
typedef struct wrt_waiting {
    uint64_t (*now_ns)(void);
    void (*lock)(void);
    void (*unlock)(void);
    int (*init)(struct wrt_port_parker *parker);
    int (*park)(struct wrt_port_parker *parker, uint64_t deadline_ns);
    void (*unpark)(struct wrt_port_parker *parker);
    void (*done)(struct wrt_port_parker *parker);
} wrt_waiting_t;

#ifdef WRT_PORT
/** @brief Those of the port that is linked. ISR-ok. */
static inline const wrt_waiting_t *wrt_port_waiting(void)
{
    static const wrt_waiting_t waiting = {
        wrt_port_now_ns, wrt_port_lock, wrt_port_unlock, wrt_port_parker_init, wrt_port_park, wrt_port_unpark, wrt_port_parker_done,
    };
    return &waiting;
}
#endif

/** A memory that several stores have: opaque, at the start of a buffer of yours. */
typedef struct wrt_shared wrt_shared_t;

/** What a shared memory is. An import of it asks for no more pages than these at first, and for a maximum of no less. */
typedef struct wrt_shared_config {
    uint32_t pages;        /**< Pages at first. */
    uint32_t max_pages;    /**< Most pages, as declared. */
    uint32_t memory_bytes; /**< Bytes that there are for growth, the first pages included; 0: for all pages. */
    uint16_t threads;      /**< Stores that may have it: the limit of guest threads. At least 1. */
    uint8_t page_log2;     /**< Log2 of the page size in bytes: 16, or 0 (custom page sizes). */
    uint8_t zero;          /**< 0. */
} wrt_shared_config_t;

/** @name Sizes on this target, checked when the library is built. @{ */
#if UINTPTR_MAX > 0xffffffffu
#define WRT_SIZE_SHARED 152u
#define WRT_SIZE_WAITER 256u
#else
#define WRT_SIZE_SHARED 96u
#define WRT_SIZE_WAITER 136u
#endif
/** Bytes of a buffer that suffice for a shared memory. */
#define WRT_SHARED_BYTES(threads, memory_bytes) (WRT_SIZE_SHARED + (threads) * WRT_SIZE_WAITER + (memory_bytes) + 4u)
/** Defines a static buffer for one. */
#define WRT_SHARED_DEFINE(name, threads, memory_bytes) static uint64_t name[(WRT_SHARED_BYTES(threads, memory_bytes) + 7u) / 8u]
/** @} */

/** @brief Bytes that a shared memory needs, for a buffer aligned to 8; 0 when config is NULL or makes no sense. ISR-ok. */
size_t wrt_shared_size(const wrt_shared_config_t *config);

/**
 * @brief Makes a shared memory in a buffer; it is zero.
 * @param buffer  the caller's, aligned to 8, as for wrt_store_init(); it lives as long as all stores that have it.
 * @param waiting how threads wait, for example wrt_port_waiting(); it lives as long. NULL: you serve what guests ask of other
 *                threads yourself, by a scheduler of your own for example: then wrt_call() returns WRT_EWAITING.
 * @retval WRT_OK      made.
 * @retval WRT_EINVAL  a pointer is NULL or misaligned, a function is missing, or config makes no sense: no thread, more pages
 *                     at first than at most, another page size, fewer memory_bytes than the first pages.
 * @retval WRT_ENOMEM  bytes is less than wrt_shared_size().
 * @retval WRT_ENOTSUP the library has no feature `threads`.
 */
int wrt_shared_init(void *buffer, size_t bytes, const wrt_shared_config_t *config, const wrt_waiting_t *waiting, wrt_shared_t **out);

/** What the guest asks of other threads. */
typedef struct wrt_wait {
    uint32_t kind;        /**< WRT_WAIT32, WRT_WAIT64, WRT_NOTIFY or WRT_YIELD. */
    uint32_t count;       /**< WRT_NOTIFY: most threads to wake. */
    wrt_shared_t *shared; /**< The memory. */
    uint64_t address;     /**< The byte in it. */
    uint64_t expected;    /**< WRT_WAIT*: what was there, and has to be there still when the wait begins. */
    int64_t timeout_ns;   /**< WRT_WAIT*: how long, in nanoseconds; below 0: for ever. */
} wrt_wait_t;

#define WRT_WAIT32 1u /**< memory.atomic.wait32. The answer: 0 woken, 1 another value, 2 the time is over. */
#define WRT_WAIT64 2u /**< memory.atomic.wait64. */
#define WRT_NOTIFY 3u /**< memory.atomic.notify. The answer: how many it woke. */
#define WRT_YIELD 4u  /**< Another thread is amid an atomic access of 64 bits: let it run, then wrt_resume(). No answer. */

/** That a store has a shared memory, under a name. The first three are yours. */
typedef struct wrt_share {
    wrt_shared_t *shared;
    const char *module; /**< Module part of the imports' name. */
    const char *name;   /**< Field part. */
    struct wrt_share *next;
    uint32_t slot;
    int32_t failed;
    uint64_t until;
    wrt_wait_t wait;
} wrt_share_t;

/**
 * @brief Gives a store a shared memory: modules loaded from now on import it by that name. It takes a memory slot of the store
 *        (one more than wrt_add_module() reports in needs.memories), and a thread slot of the memory; a second name of
 *        the same memory takes none.
 * @param share  lives, with its strings and what it shares, as long as the store. Not one that is in use.
 * @retval WRT_OK
 * @retval WRT_ENOMEM as many stores have it as its configuration allows (at of wrt_last_error() is that number), or the
 *                    store has no memory slot left.
 * @retval WRT_EINVAL a pointer is NULL or misaligned, shared is none, or share is the store's already.
 */
int wrt_share(wrt_store_t *store, wrt_share_t *share);

/** @brief Gives the thread slots of a store back, for others. Its guests must not run any more. @retval WRT_OK, WRT_EINVAL */
int wrt_unshare(wrt_store_t *store);

/** @brief Copies from a shared memory, while guests run. @retval WRT_OK, WRT_EINVAL (outside: nothing is copied), WRT_ENOTSUP */
int wrt_shared_read(const wrt_shared_t *shared, uint32_t address, void *to, size_t bytes);
/** @brief Copies to a shared memory, while guests run; 4 bytes at a multiple of 4 are written at once. @retval as wrt_shared_read() */
int wrt_shared_write(const wrt_shared_t *shared, uint32_t address, const void *from, size_t bytes);
/** @brief Wakes up to count threads that wait on an address, those first that have waited longest. @return how many. */
uint32_t wrt_shared_notify(wrt_shared_t *shared, uint32_t address, uint32_t count);
/** @brief Threads that wait on an address now. */
uint32_t wrt_shared_waiting(wrt_shared_t *shared, uint32_t address);

/**
 * @brief What the guest asks, after WRT_EWAITING. wrt_resume() without an answer compares again, and returns WRT_EWAITING again
 *        if the value is the expected one still: for who has noted the waiter in between, so that no notification is missed.
 * @retval WRT_OK, WRT_EINVAL (the call that paused last asks nothing, or out is NULL)
 */
int wrt_wait_get(wrt_store_t *store, wrt_wait_t *out);
/** @brief Answers it; wrt_resume() goes on. @retval WRT_OK, WRT_EINVAL (nothing is asked, or no such answer) */
int wrt_wait_answer(wrt_store_t *store, uint32_t answer);

/* ---- errors ------------------------------------------------------------------------------------------------------ */

/** What went wrong last in a store. */
typedef struct wrt_error {
    int32_t code;        /**< Return code. */
    int32_t host_code;   /**< What the host function returned, if one failed; WRT_EINVAL_HANDLE for a result that is no reference. */
    uint32_t trap;       /**< Number of the trap, 0 for none. */
    uint32_t func;       /**< Index of the function in its module that trapped; UINT32_MAX: unknown. */
    uint32_t offset;     /**< Words from the function's first code word to the trap; `wrt inspect --at` has the source offset. */
    uint32_t at;         /**< By code: byte offset in the .wasm, bytes needed, or number of the import; else 0. */
    const char *message; /**< One sentence. */
} wrt_error_t;

/**
 * @brief The last error of a store: of the last call with it that returned less than 0 or, for wrt_mem_base() and
 *        wrt_mem_size(), did not find what it was asked for. Never NULL for a store. Valid until the next call with it.
 */
const wrt_error_t *wrt_last_error(const wrt_store_t *store);

/** One open call of a guest. */
typedef struct wrt_frame {
    wrt_instance_t instance; /**< The instance whose code it is. */
    uint32_t func;           /**< Index of the function in its module; UINT32_MAX: initialisation. */
    uint32_t offset;         /**< Words from the function's first code word; `wrt inspect --at FUNC:OFFSET` has the source offset. */
    uint32_t from_host;      /**< 1: C called it. The frame after this one, if there is one, called the host function that did. */
} wrt_frame_t;

/**
 * @brief The calls that are open in what ran last, innermost first: after a trap, those that led to it; of a paused call,
 *        those in which it is; in a host function, those that led to it or, after a nested call that trapped, to that trap.
 *        It leaves wrt_last_error() as it is.
 *
 * For threads: while another one runs the guest, wrt_interrupt() it first. It does not block.
 * @param frames   receives as many as it holds; NULL with a capacity of 0, to count them.
 * @param capacity frames that fit.
 * @return how many there are, which may be more than capacity; 0 when what ran last has returned, without a store, or when
 *         frames is NULL or misaligned.
 */
size_t wrt_backtrace(const wrt_store_t *store, wrt_frame_t *frames, size_t capacity);
/**
 * @brief The name of a function: that of the module's name section, if the image was made with `wrt compile --names`, else
 *        that of its first export. UTF-8, as the module has it. It leaves wrt_last_error() as it is. Does not block.
 * @param func  index in its module, as in wrt_frame_t and wrt_error_t.
 * @param to    receives the name, cut to what fits, and a 0 at its end; NULL with 0 bytes, to learn its length.
 * @param bytes room there.
 * @return the length of the name in bytes without the 0, which may be more than fits; 0 and an empty text when there is none,
 *         or a handle is not of this store.
 */
size_t wrt_func_name(const wrt_store_t *store, wrt_instance_t instance, uint32_t func, char *to, size_t bytes);
/** @brief A sentence for a return code that this build can give, else "an unknown code"; in flash. ISR-ok. */
const char *wrt_strerror(int code);
/** @brief A sentence for the number of a trap that this build can have; in flash. ISR-ok. */
const char *wrt_trap_message(uint32_t trap);

#ifdef __cplusplus
}
#endif
#endif /* WRT_H */
