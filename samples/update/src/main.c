/* SPDX-License-Identifier: MIT */
/*
 * update: a thread runs a module twice a second, the shell replaces it meanwhile. The module lies in a flash partition, where
 * update.c keeps the old one until the new one is whole; as long as there is none, the firmware's own runs.
 *
 * The new one takes over between two runs, in a store of its own. One that does not load, or whose first run fails, is left out
 * and the one before goes on; so is it after a restart, until the next update.
 */
#include <stdlib.h>

#include <zephyr/drivers/flash.h>
#include <zephyr/kernel.h>
#include <zephyr/shell/shell.h>
#include <zephyr/storage/flash_map.h>
#include <zephyr/sys/printk.h>

#include <wrt.h>

#include "update.h"
#include "version1.h"

/* ---- the partition ---- */

static const struct flash_area *partition;
static struct update_flash flash;
static struct update update;
static K_MUTEX_DEFINE(update_lock);
/* Rises with every module that is installed. */
static atomic_t installed = ATOMIC_INIT(1);

static int flash_read_(void *user, uint32_t at, void *to, uint32_t bytes)
{
    return flash_area_read(user, at, to, bytes);
}

static int flash_program_(void *user, uint32_t at, const void *from, uint32_t bytes)
{
    return flash_area_write(user, at, from, bytes);
}

static int flash_erase_(void *user, uint32_t at, uint32_t bytes)
{
    return flash_area_erase(user, at, bytes);
}

static int open_partition(void)
{
    struct flash_pages_info page;
    int err = flash_area_open(FIXED_PARTITION_ID(storage_partition), &partition);

    if (err == 0) {
        err = flash_get_page_info_by_offs(flash_area_get_device(partition), partition->fa_off, &page);
    }
    if (err != 0) {
        return err;
    }
    flash = (struct update_flash){
        .bytes = partition->fa_size,
        .erase_bytes = page.size,
        .program_bytes = flash_area_align(partition),
        .erased = flash_area_erased_val(partition),
        .read = flash_read_,
        .program = flash_program_,
        .erase = flash_erase_,
        .user = (void *)partition,
    };
    return update_open(&update, &flash);
}

/* ---- what runs ---- */

static int host_print(wrt_caller_t *caller, void *user, uint64_t *args)
{
    char text[64];
    uint32_t n = WRT_ARG_I32(args, 1);

    ARG_UNUSED(user);
    n = MIN(n, sizeof text);
    int err = wrt_mem_read(wrt_caller_store(caller), wrt_caller_instance(caller), WRT_ARG_I32(args, 0), text, n);

    if (err == WRT_OK) {
        printk("%.*s\n", (int)n, text);
    }
    return err;
}

static const wrt_host_t hosts[] = { WRT_HOST("host", "print", "(ii)", host_print, NULL) };

#define WASM_BYTES 1024
#define IMAGE_WORDS 1024
#define SCRATCH_WORDS 1024
#define CONFIG { .instances = 1, .memories = 1, .tables = 1, .types = 16, .stacks = 1, .frames = 16, .cells = 256, .words = 64, .memory_bytes = 65536 }

static const wrt_config_t config = CONFIG;
/* The one that runs and the one that is tried. */
static struct place {
    uint32_t image[IMAGE_WORDS];
    wrt_store_t *store;
    wrt_func_t main_;
} places[2];
WRT_STORE_DEFINE(first_store, WRT_STORE_BYTES(1, 1, 1, 16, 1, 16, 256, 64, 65536));
WRT_STORE_DEFINE(second_store, WRT_STORE_BYTES(1, 1, 1, 16, 1, 16, 256, 64, 65536));

/* Loads a module and runs it once; 0 if it can take over. */
static int try_module(int n, const void *wasm, uint32_t bytes, int32_t *result)
{
    static uint32_t scratch[SCRATCH_WORDS];
    struct place *p = &places[n];
    const wrt_loader_memory_t memory = { p->image, IMAGE_WORDS, scratch, SCRATCH_WORDS };
    const wrt_module_t module = { .data = wasm, .bytes = bytes, .needs = CONFIG, .load = wrt_load_wasm };
    wrt_instance_t instance;
    wrt_val_t value;
    int err = wrt_store_init(n ? (void *)second_store : (void *)first_store, n ? sizeof second_store : sizeof first_store, &config, NULL,
                             &p->store, NULL);

    if (err == WRT_OK) {
        wrt_set_fuel(p->store, 100000);
        err = wrt_load(p->store, &module, &memory, hosts, ARRAY_SIZE(hosts), &instance);
    }
    if (err == WRT_OK) {
        err = wrt_find_func(p->store, instance, "main", &p->main_);
    }
    if (err == WRT_OK) {
        err = wrt_call(p->store, p->main_, NULL, 0, &value, 1);
        *result = value.of.i32;
    }
    return err;
}

