/* SPDX-License-Identifier: MIT */
/*
 * The shell command `wrt`: modules that are in the firmware or come over the shell, and programs that run them.
 *
 * A program has a thread, a store in a region of the port's heap, and nothing in common with others. It runs in slices of
 * fuel and yields between them, so that a guest that never returns does not keep the shell from its processor. A module
 * that is loaded again replaces the one of that name for the programs to come; those that run keep theirs until they end.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <zephyr/kernel.h>
#include <zephyr/shell/shell.h>
#include <zephyr/sys/printk.h>
#include <zephyr/sys/util.h>

#include <wrt/port.h>
#include <wrt/zephyr.h>

BUILD_ASSERT(CONFIG_SHELL_STACK_SIZE >= 3072, "CONFIG_WRT_SHELL translates modules on the shell's stack: set CONFIG_SHELL_STACK_SIZE to 3072 or more");

#define NAME_BYTES 16
#define SLICE 20000 /* fuel between two yields: some milliseconds on a Cortex-M3 */
#define LINE_BYTES 80

/* ---- modules ------------------------------------------------------------------------------------------------------ */

/* An image that came over the shell. */
struct loaded {
    char name[NAME_BYTES]; /* "": free */
    bool replaced;
    int users; /* programs that run it */
    wrt_module_t module;
    size_t bytes;
};

static struct loaded loaded[CONFIG_WRT_SHELL_MODULES];
static K_MUTEX_DEFINE(lock); /* of everything static here */

/* A module that is being sent. */
static struct {
    char name[NAME_BYTES];
    uint8_t *bytes;
    size_t used;
} upload;

static struct loaded *loaded_of(const char *name)
{
    for (size_t i = 0; i < ARRAY_SIZE(loaded); i++) {
        if (!loaded[i].replaced && strcmp(loaded[i].name, name) == 0) {
            return &loaded[i];
        }
    }
    return NULL;
}

static const wrt_module_t *firmware_module(const char *name)
{
    STRUCT_SECTION_FOREACH(wrt_firmware_module, m) {
        if (strcmp(m->name, name) == 0) {
            return m->module;
        }
    }
    return NULL;
}

/* Frees an image that nobody runs and nobody can ask for. */
static void release_if_unused(struct loaded *l)
{
    if (l->users == 0 && l->replaced) {
        (void)wrt_port_release((void *)l->module.data, l->bytes);
        (void)memset(l, 0, sizeof *l);
    }
}

static int take(size_t bytes, void **memory)
{
    int err = wrt_port_reserve(bytes, 0, memory);

    if (err == WRT_PORT_OK) {
        err = wrt_port_commit(*memory, 0, bytes);
    }
    return err;
}

static void end_upload(void)
{
    if (upload.bytes != NULL) {
        (void)wrt_port_release(upload.bytes, CONFIG_WRT_SHELL_UPLOAD_SIZE);
    }
    (void)memset(&upload, 0, sizeof upload);
}

static int add_data(const struct shell *sh, const char *name, const char *hex)
{
    size_t digits = strlen(hex);

    if (strcmp(upload.name, name) != 0) {
        end_upload();
        if (take(CONFIG_WRT_SHELL_UPLOAD_SIZE, (void **)&upload.bytes) != WRT_PORT_OK) {
            shell_error(sh, "no room for an upload: CONFIG_WRT_PORT_HEAP_SIZE");
            return -ENOMEM;
        }
        (void)strcpy(upload.name, name);
    }
    if (digits / 2 > CONFIG_WRT_SHELL_UPLOAD_SIZE - upload.used) {
        shell_error(sh, "more than CONFIG_WRT_SHELL_UPLOAD_SIZE (%d bytes)", CONFIG_WRT_SHELL_UPLOAD_SIZE);
        end_upload();
        return -ENOMEM;
    }
    if (digits % 2 != 0 || hex2bin(hex, digits, upload.bytes + upload.used, digits / 2) != digits / 2) {
        shell_error(sh, "not hexadecimal");
        end_upload();
        return -EINVAL;
    }
    upload.used += digits / 2;
    return 0;
}

