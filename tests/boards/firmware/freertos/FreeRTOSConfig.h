/* SPDX-License-Identifier: MIT */
/* The demo's configuration, without a heap: the task is static. */
#include "../../../../freertos/demo/FreeRTOSConfig.h"

#undef configSUPPORT_DYNAMIC_ALLOCATION
#define configSUPPORT_DYNAMIC_ALLOCATION 0
