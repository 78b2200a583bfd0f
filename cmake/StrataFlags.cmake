# SPDX-License-Identifier: MIT-0
#
# Compiler flags, as three interface targets:
#   strata_warnings  what we want to be told;
#   strata_switches  the switches of this build and the sanitizer, for the library and its tests;
#   strata_allocator what code that implements malloc must be compiled with.

string(TOUPPER "${CMAKE_BUILD_TYPE}" build_type)

add_library(strata_warnings INTERFACE)
if(CMAKE_C_COMPILER_ID MATCHES "GNU|Clang")
  target_compile_options(strata_warnings INTERFACE
    -Wall -Wextra -Wpedantic -Wundef -Wshadow -Wcast-qual -Wwrite-strings
    $<$<COMPILE_LANGUAGE:C>:-Wconversion>
    $<$<COMPILE_LANGUAGE:C>:-Wstrict-prototypes>
    $<$<COMPILE_LANGUAGE:C>:-Wmissing-prototypes>)
  if(CMAKE_C_COMPILER_ID STREQUAL "GNU" AND CMAKE_C_FLAGS_${build_type} MATCHES "-O0")
    # Without the optimizer gcc takes handing out the address of a variable for reading it.
    target_compile_options(strata_warnings INTERFACE -Wno-maybe-uninitialized)
  endif()
  if(STRATA_WERROR)
    target_compile_options(strata_warnings INTERFACE -Werror)
  endif()
endif()
if(CMAKE_C_COMPILER_ID MATCHES "Clang")
  target_compile_options(strata_warnings INTERFACE -Wthread-safety)
endif()

add_library(strata_switches INTERFACE)
target_compile_definitions(strata_switches INTERFACE ${STRATA_SWITCHES})
if(STRATA_SANITIZE)
  # Without frame pointers a report has no stack below us; with recovery a test could pass.
  target_compile_options(strata_switches INTERFACE
    -fsanitize=${STRATA_SANITIZE} -fno-sanitize-recover=all -fno-omit-frame-pointer)
  target_link_options(strata_switches INTERFACE -fsanitize=${STRATA_SANITIZE})
  if(STRATA_SANITIZE MATCHES "undefined")
    # It guesses sizes from the attributes of strata_malloc. A test that writes past a block on
    # purpose wants strata to find that, and an allocator steps over such bounds all day.
    target_compile_options(strata_switches INTERFACE -fno-sanitize=object-size)
  endif()
endif()

add_library(strata_allocator INTERFACE)
if(CMAKE_C_COMPILER_ID MATCHES "GNU|Clang")
  # A compiler that knows malloc turns malloc + memset into calloc, inside calloc too, which
  # then calls itself for ever. It also drops stores to memory that is about to be freed.
  foreach(name IN ITEMS malloc calloc realloc reallocarray free aligned_alloc memalign
                        posix_memalign valloc pvalloc)
    target_compile_options(strata_allocator INTERFACE -fno-builtin-${name})
  endforeach()
  # operator new is written in C and a bad_alloc passes through it: unwind tables are needed.
  target_compile_options(strata_allocator INTERFACE -fexceptions -fvisibility=hidden)
endif()
