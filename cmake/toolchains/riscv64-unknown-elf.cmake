# SPDX-License-Identifier: MIT
# GNU RISC-V for boards, 32 and 64 bit. The processor's own flags come from the board, or from your CMAKE_C_FLAGS.
set(CMAKE_SYSTEM_NAME Generic)
if(NOT CMAKE_SYSTEM_PROCESSOR)
  set(CMAKE_SYSTEM_PROCESSOR riscv)
endif()
set(CMAKE_C_COMPILER riscv64-unknown-elf-gcc)
set(CMAKE_TRY_COMPILE_TARGET_TYPE STATIC_LIBRARY)
