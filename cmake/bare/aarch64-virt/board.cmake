# SPDX-License-Identifier: MIT
# QEMU's aarch64 `virt` machine, at EL1.
set(WRT_BOARD_TOOLCHAIN aarch64-none)
set(WRT_BOARD_RUST_TARGET aarch64-unknown-none)
set(WRT_BOARD_CPU_FLAGS -mcpu=cortex-a53 -mno-outline-atomics)
set(WRT_BOARD_SOURCES board.c entry.S)
set(WRT_BOARD_EMULATOR qemu-system-aarch64 -machine virt -cpu cortex-a53 -smp 1 -m 64M -nic none -nographic -monitor none -serial stdio
    -semihosting-config enable=on,target=native -kernel)
