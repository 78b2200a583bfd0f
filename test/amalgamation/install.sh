#!/bin/sh
# SPDX-License-Identifier: MIT-0
#
# install.sh BUILD COMPILER CMAKE: an installed tree works after it was moved: through
# pkg-config (where there is one) and through find_package.
set -eu
build=$1
compiler=$2
cmake=$3
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

"$cmake" --install "$build" --prefix "$work/first" >/dev/null
mv "$work/first" "$work/moved"

cat >"$work/main.c" <<'END'
#include "strata.h"
int main(void)
{
    void *mem = strata_malloc(40);
    strata_free(mem);
    return mem == 0;
}
END

if command -v pkg-config >/dev/null 2>&1; then
    PKG_CONFIG_PATH=$(find "$work/moved" -name pkgconfig)
    export PKG_CONFIG_PATH
    # Unquoted on purpose: flags. pkg-config's prefix goes through "..", which is fine.
    # shellcheck disable=SC2046
    "$compiler" "$work/main.c" $(pkg-config --cflags --libs strata) -o "$work/main"
    LD_LIBRARY_PATH=$(pkg-config --variable=libdir strata) "$work/main"
fi

cat >"$work/CMakeLists.txt" <<'END'
cmake_minimum_required(VERSION 3.22)
project(user LANGUAGES C)
find_package(strata 0.1 REQUIRED)
add_executable(with_shared main.c)
target_link_libraries(with_shared PRIVATE strata::strata)
add_executable(with_static main.c)
target_link_libraries(with_static PRIVATE strata::strata_static)
END
"$cmake" -S "$work" -B "$work/build" -DCMAKE_PREFIX_PATH="$work/moved" \
    -DCMAKE_C_COMPILER="$compiler" >/dev/null
"$cmake" --build "$work/build" >/dev/null
"$work/build/with_shared"
"$work/build/with_static"
