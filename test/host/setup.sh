#!/bin/sh
# SPDX-License-Identifier: MIT-0
#
# Installs the programs that the host test runs, as far as they are missing: with apt-get, as
# root, on Debian and its relatives. Elsewhere it says what is missing and fails.
#   setup.sh [peers] [chart]    also the allocators to compare with; also gnuplot
set -eu

missing=
packages=

# need COMMAND PACKAGE
need() {
    if ! command -v "$1" >/dev/null 2>&1; then
        missing="$missing${missing:+, }$1"
        packages="$packages $2"
    fi
}

# need_library FILE PACKAGE
need_library() {
    if ! ldconfig -p | grep -q "$1"; then
        missing="$missing${missing:+, }$1"
        packages="$packages $2"
    fi
}

need gcc gcc
need g++ g++
need perl perl
need git git
need sqlite3 sqlite3
need lua5.4 lua5.4
need sort coreutils
need tar tar
need xz xz-utils
need gawk gawk
need gdb gdb
need pigz pigz
need bash bash
need node nodejs
need ruby ruby
for extra in "$@"; do
    case $extra in
    peers)
        need_library libjemalloc.so.2 libjemalloc2
        need_library libmimalloc.so.2 libmimalloc2.0
        need_library libtcmalloc_minimal.so.4 libtcmalloc-minimal4
        ;;
    chart)
        need gnuplot gnuplot-nox
        ;;
    *)
        echo "setup: there is nothing called '$extra' to install; peers and chart there are." >&2
        exit 2
        ;;
    esac
done

if [ -z "$missing" ]; then
    exit 0
fi
if [ "$(id -u)" != 0 ] || ! command -v apt-get >/dev/null 2>&1; then
    echo "setup: the host test needs what is missing here: $missing (on Debian: apt-get" \
        "install$packages)." >&2
    exit 1
fi
echo "setup: installing$packages"
export DEBIAN_FRONTEND=noninteractive
apt-get update -qq
# Unquoted on purpose: a list of packages.
# shellcheck disable=SC2086
apt-get install -y -qq --no-install-recommends $packages >/dev/null
