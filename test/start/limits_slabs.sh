# SPDX-License-Identifier: MIT-0
#
# limits_slabs.sh LIBRARY PROGRAM: under a limit of address space (ulimit -v) that has no room for
# the 64 MiB that slabs come from, a program gets its small blocks from spaces; under a larger one,
# from slabs. It works with either, and one that needs nearly all of the limit for large blocks gets
# that, too.
set -eu
library=$1
program=$2
failed=0

# The range for slabs is cut out of one twice as large, unless the host gives an aligned one by
# chance: so that 100 MiB may do.
expect() { # limit in MiB, MiB for large blocks, then what may be printed
    limit=$1
    large=$2
    shift 2
    got=$( (ulimit -v $((limit * 1024)) && LD_PRELOAD="$library" exec "$program" "$large") 2>&1) ||
        got="$got failed"
    for word in "$@"; do
        if [ "$got" = "$word" ]; then return 0; fi
    done
    echo "with $limit MiB: $got, not $*"
    failed=1
}

expect 24 0 spaces
expect 40 0 spaces
expect 64 0 spaces
expect 100 0 spaces slabs
expect 200 0 slabs
expect 200 170 slabs
expect 1000 0 slabs
expect 1000 950 slabs
exit "$failed"
