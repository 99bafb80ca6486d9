# SPDX-License-Identifier: MIT
#
#   wrt_add_module(<target> NAME <name> FILE <file.wasm> [MODE image|interp] [WITH_NAMES] [SHRINK])
#
# Adds a WebAssembly module to a target, as constant data and `#include "<name>.h"`:
#
#   extern const wrt_module_t wrt_module_<name>;    for wrt_load()
#   WRT_<NAME>_STORE_BYTES                          bytes of a store for this module alone: WRT_STORE_DEFINE(b, ...)
#   WRT_<NAME>_IMAGE_WORDS, WRT_<NAME>_SCRATCH_WORDS  for wrt_loader_memory_t; the second is 0 for an image
#
# MODE image (the default): translated by the build machine, run in place from flash, nothing copied.
# MODE interp: the .wasm itself; the device decodes, validates and translates it when it loads.
# SHRINK: an image gets a memory that ends at the exported `__heap_base`, if the module neither grows it nor asks for its size;
# what lies beyond traps. Needs the library's feature custom-page-sizes.
# WITH_NAMES: an image keeps the names of functions for wrt_func_name(), 4 bytes of flash each and the name's.
#
# Uses the program in WRT_TOOL, which must have the version of these files; without one, cargo builds it, once.

get_property(WRT_ROOT GLOBAL PROPERTY WRT_ROOT)
if(WRT_ROOT)
  include(${CMAKE_CURRENT_LIST_DIR}/wrt_version.cmake)
endif() # else installed: wrtConfig.cmake has set WRT_VERSION and WRT_TOOL
set_property(GLOBAL PROPERTY WRT_VERSION ${WRT_VERSION})

# Sets <out> to the command, and <out>_depends to what it depends on.
function(wrt_tool out)
  if(WRT_TOOL)
    get_property(version GLOBAL PROPERTY WRT_VERSION)
    get_property(checked GLOBAL PROPERTY WRT_TOOL_CHECKED)
    if(NOT checked STREQUAL "${WRT_TOOL} ${version}")
      execute_process(COMMAND ${WRT_TOOL} --version OUTPUT_VARIABLE text OUTPUT_STRIP_TRAILING_WHITESPACE
        ERROR_VARIABLE why RESULT_VARIABLE failed)
      if(failed)
        message(FATAL_ERROR "WRT_TOOL cannot be run: ${WRT_TOOL}: ${failed} ${why}")
      elseif(NOT text STREQUAL "wrt ${version}")
        message(FATAL_ERROR "WRT_TOOL is `${text}`, and this is WRT ${version}: images of another version do not load. "
          "Unset WRT_TOOL to have the right one built, or install it: cargo install --locked --path rust/wrt-cli")
      endif()
      set_property(GLOBAL PROPERTY WRT_TOOL_CHECKED "${WRT_TOOL} ${version}")
    endif()
    set(${out} ${WRT_TOOL} PARENT_SCOPE)
    set(${out}_depends ${WRT_TOOL} PARENT_SCOPE)
    return()
  endif()
  if(NOT TARGET wrt_tool)
    wrt_cargo(wrt_tool PACKAGE wrt-cli PROGRAM wrt)
  endif()
  get_target_property(program wrt_tool IMPORTED_LOCATION)
  set(${out} ${program} PARENT_SCOPE)
  set(${out}_depends wrt_tool_cargo ${program} PARENT_SCOPE)
endfunction()

function(wrt_add_module target)
  cmake_parse_arguments(PARSE_ARGV 1 arg "WITH_NAMES;SHRINK" "NAME;FILE;MODE" "")
  if(NOT arg_NAME OR NOT arg_FILE)
    message(FATAL_ERROR "wrt_add_module(<target> NAME <name> FILE <file.wasm> [MODE image|interp] [WITH_NAMES] [SHRINK])")
  endif()
  if(NOT arg_NAME MATCHES "^[a-z][a-z0-9_]*$")
    message(FATAL_ERROR "wrt_add_module: NAME ${arg_NAME} must be lower-case letters, digits and _: it becomes part of C names")
  endif()
  if(NOT arg_MODE)
    set(arg_MODE image)
  elseif(NOT arg_MODE MATCHES "^(image|interp)$")
    message(FATAL_ERROR "wrt_add_module: MODE is image or interp, not ${arg_MODE}")
  endif()
  cmake_path(ABSOLUTE_PATH arg_FILE BASE_DIRECTORY ${CMAKE_CURRENT_SOURCE_DIR} NORMALIZE)

  set(folder ${CMAKE_CURRENT_BINARY_DIR}/wrt_modules/${target})
  set(source ${folder}/${arg_NAME}.c)
  set(header ${folder}/${arg_NAME}.h)
  wrt_tool(tool)
  get_property(options GLOBAL PROPERTY WRT_COMPILE_OPTIONS) # what the library's features ask of an image
  if(arg_WITH_NAMES)
    list(APPEND options --names)
  endif()
  if(arg_SHRINK)
    list(APPEND options --shrink)
  endif()
  file(MAKE_DIRECTORY ${folder})
  add_custom_command(OUTPUT ${source} ${header}
    COMMAND ${tool} compile --emit c ${options} ${arg_FILE} -o ${source} --name ${arg_NAME} --mode ${arg_MODE}
    DEPENDS ${arg_FILE} ${tool_depends}
    COMMENT "wrt: ${arg_NAME} (${arg_MODE})"
    VERBATIM)
  target_sources(${target} PRIVATE ${source} ${header})
  target_include_directories(${target} PRIVATE ${folder})
endfunction()
