#!/bin/sh
# SPDX-License-Identifier: MIT-0
#
# bits32.sh heaps|dlmalloc|options DIST COMPILER ROOT FLAG...: with addresses of 32 bits (-m32) the heaps' unit
# tests, the tests of dlmalloc's interface, or those of its options pass on the amalgamation. plain/cmocka.h stands for libcmocka, of
# which few systems have one for that machine.
set -eu
part=$1
dist=$2
compiler=$3
root=$4
shift 4
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
flags="-m32 -std=c11 -O2 -fno-builtin -pthread -Wall -Wextra -Werror -Wno-unused
    -Wno-maybe-uninitialized -Wno-alloc-size-larger-than -Wno-use-after-free -Wno-free-nonheap-object
    -I$root/test/bits32/plain"
ran=0
failed=0

# run NAME: the program of that name ends well.
run() {
    ran=$((ran + 1))
    "$work/$1" >"$work/out" 2>&1 && return
    echo "$1 fails with -m32 $*"
    tail -n 3 "$work/out"
    failed=1
}

if [ "$part" = options ]; then
    exec python3 -B "$root/test/options/options.py" "$dist" "$compiler -m32" "$root/docs/dlmalloc/options.md"
fi
if [ "$part" = heaps ]; then
    for source in "$root"/test/unit/unit_heaps_*.c; do
        name=$(basename "$source" .c)
        {
            echo "#include \"$dist/strata_nohost.c\""
            for fake in "$root"/test/fake/*.c; do echo "#include \"$fake\""; done
            echo "#include \"$source\""
        } >"$work/$name.c"
        # shellcheck disable=SC2086
        "$compiler" $flags "$@" -I"$root/src" -I"$root/include" -I"$root/test" "$work/$name.c" -o "$work/$name"
        run "$name" "$@"
    done
    least=9
else
    # shellcheck disable=SC2086
    "$compiler" $flags -w -DSTRATA_DLMALLOC=1 "$@" -c "$dist/strata.c" -o "$work/strata.o"
    for source in "$root"/test/dlmalloc/dlmalloc_*.c; do
        name=$(basename "$source" .c)
        case "$name $*" in
        dlmalloc_process_*-DSTRATA_DL_ONLY_MSPACES=1*) continue ;;
        esac
        # shellcheck disable=SC2086
        "$compiler" $flags "$@" -I"$dist" -I"$root/test/dlmalloc" "$source" "$work/strata.o" -o "$work/$name"
        run "$name" "$@"
    done
    least=6
fi
if [ "$ran" -lt "$least" ]; then
    echo "only $ran tests were found"
    exit 1
fi
exit "$failed"
