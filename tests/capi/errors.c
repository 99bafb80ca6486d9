/* SPDX-License-Identifier: MIT */
#include "check.h"

void test_errors(void)
{
    static const int codes[] = { WRT_OK,     WRT_EPAUSED, WRT_EINTERRUPTED, WRT_ESUSPENDED, WRT_ETRAP,  WRT_EINVAL,  WRT_EINVAL_HANDLE, WRT_ENOMEM,
                                 WRT_ENOENT, WRT_ETYPE,   WRT_EMALFORMED,   WRT_EINVALID,   WRT_EIMAGE, WRT_ENOTSUP, WRT_EBUSY };
    enum { CODES = sizeof codes / sizeof codes[0] };

    for (int i = 0; i < CODES; i++) {
        CHECK(strlen(wrt_strerror(codes[i])) > 3);
        for (int n = 0; n < i; n++) {
            CHECK(strcmp(wrt_strerror(codes[i]), wrt_strerror(codes[n])) != 0);
        }
    }
    SAME(wrt_strerror(12345), "an unknown code");
    SAME(wrt_trap_message(0), "no trap");
    for (uint32_t trap = 1; trap <= 15; trap++) {
        CHECK(strlen(wrt_trap_message(trap)) > 8 && strcmp(wrt_trap_message(trap), "an unknown trap") != 0);
    }
    SAME(wrt_trap_message(UINT32_MAX), "an unknown trap");
}
