# SPDX-License-Identifier: MIT-0
#
# alignment.sh DIST COMPILER ALIGNMENT PROGRAM: strata.c built for that alignment keeps it.
set -eu
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
"$2" -std=c11 -O1 -DSTRATA_ALIGNMENT="$3" -DSTRATA_CHECK=3 -DSTRATA_CHECK_PERIOD=64 -I"$1" \
    "$4" "$1/strata.c" -o "$work/program" -pthread
"$work/program"
