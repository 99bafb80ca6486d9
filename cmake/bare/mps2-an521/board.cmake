# SPDX-License-Identifier: MIT
# Arm MPS2+ AN521: two Cortex-M33 without FPU as they start, in the secure state; 4 MiB in the place of flash, 4 MiB RAM.
# The second core waits: see freertos/demo/smp.c.
set(WRT_BOARD_TOOLCHAIN arm-none-eabi)
set(WRT_BOARD_RUST_TARGET thumbv7m-none-eabi) # whose instructions and calls a Cortex-M33 has too
set(WRT_BOARD_CPU_FLAGS -mcpu=cortex-m33+nofp+nodsp -mthumb -mfloat-abi=soft)
set(WRT_BOARD_SOURCES board.c vectors.c)
set(WRT_BOARD_EMULATOR qemu-system-arm -machine mps2-an521 -nographic -monitor none -serial stdio
    -semihosting-config enable=on,target=native -kernel)
