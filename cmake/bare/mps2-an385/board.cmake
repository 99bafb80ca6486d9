# SPDX-License-Identifier: MIT
# Arm MPS2+ AN385: Cortex-M3, 4 MiB at 0 in the place of flash, 4 MiB RAM.
set(WRT_BOARD_TOOLCHAIN arm-none-eabi)
set(WRT_BOARD_RUST_TARGET thumbv7m-none-eabi)
set(WRT_BOARD_CPU_FLAGS -mcpu=cortex-m3 -mthumb)
set(WRT_BOARD_SOURCES board.c vectors.c)
set(WRT_BOARD_EMULATOR qemu-system-arm -machine mps2-an385 -cpu cortex-m3 -nographic -monitor none -serial stdio
    -semihosting-config enable=on,target=native -kernel)
