#!/bin/sh
# SPDX-License-Identifier: MIT-0
#
# Every preset with every test, the long ones too, and the house rules. Goes on after a failure
# and fails at the end if anything did.
set -eu
cd "$(dirname "$0")/.."

failures=
# attempt NAME COMMAND...: runs one step and remembers if it failed.
attempt() {
    name=$1
    shift
    echo "== $name"
    "$@" || failures="$failures $name"
}

attempt house python3 tools/check_house.py
for preset in release-tests dev tsan tiny hardened debug fuzz; do
    attempt "$preset" cmake --workflow --preset "$preset"
    if [ "$preset" != fuzz ]; then
        attempt "$preset-long" ctest --test-dir "build/$preset" -L '^long$' --output-on-failure
    fi
done
attempt fuzz-run tools/fuzz.sh build/fuzz 300

if [ -n "$failures" ]; then
    echo "nightly: failed:$failures" >&2
    exit 1
fi
echo "nightly: all passed"
