#!/bin/sh
# SPDX-License-Identifier: MIT-0
#
# mallinfo.sh DIST COMPILER TESTS as_c|as_cxx: struct mallinfo under each name that programs which embed
# dlmalloc know, beside the C library's or instead of it, in C or, from a program of C++, in strata.c's C.
set -eu
dist=$1
compiler=$2
tests=$3
language=$4
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
failed=0
count=0

case $language in
as_c) dialect="-x c -std=c99" ;;
as_cxx) dialect="-x c++ -std=c++11" ;;
esac
object=

# library NAME FLAG...: strata.c with these.
library() {
    object=$work/$1.o
    shift
    "${CC:-cc}" -std=c11 -O1 -DSTRATA_DLMALLOC=1 "$@" -c "$dist/strata.c" -o "$object"
}

# works FLAG...: the program with these compiles without a warning, and ends well.
works() {
    count=$((count + 1))
    # shellcheck disable=SC2086
    if ! "$compiler" $dialect -Wall -Wextra -Wundef -Werror "$@" -I"$dist" "$tests/mallinfo.c" \
        -x none "$object" -o "$work/program" -pthread 2>"$work/said"; then
        echo "does not compile as $language: $*"
        head -n 5 "$work/said"
        failed=1
    elif ! "$work/program"; then
        echo "fails as $language: $*"
        failed=1
    fi
}

# refused FLAG...: it does not compile.
refused() {
    count=$((count + 1))
    # shellcheck disable=SC2086
    if "$compiler" $dialect "$@" -I"$dist" -fsyntax-only "$tests/mallinfo.c" 2>/dev/null; then
        echo "is accepted as $language: $*"
        failed=1
    fi
}

size_t="-DFIELD=size_t"
prefix="-DCALL=dlmallinfo -DUSE_DL_PREFIX"
plain="-DCALL=mallinfo -DSTRATA_DL_PLAIN=1"
tag="-DINFO=struct mallinfo"
ours="-DINFO=dlmallinfo_t"

library usual
# shellcheck disable=SC2086
{
    works $prefix $size_t "$tag"
    works $prefix $size_t "$ours"
    works $plain $size_t "$tag"
    works $plain $size_t "$ours"
    works $plain $size_t "-DINFO=struct dlmallinfo"
    works $prefix $size_t "$tag" -DOWN_STRUCT
    works $plain $size_t "$tag" -DOWN_STRUCT
    # The name is the C library's: either its struct by another type, or no such struct.
    works $prefix $size_t "$ours" -DSYSTEM_FIRST
    works $prefix $size_t "-DINFO=struct dlmallinfo" -DSYSTEM_FIRST
    works $plain $size_t "$tag" -DSYSTEM_FIRST
    works $plain $size_t "$ours" -DSYSTEM_FIRST
    refused $prefix $size_t "$tag" -DSYSTEM_FIRST
    refused $prefix $size_t "$tag" -DNO_MALLINFO=1
}

library narrow -DMALLINFO_FIELD_TYPE=int
# shellcheck disable=SC2086
for how in "$prefix" "$plain"; do
    works $how -DFIELD=int "$tag" -DMALLINFO_FIELD_TYPE=int
    works $how -DFIELD=int "$tag" -DOWN_STRUCT
done

# The C library's own struct, which has fields of int.
library system -DHAVE_USR_INCLUDE_MALLOC_H
# shellcheck disable=SC2086
for how in "$prefix" "$plain"; do
    works $how -DFIELD=int "$tag" -DHAVE_USR_INCLUDE_MALLOC_H
    works $how -DFIELD=int "$ours" -DHAVE_USR_INCLUDE_MALLOC_H -DSYSTEM_FIRST
done

library none -DNO_MALLINFO=1 -DHAVE_USR_INCLUDE_MALLOC_H
if nm "$object" | grep -q mallinfo; then
    echo "NO_MALLINFO 1 leaves a mallinfo"
    failed=1
fi
[ "$count" -ge 20 ] || failed=1
exit "$failed"
