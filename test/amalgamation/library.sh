#!/bin/sh
# SPDX-License-Identifier: MIT-0
#
# library.sh LIBRARY: the shared library has its name, depends on libc alone, needs no writable
# code, and binds everything when it is loaded.
set -eu
library=$1
dynamic=$(readelf -d "$library")

expect() {
    if ! printf '%s\n' "$dynamic" | grep -q "$1"; then
        echo "not found in the dynamic section: $1"
        printf '%s\n' "$dynamic"
        exit 1
    fi
}

expect 'SONAME.*\[libstrata\.so\.[0-9]*\]'
expect 'BIND_NOW\|FLAGS_1.*NOW'
readelf -lW "$library" | grep -q GNU_RELRO

needed=$(printf '%s\n' "$dynamic" | sed -n 's/.*(NEEDED).*\[\(.*\)\]/\1/p')
for name in $needed; do
    case $name in
    libc.so.* | libc.musl-* | ld-linux*) ;;
    *)
        echo "the library needs $name"
        exit 1
        ;;
    esac
done
if printf '%s\n' "$dynamic" | grep -q TEXTREL; then
    echo "the library has relocations in its code"
    exit 1
fi
