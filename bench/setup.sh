#!/bin/sh
# SPDX-License-Identifier: MIT-0
#
# Installs what the benchmark needs, as far as it is missing: the allocators to compare with, the
# programs of the host test, gnuplot, valgrind. With apt-get, as root, on Debian and its
# relatives; elsewhere it says what is missing and fails.
set -eu
cd "$(dirname "$0")"

missing=
packages=

# need COMMAND PACKAGE
need() {
    if ! command -v "$1" >/dev/null 2>&1; then
        missing="$missing${missing:+, }$1"
        packages="$packages $2"
    fi
}

need valgrind valgrind
need size binutils
need xmllint libxml2-utils

status=0
if [ -n "$missing" ]; then
    if [ "$(id -u)" != 0 ] || ! command -v apt-get >/dev/null 2>&1; then
        echo "setup: the benchmark needs what is missing here: $missing (on Debian: apt-get" \
            "install$packages)." >&2
        status=1
    else
        echo "setup: installing$packages"
        export DEBIAN_FRONTEND=noninteractive
        apt-get update -qq
        # Unquoted on purpose: a list of packages.
        # shellcheck disable=SC2086
        apt-get install -y -qq --no-install-recommends $packages >/dev/null
    fi
fi
# The peers, gnuplot and most of the programs.
../test/host/setup.sh peers chart || status=1
exit $status
