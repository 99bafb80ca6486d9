#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# Makes device.wasm, which is checked in: clang 14 and wasm-ld, what a C programmer would type.
set -euo pipefail
cd "$(dirname "$0")"
clang --target=wasm32 -std=c11 -O2 -ffreestanding -fno-builtin-memcpy -fno-builtin-memset -nostdlib -Wall -Wextra \
    -Wl,--no-entry -Wl,-z,stack-size=8192 -Wl,--strip-all -o device.wasm ./*.c
