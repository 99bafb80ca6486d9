# SPDX-License-Identifier: MIT
# GNU A64 for boards: the bare-metal compiler where there is one, else the Linux one, used without its C library.
set(CMAKE_SYSTEM_NAME Generic)
if(NOT CMAKE_SYSTEM_PROCESSOR)
  set(CMAKE_SYSTEM_PROCESSOR aarch64)
endif()
find_program(WRT_AARCH64_GCC NAMES aarch64-none-elf-gcc aarch64-elf-gcc aarch64-linux-gnu-gcc REQUIRED)
set(CMAKE_C_COMPILER ${WRT_AARCH64_GCC})
set(CMAKE_TRY_COMPILE_TARGET_TYPE STATIC_LIBRARY)
