# SPDX-License-Identifier: MIT-0
#
# static_map.sh MAP: the static program's link map holds our object, and nothing of the C
# library's own malloc.
set -eu
map=$1
grep -q 'libstrata\.a(' "$map" || {
    echo "libstrata.a is not in $map"
    exit 1
}
if grep -E 'libc\.a\((malloc|malloc-debug|reallocarray|morecore|arena|cfree)\.o\)' "$map"; then
    echo "the C library's malloc was linked, too"
    exit 1
fi
