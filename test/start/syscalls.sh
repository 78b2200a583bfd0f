# SPDX-License-Identifier: MIT-0
#
# syscalls.sh STRACE PROGRAM: between its two marks the program asks the host for nothing but
# memory and sleep.
set -eu
strace=$1
program=$2
trace=$(mktemp)
trap 'rm -f "$trace"' EXIT
"$strace" -f -qq -o "$trace" "$program"

# Lines look like "123 mmap(...) = 0x..." and "123 <... futex resumed>) = 0".
awk '
    /write\(-11,/ { is_inside = 1; begins++; next }
    /write\(-12,/ { is_inside = 0; ends++; next }
    is_inside && / prctl\(/ {
        if (/PR_SET_VMA, PR_SET_VMA_ANON_NAME, 0x[0-9a-f]+, [0-9]+, "strata:named"/ ||
            /prctl\(0x53564d41[^,]*, 0, /) named++
        else others++
    }
    !is_inside || /resumed>/ { next }
    {
        call = $2
        sub(/\(.*/, "", call)
        count[call]++
    }
    END {
        allowed = " mmap munmap mprotect madvise mremap futex prctl "
        failed = begins != 1 || ends != 1
        if (failed) print "the marks were not found"
        for (call in count) {
            print call, count[call]
            if (index(allowed, " " call " ") == 0) {
                print "not a call for memory or sleep: " call
                failed = 1
            }
        }
        if (count["mmap"] == 0) failed = 1
        if (named == 0 || others != 0) {
            print "prctl names the segments of a named heap, and does nothing else: " named + 0, others + 0
            failed = 1
        }
        exit failed
    }' "$trace"
