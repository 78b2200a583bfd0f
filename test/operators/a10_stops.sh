# SPDX-License-Identifier: MIT-0
#
# a10_stops.sh LIBRARY PROGRAM SETTING: with LIBRARY preloaded and SETTING in its environment, PROGRAM
# (a10_hidden_main.c) is stopped at its first foreign pointer, by abort, with the sentence that names it.
set -eu
library=$1
program=$2
setting=$3
errors=$(mktemp)
trap 'rm -f "$errors"' EXIT
status=0
env "LD_PRELOAD=$library" "$setting" "$program" stop 2>"$errors" || status=$?
if [ "$status" -ne 134 ]; then
    echo "it ended with status $status, not by abort"
    exit 1
fi
grep -E -x 'strata: free of a pointer that strata did not give out: 0x[0-9a-f]+' "$errors" || {
    cat "$errors"
    exit 1
}
