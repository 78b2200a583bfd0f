# SPDX-License-Identifier: MIT-0
#
# Replacing another malloc (A-09 to A-14), thread-local storage and copies (A-25 to A-29), corners of
# the binary interface (A-70 to A-74). What is proved elsewhere stands in README.md.

# ---- corners: on whatever this build tests ----

foreach(name IN ITEMS a70_alignment a71_wrong_sizes a73_usable_size a74_corners)
  add_executable(${name} "${CMAKE_CURRENT_SOURCE_DIR}/${name}.c")
  strata_test_settings(${name})
  target_link_libraries(${name} PRIVATE ${STRATA_WHOLE_LIBRARY} strata_cmocka Threads::Threads)
  strata_register_test(${name} operators)
endforeach()

# ---- the rest is about the libraries as built; sanitizers bring a malloc of their own ----

if(NOT TARGET strata_shared OR STRATA_SANITIZE)
  return()
endif()

set(abi_library "$<TARGET_FILE:strata_shared>")
set(abi_sources "${CMAKE_CURRENT_SOURCE_DIR}")
set(abi_quiet sh "${PROJECT_SOURCE_DIR}/test/start/quiet.sh")

function(abi_test name)
  add_test(NAME ${name} COMMAND ${ARGN})
  set_tests_properties(${name} PROPERTIES LABELS "operators;quick" TIMEOUT 120)
endfunction()
# One that compiles strata anew.
function(abi_slow_test name)
  abi_test(${name} ${ARGN})
  set_tests_properties(${name} PROPERTIES LABELS operators TIMEOUT 300)
endfunction()
function(abi_settings target)
  strata_test_settings(${target})
  target_link_libraries(${target} PRIVATE ${ARGN} Threads::Threads ${CMAKE_DL_LIBS})
endfunction()
function(abi_program name source)
  add_executable(${name} "${abi_sources}/${source}")
  abi_settings(${name} ${ARGN})
endfunction()
function(abi_plugin name source)
  add_library(${name} MODULE "${abi_sources}/${source}")
  abi_settings(${name} ${ARGN})
endfunction()

# ---- A-09: every name ----

find_program(abi_nm nm REQUIRED)
find_library(abi_static_libc libc.a)
if(abi_static_libc AND CMAKE_CXX_COMPILER)
  execute_process(COMMAND "${CMAKE_CXX_COMPILER}" -print-file-name=libstdc++.so.6
                  OUTPUT_VARIABLE abi_libstdcxx OUTPUT_STRIP_TRAILING_WHITESPACE)
  abi_test(a09_exports_all sh "${abi_sources}/a09_exports_all.sh" ${abi_library} "${abi_static_libc}"
           "${abi_libstdcxx}")
endif()

# ---- A-10: foreign pointers ----

add_library(a10_library SHARED "${abi_sources}/a10_library.c")
abi_settings(a10_library)
abi_program(a10_hidden a10_hidden_main.c a10_library)
abi_program(a10_exported a10_exported_main.c a10_library)
abi_plugin(a10_plugin a10_plugin.c)
abi_program(a10_libc a10_libc_main.c)
abi_program(a10_libc_linked a10_libc_main.c strata_shared)
set(abi_preload env "LD_PRELOAD=${abi_library}")
set(abi_hidden "$<TARGET_FILE:a10_hidden>")
set(abi_forward "STRATA_OPTIONS=on_foreign=2")
abi_test(a10_foreign_ignored ${abi_quiet} ${abi_preload} STRATA_OPTIONS=on_foreign=1 ${abi_hidden} ignore)
abi_test(a10_foreign_forwarded ${abi_quiet} ${abi_preload} ${abi_forward} ${abi_hidden} forward)
abi_test(a10_foreign_stops sh "${abi_sources}/a10_stops.sh" ${abi_library} ${abi_hidden}
         STRATA_OPTIONS=on_foreign=0)
abi_test(a10_foreign_of_program ${abi_quiet} ${abi_preload} ${abi_forward} $<TARGET_FILE:a10_exported>)
abi_test(a10_foreign_of_libc ${abi_quiet} ${abi_preload} ${abi_forward} $<TARGET_FILE:a10_libc>
         $<TARGET_FILE:a10_plugin>)
