# SPDX-License-Identifier: MIT-0
#
# Services of Debian, started with the library preloaded, loaded for seconds, and asked: each passes
# its own checks and answers what it answers plain. bench/services/run.py does it, with a tenth of the
# work that it measures with; it installs what is missing as root on Debian, and fails elsewhere.
# Databases and the browser are long tests, since few machines have them installed.

if(NOT TARGET strata_shared OR STRATA_SANITIZE OR NOT Python3_Interpreter_FOUND)
  return()
endif()

function(services_test name)
  add_test(NAME operators_service_${name}
           COMMAND "${Python3_EXECUTABLE}" -B "${PROJECT_SOURCE_DIR}/bench/services/run.py" --short
                   --only ${name} --strata $<TARGET_FILE:strata_shared> --allocator strata
                   --results "${PROJECT_BINARY_DIR}/services" --name ${name})
  set_tests_properties(operators_service_${name} PROPERTIES LABELS "operators;${ARGN}" TIMEOUT 300)
endfunction()

foreach(name IN ITEMS redis nginx node ruby python)
  services_test(${name})
endforeach()
foreach(name IN ITEMS mariadb mariadb-test postgres chromium)
  services_test(${name} long)
endforeach()

# The script itself: that a service that breaks, hangs or answers otherwise is seen.
if(TARGET bench_spoiled_allocator)
  add_test(NAME operators_services_script
           COMMAND "${Python3_EXECUTABLE}" "${CMAKE_CURRENT_SOURCE_DIR}/test_services.py")
  set_tests_properties(operators_services_script PROPERTIES LABELS operators TIMEOUT 120
    ENVIRONMENT "BENCH_SPOILED=$<TARGET_FILE:bench_spoiled_allocator>;PYTHONDONTWRITEBYTECODE=1")
endif()

# A service behind systemd's filter of system calls.
add_executable(operators_services_filter "${CMAKE_CURRENT_SOURCE_DIR}/services_filter.c")
target_link_libraries(operators_services_filter PRIVATE strata_warnings)
target_compile_options(operators_services_filter PRIVATE -fno-builtin)
add_test(NAME operators_services_filter
         COMMAND env "LD_PRELOAD=$<TARGET_FILE:strata_shared>" $<TARGET_FILE:operators_services_filter>)
set_tests_properties(operators_services_filter PROPERTIES LABELS "operators;quick" TIMEOUT 30)
