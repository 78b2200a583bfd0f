# SPDX-License-Identifier: MIT-0
#
# Sets STRATA_TEST_HAS_SLABS: whether this build serves small blocks from slabs. The switches decide
# that by rules of their own (src/base/config.h), so the compiler is asked; it is asked once for each
# set of switches.
include(CheckCSourceCompiles)

string(MD5 has_slabs_of "${STRATA_SWITCHES}")
list(TRANSFORM STRATA_SWITCHES PREPEND -D OUTPUT_VARIABLE CMAKE_REQUIRED_DEFINITIONS)
set(CMAKE_REQUIRED_INCLUDES "${PROJECT_SOURCE_DIR}/src")
set(CMAKE_REQUIRED_QUIET ON)
check_c_source_compiles("
#include \"base/config.h\"
#if !STRATA_SLABS
#error without
#endif
int main(void) { return 0; }" STRATA_HAS_SLABS_${has_slabs_of})
unset(CMAKE_REQUIRED_DEFINITIONS)
unset(CMAKE_REQUIRED_INCLUDES)
unset(CMAKE_REQUIRED_QUIET)
set(STRATA_TEST_HAS_SLABS ${STRATA_HAS_SLABS_${has_slabs_of}})
