# SPDX-License-Identifier: MIT
#
# Builds for a bare board of cmake/bare. Included before project(), since the board chooses the toolchain.
#
#   wrt_board_library()          makes the target wrt_board: reset code, linker script, console
#   wrt_board_program(<target>)  makes a program of it, with a map file beside it; ctest runs it in the board's emulator
#
# A board is a folder with board.cmake (what it is), board.c (board.h's console and exit), link.ld and reset code.

set(WRT_BOARD_DIR ${CMAKE_CURRENT_LIST_DIR}/bare/${WRT_BOARD})
if(NOT EXISTS ${WRT_BOARD_DIR}/board.cmake)
  file(GLOB boards RELATIVE ${CMAKE_CURRENT_LIST_DIR}/bare ${CMAKE_CURRENT_LIST_DIR}/bare/*/board.cmake)
  list(TRANSFORM boards REPLACE "/board.cmake$" "")
  list(JOIN boards ", " boards)
  message(FATAL_ERROR "WRT_BOARD is ${WRT_BOARD}; there are: ${boards}")
endif()
include(${WRT_BOARD_DIR}/board.cmake)

if(NOT CMAKE_TOOLCHAIN_FILE)
  set(CMAKE_TOOLCHAIN_FILE ${CMAKE_CURRENT_LIST_DIR}/toolchains/${WRT_BOARD_TOOLCHAIN}.cmake CACHE FILEPATH "")
endif()
set(CMAKE_CROSSCOMPILING_EMULATOR ${WRT_BOARD_EMULATOR})
set(WRT_BOARD_COMPILE_OPTIONS ${WRT_BOARD_CPU_FLAGS} -ffreestanding -fno-pic -fno-common -ffunction-sections -fdata-sections
  -fno-asynchronous-unwind-tables)

function(wrt_board_library)
  list(TRANSFORM WRT_BOARD_SOURCES PREPEND ${WRT_BOARD_DIR}/ OUTPUT_VARIABLE sources)
  add_library(wrt_board OBJECT ${WRT_BOARD_DIR}/../board.c ${WRT_BOARD_DIR}/../memory.c ${sources})
  # Or the loops of memcpy become calls of memcpy.
  set_source_files_properties(${WRT_BOARD_DIR}/../memory.c PROPERTIES COMPILE_OPTIONS -fno-builtin\;-fno-tree-loop-distribute-patterns\;-Os)
  target_include_directories(wrt_board PUBLIC ${WRT_BOARD_DIR}/..)
  target_compile_options(wrt_board PUBLIC ${WRT_BOARD_COMPILE_OPTIONS} PRIVATE -Wall -Wextra)
  target_link_options(wrt_board INTERFACE ${WRT_BOARD_CPU_FLAGS} -nostdlib -static -no-pie -T ${WRT_BOARD_DIR}/link.ld
    LINKER:--gc-sections LINKER:--build-id=none LINKER:-z,noexecstack)
endfunction()

function(wrt_board_program target)
  # An object library: nothing refers to the reset code, so an archive would not be searched for it.
  target_link_libraries(${target} PRIVATE wrt_board gcc)
  target_link_options(${target} PRIVATE LINKER:-Map=$<TARGET_FILE:${target}>.map)
  # For whoever wants to start it without ctest: the emulator, its arguments and the program, a line each.
  list(JOIN WRT_BOARD_EMULATOR "\n" emulator)
  file(GENERATE OUTPUT ${CMAKE_CURRENT_BINARY_DIR}/${target}.run CONTENT "${emulator}\n$<TARGET_FILE:${target}>\n")
  set_target_properties(${target} PROPERTIES SUFFIX .elf LINK_DEPENDS ${WRT_BOARD_DIR}/link.ld)
endfunction()
