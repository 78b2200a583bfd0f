#!/bin/sh
# SPDX-License-Identifier: MIT-0
#
# tools/fuzz.sh BUILD SECONDS: runs each fuzz target of a build with preset fuzz for so long.
# Inputs that reach new code stay in BUILD/corpus/<target>; what belongs into the repository is
# copied to test/fuzz/corpus/<target> by hand.
set -eu
root=$(cd "$(dirname "$0")/.." && pwd)
build=$1
seconds=$2

for source in "$root"/test/fuzz/fuzz_*.c; do
    [ -e "$source" ] || { echo "fuzz: no targets in test/fuzz" >&2; exit 1; }
    name=$(basename "$source" .c)
    grown=$build/corpus/$name
    kept=$root/test/fuzz/corpus/$name
    mkdir -p "$grown" "$build/crashes/$name"
    echo "== $name for $seconds s"
    set -- "$grown"
    [ -d "$kept" ] && set -- "$grown" "$kept"
    "$build/test/$name" -max_total_time="$seconds" -print_final_stats=1 \
        -artifact_prefix="$build/crashes/$name/" "$@"
done