/* Translates what was sent into a slot. */
static int translate_upload(const struct shell *sh, struct loaded *slot)
{
    wrt_loader_memory_t memory = { .scratch_words = CONFIG_WRT_SHELL_SCRATCH_SIZE / 4 };
    uint32_t words = 0, scratch = 0, at = 0;
    int err = take(CONFIG_WRT_SHELL_SCRATCH_SIZE, (void **)&memory.scratch);

    if (err != WRT_PORT_OK) {
        shell_error(sh, "no room to translate: CONFIG_WRT_PORT_HEAP_SIZE");
        return -ENOMEM;
    }
    err = wrt_translate(upload.bytes, upload.used, &memory, &words, &scratch, &at);
    if (err == WRT_ENOMEM && words > 0) { /* now its size is known */
        err = take(words * 4, (void **)&memory.image) == WRT_PORT_OK ? WRT_OK : WRT_ENOMEM;
        memory.image_words = words;
        if (err == WRT_OK) {
            err = wrt_translate(upload.bytes, upload.used, &memory, NULL, NULL, &at);
        }
    }
    (void)wrt_port_release(memory.scratch, CONFIG_WRT_SHELL_SCRATCH_SIZE);
    if (err != WRT_OK) {
        shell_error(sh, "%s: %s at byte %u; image %u bytes, scratch %u bytes", upload.name, wrt_strerror(err), at, words * 4, scratch * 4);
        if (memory.image != NULL) {
            (void)wrt_port_release(memory.image, words * 4);
        }
        return -EINVAL;
    }
    *slot = (struct loaded){
        .bytes = words * 4,
        .module = { .data = memory.image,
                    .bytes = words * 4,
                    .image_words = words,
                    .load = wrt_load_image,
                    .needs = { .instances = 1, .memories = 1, .tables = 1, .types = 16, .stacks = 1,
                               .frames = CONFIG_WRT_SHELL_FRAMES, .cells = CONFIG_WRT_SHELL_CELLS,
                               .words = 128, .memory_bytes = CONFIG_WRT_SHELL_MEMORY_SIZE } },
    };
    return 0;
}

static int finish_upload(const struct shell *sh, const char *name)
{
    struct loaded *old = loaded_of(name), *slot = NULL;
    int err;

    if (upload.bytes == NULL || strcmp(upload.name, name) != 0) {
        shell_error(sh, "nothing was sent: wrt load %s <hexadecimal>", name);
        return -ENOENT;
    }
    for (size_t i = 0; i < ARRAY_SIZE(loaded) && slot == NULL; i++) {
        slot = loaded[i].name[0] == '\0' ? &loaded[i] : NULL;
    }
    if (slot == NULL) {
        shell_error(sh, "more than CONFIG_WRT_SHELL_MODULES (%d), those included that are replaced and still run", CONFIG_WRT_SHELL_MODULES);
        return -ENOMEM;
    }
    err = translate_upload(sh, slot);
    if (err == 0) { /* only now: what fails leaves the old one in place */
        (void)strcpy(slot->name, name);
        shell_print(sh, "%s: %s, %u bytes of wasm, %u of image", name, old != NULL ? "replaced" : "loaded",
                    (unsigned int)upload.used, (unsigned int)slot->bytes);
        if (old != NULL) {
            old->replaced = true;
            release_if_unused(old);
        }
    }
    end_upload();
    return err;
}

static int cmd_load(const struct shell *sh, size_t argc, char **argv)
{
    int err;

    if (argv[1][0] == '\0' || strlen(argv[1]) >= NAME_BYTES) {
        shell_error(sh, "a name has 1 to %d characters", NAME_BYTES - 1);
        return -EINVAL;
    }
    (void)k_mutex_lock(&lock, K_FOREVER);
    err = argc > 2 ? add_data(sh, argv[1], argv[2]) : finish_upload(sh, argv[1]);
    (void)k_mutex_unlock(&lock);
    return err;
}

/* ---- programs ----------------------------------------------------------------------------------------------------- */

enum state { FREE, RUNNING, ENDED };

static struct program {
    enum state state;
    int number;
    char name[NAME_BYTES], function[NAME_BYTES];
    const wrt_module_t *module;
    struct loaded *loaded; /* NULL: in the firmware */
    wrt_store_t *store;
    size_t store_bytes;
    wrt_interrupt_t stop;
    wrt_val_t args[4], result;
    size_t arg_count, result_count;
    int code; /* how it ended */
    int64_t fuel;
    uint32_t trap;
    char line[LINE_BYTES];
    size_t used;
    struct k_thread thread;
} programs[CONFIG_WRT_SHELL_PROGRAMS];

