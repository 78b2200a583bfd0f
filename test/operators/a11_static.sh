# SPDX-License-Identifier: MIT-0
#
# a11_static.sh FORM GLIBC SOURCES DIST COMPILER: links test/operators/a11_static_main.c with COMPILER into a
# fully static program, with strata as FORM: `archive`, `object`, or `lto`, where program and strata are
# optimized as one. It runs, and the linker's map has nothing of the C library's own malloc. GLIBC is 1
# or 0.
set -eu
form=$1
glibc=$2
sources=$3
dist=$4
compiler=$5
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

flags="-std=c11 -O2 -w"
if [ "$form" = lto ]; then flags="$flags -flto"; fi
# shellcheck disable=SC2086 # a list of words
$compiler $flags -fno-builtin-malloc -fno-builtin-calloc -fno-builtin-realloc -fno-builtin-free \
    -fexceptions -DSTRATA_OVERRIDE=1 -I"$dist" -c "$dist/strata.c" -o "$work/strata.o"
library=$work/strata.o
if [ "$form" = archive ]; then
    library=$work/libstrata.a
    ar rc "$library" "$work/strata.o"
fi
# The linker warns of getaddrinfo and dlopen, which want shared libraries at run time.
# shellcheck disable=SC2086
$compiler $flags -fno-builtin -static -DA11_GLIBC="$glibc" -I"$sources/include" -I"$sources/test" \
    "$sources/test/operators/a11_static_main.c" "$library" -pthread "-Wl,-Map=$work/map" \
    -o "$work/program" 2>"$work/warnings" || {
    cat "$work/warnings"
    exit 1
}
if readelf -lW "$work/program" | grep INTERP; then
    echo "the program is not static"
    exit 1
fi
"$work/program"

# What has malloc, or is called by nothing else, in glibc's and in musl's library.
members='malloc|malloc-debug|morecore|arena|cfree|free|calloc|realloc|memalign|donate|reallocarray'
if sed -n '/Linker script and memory map/q;p' "$work/map" |
    grep -E "libc\.a\(($members)\.(o|lo)\)"; then
    echo "the C library's malloc was linked, too"
    exit 1
fi
grep -q 'libc\.a(' "$work/map" || {
    echo "the map does not show what was linked"
    exit 1
}
