# SPDX-License-Identifier: MIT
# QEMU's riscv32 `virt` machine.
set(WRT_BOARD_TOOLCHAIN riscv64-unknown-elf)
set(WRT_BOARD_RUST_TARGET riscv32imac-unknown-none-elf)
set(WRT_BOARD_CPU_FLAGS -march=rv32imac_zicsr -mabi=ilp32)
set(WRT_BOARD_SOURCES board.c entry.S)
set(WRT_BOARD_EMULATOR qemu-system-riscv32 -machine virt -smp 1 -m 16M -nographic -monitor none -serial stdio -bios none -kernel)
