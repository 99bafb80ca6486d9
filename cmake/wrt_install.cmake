# SPDX-License-Identifier: MIT
# What `cmake --install` puts in place: library, header, package for CMake, package for pkg-config, and the wrt program.
include(GNUInstallDirs)
include(CMakePackageConfigHelpers)

get_target_property(wrt_archive wrt_library IMPORTED_LOCATION)
get_filename_component(WRT_ARCHIVE_NAME ${wrt_archive} NAME)
install(FILES ${wrt_archive} DESTINATION ${CMAKE_INSTALL_LIBDIR})
install(FILES ${CMAKE_CURRENT_SOURCE_DIR}/rust/wrt-capi/include/wrt.h DESTINATION ${CMAKE_INSTALL_INCLUDEDIR})
add_custom_target(wrt_library_default ALL DEPENDS ${wrt_archive})

# The helper library: wrt_helper.h.
get_target_property(wrt_helper_archive wrt_helper IMPORTED_LOCATION)
get_filename_component(WRT_HELPER_ARCHIVE_NAME ${wrt_helper_archive} NAME)
install(FILES ${wrt_helper_archive} DESTINATION ${CMAKE_INSTALL_LIBDIR})
install(FILES ${CMAKE_CURRENT_SOURCE_DIR}/rust/wrt-capi/include/wrt_helper.h DESTINATION ${CMAKE_INSTALL_INCLUDEDIR})
add_custom_target(wrt_helper_default ALL DEPENDS ${wrt_helper_archive})

set(wrt_package ${CMAKE_INSTALL_LIBDIR}/cmake/wrt)
configure_package_config_file(cmake/wrtConfig.cmake.in ${CMAKE_CURRENT_BINARY_DIR}/wrtConfig.cmake
  INSTALL_DESTINATION ${wrt_package} PATH_VARS CMAKE_INSTALL_LIBDIR CMAKE_INSTALL_INCLUDEDIR CMAKE_INSTALL_BINDIR)
write_basic_package_version_file(${CMAKE_CURRENT_BINARY_DIR}/wrtConfigVersion.cmake COMPATIBILITY SameMinorVersion)
install(FILES ${CMAKE_CURRENT_BINARY_DIR}/wrtConfig.cmake ${CMAKE_CURRENT_BINARY_DIR}/wrtConfigVersion.cmake
  cmake/wrt_add_module.cmake DESTINATION ${wrt_package})

get_target_property(WRT_CFLAGS wrt_library INTERFACE_COMPILE_DEFINITIONS)
if(WRT_CFLAGS)
  list(TRANSFORM WRT_CFLAGS PREPEND " -D")
  list(JOIN WRT_CFLAGS "" WRT_CFLAGS)
else()
  set(WRT_CFLAGS "")
endif()
configure_file(cmake/wrt.pc.in wrt.pc @ONLY)
install(FILES ${CMAKE_CURRENT_BINARY_DIR}/wrt.pc DESTINATION ${CMAKE_INSTALL_LIBDIR}/pkgconfig)

wrt_tool(wrt_program)
add_custom_target(wrt_program ALL DEPENDS ${wrt_program_depends})
install(PROGRAMS ${wrt_program} DESTINATION ${CMAKE_INSTALL_BINDIR})
