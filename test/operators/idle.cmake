# SPDX-License-Identifier: MIT-0
#
# Memory goes back while the process is idle (A-01, A-08), also from the caches of threads that sleep.

if(NOT TARGET strata_shared OR STRATA_SANITIZE)
  return()
endif()

add_executable(operators_idle "${CMAKE_CURRENT_SOURCE_DIR}/idle.c")
target_link_libraries(operators_idle PRIVATE strata_warnings Threads::Threads)
target_compile_options(operators_idle PRIVATE -fno-builtin)

# idle_test(NAME LEAST MOST KEEP BOUND)
function(idle_test name)
  add_test(NAME operators_${name}
           COMMAND env "LD_PRELOAD=$<TARGET_FILE:strata_shared>" $<TARGET_FILE:operators_idle> ${ARGN})
  set_tests_properties(operators_${name} PROPERTIES LABELS operators TIMEOUT 120)
endfunction()

# 12,800 KiB: 5 % of 256 MiB. Where sizes are mixed, threads keep a little of each.
idle_test(a01_idle_16 16 16 0 12800)
idle_test(a01_idle_64 64 64 0 12800)
idle_test(a01_idle_1000 1000 1000 0 12800)
idle_test(a01_idle_4096 4096 4096 0 12800)
idle_test(a01_idle_20000 20000 20000 0 12800)
idle_test(a01_idle_100000 100000 100000 0 12800)
idle_test(a01_idle_1000000 1000000 1000000 0 12800)
idle_test(a01_idle_33000000 33000000 33000000 0 12800)
idle_test(a01_idle_small_mixed 16 1024 0 18000)
idle_test(a01_idle_mixed 16 65536 0 18000)
# One block in 256 stays: at most that and 35 % of what was.
idle_test(a08_pinned_64 64 64 256 91750)
idle_test(a08_pinned_1000 1000 1000 256 91750)
idle_test(a08_pinned_4096 4096 4096 256 91750)
idle_test(a08_pinned_mixed 16 65536 256 91750)
