#!/bin/sh
# SPDX-License-Identifier: MIT-0
#
# compiles.sh DIST COMPILER FLAG...: the amalgamation compiles alone without one warning.
set -eu
dist=$1
compiler=$2
shift 2
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# -O2, since some warnings come only from the optimizer.
"$compiler" "$@" -O2 -Wall -Wextra -Wpedantic -Wundef -Werror -c "$dist/strata.c" -o "$work/strata.o"