int main(void)
{
    static uint8_t wasm[WASM_BYTES];
    int running = 0;
    int32_t result = 0;
    atomic_val_t seen = 0;
    int err = open_partition();

    if (err != 0 && err != UPDATE_ENOENT) {
        printk("no partition: %d\n", err);
        return 0;
    }
    if (try_module(running, wrt_module_version1.data, wrt_module_version1.bytes, &result) != WRT_OK) {
        printk("the firmware's module does not run\n");
        return 0;
    }
    for (;;) {
        if (atomic_get(&installed) != seen) {
            uint32_t bytes;

            seen = atomic_get(&installed);
            k_mutex_lock(&update_lock, K_FOREVER);
            bytes = update.active < 0 ? 0 : update.length;
            err = bytes > sizeof wasm ? -ENOSPC : bytes > 0 ? update_read(&update, 0, wasm, bytes) : -ENOENT;
            k_mutex_unlock(&update_lock);
            if (err == 0) {
                err = try_module(!running, wasm, bytes, &result);
                if (err == WRT_OK) {
                    running = !running;
                    printk("module of %u bytes from flash, generation %u\n", bytes, update.generation);
                } else {
                    printk("the module in flash is left out: %s\n", wrt_strerror(err));
                }
            }
        } else {
            wrt_val_t value;

            wrt_set_fuel(places[running].store, 100000);
            err = wrt_call(places[running].store, places[running].main_, NULL, 0, &value, 1);
            if (err != WRT_OK) {
                printk("the module stops: %s\n", wrt_strerror(err));
                return 0;
            }
        }
        k_msleep(500);
    }
}

/* ---- the shell's command ---- */

static int tell(const struct shell *sh, int err)
{
    static const char *const names[] = { "done", "out of range", "no module", "too large", "flash reads back wrong", "damaged on the way" };
    int n = err == 0               ? 0
            : err == UPDATE_EINVAL ? 1
            : err == UPDATE_ENOENT ? 2
            : err == UPDATE_ENOSPC ? 3
            : err == UPDATE_EIO    ? 4
            : err == UPDATE_EBADMSG ? 5
                                    : -1;

    shell_print(sh, "update: %s (%d)", n < 0 ? "the flash fails" : names[n], err);
    return 0;
}

static int cmd_begin(const struct shell *sh, size_t argc, char **argv)
{
    ARG_UNUSED(argc);
    k_mutex_lock(&update_lock, K_FOREVER);
    int err = update_begin(&update, strtoul(argv[1], NULL, 10));
    k_mutex_unlock(&update_lock);
    return tell(sh, err);
}

static int cmd_write(const struct shell *sh, size_t argc, char **argv)
{
    uint8_t bytes[64];
    size_t n = hex2bin(argv[1], strlen(argv[1]), bytes, sizeof bytes);

    ARG_UNUSED(argc);
    if (n == 0) {
        return tell(sh, UPDATE_EINVAL);
    }
    k_mutex_lock(&update_lock, K_FOREVER);
    int err = update_write(&update, bytes, n);
    k_mutex_unlock(&update_lock);
    return tell(sh, err);
}

static int cmd_finish(const struct shell *sh, size_t argc, char **argv)
{
    ARG_UNUSED(argc);
    k_mutex_lock(&update_lock, K_FOREVER);
    int err = update_finish(&update, strtoul(argv[1], NULL, 16));
    k_mutex_unlock(&update_lock);
    if (err == 0) {
        atomic_inc(&installed);
    }
    return tell(sh, err);
}

SHELL_STATIC_SUBCMD_SET_CREATE(commands, SHELL_CMD_ARG(begin, NULL, "<bytes>", cmd_begin, 2, 0),
                               SHELL_CMD_ARG(write, NULL, "<hexadecimal>", cmd_write, 2, 0),
                               SHELL_CMD_ARG(finish, NULL, "<CRC-32, hexadecimal>", cmd_finish, 2, 0), SHELL_SUBCMD_SET_END);
SHELL_CMD_REGISTER(update, &commands, "Replace the module in flash", NULL);