static K_THREAD_STACK_ARRAY_DEFINE(stacks, CONFIG_WRT_SHELL_PROGRAMS, CONFIG_WRT_SHELL_STACK_SIZE);
static int last_number;

static void flush_line(struct program *p)
{
    if (p->used > 0) {
        printk("[%d] %.*s\n", p->number, (int)p->used, p->line);
        p->used = 0;
    }
}

/* ("host" "print")(text, bytes): whole lines, with the program's number in front. */
static int host_print(wrt_caller_t *caller, void *user, uint64_t *args)
{
    wrt_store_t *store = wrt_caller_store(caller);
    uint32_t at = WRT_ARG_U32(args, 0), left = WRT_ARG_U32(args, 1);
    struct program *p = NULL;

    ARG_UNUSED(user);
    for (size_t i = 0; i < ARRAY_SIZE(programs); i++) {
        p = programs[i].state == RUNNING && programs[i].store == store ? &programs[i] : p;
    }
    if (p == NULL) { /* a store of somebody else's, with these host functions */
        return WRT_ENOTSUP;
    }
    while (left > 0) {
        char c;
        int err = wrt_mem_read(store, wrt_caller_instance(caller), at, &c, 1);

        if (err != WRT_OK) {
            return err;
        }
        if (c == '\n' || p->used == sizeof p->line) {
            flush_line(p);
        }
        if (c != '\n') {
            p->line[p->used++] = c;
        }
        at++;
        left--;
    }
    return WRT_OK;
}

WRT_HOST_DEFINE(wrt_shell_print, "host", "print", "(ii)", host_print, NULL);

static void tell_trap(const struct program *p)
{
    wrt_frame_t frames[6];
    const wrt_error_t *error = wrt_last_error(p->store);
    size_t n;

    printk("[%d] %s: %s\n", p->number, p->name, error->message);
    n = wrt_backtrace(p->store, frames, ARRAY_SIZE(frames));
    for (size_t i = 0; i < MIN(n, ARRAY_SIZE(frames)); i++) {
        char name[24];

        (void)wrt_func_name(p->store, frames[i].instance, frames[i].func, name, sizeof name);
        printk("[%d]   in function %u %s, word %u\n", p->number, frames[i].func, name, frames[i].offset);
    }
}

/* In slices, which are counted. */
static int run_slices(struct program *p, wrt_func_t func)
{
    int err = wrt_set_fuel(p->store, SLICE);

    if (err == WRT_OK) {
        err = wrt_call(p->store, func, p->args, p->arg_count, &p->result, p->result_count = 0);
    }
    if (err == WRT_ETYPE) { /* before anything has run; then perhaps it has a result */
        err = wrt_call(p->store, func, p->args, p->arg_count, &p->result, p->result_count = 1);
    }
    while (err == WRT_EPAUSED) {
        p->fuel += SLICE - MIN(wrt_fuel(p->store), 0);
        if (IS_ENABLED(CONFIG_ARCH_POSIX)) {
            k_busy_wait(1000); /* there no time passes otherwise */
        }
        k_yield();
        err = wrt_set_fuel(p->store, SLICE);
        if (err == WRT_OK) {
            err = wrt_resume(p->store, &p->result, p->result_count);
        }
    }
    p->fuel += SLICE - wrt_fuel(p->store);
    return err;
}

static void run(void *of, void *unused, void *unused2)
{
    struct program *p = of;
    wrt_instance_t instance;
    wrt_func_t func;
    size_t count;
    const wrt_host_t *hosts = wrt_hosts(&count);
    int err = wrt_load(p->store, p->module, NULL, hosts, count, &instance);

    ARG_UNUSED(unused);
    ARG_UNUSED(unused2);
    if (err == WRT_OK) {
        err = wrt_find_func(p->store, instance, p->function, &func);
    }
    if (err == WRT_OK) {
        err = run_slices(p, func);
    }
    flush_line(p);
    if (err == WRT_ETRAP) {
        p->trap = wrt_last_error(p->store)->trap;
        tell_trap(p);
    } else if (err < 0) {
        printk("[%d] %s: %s: %s\n", p->number, p->name, wrt_strerror(err), wrt_last_error(p->store)->message);
    }

    (void)k_mutex_lock(&lock, K_FOREVER);
    p->code = err;
    (void)wrt_port_release(p->store, p->store_bytes);
    p->store = NULL;
    if (p->loaded != NULL) {
        p->loaded->users--;
        release_if_unused(p->loaded);
        p->loaded = NULL;
    }
    p->state = ENDED;
    (void)k_mutex_unlock(&lock);
}

