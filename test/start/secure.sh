# SPDX-License-Identifier: MIT-0
#
# secure.sh PROGRAM LAUNCHER: a program that runs with more rights than its caller does not
# listen to STRATA_OPTIONS; the same program without them does.
set -eu
program=$1
launcher=$2
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
chmod 755 "$work"
STRATA_OPTIONS=quick_limit=4321,report=1
STRATA_REPORT=$work/report
export STRATA_OPTIONS STRATA_REPORT

expect() { # what, output, standard error is empty: yes or no, report file there: yes or no
    if [ "$2" != "$(cat "$work/out")" ]; then
        echo "$1: got $(cat "$work/out"), not $2"
        exit 1
    fi
    if [ "$3" = yes ] && [ -s "$work/errors" ]; then
        echo "$1: it wrote to standard error: $(head -3 "$work/errors")"
        exit 1
    fi
    if [ "$3" = yes ] && [ -e "$STRATA_REPORT" ]; then
        echo "$1: it wrote a report"
        exit 1
    fi
}

default=$(env -u STRATA_OPTIONS -u STRATA_REPORT "$program" | sed 's/.*quick_limit=//')

"$program" >"$work/out" 2>"$work/errors"
expect "as a plain program" "secure=0 quick_limit=4321" no
rm -f "$STRATA_REPORT"

"$launcher" "$program" >"$work/out" 2>"$work/errors"
expect "with AT_SECURE set" "secure=1 quick_limit=$default" yes

# The real thing needs the right to give a file away.
if [ "$(id -u)" -eq 0 ] && command -v setpriv >/dev/null 2>&1; then
    cp "$program" "$work/program"
    chgrp 65534 "$work/program"
    chmod 2755 "$work/program"
    chmod 777 "$work"
    setpriv --reuid 65533 --regid 65533 --clear-groups "$work/program" \
        >"$work/out" 2>"$work/errors"
    expect "as a set-group-ID program" "secure=1 quick_limit=$default" yes
fi
