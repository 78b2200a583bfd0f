# SPDX-License-Identifier: MIT-0
#
# a27_emutls.sh SOURCES DIST CLANG: strata as a program's malloc, all compiled with emulated thread-local
# data, and STRATA_DLOPEN 2 for strata: it runs, and strata has no such data.
set -eu
sources=$1
dist=$2
clang=$3
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
flags="-std=c11 -O2 -w -femulated-tls -fno-builtin -pthread"
for check in 1 3; do
    # shellcheck disable=SC2086 # a list of words
    "$clang" $flags -fexceptions -DSTRATA_OVERRIDE=1 -DSTRATA_DLOPEN=2 -DSTRATA_CHECK=$check -I"$dist" \
        -c "$dist/strata.c" -o "$work/strata.o"
    if nm "$work/strata.o" | grep -i emutls; then
        echo "strata has thread-local data"
        exit 1
    fi
    # shellcheck disable=SC2086
    "$clang" $flags -I"$sources/include" -I"$sources/test" "$sources/test/operators/a27_main.c" \
        "$work/strata.o" -o "$work/program"
    nm "$work/program" | grep -q __emutls_get_address || {
        echo "the program's is not emulated"
        exit 1
    }
    "$work/program"
done