# What is so without any option: a hardened library stops.
if(STRATA_SWITCHES MATCHES "STRATA_HARDENED=1")
  abi_test(a10_foreign_default sh "${abi_sources}/a10_stops.sh" ${abi_library} ${abi_hidden} A10=)
else()
  abi_test(a10_foreign_default ${abi_quiet} ${abi_preload} ${abi_hidden} forward)
  abi_test(a10_foreign_default_of_libc ${abi_quiet} $<TARGET_FILE:a10_libc_linked>
           $<TARGET_FILE:a10_plugin>)
endif()

# ---- A-11: static programs ----

find_program(abi_musl_gcc musl-gcc)
foreach(form IN ITEMS archive object lto)
  if(abi_static_libc AND CMAKE_C_COMPILER_ID STREQUAL "GNU")
    abi_slow_test(a11_static_glibc_${form} sh "${abi_sources}/a11_static.sh" ${form} 1
                  "${PROJECT_SOURCE_DIR}" "${STRATA_DIST_DIR}" "${CMAKE_C_COMPILER}")
  endif()
  if(abi_musl_gcc)
    abi_slow_test(a11_static_musl_${form} sh "${abi_sources}/a11_static.sh" ${form} 0
                  "${PROJECT_SOURCE_DIR}" "${STRATA_DIST_DIR}" "${abi_musl_gcc}")
  endif()
endforeach()

# ---- A-12, A-13: nothing is needed to begin with, nothing is said ----

abi_test(a12_needs_little sh "${abi_sources}/a12_needs_little.sh" ${abi_library})

# ---- A-14: RTLD_DEEPBIND ----

abi_program(a14 a14_main.c)
set_target_properties(a14 PROPERTIES BUILD_RPATH "${CMAKE_CURRENT_BINARY_DIR}/a14_path"
                      BUILD_WITH_INSTALL_RPATH OFF)
target_link_options(a14 PRIVATE -Wl,--enable-new-dtags)
abi_plugin(a14_plugin a10_plugin.c)
set_target_properties(a14_plugin PROPERTIES LIBRARY_OUTPUT_DIRECTORY "${CMAKE_CURRENT_BINARY_DIR}/a14_path"
                      PREFIX "" OUTPUT_NAME a14_plugin SUFFIX .so)
abi_test(a14_deepbind_cleared ${abi_quiet} ${abi_preload} STRATA_OPTIONS=no_deepbind=1
         $<TARGET_FILE:a14> a14_plugin.so cleared)
abi_test(a14_deepbind_kept ${abi_quiet} ${abi_preload} $<TARGET_FILE:a14> a14_plugin.so kept)
if(abi_static_libc)
  abi_test(a14_not_in_static sh "${abi_sources}/a14_not_in_static.sh" $<TARGET_FILE:strata_static>)
endif()

# ---- A-25: loaded late, often ----

abi_program(a25 a25_main.c)
add_dependencies(a25 strata_plugin)
abi_test(a25_dlopen_1000_plugin ${abi_quiet} $<TARGET_FILE:a25> $<TARGET_FILE:strata_plugin>)
abi_test(a25_dlopen_1000 ${abi_quiet} $<TARGET_FILE:a25> ${abi_library})
# Another way to the same end: descriptors, which the dynamic linker fills in as it sees fit.
include(CheckCCompilerFlag)
check_c_compiler_flag(-mtls-dialect=gnu2 STRATA_HAS_TLS_DESCRIPTORS)
if(STRATA_HAS_TLS_DESCRIPTORS)
  add_library(a25_descriptors MODULE "${STRATA_DIST_DIR}/strata.c")
  strata_settings(a25_descriptors 0)
  target_compile_definitions(a25_descriptors PRIVATE STRATA_DLOPEN=1)
  target_compile_options(a25_descriptors PRIVATE -mtls-dialect=gnu2)
  target_link_options(a25_descriptors PRIVATE -Wl,-z,now -Wl,-z,nodelete)
  abi_test(a25_dlopen_1000_descriptors ${abi_quiet} $<TARGET_FILE:a25> $<TARGET_FILE:a25_descriptors>)
endif()
find_program(abi_readelf readelf REQUIRED)
abi_test(a25_static_tls_plugin sh "${abi_sources}/a25_static_tls.sh" $<TARGET_FILE:strata_plugin> 0)
# What docs/decisions/017 allows the library that is there from the start.
abi_test(a25_static_tls sh "${abi_sources}/a25_static_tls.sh" ${abi_library} 576)

