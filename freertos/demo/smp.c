/* SPDX-License-Identifier: MIT */
/*
 * The second core of mps2-an521 for FreeRTOS's SMP port to the Cortex-M33: how it is started, and how cores interrupt each
 * other (Arm SSE-200, chapters "System control" and "Message handling unit").
 */
#include <FreeRTOS.h>
#include <task.h>

volatile unsigned long demo_switches[configNUMBER_OF_CORES];

#define CPU1_VECTORS (*(volatile uint32_t *)0x50021114u) /* INITSVTOR1 */
#define CPU_WAIT (*(volatile uint32_t *)0x50021118u)     /* a bit per core */
/* MHU 0: state, set and clear of core 0's interrupt, and 16 bytes further those of core 1's. */
#define MHU_SET(core) (*(volatile uint32_t *)(0x50003004u + 16u * (core)))
#define MHU_CLEAR(core) (*(volatile uint32_t *)(0x50003008u + 16u * (core)))
#define MHU_IRQ 6
#define NVIC_ENABLE (*(volatile uint32_t *)0xe000e100u)
#define NVIC_PRIORITY ((volatile uint8_t *)0xe000e400u)

/* Of the kernel's port. */
extern volatile uint8_t ucSecondaryCoresReadyFlags[], ucPrimaryCoreInitDoneFlag;
void vPortConfigureInterruptPriorities(void);
void vStartFirstTask(void);
void SVC_Handler(void);
void PendSV_Handler(void);

static void accept_interrupts_of_the_other_core(void)
{
    NVIC_PRIORITY[MHU_IRQ] = configKERNEL_INTERRUPT_PRIORITY;
    NVIC_ENABLE = 1u << MHU_IRQ;
}

void vInterruptCore(uint8_t core)
{
    MHU_SET(core) = 1;
}

void MHU0_Handler(void)
{
    MHU_CLEAR(portGET_CORE_ID()) = 1;
    portYIELD_FROM_ISR(pdTRUE);
}

static void fault(void)
{
    configASSERT(pdFALSE);
}

static void second_core(void)
{
    while (!ucPrimaryCoreInitDoneFlag) {
    }
    portDISABLE_INTERRUPTS(); /* until the first task: by BASEPRI, because vStartFirstTask() undoes `cpsid` too early */
    vPortConfigureInterruptPriorities();
    accept_interrupts_of_the_other_core();
    ucSecondaryCoresReadyFlags[0] = pdTRUE;
    vStartFirstTask();
}

BaseType_t demo_wake_second_core(void)
{
    static uint64_t stack[256];
    static struct {
        uint64_t *stack;
        void (*handler[22])(void);
    } vectors __attribute__((aligned(128)));

    /* The ticks are core 0's. */
    for (size_t i = 0; i < 22; i++) {
        vectors.handler[i] = fault;
    }
    vectors.stack = &stack[256];
    vectors.handler[0] = second_core;
    vectors.handler[10] = SVC_Handler;
    vectors.handler[13] = PendSV_Handler;
    vectors.handler[15 + MHU_IRQ] = MHU0_Handler;
    accept_interrupts_of_the_other_core();
    CPU1_VECTORS = (uint32_t)&vectors;
    CPU_WAIT = 0;
    return pdTRUE;
}

int demo_both_cores_worked(void)
{
    return demo_switches[0] >= 100 && demo_switches[1] >= 100;
}
