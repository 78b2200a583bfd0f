# SPDX-License-Identifier: MIT-0
#
# The two libraries that are installed, both from one object: the amalgamation, compiled once,
# position-independent, with the C library's names defined (STRATA_OVERRIDE).
#
#   strata_shared  libstrata.so  for LD_PRELOAD and linking
#   strata_static  libstrata.a

add_library(strata_object OBJECT "${STRATA_DIST_DIR}/strata.c")
add_dependencies(strata_object amalgamation)
set_target_properties(strata_object PROPERTIES POSITION_INDEPENDENT_CODE ON)
target_compile_definitions(strata_object PRIVATE STRATA_OVERRIDE=1)
target_link_libraries(strata_object PRIVATE strata_warnings strata_switches strata_allocator)
if(CMAKE_C_COMPILER_ID MATCHES "GNU|Clang")
  # Calls among our own exported functions need not go through the procedure table.
  target_compile_options(strata_object PRIVATE -fno-semantic-interposition)
endif()

add_library(strata_shared SHARED $<TARGET_OBJECTS:strata_object>)
set_target_properties(strata_shared PROPERTIES
  OUTPUT_NAME strata
  EXPORT_NAME strata
  LINKER_LANGUAGE C
  VERSION ${PROJECT_VERSION}
  SOVERSION ${PROJECT_VERSION_MAJOR})
if(UNIX AND NOT APPLE)
  # now + relro: the table of function addresses is read-only before the first allocation, and
  # resolving one lazily never calls malloc from inside malloc.
  # nodelete: threads that used it have memory of ours, whatever the program closes.
  target_link_options(strata_shared PRIVATE
    -Wl,-z,now -Wl,-z,relro -Wl,-z,nodelete -Wl,--as-needed -Wl,-O1 -Wl,--hash-style=gnu -Wl,--no-undefined)
endif()

add_library(strata_static STATIC $<TARGET_OBJECTS:strata_object>)
set_target_properties(strata_static PROPERTIES
  OUTPUT_NAME strata
  EXPORT_NAME strata_static
  LINKER_LANGUAGE C)

foreach(library IN ITEMS strata_shared strata_static)
  target_link_libraries(${library} PRIVATE $<BUILD_INTERFACE:strata_switches>)
  target_include_directories(${library} PUBLIC
    $<BUILD_INTERFACE:${PROJECT_SOURCE_DIR}/include>
    $<INSTALL_INTERFACE:${CMAKE_INSTALL_INCLUDEDIR}>)
endforeach()

add_library(strata::strata ALIAS strata_shared)
add_library(strata::strata_static ALIAS strata_static)
