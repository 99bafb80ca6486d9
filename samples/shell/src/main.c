/* SPDX-License-Identifier: MIT */
/*
 * shell: nothing but what registers itself. The shell's command `wrt` runs the modules, and those that are sent to it; any
 * of them may import the host function that is defined here, and host.print, which the shell brings.
 */
#include <zephyr/kernel.h>

#include <wrt/zephyr.h>

#include "hello.h"
#include "runaway.h"

WRT_MODULE_REGISTER(hello);
WRT_MODULE_REGISTER(runaway);

/* ("host" "uptime"): milliseconds since the start. */
static int host_uptime(wrt_caller_t *caller, void *user, uint64_t *args)
{
    ARG_UNUSED(caller);
    ARG_UNUSED(user);
    WRT_RET_I32(args, 0, k_uptime_get_32());
    return WRT_OK;
}

WRT_HOST_DEFINE(uptime, "host", "uptime", "()i", host_uptime, NULL);

int main(void)
{
    return 0;
}
