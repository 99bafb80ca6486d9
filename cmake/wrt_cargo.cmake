# SPDX-License-Identifier: MIT
#
# Builds Rust packages of this repository from CMake.
#
#   wrt_cargo(<target> PACKAGE <package> LIBRARY <name> TARGET <rust target, or "" to deduce it> [FEATURES <feature>...])
#       <target> is the package's static library, imported; link it.
#   wrt_cargo(<target> PACKAGE <package> PROGRAM <name>)
#       <target> is the package's program for the build machine; $<TARGET_FILE:<target>> is where it will be.
#
# Everything that cargo writes stays below the build folder. Compiler settings of the C side (CC, CFLAGS, ...) do not
# reach cargo: they are for another target, and would break build scripts.

set(WRT_ROOT ${CMAKE_CURRENT_LIST_DIR}/..)
cmake_path(NORMAL_PATH WRT_ROOT)
set_property(GLOBAL PROPERTY WRT_ROOT ${WRT_ROOT})

# Finds cargo and rustc, or says how to get them.
function(wrt_find_cargo)
  find_program(WRT_CARGO cargo HINTS $ENV{CARGO_HOME}/bin $ENV{HOME}/.cargo/bin DOC "Rust's package manager")
  find_program(WRT_RUSTC rustc HINTS $ENV{CARGO_HOME}/bin $ENV{HOME}/.cargo/bin DOC "Rust's compiler")
  mark_as_advanced(WRT_CARGO WRT_RUSTC)
  if(NOT WRT_CARGO OR NOT WRT_RUSTC)
    message(FATAL_ERROR "WRT is built with Rust, and cargo or rustc was not found. Install it:\n"
      "  curl --proto '=https' --tlsv1.2 -sSf https://sh.rustup.rs | sh\n"
      "or set WRT_CARGO and WRT_RUSTC to the programs.")
  endif()
endfunction()

# The Rust target of the build machine.
function(wrt_rust_host out)
  execute_process(COMMAND ${WRT_RUSTC} -vV OUTPUT_VARIABLE text COMMAND_ERROR_IS_FATAL ANY)
  if(NOT text MATCHES "host: ([^\n]+)")
    message(FATAL_ERROR "${WRT_RUSTC} -vV does not tell its host:\n${text}")
  endif()
  set(${out} ${CMAKE_MATCH_1} PARENT_SCOPE)
endfunction()

# The Rust target for what CMake compiles for: the board's, the build machine's, or by system and processor.
function(wrt_rust_target out)
  string(TOLOWER "${CMAKE_SYSTEM_NAME}:${CMAKE_SYSTEM_PROCESSOR}" system)
  set(hf "")
  if("${CMAKE_C_FLAGS}" MATCHES "-mfloat-abi=hard")
    set(hf hf)
  endif()
  if(WRT_BOARD_RUST_TARGET)
    set(found ${WRT_BOARD_RUST_TARGET})
  elseif(NOT CMAKE_CROSSCOMPILING)
    wrt_rust_host(found)
  elseif(system MATCHES "^(generic|freertos):cortex-m(0|0plus|0\\+|1)$")
    set(found thumbv6m-none-eabi)
  elseif(system MATCHES "^(generic|freertos):cortex-m3$")
    set(found thumbv7m-none-eabi)
  elseif(system MATCHES "^(generic|freertos):cortex-m(4|7)$")
    set(found thumbv7em-none-eabi${hf})
  elseif(system MATCHES "^(generic|freertos):cortex-m23$")
    set(found thumbv8m.base-none-eabi)
  elseif(system MATCHES "^(generic|freertos):cortex-m(33|35p|52|55|85)$")
    set(found thumbv8m.main-none-eabi${hf})
  elseif(system MATCHES "^(generic|freertos):(riscv32|rv32imac)$")
    set(found riscv32imac-unknown-none-elf)
  elseif(system MATCHES "^(generic|freertos):(riscv64|rv64imac)$")
    set(found riscv64imac-unknown-none-elf)
  elseif(system MATCHES "^(generic|freertos):(aarch64|arm64)$")
    set(found aarch64-unknown-none)
  elseif(system MATCHES "^linux:(x86_64|amd64)$")
    set(found x86_64-unknown-linux-gnu)
  elseif(system MATCHES "^linux:(aarch64|arm64)$")
    set(found aarch64-unknown-linux-gnu)
  elseif(system MATCHES "^linux:armv7")
    set(found armv7-unknown-linux-gnueabihf)
  elseif(system MATCHES "^linux:riscv64$")
    set(found riscv64gc-unknown-linux-gnu)
  elseif(system MATCHES "^darwin:(aarch64|arm64)$")
    set(found aarch64-apple-darwin)
  elseif(system MATCHES "^windows:(x86_64|amd64)$" AND MINGW)
    set(found x86_64-pc-windows-gnu)
  else()
    message(FATAL_ERROR "No Rust target is known for CMAKE_SYSTEM_NAME \"${CMAKE_SYSTEM_NAME}\" and "
      "CMAKE_SYSTEM_PROCESSOR \"${CMAKE_SYSTEM_PROCESSOR}\". Set WRT_RUST_TARGET; `rustc --print target-list` has all.")
  endif()
  set(${out} ${found} PARENT_SCOPE)
endfunction()

