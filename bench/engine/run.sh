#!/bin/sh
# SPDX-License-Identifier: MIT-0
#
# The boundary-tag engine alone, on the recorded programs: one heap, one thread, no lock, no page map
# (STRATA_TINY=1, -O2), with quick lists and, as `lea`, without them and without what rests on them:
# Doug Lea's scheme in our functions, which is not to say in its fastest form.
#
#   bench/engine/run.sh [RUNS]      a table of time and memory, instructions on the Python program
#
# Needs `make` to have been run, and valgrind. Writes bench/results/engine.txt.
set -eu
root=$(CDPATH='' cd -- "$(dirname -- "$0")/../.." && pwd)
runs=${1:-5}
work=$root/build/engine
traces=$root/bench/traces
if [ ! -x "$root/build/strata" ]; then
    echo "engine: build/strata is not there; run make first." >&2
    exit 2
fi
mkdir -p "$work" "$root/bench/results"

# build NAME SWITCH...: the amalgamation as a library that can be preloaded.
build() {
    name=$1
    shift
    "${CC:-cc}" -std=c11 -O2 -fPIC -shared -fvisibility=hidden -fexceptions \
        -fno-semantic-interposition -fno-builtin-malloc -fno-builtin-calloc \
        -fno-builtin-realloc -fno-builtin-free -Wl,-z,now \
        -DSTRATA_TINY=1 -DSTRATA_OVERRIDE=1 "$@" -I"$root/build/dist" \
        "$root/build/dist/strata.c" -o "$work/lib$name.so"
}
build engine
build lea -DSTRATA_QUICK=0

# Paths relative to the root, so that the report names no place of this machine.
cd "$root"
set -- --allocator engine=build/engine/libengine.so --allocator lea=build/engine/liblea.so \
    --allocator system
report=bench/results/engine.txt
build/strata replay bench/traces/*.tr.xz "$@" --runs "$runs" >"$report"
{
    echo
    echo "With instructions per recorded operation (callgrind):"
    build/strata replay "$traces/python.tr.xz" "$@" --runs 3 --instructions |
        sed -n '/^python$/,/^$/p'
} >>"$report"
cat "$report"
