#!/bin/sh
# SPDX-License-Identifier: MIT-0
#
# header.sh HEADER COMPILER FLAG...: the public header compiles alone, and twice.
set -eu
header=$1
compiler=$2
shift 2
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

printf '#include "%s"\n#include "%s"\nint probe(void);\nint probe(void) { return STRATA_VERSION_NUMBER; }\n' \
    "$header" "$header" >"$work/probe.input"
"$compiler" "$@" -Wall -Wextra -Wpedantic -Wundef -Werror -c "$work/probe.input" -o "$work/probe.o"
