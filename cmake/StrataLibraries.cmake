# SPDX-License-Identifier: MIT-0
#
# The two libraries that are installed, both from the amalgamation, with the C library's names
# defined:
#
#   strata_shared  libstrata.so  for LD_PRELOAD and linking; STRATA_OVERRIDE 2
#   strata_static  libstrata.a   STRATA_OVERRIDE 1
#
# and one more, built when it is asked for:
#
#   strata_plugin  libstrata_plugin.so  strata's own names alone, for programs and plugins that load it
#                  late, with dlopen: it takes nothing of the room that the dynamic linker keeps for
#                  thread-local data of such libraries (docs/decisions/017)

function(strata_settings target override)
  add_dependencies(${target} amalgamation)
  set_target_properties(${target} PROPERTIES POSITION_INDEPENDENT_CODE ON)
  target_compile_definitions(${target} PRIVATE STRATA_OVERRIDE=${override})
  target_link_libraries(${target} PRIVATE strata_warnings strata_switches strata_allocator)
  if(CMAKE_C_COMPILER_ID MATCHES "GNU|Clang")
    # Calls among our own exported functions need not go through the procedure table.
    target_compile_options(${target} PRIVATE -fno-semantic-interposition)
  endif()
endfunction()

add_library(strata_object OBJECT "${STRATA_DIST_DIR}/strata.c")
strata_settings(strata_object 1)
add_library(strata_shared_object OBJECT "${STRATA_DIST_DIR}/strata.c")
strata_settings(strata_shared_object 2)
add_library(strata_plugin_object OBJECT EXCLUDE_FROM_ALL "${STRATA_DIST_DIR}/strata.c")
strata_settings(strata_plugin_object 0)
target_compile_definitions(strata_plugin_object PRIVATE STRATA_DLOPEN=1)

add_library(strata_shared SHARED $<TARGET_OBJECTS:strata_shared_object>)
set_target_properties(strata_shared PROPERTIES OUTPUT_NAME strata EXPORT_NAME strata)
add_library(strata_plugin SHARED EXCLUDE_FROM_ALL $<TARGET_OBJECTS:strata_plugin_object>)
set_target_properties(strata_plugin PROPERTIES OUTPUT_NAME strata_plugin EXPORT_NAME strata_plugin)
set_target_properties(strata_shared strata_plugin PROPERTIES
  LINKER_LANGUAGE C
  VERSION ${PROJECT_VERSION}
  SOVERSION ${PROJECT_VERSION_MAJOR})
if(UNIX AND NOT APPLE)
  # now + relro: the table of function addresses is read-only before the first allocation, and
  # resolving one lazily never calls malloc from inside malloc.
  # nodelete: threads that used it have memory of ours, whatever the program closes.
  foreach(library IN ITEMS strata_shared strata_plugin)
    target_link_options(${library} PRIVATE -Wl,-z,now -Wl,-z,relro -Wl,-z,nodelete -Wl,--as-needed
                        -Wl,-O1 -Wl,--hash-style=gnu -Wl,--no-undefined)
  endforeach()
endif()

add_library(strata_static STATIC $<TARGET_OBJECTS:strata_object>)
set_target_properties(strata_static PROPERTIES
  OUTPUT_NAME strata
  EXPORT_NAME strata_static
  LINKER_LANGUAGE C)

foreach(library IN ITEMS strata_shared strata_static strata_plugin)
  target_link_libraries(${library} PRIVATE $<BUILD_INTERFACE:strata_switches>)
  target_include_directories(${library} PUBLIC
    $<BUILD_INTERFACE:${PROJECT_SOURCE_DIR}/include>
    $<INSTALL_INTERFACE:${CMAKE_INSTALL_INCLUDEDIR}>)
endforeach()

add_library(strata::strata ALIAS strata_shared)
add_library(strata::strata_static ALIAS strata_static)
