#!/bin/sh
# SPDX-License-Identifier: MIT-0
#
# Lays out all C and C++ files by .clang-format. With --check it changes nothing, names the files
# that differ and fails if there is one.
set -eu
cd "$(dirname "$0")/.."

if ! command -v clang-format >/dev/null 2>&1; then
    echo "format: clang-format is not installed" >&2
    exit 1
fi
case "${1-}" in
--check) set -- --dry-run -Werror ;;
*) set -- -i ;;
esac
find include src test tools bench examples \
    \( -name '*.[ch]' -o -name '*.hpp' -o -name '*.cc' \) -exec clang-format "$@" {} +
