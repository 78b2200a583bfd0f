# SPDX-License-Identifier: MIT-0
#
# Threads, caches, processors, address space, forks: A-15 to A-20, A-32 to A-35, A-41, A-42, A-48 to A-53 and
# A-66 to A-69. Included by CMakeLists.txt.
#
# Demands that do not hold yet are labelled `open` and `long`: they
# run in `make nightly`, and README.md says what is missing.

# The programs look for strata's functions by name, and rely on slabs and heaps. Sanitizers bring a malloc
# of their own.
if(NOT TARGET strata_shared OR STRATA_SANITIZE OR STRATA_SWITCHES MATCHES "STRATA_(TINY|HARDENED|SLABS|HEAPS|MAGAZINE)")
  return()
endif()

# operators_test(program test [OPEN|LONG] [arguments...]): preloaded, and static if there is such a program.
function(operators_test program test)
  cmake_parse_arguments(PARSE_ARGV 2 arg "OPEN;LONG" "" "")
  set(labels operators)
  set(timeout 120)
  if(arg_OPEN)
    list(APPEND labels open long)
  elseif(arg_LONG)
    list(APPEND labels long)
    set(timeout 1200)
  endif()
  add_test(NAME ${test} COMMAND ${operators_preload} $<TARGET_FILE:operators_${program}>
                                ${arg_UNPARSED_ARGUMENTS})
  set(tests ${test})
  if(TARGET operators_${program}_static)
    add_test(NAME ${test}_static COMMAND operators_${program}_static ${arg_UNPARSED_ARGUMENTS})
    list(APPEND tests ${test}_static)
  endif()
  set_tests_properties(${tests} PROPERTIES LABELS "${labels}" TIMEOUT ${timeout})
endfunction()

# operators_script(test [OPEN] script arguments...)
function(operators_script test)
  cmake_parse_arguments(PARSE_ARGV 1 arg "OPEN" "" "")
  list(POP_FRONT arg_UNPARSED_ARGUMENTS script)
  add_test(NAME ${test} COMMAND sh "${CMAKE_CURRENT_SOURCE_DIR}/${script}" ${arg_UNPARSED_ARGUMENTS})
  set(labels operators)
  if(arg_OPEN)
    list(APPEND labels open long)
  endif()
  set_tests_properties(${test} PROPERTIES LABELS "${labels}" TIMEOUT 120)
endfunction()

# ---- blocks that one thread allocates and another frees; threads that end; what they keep ----

operators_program(a15_pipelines)
operators_test(a15_pipelines a15_pipelines_1_1 1-1)
operators_test(a15_pipelines a15_pipelines_1_8 1-8)
operators_test(a15_pipelines a15_pipelines_1_8_allocating 1-8 allocating)
operators_test(a15_pipelines a15_pipelines_8_1 OPEN 8-1)
operators_test(a15_pipelines a15_pipelines_ring OPEN ring)

operators_program(a16_sleeping_owner)
foreach(size IN ITEMS small medium large mixed)
  operators_test(a16_sleeping_owner a16_sleeping_owner_${size} OPEN ${size})
endforeach()

operators_program(a17_short_threads STATIC)
operators_test(a17_short_threads a17_short_threads)

operators_program(a18_caps)
foreach(way IN ITEMS once others all)
  operators_test(a18_caps a18_caps_${way} ${way})
endforeach()

operators_program(a19_thread_ends STATIC)
operators_test(a19_thread_ends a19_thread_ends)
if(CMAKE_CXX_COMPILER)
  add_executable(operators_a19_thread_local a19_thread_local.cc)
  operators_settings(operators_a19_thread_local)
  operators_test(a19_thread_local a19_thread_local)
endif()

operators_program(a20_exact_statistics STATIC)
operators_test(a20_exact_statistics a20_exact_statistics)

# ---- processors, and what is asked of the host ----

operators_program(a32_no_cpus)
operators_test(a32_no_cpus a32_no_cpus)

