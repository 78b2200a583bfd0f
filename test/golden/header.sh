# SPDX-License-Identifier: MIT-0
#
# header.sh HEADER EXPORTS: the strata_ names in EXPORTS are the functions that the public header
# declares, no more and no less.
set -eu
LC_ALL=C
export LC_ALL
header=$1
golden=$2
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
grep '^strata_' "$golden" | sort >"$work/exported"
sed -n 's/^STRATA_EXPORT .*\(strata_[a-z0-9_]*\)(.*/\1/p' "$header" | sort >"$work/declared"
diff "$work/declared" "$work/exported"
