# SPDX-License-Identifier: MIT
# For the samples and tests of this repository, before find_package(Zephyr): makes WRT one of the modules of the build, so
# that `west build` works from a workspace that does not know WRT. Harmless where it does: Zephyr takes a module once.
# In the cache, because there stands what the command line has given, and Zephyr looks there first.
cmake_path(SET wrt_module NORMALIZE ${CMAKE_CURRENT_LIST_DIR}/..)
string(REGEX REPLACE "/$" "" wrt_module ${wrt_module})
set(wrt_variable ZEPHYR_EXTRA_MODULES)
if(DEFINED EXTRA_ZEPHYR_MODULES OR DEFINED ENV{EXTRA_ZEPHYR_MODULES}) # its other name, since Zephyr 3.4
  set(wrt_variable EXTRA_ZEPHYR_MODULES)
endif()
if(NOT DEFINED ${wrt_variable})
  set(${wrt_variable} $ENV{${wrt_variable}})
endif()
if(NOT wrt_module IN_LIST ${wrt_variable})
  set(${wrt_variable} ${${wrt_variable}} ${wrt_module} CACHE STRING "Zephyr modules besides those of west" FORCE)
endif()
