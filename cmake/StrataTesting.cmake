# SPDX-License-Identifier: MIT-0
#
# How tests become programs. A test is one file, test/<kind>/<kind>_<module>_<what>.c, and one
# executable of that name; the kinds differ in what they are linked with:
#
#   over a fake host (unit, prop, oom): strata_nohost + test/fake/*.c, or, in a build that tests
#       the amalgamation, one translation unit of dist/strata_nohost.c, the fakes and the test;
#   on the whole library (api, stress, ...): strata_split, or the built library.
#
# A file whose name ends in _long.c (or .cc) runs in `make nightly` only.
# Needs: target strata_cmocka; STRATA_TEST_AMALGAMATION.

file(GLOB STRATA_FAKE_SOURCES CONFIGURE_DEPENDS "${PROJECT_SOURCE_DIR}/test/fake/*.c")
set(STRATA_WHOLE_LIBRARY strata_split)
set(STRATA_TEST_HAS_OVERRIDE 0)
if(STRATA_TEST_AMALGAMATION)
  set(STRATA_WHOLE_LIBRARY strata_static)
  set(STRATA_TEST_HAS_OVERRIDE 1)
endif()

# What every test program is compiled with.
function(strata_test_settings target)
  target_include_directories(${target} PRIVATE "${PROJECT_SOURCE_DIR}/include"
                                               "${PROJECT_SOURCE_DIR}/test")
  target_link_libraries(${target} PRIVATE strata_warnings strata_switches)
  if(CMAKE_C_COMPILER_ID MATCHES "GNU|Clang")
    # No call of malloc may be optimized away.
    target_compile_options(${target} PRIVATE -fno-builtin)
  endif()
  if(CMAKE_C_COMPILER_ID STREQUAL "GNU")
    # Tests ask for SIZE_MAX bytes and look at a block after a realloc that failed, on purpose.
    target_compile_options(${target} PRIVATE -Wno-alloc-size-larger-than -Wno-use-after-free)
  endif()
endfunction()

# Registers `target` (already linked) with ctest under its kind, and quick or long by its name.
# LABELS adds labels; TIMEOUT is in seconds; NOT_QUICK keeps it out of `make quick`.
function(strata_register_test target kind)
  cmake_parse_arguments(PARSE_ARGV 2 arg "NOT_QUICK" "TIMEOUT" "LABELS")
  set(labels ${kind} ${arg_LABELS})
  if(target MATCHES "_long$")
    list(APPEND labels long)
    set(timeout 1200)
  else()
    if(NOT arg_NOT_QUICK)
      list(APPEND labels quick)
    endif()
    set(timeout 120)
  endif()
  if(arg_TIMEOUT)
    set(timeout ${arg_TIMEOUT})
  endif()
  add_test(NAME ${target} COMMAND ${target})
  set_tests_properties(${target} PROPERTIES LABELS "${labels}" TIMEOUT ${timeout})
endfunction()

# A test over a fake host.
function(strata_add_fake_host_test source kind)
  get_filename_component(name "${source}" NAME_WE)
  if(STRATA_TEST_AMALGAMATION)
    # Internal functions are static in the amalgamation; the test reaches them from inside.
    set(unity "${CMAKE_CURRENT_BINARY_DIR}/unity/${name}.c")
    set(text "/* Generated: one test, its fakes and the amalgamation as one translation unit. */\n")
    foreach(part IN ITEMS "${STRATA_DIST_DIR}/strata_nohost.c" ${STRATA_FAKE_SOURCES} "${source}")
      string(APPEND text "#include \"${part}\"\n")
    endforeach()
    file(CONFIGURE OUTPUT "${unity}" CONTENT "${text}" @ONLY)
    set_property(SOURCE "${unity}" PROPERTY OBJECT_DEPENDS "${STRATA_DIST_DIR}/strata_nohost.c")
    add_executable(${name} "${unity}")
    add_dependencies(${name} amalgamation_nohost)
    target_include_directories(${name} PRIVATE "${PROJECT_SOURCE_DIR}/src")
    target_link_libraries(${name} PRIVATE strata_allocator)
  else()
    add_executable(${name} "${source}" ${STRATA_FAKE_SOURCES})
    target_link_libraries(${name} PRIVATE strata_nohost)
  endif()
  strata_test_settings(${name})
  target_link_libraries(${name} PRIVATE strata_cmocka)
  strata_register_test(${name} ${kind} ${ARGN})
