# SPDX-License-Identifier: MIT-0
#
# a28_no_free_at_exit.sh STRACE LIBRARY PROGRAM: after PROGRAM's last destructor nothing is given back to
# the host but by the process's end itself.
set -eu
strace=$1
library=$2
program=$3
trace=$(mktemp)
trap 'rm -f "$trace"' EXIT
"$strace" -f -qq -E "LD_PRELOAD=$library" -o "$trace" "$program"
awk '
    /write\(-11,/ { marks++; next }
    marks && /(munmap|madvise|mremap|mprotect|brk)\(/ { print; failed = 1 }
    END {
        if (marks != 1) print "the mark was not found"
        exit failed || marks != 1
    }' "$trace"
