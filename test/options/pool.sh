#!/bin/sh
# SPDX-License-Identifier: MIT-0
#
# pool.sh DIST COMPILER: pool.c on strata.c, where new memory of MORECORE is zero and where it is not.
set -eu
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
for clears in 0 1; do
    "$2" -std=gnu11 -O1 -w -DMORECORE_CLEARS=$clears -I"$1" "$(dirname "$0")/pool.c" -o "$work/pool" -pthread
    "$work/pool"
done
