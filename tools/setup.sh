#!/bin/sh
# SPDX-License-Identifier: MIT-0
#
# Makes sure that what the tests need is installed. On Debian and its relatives, as root, it
# installs what is missing; anywhere else it says what is missing and fails.
# Building the library itself needs none of this.
set -eu

missing=
packages=

# need WHAT PACKAGE COMMAND...: the package is needed unless the command succeeds.
need() {
    what=$1
    package=$2
    shift 2
    if ! "$@" >/dev/null 2>&1; then
        missing="$missing${missing:+, }$what"
        packages="$packages $package"
    fi
}

# True if the C compiler finds a header and a library.
has_library() {
    work=$(mktemp -d)
    printf '#include <stdarg.h>\n#include <stddef.h>\n#include <stdint.h>\n#include <setjmp.h>\n%s\n' \
        "#include <$1>
int main(void) { return 0; }" >"$work/probe.c"
    "${CC:-cc}" "$work/probe.c" "-l$2" -o "$work/probe" 2>/dev/null
    status=$?
    rm -rf "$work"
    return $status
}

# True if clang can link with its own run-time libraries (sanitizers, libFuzzer).
has_clang_runtime() {
    work=$(mktemp -d)
    echo 'int LLVMFuzzerTestOneInput(const char *d, unsigned long n) { return d == 0 && n; }' \
        >"$work/probe.c"
    clang -fsanitize=fuzzer,address "$work/probe.c" -o "$work/probe" 2>/dev/null
    status=$?
    rm -rf "$work"
    return $status
}

need "a C compiler" gcc command -v "${CC:-cc}"
need cmake cmake command -v cmake
need python3 python3 command -v python3
need "a C++ compiler" g++ command -v "${CXX:-c++}"
need gcc gcc command -v gcc
need clang clang command -v clang
need "nm and readelf" binutils command -v readelf
need ctags universal-ctags command -v ctags
need shellcheck shellcheck command -v shellcheck
need "libcmocka with its header" libcmocka-dev has_library cmocka.h cmocka
need "liblzma with its header" liblzma-dev has_library lzma.h lzma
need "libzstd with its header" libzstd-dev has_library zstd.h zstd
need gnuplot gnuplot-nox command -v gnuplot
need valgrind valgrind command -v valgrind
need spin spin command -v spin
need strace strace command -v strace
need musl-gcc musl-tools command -v musl-gcc
if command -v clang >/dev/null 2>&1; then
    need "clang's run-time libraries" "$(clang --version |
        sed -n 's/.*clang version \([0-9]*\).*/libclang-rt-\1-dev/p' | head -n 1)" has_clang_runtime
else
    packages="$packages libclang-rt-dev"
fi

if [ -z "$missing" ]; then
    exit 0
fi
if [ "$(id -u)" != 0 ] || ! command -v apt-get >/dev/null 2>&1; then
    echo "setup: the tests need what is missing here: $missing (on Debian: apt-get install$packages)." >&2
    exit 1
fi
echo "setup: installing$packages"
export DEBIAN_FRONTEND=noninteractive
apt-get update -qq
# Unquoted on purpose: a list of packages.
# shellcheck disable=SC2086
apt-get install -y -qq --no-install-recommends $packages >/dev/null
