#!/bin/sh
# SPDX-License-Identifier: MIT-0
#
# tools/coverage.sh BUILD: after the tests of preset coverage ran, writes BUILD/report.txt: for
# each source of the library the share of its lines that the tests reached.
set -eu
cd "$(dirname "$0")/.."
build=$(cd "$1" && pwd)
report=$build/report.txt

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
(cd "$work" && find "$build" -path '*strata_*.dir/src/*' -name '*.gcda' -exec gcov {} + \
    2>/dev/null) |
    awk '
        /^File / { file = $0; gsub(/^File .|.$/, "", file); next }
        /^Lines executed/ && file ~ /\/src\/.*\.[ch]$/ {
            sub(/.*\/src\//, "src/", file)
            line = $0
            sub(/.*:/, "", line)
            split(line, part, "% of ")
            reached = part[1] * part[2] / 100
            # A header is counted once for each source that includes it; its best count stays.
            if (reached >= best[file]) { best[file] = reached; all[file] = part[2] }
            file = ""
        }
        END {
            for (file in all) {
                printf "%6.1f %%  %5d of %5d  %s\n", 100 * best[file] / all[file], best[file] + 0.5, all[file], file
                sum_best += best[file]; sum_all += all[file]
            }
            if (sum_all) printf "%6.1f %%  %5d of %5d  total\n", 100 * sum_best / sum_all, sum_best + 0.5, sum_all
        }' | LC_ALL=C sort -k 6 >"$report"
cat "$report"