# Stops with the command to type when the standard library of a Rust target is not installed.
function(wrt_require_rust_target target)
  execute_process(COMMAND ${WRT_RUSTC} --print target-libdir --target ${target}
    OUTPUT_VARIABLE libraries OUTPUT_STRIP_TRAILING_WHITESPACE ERROR_VARIABLE why RESULT_VARIABLE failed)
  if(failed)
    message(FATAL_ERROR "Rust does not know the target ${target}:\n${why}")
  elseif(NOT IS_DIRECTORY "${libraries}")
    message(FATAL_ERROR "Rust's library for ${target} is not installed. Install it:\n  rustup target add ${target}")
  endif()
endfunction()

# The profile in Cargo.toml that WRT_OPTIMIZE, or the choice of Kconfig, stands for.
function(wrt_device_profile out)
  if(CONFIG_WRT_OPTIMIZE_SIZE)
    set(WRT_OPTIMIZE size)
  elseif(CONFIG_WRT_OPTIMIZE_SPEED)
    set(WRT_OPTIMIZE speed)
  endif()
  if(NOT WRT_OPTIMIZE OR WRT_OPTIMIZE STREQUAL "balanced")
    set(${out} device PARENT_SCOPE)
  elseif(WRT_OPTIMIZE MATCHES "^(size|speed)$")
    set(${out} device-${WRT_OPTIMIZE} PARENT_SCOPE)
  else()
    message(FATAL_ERROR "WRT_OPTIMIZE is ${WRT_OPTIMIZE}; there are: size, balanced, speed")
  endif()
endfunction()

function(wrt_cargo name)
  cmake_parse_arguments(PARSE_ARGV 1 arg "" "PACKAGE;LIBRARY;PROGRAM;TARGET" "FEATURES")
  get_property(root GLOBAL PROPERTY WRT_ROOT)
  wrt_find_cargo()

  if(arg_PROGRAM)
    wrt_rust_host(target)
  elseif(arg_TARGET)
    set(target ${arg_TARGET})
  else()
    wrt_rust_target(target)
  endif()
  wrt_require_rust_target(${target})

  # Targets without an operating system get a profile of WRT_OPTIMIZE; the others are always built for speed.
  if(target MATCHES "-none(-|$)")
    wrt_device_profile(profile)
  else()
    set(profile release)
  endif()

  set(folder ${CMAKE_CURRENT_BINARY_DIR}/cargo)
  set(products ${folder}/${target}/${profile})
  if(arg_PROGRAM)
    set(suffix "")
    if(target MATCHES "windows")
      set(suffix .exe)
    endif()
    set(product ${products}/${arg_PROGRAM}${suffix})
    set(depfile ${products}/${arg_PROGRAM}.d)
  else()
    set(product ${products}/lib${arg_LIBRARY}.a)
    if(target MATCHES "windows-msvc")
      set(product ${products}/${arg_LIBRARY}.lib)
    endif()
    set(depfile ${products}/lib${arg_LIBRARY}.d)
  endif()

  set(options --locked)
  if(WRT_CARGO_OFFLINE OR CONFIG_WRT_CARGO_OFFLINE)
    list(APPEND options --offline)
  endif()
  if(NOT arg_PROGRAM)
    list(JOIN arg_FEATURES "," features)
    list(APPEND options --no-default-features "--features=${features}")
  endif()

  # The depfile has the sources; manifests and the lock file stand here.
  file(GLOB manifests CONFIGURE_DEPENDS ${root}/rust/*/Cargo.toml)
  # Written by cargo during the build, needed by some generators before.
  file(MAKE_DIRECTORY ${products})

  add_custom_command(OUTPUT ${product}
    COMMAND ${CMAKE_COMMAND} -E env
      --unset=CC --unset=CXX --unset=AR --unset=CFLAGS --unset=CXXFLAGS --unset=CPPFLAGS --unset=LDFLAGS
      --unset=RUSTFLAGS --unset=CARGO_ENCODED_RUSTFLAGS --unset=CARGO_BUILD_RUSTFLAGS
      --unset=CARGO_TARGET_DIR --unset=CARGO_BUILD_TARGET_DIR --unset=CARGO_BUILD_TARGET
      ${WRT_CARGO} build --quiet --manifest-path ${root}/Cargo.toml --package ${arg_PACKAGE}
        --profile ${profile} --target ${target} --target-dir ${folder} ${options}
    # cargo leaves a product alone that is up to date; a newer manifest must not start it each time
    COMMAND ${CMAKE_COMMAND} -E touch ${product}
    DEPENDS ${root}/Cargo.toml ${root}/Cargo.lock ${manifests}
    DEPFILE ${depfile}
    WORKING_DIRECTORY ${root}
    COMMENT "cargo: ${arg_PACKAGE} for ${target}"
    USES_TERMINAL VERBATIM)
  add_custom_target(${name}_cargo DEPENDS ${product})

  if(arg_PROGRAM)
    add_executable(${name} IMPORTED GLOBAL)
  else()
    add_library(${name} STATIC IMPORTED GLOBAL)
    # Compiler-rt's C objects inside the library say nothing about the stack; linkers warn, twister makes that an error.
    if(CMAKE_EXECUTABLE_FORMAT STREQUAL "ELF")
      set_property(TARGET ${name} PROPERTY INTERFACE_LINK_OPTIONS LINKER:-z,noexecstack)
    endif()
  endif()
  set_target_properties(${name} PROPERTIES IMPORTED_LOCATION ${product} WRT_RUST_TARGET ${target})
  add_dependencies(${name} ${name}_cargo)
endfunction()
