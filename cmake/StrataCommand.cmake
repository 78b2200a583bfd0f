# SPDX-License-Identifier: MIT-0
#
# The `strata` command: all of tools/command/*.c. It uses the public interface only, so it links
# whichever form of the library this build has.

file(GLOB command_sources CONFIGURE_DEPENDS "${PROJECT_SOURCE_DIR}/tools/command/*.c")
if(command_sources)
  add_executable(strata_command ${command_sources})
  set_target_properties(strata_command PROPERTIES OUTPUT_NAME strata)
  if(STRATA_LIBRARIES)
    # The same source, but it leaves STRATA_OPTIONS to the program that the command runs: what is
    # wrong with it would be said twice.
    add_library(strata_command_library OBJECT "${STRATA_DIST_DIR}/strata.c")
    add_dependencies(strata_command_library amalgamation)
    target_compile_definitions(strata_command_library PRIVATE STRATA_OVERRIDE=1
                                                              STRATA_ENVIRONMENT=0)
    target_link_libraries(strata_command_library
      PRIVATE strata_warnings strata_switches strata_allocator)
    target_link_libraries(strata_command PRIVATE strata_command_library)
    # The command preloads the shared library that lies beside it.
    add_dependencies(strata_command strata_shared)
  else()
    target_link_libraries(strata_command PRIVATE strata_split)
  endif()
  target_link_libraries(strata_command PRIVATE strata_warnings strata_switches)
  target_include_directories(strata_command PRIVATE "${PROJECT_SOURCE_DIR}/include"
                                                    "${PROJECT_SOURCE_DIR}/tools/replay")
  target_link_libraries(strata_command PRIVATE strata_trace m)
  foreach(tool IN ITEMS strata_record strata_replayer)
    if(TARGET ${tool})
      add_dependencies(strata_command ${tool})
    endif()
  endforeach()
endif()
