# SPDX-License-Identifier: MIT-0
#
# quiet.sh COMMAND...: the command succeeds and writes nothing to standard error. Variables for
# it go through env: a shell with strata preloaded would be a test of its own.
set -eu
errors=$(mktemp)
trap 'rm -f "$errors"' EXIT
status=0
"$@" 2>"$errors" || status=$?
if [ "$status" -ne 0 ] || [ -s "$errors" ]; then
    echo "status $status of: $*"
    cat "$errors"
    exit 1
fi
