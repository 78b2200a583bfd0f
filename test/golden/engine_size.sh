# SPDX-License-Identifier: MIT-0
#
# engine_size.sh ROOT CC LIMIT: the smallest profile's engine is at most LIMIT bytes of code.
#
# Counted is what malloc, free, realloc and memalign reach, compiled with -Os, as one file
# without a host. Not counted: what only speaks (texts and the report of a misuse) and the
# one-time preparation, which any program has besides.
set -eu
LC_ALL=C
export LC_ALL
root=$1
cc=$2
limit=$3
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

sh "$root/tools/amalgamate.sh" --without-host "$work" >/dev/null
cat >"$work/entries.c" <<'SOURCE'
#include "strata.h"
void *volatile keep;
void _start(void);
void _start(void)
{
    keep = strata_malloc((size_t)keep);
    keep = strata_realloc(keep, (size_t)keep);
    keep = strata_memalign((size_t)keep, (size_t)keep);
    strata_free(keep);
}
SOURCE
for file in strata_nohost entries; do
    "$cc" -std=c11 -w -Os -DSTRATA_TINY=1 -ffunction-sections -fdata-sections \
        -fno-asynchronous-unwind-tables -I"$work" -c "$work/$file.c" -o "$work/$file.o"
done
"$cc" -nostdlib -static -Wl,--gc-sections -Wl,--unresolved-symbols=ignore-all \
    "$work/entries.o" "$work/strata_nohost.o" -o "$work/engine"
nm -S --size-sort --radix=d "$work/engine" |
    awk 'tolower($3) == "t"' |
    grep -Ev ' (_start|init_.*|strata_fork_.*|heap_write|st_heap_prepare|st_text_.*|report_.*|st_misuse|st_damage|st_free_report|doubt_report_free|st_base_stop|st_assert_failed|base_.*)(\.[a-z0-9.]+)?$' >"$work/functions"
awk -v limit="$limit" '
    { print $2 + 0, $4; sum += $2 }
    END {
        print sum, "bytes in", NR, "functions; the limit is", limit
        exit !(NR > 10 && sum <= limit)
    }' "$work/functions"
