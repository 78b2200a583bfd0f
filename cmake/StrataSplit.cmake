# SPDX-License-Identifier: MIT-0
#
# The same sources compiled file by file, for tests. Nothing here overrides malloc.
#
#   strata_split   all files, with the host's
#   strata_nohost  without os_*.c and override_*.c: the test brings its own, such as
#                  test/fake/os_fake.c

add_library(strata_core OBJECT ${STRATA_CORE_SOURCES})
add_library(strata_host OBJECT ${STRATA_HOST_SOURCES})
foreach(library IN ITEMS strata_core strata_host)
  # Compiled only if something links it: a build that tests the amalgamation may not.
  set_target_properties(${library} PROPERTIES POSITION_INDEPENDENT_CODE ON EXCLUDE_FROM_ALL ON)
  target_include_directories(${library} PUBLIC "${PROJECT_SOURCE_DIR}/include"
                                               "${PROJECT_SOURCE_DIR}/src")
  target_link_libraries(${library} PUBLIC strata_switches PRIVATE strata_warnings strata_allocator)
  if(STRATA_COVERAGE)
    # The library only: nobody asks which lines of the tests run.
    target_compile_options(${library} PRIVATE --coverage)
  endif()
endforeach()
if(STRATA_COVERAGE)
  target_link_options(strata_switches INTERFACE --coverage)
endif()

# All objects, not an archive of them: what nobody calls but the loader (the constructor that
# reads the environment) is there too, as it is in the shipped library.
add_library(strata_split INTERFACE)
target_sources(strata_split INTERFACE $<TARGET_OBJECTS:strata_core> $<TARGET_OBJECTS:strata_host>)

# An archive: a test that defines a function of a module itself gets that module left out.
add_library(strata_nohost STATIC EXCLUDE_FROM_ALL $<TARGET_OBJECTS:strata_core>)
set_target_properties(strata_nohost PROPERTIES LINKER_LANGUAGE C)

target_include_directories(strata_nohost PUBLIC "${PROJECT_SOURCE_DIR}/include"
                                                "${PROJECT_SOURCE_DIR}/src")
target_include_directories(strata_split INTERFACE "${PROJECT_SOURCE_DIR}/include"
                                                  "${PROJECT_SOURCE_DIR}/src")
target_link_libraries(strata_nohost PUBLIC strata_switches)
target_link_libraries(strata_split INTERFACE strata_switches)
