# SPDX-License-Identifier: MIT-0
#
# The amalgamation in the build directory: <build>/dist/strata.c and strata.h. It is made with
# sh and awk alone, because it is part of every build.

set(STRATA_DIST_DIR "${PROJECT_BINARY_DIR}/dist")

# Adds the rule that makes `output` in the dist directory; further arguments go to the script.
function(strata_amalgamation output)
  strata_read_layers("${PROJECT_SOURCE_DIR}/src" layers)
  add_custom_command(
    OUTPUT "${STRATA_DIST_DIR}/${output}"
    COMMAND sh "${PROJECT_SOURCE_DIR}/tools/amalgamate.sh" ${ARGN} "${STRATA_DIST_DIR}"
    DEPENDS
      "${PROJECT_SOURCE_DIR}/tools/amalgamate.sh"
      "${PROJECT_SOURCE_DIR}/tools/amalgamate.awk"
      "${PROJECT_SOURCE_DIR}/src/LAYERS"
      "${PROJECT_SOURCE_DIR}/include/strata.h"
      "${PROJECT_SOURCE_DIR}/include/dlmalloc.h"
      ${layers_FILES}
    COMMENT "Joining src/ into dist/${output}"
    VERBATIM)
endfunction()

strata_amalgamation(strata.c)
add_custom_target(amalgamation DEPENDS "${STRATA_DIST_DIR}/strata.c")
