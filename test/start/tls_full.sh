# SPDX-License-Identifier: MIT-0
#
# tls_full.sh PROGRAM LIBSTRATA LIBRARY WHEN_FULL: strata loaded late, after more and more other
# libraries have taken of the little thread-local storage that the dynamic linker keeps for that. It
# works, or the linker says that there is no room; nothing else happens. WHEN_FULL: what must come
# out when all is taken, "works" or "fails".
set -eu
program=$1
strata=$2
library=$3
when_full=$4
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

taken=0
while :; do
    "$program" "$strata" "$library" "$taken" >"$work/out" 2>"$work/errors" || {
        echo "status $? with $taken others"
        cat "$work/out" "$work/errors"
        exit 1
    }
    if [ -s "$work/errors" ]; then
        cat "$work/errors"
        exit 1
    fi
    case $(cat "$work/out") in
    works*) outcome=works ;;
    *"cannot allocate memory in static TLS block"*) outcome=fails ;;
    *)
        cat "$work/out"
        exit 1
        ;;
    esac
    if [ "$taken" -eq 0 ] && [ "$outcome" != works ]; then
        echo "it fails with no others"
        exit 1
    fi
    if grep -q ' full$' "$work/out"; then break; fi
    taken=$((taken + 1))
    if [ "$taken" -gt 500 ]; then
        echo "$taken others have room"
        exit 1
    fi
done
if [ "$outcome" != "$when_full" ]; then
    echo "when all is taken, by $taken others, it $outcome"
    exit 1
fi
