#!/bin/sh
# SPDX-License-Identifier: MIT-0
#
# Any program, unchanged, on strata: name the library in LD_PRELOAD.
#
#   examples/preload.sh build/libstrata.so sort -n numbers.txt
#
# STRATA_REPORT names a file to which the program, and every program that it starts, adds one
# line of figures at its end; that shows that it really ran on strata. STRATA_OPTIONS would set
# options, as in STRATA_OPTIONS=trim_threshold=1m,direct_cache=0.
set -eu
library=$(realpath "$1")
shift
report=$(mktemp)
status=0
STRATA_REPORT="$report" LD_PRELOAD="$library" "$@" || status=$?
cat "$report" >&2
rm -f "$report"
exit "$status"
