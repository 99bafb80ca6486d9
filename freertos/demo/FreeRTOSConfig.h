/* SPDX-License-Identifier: MIT */
/* The demo's configuration, for the POSIX port and for a Cortex-M3. Yours will differ: ../README.md tells what matters. */
#ifndef FREERTOS_CONFIG_H
#define FREERTOS_CONFIG_H

#define configTICK_RATE_HZ 1000
#define configTICK_TYPE_WIDTH_IN_BITS TICK_TYPE_WIDTH_32_BITS
#define configUSE_PREEMPTION 1
#define configUSE_TIME_SLICING 1
#define configMAX_PRIORITIES 5
#define configMAX_TASK_NAME_LEN 12
#define configUSE_IDLE_HOOK 0
#define configUSE_TICK_HOOK 1 /* the deadlines of samples/deadline */
#define configUSE_MALLOC_FAILED_HOOK 0 /* or the port has no memory regions */
#define configCHECK_FOR_STACK_OVERFLOW 2
#define configSUPPORT_DYNAMIC_ALLOCATION 1
#define configSUPPORT_STATIC_ALLOCATION 1
#if !defined(DEMO_MPU) /* demo.c has the idle task's, where the kernel's own could be written by every task */
#define configKERNEL_PROVIDED_STATIC_MEMORY 1
#endif

#define configUSE_TASK_NOTIFICATIONS 1
#ifndef configTASK_NOTIFICATION_ARRAY_ENTRIES
#define configTASK_NOTIFICATION_ARRAY_ENTRIES 2 /* the last is WRT's */
#endif

#define INCLUDE_vTaskDelay 1
#define INCLUDE_vTaskDelete 1
#define INCLUDE_uxTaskPriorityGet 1
#define INCLUDE_vTaskSuspend 1
#define INCLUDE_xTaskGetSchedulerState 1
#define INCLUDE_xTaskGetCurrentTaskHandle 1
#define INCLUDE_uxTaskGetStackHighWaterMark 1

void demo_assert(const char *file, int line);
#define configASSERT(x)                       \
    do {                                      \
        if (!(x)) {                           \
            demo_assert(__FILE__, __LINE__);  \
        }                                     \
    } while (0)

#if defined(DEMO_SMP) /* the bare board mps2-an521: two Cortex-M33 */
#define configNUMBER_OF_CORES 2
#define configRUN_MULTIPLE_PRIORITIES 1
#define configUSE_CORE_AFFINITY 0
#define configUSE_PASSIVE_IDLE_HOOK 0
#define configENABLE_FPU 0
#define configENABLE_MPU 0
#define configENABLE_TRUSTZONE 0
#define configRUN_FREERTOS_SECURE_ONLY 1
#define configCORE_ID_REGISTER 0x5001f000
#define configWAKE_SECONDARY_CORES demo_wake_second_core
/* Counts switches to tasks that are not idle, in the kernel's own words. */
extern volatile unsigned long demo_switches[configNUMBER_OF_CORES];
#define traceTASK_SWITCHED_IN() \
    (demo_switches[portGET_CORE_ID()] += (pxCurrentTCBs[portGET_CORE_ID()]->uxTaskAttributes & taskATTRIBUTE_IS_IDLE) == 0 ? 1 : 0)
#define configCPU_CLOCK_HZ 20000000UL
#else
#define configCPU_CLOCK_HZ 25000000UL
#endif

#if defined(DEMO_MPU) /* the bare board mps2-an385-mpu */
#define configPROTECTED_KERNEL_OBJECT_POOL_SIZE 80
#define configSYSTEM_CALL_STACK_SIZE 128
#define configENFORCE_SYSTEM_CALLS_FROM_KERNEL_ONLY 1
#define configALLOW_UNPRIVILEGED_CRITICAL_SECTIONS 0
#define configUSE_MPU_WRAPPERS_V1 0
#define configUSE_MUTEXES 1 /* WRT's lock */
#define INCLUDE_eTaskGetState 1
#endif

#if defined(__arm__) /* a bare board */
#define configINITIAL_TICK_COUNT ((TickType_t)-10) /* overflows at once, so that whoever minds is found */
#define configMINIMAL_STACK_SIZE 128
#define configTOTAL_HEAP_SIZE (64 * 1024)
#define configPRIO_BITS 3
#define configKERNEL_INTERRUPT_PRIORITY 0xe0
#define configMAX_SYSCALL_INTERRUPT_PRIORITY 0xa0
/* the names in the vector table */
#define vPortSVCHandler SVC_Handler
#define xPortPendSVHandler PendSV_Handler
#define xPortSysTickHandler SysTick_Handler
#else
#define configMINIMAL_STACK_SIZE 4096 /* words; the POSIX port's stacks are those of threads */
#define configTOTAL_HEAP_SIZE (1024 * 1024)
#endif

#endif /* FREERTOS_CONFIG_H */
