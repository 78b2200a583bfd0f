# SPDX-License-Identifier: MIT-0
#
# a50_little_address_space.sh LIBRARY: with 32 MiB of address space (ulimit -v) more than it needs without
# strata, each program runs with it, and says the same.
set -eu
library=$1
failed=0

# limited KIB COMMAND...: what it says.
limited() {
    limit=$1
    shift
    (ulimit -v "$limit" && exec "$@") 2>&1
}

try() { # name, then a command
    name=$1
    shift
    expected=$("$@")
    need=2048
    while [ "$(limited "$need" "$@" || true)" != "$expected" ]; do
        need=$((need + 1024))
        if [ "$need" -gt 512000 ]; then
            echo "$name does not run at all"
            exit 1
        fi
    done
    status=0
    got=$(limited $((need + 32768)) env LD_PRELOAD="$library" "$@") || status=$?
    echo "$name needs $need KiB without strata; status with it, and 32 MiB more: $status"
    if [ "$status" -ne 0 ] || [ "$got" != "$expected" ]; then
        echo "$name fails: $got"
        failed=1
    fi
}

try true sh -c 'exec /bin/true'
if command -v bash >/dev/null; then
    # The shell expands these, not we.
    # shellcheck disable=SC2016
    try bash bash -c 'for n in {1..2000}; do a[n]=$n; done; echo ${#a[@]} $(echo sub)'
fi
if command -v python3 >/dev/null; then
    try python3 python3 -S -c 'print(sum(len(str(n)) for n in [x * x for x in range(20000)]))'
fi
exit "$failed"
