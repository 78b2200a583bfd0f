#!/bin/sh
# SPDX-License-Identifier: MIT-0
#
# run.sh [--pairs] [NAME ...]: every option of dlmalloc (or these) as options.tsv says, on strata.c made
# from this tree; with --pairs two at a time, which takes long. CC chooses the compiler.
set -eu
root=$(cd "$(dirname "$0")/../.." && pwd)
dist=$(mktemp -d)
trap 'rm -rf "$dist"' EXIT
sh "$root/tools/amalgamate.sh" "$dist"
python3 -B "$root/test/options/options.py" "$dist" "${CC:-cc}" "$root/docs/dlmalloc/options.md" "$@"
