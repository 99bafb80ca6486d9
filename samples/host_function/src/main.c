/* SPDX-License-Identifier: MIT */
/* host_function: a guest blinks the board's LED through the host functions of led.c. */
#include <zephyr/kernel.h>
#include <zephyr/sys/printk.h>

#include <wrt/zephyr.h>

#include "blink.h"

WRT_STORE_DEFINE(buffer, WRT_BLINK_STORE_BYTES);

int main(void)
{
    size_t count;
    const wrt_host_t *hosts = wrt_hosts(&count);
    wrt_store_t *store;
    wrt_instance_t blink;
    wrt_func_t func;
    wrt_val_t right;
    int err = wrt_store_init(buffer, sizeof buffer, &wrt_module_blink.needs, NULL, &store, NULL);

    if (err != WRT_OK) {
        printk("host_function: failed: %s\n", wrt_strerror(err));
        return 0;
    }
    err = wrt_load(store, &wrt_module_blink, NULL, hosts, count, &blink);
    if (err == WRT_OK) {
        err = wrt_find_func(store, blink, "blink", &func);
    }
    if (err == WRT_OK) {
        err = wrt_call(store, func, NULL, 0, &right, 1);
    }
    if (err != WRT_OK) {
        printk("host_function: failed: %s (%s, %d)\n", wrt_strerror(err), wrt_last_error(store)->message,
               (int)wrt_last_error(store)->host_code);
        return 0;
    }
    printk("host_function: the LED was right %d times of 10\n", (int)right.of.i32);
    printk("host_function: %s\n", right.of.i32 == 10 ? "done" : "failed");
    return 0;
}
