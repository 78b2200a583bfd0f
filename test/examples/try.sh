# SPDX-License-Identifier: MIT-0
#
# try.sh WAY COMPILER ROOT BUILD: compiles and runs the examples of one way of use, as their
# comments tell a user to.
set -eu
way=$1
compiler=$2
root=$3
build=$4
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"

compile() { # arguments of the compiler
    "$compiler" -std=c11 -O1 -Wall -Wextra -Werror -o program "$@"
}

case $way in
preload)
    printf '3\n1\n2\n' >numbers
    sh "$root/examples/preload.sh" "$build/libstrata.so" sort -n numbers >out 2>report
    printf '1\n2\n3\n' | cmp - out
    grep -q "allocations=.*program=sort" report
    ;;
shared)
    compile -D_GNU_SOURCE -I"$root/include" "$root/examples/link_shared.c" \
        -L"$build" -lstrata -Wl,-rpath,"$build"
    ./program >out
    grep -q 'held from the host' out
    ;;
static)
    compile -I"$root/include" "$root/examples/link_static.c" "$build/libstrata.a" -pthread
    ./program | grep -q 'memory was given back'
    ;;
all_static)
    compile -static -I"$root/include" "$root/examples/link_static.c" "$build/libstrata.a"
    ./program | grep -q 'memory was given back'
    ;;
header)
    cp "$build/dist/strata.c" "$build/dist/strata.h" .
    compile -I. -I"$root/include" "$root/examples/override_header.c" strata.c -pthread
    ./program | grep -q '^9801, in a block of 4[0-9]* bytes'
    ;;
embed)
    cp "$build/dist/strata.c" "$build/dist/strata.h" "$root/examples/embed.c" .
    compile embed.c strata.c -pthread
    ./program >out
    grep -q ' used$' out
    grep -q ' top$' out
    # Nothing but strata's own names: the program's malloc is still the C library's.
    if nm program | grep -E ' T (malloc|free|calloc|realloc)$'; then exit 1; fi
    ;;
embed_override)
    cp "$build/dist/strata.c" "$build/dist/strata.h" "$root/examples/embed_override.c" .
    compile -DSTRATA_OVERRIDE=1 embed_override.c strata.c -pthread
    ./program | grep -q 'served by strata'
    ;;
embedders/art | embedders/wasi | embedders/emscripten | embedders/libffi | \
    embedders/nedmalloc_footers | embedders/symmetric | embedders/portable)
    # Those that include strata.c: as they are, and at the highest level of checks.
    for check in 1 3; do
        "$compiler" -std=gnu11 -O1 -Wall -Wextra -Werror -DSTRATA_CHECK=$check -o program -I"$build/dist" \
            "$root/examples/embedders/${way#embedders/}.c" -pthread
        ./program >out || { cat out; exit 1; }
        grep -q ' on strata$' out
    done
    # With threads, and where the compiler can: no race.
    case $way in *emscripten | *nedmalloc_footers) ;; *) exit 0 ;; esac
    "$compiler" -std=gnu11 -O1 -fsanitize=thread -o program -I"$build/dist" \
        "$root/examples/embedders/${way#embedders/}.c" -pthread 2>errors || exit 0
    ./program >out 2>&1 || { cat out; exit 1; }
    ;;
embedders/*)
    compile -D_GNU_SOURCE -I"$root/include" "$root/examples/$way.c" "$build/libstrata.a" -pthread
    ./program # checks itself
    ;;
*)
    echo "no such way: $way"
    exit 2
    ;;
esac
