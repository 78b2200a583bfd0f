# SPDX-License-Identifier: MIT-0
#
# The tools that lie beside the command, none of them part of the library:
#
#   strata_trace     reads and writes traces; linked into the command
#   strata_record    libstrata_record.so, preloaded by `strata record`
#   strata_replayer  strata-replayer, the program in which `strata replay` measures
#
# The last two run with other people's allocators: no sanitizer is compiled into them.

set(THREADS_PREFER_PTHREAD_FLAG ON)
find_package(Threads REQUIRED)

# Compressed traces need these libraries. Without one the command says so when it meets such a
# file; everything else works.
find_package(LibLZMA QUIET)
find_path(ZSTD_INCLUDE_DIR zstd.h)
find_library(ZSTD_LIBRARY zstd)
mark_as_advanced(ZSTD_INCLUDE_DIR ZSTD_LIBRARY)
if(LIBLZMA_FOUND)
  set(STRATA_HAS_LZMA 1)
else()
  set(STRATA_HAS_LZMA 0)
  message(STATUS "No liblzma: traces in .xz can't be read or written (Debian: liblzma-dev)")
endif()
if(ZSTD_INCLUDE_DIR AND ZSTD_LIBRARY)
  set(STRATA_HAS_ZSTD 1)
else()
  set(STRATA_HAS_ZSTD 0)
  message(STATUS "No libzstd: traces in .zst can't be read or written (Debian: libzstd-dev)")
endif()

file(GLOB trace_sources CONFIGURE_DEPENDS "${PROJECT_SOURCE_DIR}/tools/trace/*.c")
add_library(strata_trace STATIC ${trace_sources})
target_include_directories(strata_trace PUBLIC "${PROJECT_SOURCE_DIR}/tools/trace")
target_link_libraries(strata_trace PUBLIC strata_switches PRIVATE strata_warnings)
target_compile_definitions(strata_trace PRIVATE TRACE_HAS_LZMA=${STRATA_HAS_LZMA}
                                                TRACE_HAS_ZSTD=${STRATA_HAS_ZSTD})
if(STRATA_HAS_LZMA)
  target_include_directories(strata_trace SYSTEM PRIVATE ${LIBLZMA_INCLUDE_DIRS})
  target_link_libraries(strata_trace PUBLIC ${LIBLZMA_LIBRARIES})
endif()
if(STRATA_HAS_ZSTD)
  target_include_directories(strata_trace SYSTEM PRIVATE "${ZSTD_INCLUDE_DIR}")
  target_link_libraries(strata_trace PUBLIC "${ZSTD_LIBRARY}")
endif()

file(GLOB record_sources CONFIGURE_DEPENDS "${PROJECT_SOURCE_DIR}/tools/record/*.c")
# The recorder packs an id and a size into words of 64 bits.
if(record_sources AND CMAKE_SIZEOF_VOID_P EQUAL 8)
  add_library(strata_record SHARED ${record_sources})
  target_include_directories(strata_record PRIVATE "${PROJECT_SOURCE_DIR}/tools/trace")
  target_link_libraries(strata_record PRIVATE strata_warnings ${CMAKE_DL_LIBS})
  if(CMAKE_C_COMPILER_ID MATCHES "GNU|Clang")
    target_compile_options(strata_record PRIVATE -O2 -fno-builtin -fvisibility=hidden)
    target_link_options(strata_record PRIVATE -Wl,-z,now -Wl,-z,relro)
  endif()
endif()

file(GLOB replay_sources CONFIGURE_DEPENDS "${PROJECT_SOURCE_DIR}/tools/replay/*.c")
if(replay_sources)
  add_executable(strata_replayer ${replay_sources})
  set_target_properties(strata_replayer PROPERTIES OUTPUT_NAME strata-replayer)
  target_link_libraries(strata_replayer PRIVATE strata_warnings Threads::Threads)
  if(CMAKE_C_COMPILER_ID MATCHES "GNU|Clang")
    # It measures malloc and free: no call of them may be optimized away.
    target_compile_options(strata_replayer PRIVATE -O2 -fno-builtin)
    target_link_options(strata_replayer PRIVATE -Wl,-z,now)
  endif()
endif()
