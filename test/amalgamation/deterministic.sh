#!/bin/sh
# SPDX-License-Identifier: MIT-0
#
# deterministic.sh SOURCE_DIR: the amalgamation does not depend on where, when, in which
# language or with which awk it is made.
set -eu
source=$1
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

"$source/tools/amalgamate.sh" "$work/first"

same() {
    cmp "$work/first/strata.c" "$work/$1/strata.c"
    cmp "$work/first/strata.h" "$work/$1/strata.h"
}

(cd / && LC_ALL=C.UTF-8 TZ=Asia/Tokyo "$source/tools/amalgamate.sh" "$work/second")
same second

for awk in mawk gawk original-awk; do
    command -v "$awk" >/dev/null 2>&1 || continue
    AWK=$awk "$source/tools/amalgamate.sh" "$work/$awk"
    same "$awk"
done
cmp "$source/include/strata.h" "$work/first/strata.h"
