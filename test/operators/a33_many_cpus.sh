# SPDX-License-Identifier: MIT-0
#
# a33_many_cpus.sh LIBRARY MANY PROGRAM: on a machine that seems to have 1,568 processors no more than 256
# KiB more is resident than otherwise. And, for A-32: the library asks nobody for processors.
set -eu
library=$1
many=$2
program=$3

real=$(LD_PRELOAD="$library" "$program")
fake=$(LD_PRELOAD="$many:$library" "$program")
plain=$("$program")
echo "resident KiB and processors: plain $plain, strata $real, strata with many $fake"
case $fake in
*' 1568') ;;
*) echo "the processors are not made up"; exit 1 ;;
esac
[ "${fake% *}" -le $((${real% *} + 256)) ]

if nm -D --undefined-only "$library" | grep -E 'nprocs|getcpu|affinity|sysconf|rseq|CPU_'; then
    echo "the library asks for processors"
    exit 1
fi
