# SPDX-License-Identifier: MIT-0
#
# a41_huge_pages_always.sh PROGRAM: see there. Where the kernel has no huge pages at all nothing is shown.
set -eu
program=$1
if grep -q '\[never\]' /sys/kernel/mm/transparent_hugepage/enabled 2>/dev/null; then
    echo "the kernel gives nobody huge pages"
fi
plain=$("$program" sleepers)
huge=$(A41_HUGE=1 "$program" sleepers)
echo "$plain KiB without huge pages, $huge KiB with them"
[ $((huge * 2)) -le $((plain * 3)) ]
"$program" purge
A41_HUGE=1 "$program" purge
