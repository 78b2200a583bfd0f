#!/bin/sh
# SPDX-License-Identifier: MIT-0
#
# Every preset with every test, the long ones too, and the house rules. Goes on after a failure
# and fails at the end if anything did.
set -eu
cd "$(dirname "$0")/.."

failures=
# Set after the first preset: real programs are measured once, on the libraries as shipped.
without_host=

# attempt NAME COMMAND...: runs one step and remembers if it failed.
attempt() {
    name=$1
    shift
    echo "== $name"
    "$@" || failures="$failures $name"
}

attempt host-setup sh test/host/setup.sh peers
attempt house python3 tools/check_house.py
for preset in release-tests dev tsan tiny hardened debug fuzz; do
    attempt "$preset" cmake --workflow --preset "$preset"
    if [ "$preset" != fuzz ]; then
        # $without_host is an option and its value, or nothing.
        # shellcheck disable=SC2086
        attempt "$preset-long" ctest --test-dir "build/$preset" -L '^long$' $without_host \
            --output-on-failure
        without_host='-LE ^host$'
    fi
done
attempt fuzz-run tools/fuzz.sh build/fuzz 300

if [ -n "$failures" ]; then
    echo "nightly: failed:$failures" >&2
    exit 1
fi
echo "nightly: all passed"
