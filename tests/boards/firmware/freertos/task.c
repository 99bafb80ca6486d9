/* SPDX-License-Identifier: MIT */
/*
 * Runs the firmware in a FreeRTOS task. Another one, of a higher priority, takes the processor from it at every tick and
 * overwrites all registers that a switch has to keep: what the switch loses, the traces show.
 */
#include <FreeRTOS.h>
#include <task.h>

/* Of Rust; both end the emulator. */
_Noreturn void firmware(uint32_t (*interruptions)(void));
_Noreturn void faulted(const void *at);

/* From the linker script: what the statics leave of the RAM. */
extern StackType_t __bss_end[], __stack_top[];
#define INTERRUPT_STACK_BYTES 4096

static volatile uint32_t times;

static uint32_t interruptions(void)
{
    return times;
}

static void run(void *unused)
{
    (void)unused;
    firmware(interruptions);
}

static void interrupt(void *unused)
{
    (void)unused;
    for (;;) {
        vTaskDelay(1);
        __asm__ volatile("mvn r4, #0\n mov r5, r4\n mov r6, r4\n mov r8, r4\n mov r9, r4\n mov r10, r4\n mov r11, r4\n"
                         :
                         :
                         : "r4", "r5", "r6", "r8", "r9", "r10", "r11");
        times = times + 1;
    }
}

void demo_assert(const char *file, int line)
{
    (void)line;
    faulted(file);
}

void vApplicationStackOverflowHook(TaskHandle_t task, char *name)
{
    (void)name;
    faulted(task);
}

void vApplicationTickHook(void)
{
}

/* Called by the start-up code, once. */
int main(void)
{
    static StaticTask_t task, other;
    static StackType_t stack[configMINIMAL_STACK_SIZE];
    uintptr_t bottom = ((uintptr_t)__bss_end + 7) & ~(uintptr_t)7;
    size_t words = ((uintptr_t)__stack_top - INTERRUPT_STACK_BYTES - bottom) / sizeof(StackType_t);

    (void)xTaskCreateStatic(run, "firmware", words, NULL, 2, (StackType_t *)bottom, &task);
    (void)xTaskCreateStatic(interrupt, "interrupt", configMINIMAL_STACK_SIZE, NULL, 3, stack, &other);
    vTaskStartScheduler();
    return 2; /* the scheduler comes back when it could not start */
}
