# SPDX-License-Identifier: MIT-0
#
# a14_not_in_static.sh ARCHIVE: the library for linking statically leaves dlopen alone.
set -eu
nm --defined-only "$1" >/dev/null
if nm --defined-only "$1" | grep -E ' [TW] (dlopen|dlmopen|dlsym|dlclose)$'; then
    echo "the archive defines a function of the dynamic linker"
    exit 1
fi
