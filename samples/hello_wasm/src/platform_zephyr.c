/* SPDX-License-Identifier: MIT */
/* hello_wasm in Zephyr's main thread. */
#include <zephyr/kernel.h>
#include <zephyr/sys/printk.h>

#include "platform.h"

void platform_write(const char *text, size_t bytes)
{
    printk("%.*s", (int)bytes, text);
}

void platform_report(void)
{
#if defined(CONFIG_INIT_STACKS) && defined(CONFIG_THREAD_STACK_INFO) && !defined(CONFIG_ARCH_POSIX)
    size_t unused = 0;

    if (k_thread_stack_space_get(k_current_get(), &unused) == 0) {
        size_t size = k_current_get()->stack_info.size;

        printk("report: C stack %u of %u bytes\n", (unsigned int)(size - unused), (unsigned int)size);
        return;
    }
#endif
    printk("report: C stack unknown\n"); /* native_sim's stacks are those of threads of the host */
}
