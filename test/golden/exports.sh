# SPDX-License-Identifier: MIT-0
#
# exports.sh LIBRARY EXPORTS: the shared library exports exactly the names in EXPORTS.
set -eu
LC_ALL=C
export LC_ALL
library=$1
golden=$2
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

grep -v '^#' "$golden" | sort >"$work/expected"
nm -D --defined-only "$library" | awk '{ sub(/@.*/, "", $3); print $3 }' | sort -u >"$work/got"
if grep -E '^(st|ST)_' "$work/got"; then
    echo "internal names are exported"
    exit 1
fi
if ! diff "$work/expected" "$work/got"; then
    echo "< is missing from the library, > is new in it"
    exit 1
fi
