#!/bin/sh
# SPDX-License-Identifier: MIT-0
#
# Writes the library as one C file and its headers: DIR/strata.c, DIR/strata.h and, for who compiles it
# with -DSTRATA_DLMALLOC=1, DIR/dlmalloc.h.
#
#   tools/amalgamate.sh [--without-host] [DIR]     DIR is dist/ unless given
#
#   --without-host   leaves os_*.c and override_*.c out and names the file strata_nohost.c;
#                    for tests that bring a host of their own.
#
# Needs a POSIX shell and awk, nothing else; the same sources give the same bytes.
# AWK chooses the awk.
set -eu
LC_ALL=C
export LC_ALL

root=$(cd "$(dirname "$0")/.." && pwd)
skip_host=0
name=strata.c
if [ "${1-}" = --without-host ]; then
    skip_host=1
    name=strata_nohost.c
    shift
fi
dir=${1:-$root/dist}

# STRATA_VERSION_MAJOR, _MINOR and _PATCH of the public header, joined by dots.
version=$("${AWK:-awk}" '
    $1 == "#define" && $2 ~ /^STRATA_VERSION_(MAJOR|MINOR|PATCH)$/ { part[$2] = $3 }
    END {
        print part["STRATA_VERSION_MAJOR"] "." part["STRATA_VERSION_MINOR"] \
            "." part["STRATA_VERSION_PATCH"]
    }' "$root/include/strata.h")

mkdir -p "$dir"
# Through a temporary file: a failure must not leave half a file that looks like a whole one.
temporary=$dir/$name.$$
trap 'rm -f "$temporary"' EXIT
"${AWK:-awk}" -v root="$root" -v version="$version" -v skip_host="$skip_host" \
    -f "$root/tools/amalgamate.awk" >"$temporary"
mv "$temporary" "$dir/$name"
cp "$root/include/strata.h" "$root/include/dlmalloc.h" "$dir/"
