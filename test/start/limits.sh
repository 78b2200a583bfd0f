# SPDX-License-Identifier: MIT-0
#
# limits.sh LIBRARY: under a small limit of address space (ulimit -v) a program with strata
# preloaded runs wherever it runs without, given 16 MiB more; where it can't, it says so and
# ends: it is never killed by a signal.
set -eu
library=$1
failed=0

runs() { # limit in KiB, then a command
    limit=$1
    shift
    (ulimit -v "$limit" && exec "$@") >/dev/null 2>&1
}

for limit in 4000 6000 8000 10000 12000 16000 24000 32000 64000 128000; do
    status=0
    runs "$limit" env LD_PRELOAD="$library" awk 'BEGIN { for (n = 0; n < 9999; n++) a[n] = n }' \
        || status=$?
    if [ "$status" -ge 128 ] && [ "$status" -ne 255 ]; then
        echo "killed by signal $((status - 128)) at $limit KiB"
        failed=1
    fi
    if [ "$status" -ne 0 ] && [ "$limit" -gt 16000 ] \
        && runs "$((limit - 16000))" awk 'BEGIN { for (n = 0; n < 9999; n++) a[n] = n }'; then
        echo "fails with $limit KiB, while $((limit - 16000)) are enough without strata"
        failed=1
    fi
done
exit "$failed"
