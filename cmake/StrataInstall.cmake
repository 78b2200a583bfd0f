# SPDX-License-Identifier: MIT-0
#
# What `make install` puts where: headers, both libraries, the command, and the two ways by
# which other builds find them (pkg-config, find_package). All paths are relative to where the
# files lie, so that an installed tree can be moved.
include(CMakePackageConfigHelpers)

file(GLOB public_headers CONFIGURE_DEPENDS
     "${PROJECT_SOURCE_DIR}/include/*.h" "${PROJECT_SOURCE_DIR}/include/*.hpp")
install(FILES ${public_headers} DESTINATION "${CMAKE_INSTALL_INCLUDEDIR}")

install(TARGETS strata_shared strata_static EXPORT strata-targets
        ARCHIVE DESTINATION "${CMAKE_INSTALL_LIBDIR}"
        LIBRARY DESTINATION "${CMAKE_INSTALL_LIBDIR}")
if(TARGET strata_command)
  install(TARGETS strata_command RUNTIME DESTINATION "${CMAKE_INSTALL_BINDIR}")
  # What the command starts or preloads, not a user.
  foreach(tool IN ITEMS strata_record strata_replayer)
    if(TARGET ${tool})
      install(TARGETS ${tool} DESTINATION "${CMAKE_INSTALL_LIBEXECDIR}/strata")
    endif()
  endforeach()
endif()
if(EXISTS "${PROJECT_SOURCE_DIR}/docs/strata.1")
  install(FILES "${PROJECT_SOURCE_DIR}/docs/strata.1" DESTINATION "${CMAKE_INSTALL_MANDIR}/man1")
endif()

# The way from the directory of the .pc file back to the prefix, for any depth of libdir.
file(RELATIVE_PATH strata_pc_to_prefix
     "/prefix/${CMAKE_INSTALL_LIBDIR}/pkgconfig" "/prefix")
configure_file("${PROJECT_SOURCE_DIR}/cmake/strata.pc.in" "${PROJECT_BINARY_DIR}/strata.pc" @ONLY)
install(FILES "${PROJECT_BINARY_DIR}/strata.pc" DESTINATION "${CMAKE_INSTALL_LIBDIR}/pkgconfig")

set(strata_cmake_dir "${CMAKE_INSTALL_LIBDIR}/cmake/strata")
install(EXPORT strata-targets NAMESPACE strata:: DESTINATION "${strata_cmake_dir}")
configure_package_config_file(
  "${PROJECT_SOURCE_DIR}/cmake/strata-config.cmake.in"
  "${PROJECT_BINARY_DIR}/strata-config.cmake"
  INSTALL_DESTINATION "${strata_cmake_dir}")
write_basic_package_version_file("${PROJECT_BINARY_DIR}/strata-config-version.cmake"
                                 COMPATIBILITY SameMinorVersion)
install(FILES "${PROJECT_BINARY_DIR}/strata-config.cmake"
              "${PROJECT_BINARY_DIR}/strata-config-version.cmake"
        DESTINATION "${strata_cmake_dir}")
