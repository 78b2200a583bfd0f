# SPDX-License-Identifier: MIT-0
#
# code_without_heaps.sh ROOT CC LIMIT: the library without first-class heaps has at most LIMIT bytes of
# machine code, compiled as libstrata.so is.
set -eu
LC_ALL=C
export LC_ALL
root=$1
cc=$2
limit=$3
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

sh "$root/tools/amalgamate.sh" "$work" >/dev/null
"$cc" -std=c11 -w -O2 -fPIC -shared -fvisibility=hidden -fno-builtin-malloc -fno-builtin-calloc \
    -fno-builtin-realloc -fno-builtin-free -DSTRATA_OVERRIDE=1 -DSTRATA_HEAPS=0 \
    "$work/strata.c" -o "$work/library.so"
size=$(objdump -h "$work/library.so" | awk '$2 == ".text" { print "0x" $3 }')
size=$(printf '%d' "$size")
echo "code without heaps: $size of $limit bytes"
[ "$size" -le "$limit" ] || {
    echo "code without heaps: $size bytes, the limit is $limit" >&2
    exit 1
}