operators_program(a33_many_cpus)
add_library(operators_a33_library MODULE a33_many_cpus.c)
operators_settings(operators_a33_library)
target_compile_definitions(operators_a33_library PRIVATE A33_LIBRARY=1)
operators_script(a33_many_cpus a33_many_cpus.sh $<TARGET_FILE:strata_shared>
                 $<TARGET_FILE:operators_a33_library> $<TARGET_FILE:operators_a33_many_cpus>)

operators_program(a34_few_calls STATIC)
operators_test(a34_few_calls a34_few_calls)

operators_program(a35_hard_cap STATIC)
operators_test(a35_hard_cap a35_hard_cap_handler handler)
operators_test(a35_hard_cap a35_hard_cap_sizes sizes)
# Spaces give segments back then, and slabs get them: what they hold has to come back, too.
add_test(NAME a35_hard_cap_at_once COMMAND ${operators_preload} STRATA_OPTIONS=purge_delay=0
                                           $<TARGET_FILE:operators_a35_hard_cap> handler)
set_tests_properties(a35_hard_cap_at_once PROPERTIES LABELS operators TIMEOUT 120)

# ---- huge pages ----

# Strata's source calls mmap by its name only for the thread sanitizer; there it can be caught.
add_executable(operators_a41_huge_pages_always a41_huge_pages_always.c "${STRATA_DIST_DIR}/strata.c")
operators_settings(operators_a41_huge_pages_always)
target_link_libraries(operators_a41_huge_pages_always PRIVATE strata_allocator)
target_compile_definitions(operators_a41_huge_pages_always PRIVATE OPERATORS_STATIC=1 STRATA_OVERRIDE=1
                                                                   __SANITIZE_THREAD__=1)
target_link_options(operators_a41_huge_pages_always PRIVATE -Wl,--wrap=mmap)
add_dependencies(operators_a41_huge_pages_always amalgamation)
operators_script(a41_huge_pages_always a41_huge_pages_always.sh
                 $<TARGET_FILE:operators_a41_huge_pages_always>)

operators_program(a42_no_huge_pages STATIC)
operators_test(a42_no_huge_pages a42_no_huge_pages)

# ---- mappings, limits, refusals ----

operators_program(a48_few_mappings)
operators_test(a48_few_mappings a48_few_mappings)

operators_program(a49_refused STATIC)
foreach(call IN ITEMS munmap madvise both)
  operators_test(a49_refused a49_refused_${call} ${call})
endforeach()

operators_script(a50_little_address_space a50_little_address_space.sh $<TARGET_FILE:strata_shared>)

operators_program(a51_commit_charge)
operators_test(a51_commit_charge a51_commit_charge 10)

find_program(STRATA_GCORE gcore)
if(STRATA_GCORE)
  operators_program(a53_core_main)
  foreach(state IN ITEMS grown shrunk)
    operators_script(a53_core_size_${state} OPEN a53_core_size.sh $<TARGET_FILE:strata_shared>
                     $<TARGET_FILE:operators_a53_core_main> ${state})
  endforeach()
else()
  message(STATUS "No gcore: sizes of cores are not looked at")
endif()

# ---- forks ----

operators_program(a66_forks STATIC)
foreach(way_and_counts IN ITEMS fork,120,4000 vfork,500,2000 _Fork,100,1500 clone,120,1500 bare,200,1000)
  string(REPLACE "," ";" way_and_counts "${way_and_counts}")
  list(POP_FRONT way_and_counts way few many)
  operators_test(a66_forks a66_forks_${way} ${way} ${few})
  operators_test(a66_forks a66_forks_${way}_long LONG ${way} ${many})
endforeach()

operators_program(a67_fork_cost)
operators_test(a67_fork_cost a67_fork_cost_of_threads 16 1)
operators_test(a67_fork_cost a67_fork_cost_of_heap 16 300)
operators_test(a67_fork_cost a67_fork_cost_of_many_threads OPEN 1000 1)

operators_program(a68_fork_by_hand STATIC)
operators_test(a68_fork_by_hand a68_fork_by_hand)

operators_program(a69_child_pages STATIC)
operators_test(a69_child_pages a69_child_pages)
