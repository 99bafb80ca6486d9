# SPDX-License-Identifier: MIT
# WRT_VERSION, read where it is written: in Cargo.toml.
file(STRINGS ${CMAKE_CURRENT_LIST_DIR}/../Cargo.toml WRT_VERSION REGEX "^version = " LIMIT_COUNT 1)
string(REGEX REPLACE "^version = \"([^\"]+)\".*" "\\1" WRT_VERSION "${WRT_VERSION}")
set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS ${CMAKE_CURRENT_LIST_DIR}/../Cargo.toml)
