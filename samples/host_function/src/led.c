/* SPDX-License-Identifier: MIT */
/* What guests may do with the board's LED: a host function is a C function that finds its arguments in slots. */
#include <zephyr/drivers/gpio.h>
#include <zephyr/kernel.h>

#include <wrt/zephyr.h>

static const struct gpio_dt_spec led = GPIO_DT_SPEC_GET(DT_ALIAS(led0), gpios);

/* A result other than WRT_OK ends the guest with a trap that has it as host_code of wrt_last_error(). */
static int host_set(wrt_caller_t *caller, void *user, uint64_t *args)
{
    ARG_UNUSED(caller);
    ARG_UNUSED(user);
    return gpio_pin_set_dt(&led, WRT_ARG_I32(args, 0) != 0);
}

static int host_get(wrt_caller_t *caller, void *user, uint64_t *args)
{
    int on = gpio_pin_get_dt(&led);

    ARG_UNUSED(caller);
    ARG_UNUSED(user);
    if (on < 0) {
        return on;
    }
    WRT_RET_I32(args, 0, on);
    return WRT_OK;
}

static int host_sleep_ms(wrt_caller_t *caller, void *user, uint64_t *args)
{
    ARG_UNUSED(caller);
    ARG_UNUSED(user);
    k_sleep(K_MSEC(MIN(WRT_ARG_U32(args, 0), 1000u))); /* no guest keeps the thread for longer */
    return WRT_OK;
}

WRT_HOST_DEFINE(led_set, "led", "set", "(i)", host_set, NULL);
WRT_HOST_DEFINE(led_get, "led", "get", "()i", host_get, NULL);
WRT_HOST_DEFINE(sleep_ms, "host", "sleep_ms", "(i)", host_sleep_ms, NULL);

static int led_init(void)
{
    return gpio_is_ready_dt(&led) ? gpio_pin_configure_dt(&led, GPIO_OUTPUT_INACTIVE | GPIO_INPUT) : -ENODEV;
}

SYS_INIT(led_init, APPLICATION, CONFIG_APPLICATION_INIT_PRIORITY);
