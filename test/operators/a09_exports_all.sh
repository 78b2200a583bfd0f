# SPDX-License-Identifier: MIT-0
#
# a09_exports_all.sh LIBRARY LIBC_ARCHIVE LIBSTDCXX: LIBRARY exports every name that the part of the
# C library in which malloc is defines for programs, and every operator new and delete of the C++ library.
# The list is read from the archive's member, so that a name added to a later C library is missed here.
set -eu
LC_ALL=C
export LC_ALL
library=$1
archive=$2
libstdcxx=$3
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

nm -D --defined-only "$library" | awk '{ sub(/@.*/, "", $3); print $3 }' | sort -u >"$work/ours"

# Not about blocks: for dumped Emacs executables; hooks that no program can link any more; parts that only
# the C library itself calls, which are not in its shared form.
(cd "$work" && ar x "$archive" malloc.o)
nm --defined-only -g "$work/malloc.o" | awk '$2 ~ /[TW]/ { print $3 }' | sort -u >"$work/member"
nm -D --defined-only "$(dirname "$archive")/libc.so.6" 2>/dev/null >"$work/dynamic" ||
    nm -D --defined-only "$(cc -print-file-name=libc.so.6)" >"$work/dynamic"
awk '$3 !~ /GLIBC_PRIVATE/ { sub(/@.*/, "", $3); print $3 }' "$work/dynamic" | sort -u >"$work/shared"
comm -12 "$work/member" "$work/shared" |
    grep -v -E -x 'malloc_[gs]et_state|__libc_mallopt|__libc_mallinfo|mcheck.*|mprobe|mtrace|muntrace' \
        >"$work/wanted"
echo "in the C library: $(tr '\n' ' ' <"$work/wanted")"
[ "$(wc -l <"$work/wanted")" -ge 20 ]

# single and array; plain, nothrow, aligned, both; delete also sized, sized and aligned.
nm -D --defined-only "$libstdcxx" | awk '{ sub(/@.*/, "", $3); print $3 }' |
    grep -E '^_Z(nw|na|dl|da)' | sort -u >"$work/operators"
[ "$(wc -l <"$work/operators")" -ge 20 ]
cat "$work/operators" >>"$work/wanted"
printf '%s\n' free_sized free_aligned_sized cfree __libc_free __libc_malloc __libc_memalign \
    >>"$work/wanted"

if sort -u "$work/wanted" | comm -23 - "$work/ours" | grep .; then
    echo "is not exported"
    exit 1
fi
