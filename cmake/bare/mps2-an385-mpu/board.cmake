# SPDX-License-Identifier: MIT
# mps2-an385 with a memory layout for kernels that use its MPU: FreeRTOS's port ARM_CM3_MPU.
include(${CMAKE_CURRENT_LIST_DIR}/../mps2-an385/board.cmake)
list(TRANSFORM WRT_BOARD_SOURCES PREPEND ../mps2-an385/)
