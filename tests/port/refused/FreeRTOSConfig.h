/* SPDX-License-Identifier: MIT */
/* The demo's configuration with one thing that WRT cannot work with, by number; 0 is without waiting, which it can. */
#include "../../../freertos/demo/FreeRTOSConfig.h"

#if REFUSED == 0 || REFUSED == 1
#undef configTASK_NOTIFICATION_ARRAY_ENTRIES
#define configTASK_NOTIFICATION_ARRAY_ENTRIES 1
#undef configSUPPORT_STATIC_ALLOCATION
#define configSUPPORT_STATIC_ALLOCATION 0
#endif
#if REFUSED == 0
#define configWRT_WAITING 0
#elif REFUSED == 2
#undef INCLUDE_vTaskSuspend
#elif REFUSED == 3
#undef INCLUDE_xTaskGetSchedulerState
#elif REFUSED == 4
#define configWRT_NOTIFICATION_INDEX 0
#elif REFUSED == 5
#define configWRT_NOTIFICATION_INDEX 2
#endif
