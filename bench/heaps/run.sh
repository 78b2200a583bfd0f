#!/bin/sh
# SPDX-License-Identifier: MIT-0
#
# run.sh: what heaps and ranges cost, on build/libstrata.a (made by `make`).
set -eu
root=$(cd "$(dirname "$0")/../.." && pwd)
library=$root/build/libstrata.a
if [ ! -f "$library" ]; then
    echo "heaps: there is no $library; run make first." >&2
    exit 1
fi
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
"${CC:-cc}" -std=c11 -O2 -I"$root/include" "$root/bench/heaps/heaps.c" "$library" -o "$work/heaps" -pthread
"$work/heaps"