# ---- A-26: three copies ----

function(abi_copy name kind prefix)
  add_library(${name} ${kind} "${abi_sources}/a26_copy.c")
  strata_settings(${name} 0)
  target_include_directories(${name} PRIVATE "${STRATA_DIST_DIR}")
  target_compile_definitions(${name} PRIVATE "A26_STRATA=\"${STRATA_DIST_DIR}/strata.c\""
                                             A26_NAME=${prefix} ${ARGN})
  set_property(SOURCE "${abi_sources}/a26_copy.c" PROPERTY OBJECT_DEPENDS "${STRATA_DIST_DIR}/strata.c")
endfunction()
if(NOT STRATA_SWITCHES)
  abi_copy(a26_copy OBJECT a26_main)
  abi_copy(a26_late MODULE a26_plugin STRATA_DLOPEN=1)
  abi_copy(a26_hardened MODULE a26_plugin STRATA_HARDENED=1 STRATA_CHECK=3)
  abi_program(a26 a26_main.c)
  target_sources(a26 PRIVATE $<TARGET_OBJECTS:a26_copy>)
  abi_test(a26_three_copies ${abi_quiet} $<TARGET_FILE:a26> $<TARGET_FILE:a26_late>
           $<TARGET_FILE:a26_hardened>)
endif()

# ---- A-27: thread-local data whose first touch calls malloc ----

find_program(abi_clang clang)
if(abi_clang)
  abi_slow_test(a27_emulated_tls sh "${abi_sources}/a27_emutls.sh" "${PROJECT_SOURCE_DIR}"
                "${STRATA_DIST_DIR}" "${abi_clang}")
endif()
add_library(a27_dynamic_tls SHARED "${STRATA_DIST_DIR}/strata.c")
strata_settings(a27_dynamic_tls 2)
target_compile_definitions(a27_dynamic_tls PRIVATE STRATA_DLOPEN=1)
target_compile_options(a27_dynamic_tls PRIVATE -ftls-model=global-dynamic)
target_link_options(a27_dynamic_tls PRIVATE -Wl,-z,now)
abi_program(a27 a27_main.c)
abi_test(a27_dynamic_tls ${abi_quiet} env "LD_PRELOAD=$<TARGET_FILE:a27_dynamic_tls>" $<TARGET_FILE:a27>)

# ---- A-28: before and after everything ----

abi_program(a28 a28_main.c)
abi_program(a28_static a28_main.c strata_static)
abi_test(a28_first_to_last ${abi_quiet} ${abi_preload} $<TARGET_FILE:a28>)
abi_test(a28_first_to_last_static ${abi_quiet} $<TARGET_FILE:a28_static>)
find_program(abi_strace strace)
if(abi_strace)
  abi_test(a28_no_free_at_exit sh "${abi_sources}/a28_no_free_at_exit.sh" "${abi_strace}" ${abi_library}
           $<TARGET_FILE:a28>)
endif()

# ---- A-72: no function that allocates calls itself ----

find_program(abi_objdump objdump)
if(Python3_Interpreter_FOUND AND abi_objdump AND CMAKE_SYSTEM_PROCESSOR STREQUAL "x86_64")
  foreach(compiler IN ITEMS gcc clang)
    find_program(abi_a72_${compiler} ${compiler})
    if(NOT abi_a72_${compiler})
      continue()
    endif()
    foreach(level IN ITEMS O0 O1 O2 O3 Os)
      abi_slow_test(a72_no_recursion_${compiler}_${level} "${Python3_EXECUTABLE}" -B
                    "${abi_sources}/a72_no_recursion.py" "${STRATA_DIST_DIR}" "${abi_objdump}"
                    "${abi_a72_${compiler}}" -${level})
      if(level MATCHES "O[13]") # between two others
        set_tests_properties(a72_no_recursion_${compiler}_${level} PROPERTIES LABELS "operators;long")
      endif()
    endforeach()
    abi_slow_test(a72_no_recursion_${compiler}_lto "${Python3_EXECUTABLE}" -B
                  "${abi_sources}/a72_no_recursion.py" "${STRATA_DIST_DIR}" "${abi_objdump}"
                  "${abi_a72_${compiler}}" -O2 -flto)
  endforeach()
endif()
