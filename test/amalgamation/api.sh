# SPDX-License-Identifier: MIT-0
#
# api.sh DIST COMPILER TESTS FLAG...: strata.c built with these flags keeps what the public header
# promises: the tests of the directory TESTS/api pass on it, under strata's own names; those about
# threads, api_threads_*, only if it is built for threads.
set -eu
dist=$1
compiler=$2
tests=$3
shift 3
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# No call of malloc may be left out; see cmake/StrataFlags.cmake.
"$compiler" -std=c11 -O1 -fno-builtin "$@" -c "$dist/strata.c" -o "$work/strata.o"
ran=0
for source in "$tests"/api/api_*.c; do
    name=$(basename "$source" .c)
    case "$name $*" in
    api_threads_*-DSTRATA_THREADS=0*) continue ;;
    esac
    "$compiler" -std=c11 -O1 -fno-builtin -w "$@" -DSTRATA_TEST_HAS_OVERRIDE=0 -I"$dist" -I"$tests" \
        "$source" "$work/strata.o" -o "$work/$name" -lcmocka -pthread
    "$work/$name" >"$work/out" 2>&1 || {
        echo "$name fails with $*"
        cat "$work/out"
        exit 1
    }
    ran=$((ran + 1))
done
if [ "$ran" -lt 8 ]; then
    echo "only $ran tests were found in $tests/api"
    exit 1
fi
