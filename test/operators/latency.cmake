# SPDX-License-Identifier: MIT-0
#
# How long a call can take: A-54 to A-57, by what can be counted. bench/latency.py has the times.

# The front with slabs, magazines, spaces, a page map; and nothing of a sanitizer's beneath the fake host.
if(STRATA_SANITIZE OR STRATA_SWITCHES MATCHES "STRATA_(TINY|HARDENED|SLABS|HEAPS|MAGAZINE|THREADS|PAGEMAP|RETURN)")
  return()
endif()
if(STRATA_FAKE_SOURCES STREQUAL "" OR NOT CMAKE_SIZEOF_VOID_P EQUAL 8)
  return()
endif()

# latency_program(name): NAME.c, the fake host and all of strata, each thread knowing which locks it holds.
function(latency_program name)
  add_executable(operators_${name} ${name}.c ${STRATA_CORE_SOURCES} ${STRATA_FAKE_SOURCES})
  strata_test_settings(operators_${name})
  target_include_directories(operators_${name} PRIVATE "${PROJECT_SOURCE_DIR}/include" "${PROJECT_SOURCE_DIR}/src")
  target_link_libraries(operators_${name} PRIVATE strata_switches strata_allocator strata_cmocka Threads::Threads)
  if(NOT STRATA_SWITCHES MATCHES "STRATA_CHECK")
    target_compile_definitions(operators_${name} PRIVATE STRATA_CHECK=2)
  endif()
endfunction()

# latency_test(test program [OPEN] arguments...)
function(latency_test test program)
  cmake_parse_arguments(PARSE_ARGV 2 arg "OPEN" "" "")
  add_test(NAME ${test} COMMAND operators_${program} ${arg_UNPARSED_ARGUMENTS})
  set(labels operators)
  if(arg_OPEN)
    list(APPEND labels open long)
  endif()
  set_tests_properties(${test} PROPERTIES LABELS "${labels}" TIMEOUT 120)
endfunction()

latency_program(a54_host_calls)
latency_test(a54_no_call_under_shared_locks a54_host_calls shared)
latency_test(a54_no_call_under_any_lock a54_host_calls OPEN any)
latency_test(a55_purge_as_decided a54_host_calls share)
latency_test(a55_purge_per_call a54_host_calls OPEN purge)

latency_program(a56_large_loop)
latency_test(a56_large_loop_at_once a56_large_loop 0)
latency_test(a56_large_loop_in_time a56_large_loop OPEN 1)

# The whole library, where something is copied by the statistics.
if(TARGET strata_shared)
  add_executable(operators_a57_grow_by_realloc a57_grow_by_realloc.c)
  strata_test_settings(operators_a57_grow_by_realloc)
  target_link_libraries(operators_a57_grow_by_realloc PRIVATE Threads::Threads ${CMAKE_DL_LIBS})
  # Where a block outgrows its space it is copied, and where it gets a mapping of its own: see README.md.
  foreach(bound IN ITEMS 16384 64)
    add_test(NAME a57_copies_at_most_${bound}_kib COMMAND env "LD_PRELOAD=$<TARGET_FILE:strata_shared>"
                                                  $<TARGET_FILE:operators_a57_grow_by_realloc> ${bound})
    set_tests_properties(a57_copies_at_most_${bound}_kib PROPERTIES LABELS operators TIMEOUT 120)
  endforeach()
  set_tests_properties(a57_copies_at_most_64_kib PROPERTIES LABELS "operators;open;long")
endif()