static void tell_end(const struct shell *sh, const struct program *p)
{
    if (p->code == WRT_EINTERRUPTED) {
        shell_print(sh, "%3d  %-15s killed, fuel %lld", p->number, p->name, (long long)p->fuel);
    } else if (p->code == WRT_ETRAP) {
        shell_print(sh, "%3d  %-15s trapped: %s, fuel %lld", p->number, p->name, wrt_trap_message(p->trap), (long long)p->fuel);
    } else if (p->code < 0) {
        shell_print(sh, "%3d  %-15s failed: %s", p->number, p->name, wrt_strerror(p->code));
    } else if (p->result_count == 1) {
        shell_print(sh, "%3d  %-15s returned 0x%llx, fuel %lld", p->number, p->name,
                    (unsigned long long)p->result.of.bits, (long long)p->fuel);
    } else {
        shell_print(sh, "%3d  %-15s returned, fuel %lld", p->number, p->name, (long long)p->fuel);
    }
}

/* A place for a program: one whose thread is over; the oldest result goes first. */
static struct program *free_program(void)
{
    struct program *best = NULL;

    for (size_t i = 0; i < ARRAY_SIZE(programs); i++) {
        struct program *p = &programs[i];

        if (p->state == ENDED && k_thread_join(&p->thread, K_NO_WAIT) != 0) {
            continue;
        }
        if (p->state != RUNNING && (best == NULL || p->number < best->number)) {
            best = p;
        }
    }
    return best;
}

static int start(const struct shell *sh, size_t argc, char **argv)
{
    struct loaded *l = loaded_of(argv[1]);
    const wrt_module_t *module = l != NULL ? &l->module : firmware_module(argv[1]);
    struct program *p = free_program();
    const char *function = argc > 2 ? argv[2] : "main";
    void *memory = NULL;
    size_t bytes;
    int err;

    if (module == NULL) {
        shell_error(sh, "no module %s; wrt ps lists them", argv[1]);
        return -ENOENT;
    }
    if (p == NULL) {
        shell_error(sh, "CONFIG_WRT_SHELL_PROGRAMS (%d) run already", CONFIG_WRT_SHELL_PROGRAMS);
        return -EBUSY;
    }
    if (strlen(argv[1]) >= NAME_BYTES || strlen(function) >= NAME_BYTES) {
        shell_error(sh, "a name has 1 to %d characters", NAME_BYTES - 1);
        return -EINVAL;
    }
    bytes = wrt_store_size(&module->needs);
    if (take(bytes, &memory) != WRT_PORT_OK) {
        shell_error(sh, "no room for a store of %u bytes: CONFIG_WRT_PORT_HEAP_SIZE", (unsigned int)bytes);
        return -ENOMEM;
    }
    (void)memset(p, 0, sizeof *p);
    for (size_t i = 3; i < argc; i++) {
        char *end;

        p->args[p->arg_count].type = WRT_I32;
        p->args[p->arg_count++].of.i32 = (int32_t)strtol(argv[i], &end, 0);
        if (*end != '\0') {
            shell_error(sh, "%s is no number", argv[i]);
            (void)wrt_port_release(memory, bytes);
            return -EINVAL;
        }
    }
    err = wrt_store_init(memory, bytes, &module->needs, &p->stop, &p->store, NULL);
    if (err != WRT_OK) {
        shell_error(sh, "%s", wrt_strerror(err));
        (void)wrt_port_release(memory, bytes);
        return -EINVAL;
    }
    (void)strcpy(p->name, argv[1]);
    (void)strcpy(p->function, function);
    p->number = ++last_number;
    p->module = module;
    p->loaded = l;
    p->store_bytes = bytes;
    if (l != NULL) {
        l->users++;
    }
    p->state = RUNNING;
    shell_print(sh, "[%d] %s", p->number, p->name);
    (void)k_thread_create(&p->thread, stacks[p - programs], CONFIG_WRT_SHELL_STACK_SIZE, run, p, NULL, NULL,
                          CONFIG_WRT_SHELL_THREAD_PRIORITY, 0, K_NO_WAIT);
    (void)k_thread_name_set(&p->thread, "wrt");
    return 0;
}

