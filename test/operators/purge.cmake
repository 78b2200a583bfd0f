# SPDX-License-Identifier: MIT-0
#
# When memory goes back, and what that costs (A-02 to A-07).

# The programs rely on slabs.
if(NOT TARGET strata_shared OR STRATA_SANITIZE OR STRATA_SWITCHES MATCHES "STRATA_(TINY|HARDENED)")
  return()
endif()

operators_program(purge)

# purge_test(NAME MODE OPTIONS)
function(purge_test name mode options)
  add_test(NAME ${name}
           COMMAND env "LD_PRELOAD=$<TARGET_FILE:strata_shared>" "STRATA_OPTIONS=${options}"
                   $<TARGET_FILE:operators_purge> ${mode})
  set_tests_properties(${name} PROPERTIES LABELS operators TIMEOUT 120)
endfunction()

purge_test(a02_dirty_is_bounded falling purge_rate=max)
purge_test(a03_at_once at_once dirty_max=0)
purge_test(a03_in_time in_time dirty_max=max,purge_delay=50)
purge_test(a05_request request dirty_max=max)
find_program(STRATA_STRACE strace)
if(STRATA_STRACE)
  add_test(NAME a06_steady_calls
           COMMAND sh "${CMAKE_CURRENT_SOURCE_DIR}/purge_calls.sh" ${STRATA_STRACE}
                   $<TARGET_FILE:strata_shared> $<TARGET_FILE:operators_purge>)
  set_tests_properties(a06_steady_calls PROPERTIES LABELS operators TIMEOUT 120)
endif()
