# SPDX-License-Identifier: MIT-0
#
# complete.sh LIBRARY LIBC LIBSTDCXX: every name by which this machine's C and C++ libraries hand
# out, take back or describe memory is also one of LIBRARY's: one that were not would mix two
# allocators in one program. LIBSTDCXX may be missing: give "".
set -eu
LC_ALL=C
export LC_ALL
library=$1
libc=$2
libstdcxx=$3
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# Defined names that any program may link; GLIBC_PRIVATE ones are for the C library's own parts.
names() {
    nm -D --defined-only "$1" | awk '$2 ~ /[TWi]/ && $3 !~ /GLIBC_PRIVATE/ \
        { sub(/@.*/, "", $3); print $3 }' | sort -u
}

names "$library" >"$work/ours"

# What libc's malloc consists of; some are missing from newer or older versions of it.
for name in malloc calloc realloc reallocarray free cfree memalign aligned_alloc posix_memalign \
    valloc pvalloc malloc_usable_size malloc_trim malloc_stats malloc_info mallopt mallinfo \
    mallinfo2 free_sized free_aligned_sized malloc_set_state malloc_get_state; do
    printf '%s\n' "$name" "__$name" "__libc_$name"
done | sort >"$work/names"
names "$libc" | comm -12 - "$work/names" >"$work/theirs"
# These are not about blocks: glibc keeps them only for dumped Emacs executables, or as a second
# way to its own options.
grep -v -E -x 'malloc_[gs]et_state|__libc_mallopt|__libc_mallinfo' "$work/theirs" >"$work/wanted"
if [ "$(wc -l <"$work/wanted")" -lt 20 ]; then
    echo "only these were found in $libc:"
    cat "$work/wanted"
    exit 1
fi
if [ -n "$libstdcxx" ]; then
    names "$libstdcxx" | grep -E '^_Z(nw|na|dl|da)' >"$work/operators"
    if [ "$(wc -l <"$work/operators")" -lt 20 ]; then
        echo "only these operators were found in $libstdcxx:"
        cat "$work/operators"
        exit 1
    fi
    cat "$work/operators" >>"$work/wanted"
fi
# C23's, whether this libc has them yet or not.
printf '%s\n' free_sized free_aligned_sized >>"$work/wanted"

sort -u "$work/wanted" | comm -23 - "$work/ours" >"$work/gaps"
if [ -s "$work/gaps" ]; then
    echo "not overridden:"
    cat "$work/gaps"
    exit 1
fi
