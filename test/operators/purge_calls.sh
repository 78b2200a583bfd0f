# SPDX-License-Identifier: MIT-0
#
# purge_calls.sh STRACE LIBRARY PROGRAM: a million pairs while as much stays in use take at most a hundred calls
# of the host, and pages go back so that it shows, by MADV_DONTNEED alone.
set -eu
strace=$1
library=$2
program=$3
trace=$(mktemp)
trap 'rm -f "$trace"' EXIT
"$strace" -f -qq -E LD_PRELOAD="$library" -o "$trace" "$program" steady
"$strace" -f -qq -E LD_PRELOAD="$library" -E STRATA_OPTIONS=dirty_max=0 -o "$trace.2" "$program" at_once \
    >/dev/null || true
trap 'rm -f "$trace" "$trace.2"' EXIT

awk '
    /write\(-11,/ { is_inside = 1; begins++; next }
    /write\(-12,/ { is_inside = 0; ends++; next }
    is_inside { calls++ }
    END {
        print "calls of the host in a million pairs: " calls + 0 ", at most 100"
        exit begins != 1 || ends != 1 || calls > 100
    }' "$trace"
awk '
    / madvise\(/ { if (/MADV_DONTNEED/) good++; else { print; bad++ } }
    END {
        print "madvise: " good + 0 " times MADV_DONTNEED, otherwise " bad + 0
        exit good == 0 || bad > 0
    }' "$trace.2"