static int cmd_run(const struct shell *sh, size_t argc, char **argv)
{
    int err;

    (void)k_mutex_lock(&lock, K_FOREVER);
    err = start(sh, argc, argv);
    (void)k_mutex_unlock(&lock);
    return err;
}

static int cmd_ps(const struct shell *sh, size_t argc, char **argv)
{
    ARG_UNUSED(argc);
    ARG_UNUSED(argv);
    (void)k_mutex_lock(&lock, K_FOREVER);
    for (size_t i = 0; i < ARRAY_SIZE(programs); i++) {
        if (programs[i].state == RUNNING) {
            shell_print(sh, "%3d  %-15s runs", programs[i].number, programs[i].name);
        } else if (programs[i].state == ENDED) {
            tell_end(sh, &programs[i]);
        }
    }
    STRUCT_SECTION_FOREACH(wrt_firmware_module, m) {
        shell_print(sh, "     %-15s in the firmware", m->name);
    }
    for (size_t i = 0; i < ARRAY_SIZE(loaded); i++) {
        if (loaded[i].name[0] != '\0') {
            shell_print(sh, "     %-15s %s, used by %d", loaded[i].name, loaded[i].replaced ? "replaced" : "loaded", loaded[i].users);
        }
    }
    (void)k_mutex_unlock(&lock);
    return 0;
}

static int cmd_kill(const struct shell *sh, size_t argc, char **argv)
{
    char *end;
    long number = strtol(argv[1], &end, 10);
    int err = -ESRCH;

    ARG_UNUSED(argc);
    (void)k_mutex_lock(&lock, K_FOREVER);
    for (size_t i = 0; i < ARRAY_SIZE(programs); i++) {
        if (*end == '\0' && programs[i].number == number && programs[i].state == RUNNING) {
            wrt_interrupt(&programs[i].stop);
            err = 0;
        }
    }
    (void)k_mutex_unlock(&lock);
    if (err != 0) {
        shell_error(sh, "no program %s runs", argv[1]);
    }
    return err;
}

static int cmd_stats(const struct shell *sh, size_t argc, char **argv)
{
    size_t stores = 0, images = 0, hosts;

    ARG_UNUSED(argc);
    ARG_UNUSED(argv);
    (void)wrt_hosts(&hosts);
    (void)k_mutex_lock(&lock, K_FOREVER);
    for (size_t i = 0; i < ARRAY_SIZE(loaded); i++) {
        images += loaded[i].bytes;
    }
    for (size_t i = 0; i < ARRAY_SIZE(programs); i++) {
        stores += programs[i].state == RUNNING ? programs[i].store_bytes : 0;
#if defined(CONFIG_INIT_STACKS) && defined(CONFIG_THREAD_STACK_INFO)
        size_t unused;

        if (programs[i].state != FREE && k_thread_stack_space_get(&programs[i].thread, &unused) == 0) {
            shell_print(sh, "[%d] stack %u of %d bytes", programs[i].number, (unsigned int)(CONFIG_WRT_SHELL_STACK_SIZE - unused),
                        CONFIG_WRT_SHELL_STACK_SIZE);
        }
#endif
    }
    (void)k_mutex_unlock(&lock);
    shell_print(sh, "stores %u, images %u, upload %u of %d bytes; %u host functions", (unsigned int)stores, (unsigned int)images,
                upload.bytes != NULL ? CONFIG_WRT_SHELL_UPLOAD_SIZE : 0u, CONFIG_WRT_PORT_HEAP_SIZE, (unsigned int)hosts);
    return 0;
}

SHELL_STATIC_SUBCMD_SET_CREATE(
    commands,
    SHELL_CMD_ARG(load, NULL, "<name> <hexadecimal>: a piece of a module (.wasm); <name>: that was the last, translate it", cmd_load, 2, 1),
    SHELL_CMD_ARG(run, NULL, "<name> [<function> [<i32>...]]: runs main, or an exported function, as a program", cmd_run, 2, 5),
    SHELL_CMD_ARG(ps, NULL, "programs and modules", cmd_ps, 1, 0),
    SHELL_CMD_ARG(kill, NULL, "<number>: stops a program; one in a host function when that returns", cmd_kill, 2, 0),
    SHELL_CMD_ARG(stats, NULL, "memory and stacks", cmd_stats, 1, 0),
    SHELL_SUBCMD_SET_END);
SHELL_CMD_REGISTER(wrt, &commands, "WebAssembly programs", NULL);