endfunction()

# A test on the whole library. LIBRARY names another form of it than this build's usual one and
# SUFFIX is then added to the test's name.
function(strata_add_whole_test source kind)
  cmake_parse_arguments(PARSE_ARGV 2 arg "" "LIBRARY;SUFFIX" "")
  get_filename_component(name "${source}" NAME_WE)
  string(APPEND name "${arg_SUFFIX}")
  if(NOT arg_LIBRARY)
    set(arg_LIBRARY ${STRATA_WHOLE_LIBRARY})
  endif()
  add_executable(${name} "${source}")
  strata_test_settings(${name})
  target_compile_definitions(${name} PRIVATE
                             STRATA_TEST_HAS_OVERRIDE=${STRATA_TEST_HAS_OVERRIDE})
  target_link_libraries(${name} PRIVATE ${arg_LIBRARY} strata_cmocka Threads::Threads)
  strata_register_test(${name} ${kind} ${arg_UNPARSED_ARGUMENTS})
endfunction()

# All tests of one kind: strata_add_kind(kind FAKE|WHOLE [NOT_QUICK]). A .cc file is a test
# written in C++; it is left out where there is no C++ compiler.
function(strata_add_kind kind how)
  set(patterns "${PROJECT_SOURCE_DIR}/test/${kind}/${kind}_*.c")
  if(CMAKE_CXX_COMPILER)
    list(APPEND patterns "${PROJECT_SOURCE_DIR}/test/${kind}/${kind}_*.cc")
  endif()
  file(GLOB sources CONFIGURE_DEPENDS ${patterns})
  foreach(source IN LISTS sources)
    if(how STREQUAL "FAKE")
      strata_add_fake_host_test("${source}" ${kind} ${ARGN})
    else()
      strata_add_whole_test("${source}" ${kind} ${ARGN})
    endif()
  endforeach()
endfunction()

# All fuzz targets: test/fuzz/fuzz_*.c, each defining LLVMFuzzerTestOneInput, over a fake host;
# or, fuzz_trace_*.c, over the reader of traces.
# In the fuzz build they are libFuzzer programs; in every other they replay the inputs kept in
# test/fuzz/corpus/<name>/ once, as a plain test.
function(strata_add_fuzz_targets)
  file(GLOB sources CONFIGURE_DEPENDS "${PROJECT_SOURCE_DIR}/test/fuzz/fuzz_*.c")
  foreach(source IN LISTS sources)
    get_filename_component(name "${source}" NAME_WE)
    if(name MATCHES "^fuzz_trace_")
      add_executable(${name} "${source}")
      target_link_libraries(${name} PRIVATE strata_trace)
      target_compile_definitions(${name} PRIVATE TRACE_HAS_LZMA=${STRATA_HAS_LZMA}
                                                 TRACE_HAS_ZSTD=${STRATA_HAS_ZSTD})
    else()
      add_executable(${name} "${source}" ${STRATA_FAKE_SOURCES})
      target_link_libraries(${name} PRIVATE strata_nohost)
    endif()
    strata_test_settings(${name})
    if(STRATA_FUZZ)
      target_link_options(${name} PRIVATE -fsanitize=fuzzer)
      # A short run, so that the build of the fuzzer itself is tested.
      file(GLOB inputs CONFIGURE_DEPENDS "${PROJECT_SOURCE_DIR}/test/fuzz/corpus/${name}/*")
      list(JOIN inputs "," inputs)
      add_test(NAME ${name}
               COMMAND ${name} -runs=20000 -max_total_time=20 "-seed_inputs=${inputs}")
    else()
      target_sources(${name} PRIVATE "${PROJECT_SOURCE_DIR}/test/fuzz/replay_main.c")
      add_test(NAME ${name} COMMAND ${name} "${PROJECT_SOURCE_DIR}/test/fuzz/corpus/${name}")
    endif()
    set_tests_properties(${name} PROPERTIES LABELS "fuzz;quick" TIMEOUT 120)
  endforeach()
endfunction()
