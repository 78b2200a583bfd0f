#!/bin/sh
# SPDX-License-Identifier: MIT-0
#
# dlmalloc.sh DIST COMPILER TESTS FLAG...: strata.c built with these flags keeps the promises of
# dlmalloc's interface: the tests of the directory TESTS pass on it. Those about the process's heap,
# dlmalloc_process_*, are only for builds that have it.
set -eu
dist=$1
compiler=$2
tests=$3
shift 3
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

"$compiler" -std=c11 -O2 -fno-builtin -DSTRATA_DLMALLOC=1 "$@" \
    -c "$dist/strata.c" -o "$work/strata.o"

# It has these functions and no others of dlmalloc's.
expected="22 23"
case "$*" in *-DSTRATA_DL_ONLY_MSPACES=1*) expected="0 23" ;; esac
nm -g "$work/strata.o" | sed -n 's/.* T //p' >"$work/names"
found="$(grep -c '^dl' "$work/names" || true) $(grep -c 'mspace' "$work/names" || true)"
if [ "$found" != "$expected" ]; then
    echo "dlmalloc's functions and mspaces': $found, not $expected, with $*"
    exit 1
fi

ran=0
failed=0
for source in "$tests"/dlmalloc_*.c; do
    name=$(basename "$source" .c)
    case "$name $*" in
    dlmalloc_process_*-DSTRATA_DL_ONLY_MSPACES=1*) continue ;;
    esac
    "$compiler" -std=c11 -O2 -fno-builtin -Wall -Wextra -Wundef -Wno-unused -Wno-unknown-warning-option \
        -Wno-alloc-size-larger-than -Wno-use-after-free -Wno-free-nonheap-object -Werror "$@" -I"$dist" -I"$tests" "$source" \
        "$work/strata.o" -o "$work/$name" -lcmocka -pthread
    "$work/$name" >"$work/out" 2>&1 || {
        echo "$name fails with $*"
        grep -v '^\[ *\(RUN\|OK\) *\]' "$work/out"
        failed=1
    }
    ran=$((ran + 1))
done
if [ "$ran" -lt 6 ]; then
    echo "only $ran tests were found in $tests"
    exit 1
fi
exit "$failed"
