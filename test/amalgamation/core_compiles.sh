#!/bin/sh
# SPDX-License-Identifier: MIT-0
#
# core_compiles.sh DIST CLANG FLAG...: the amalgamation without its host layer is freestanding C11.
# It is not linked: what the host would define is missing, and those warnings are left out.
set -eu
dist=$1
compiler=$2
shift 2
"$compiler" "$@" -std=c11 -ffreestanding -Wall -Wextra -Wpedantic -Wundef -Werror \
    -Wno-undefined-internal -Wno-unused-function -fsyntax-only "$dist/strata_nohost.c"
