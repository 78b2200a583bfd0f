/* SPDX-License-Identifier: MIT-0
 *
 * Clearing large ranges with the host's help.
 */
#include "map/clear.h"

#include "os/os.h"

#if STRATA_PAGEMAP && STRATA_RETURN

/* To touch a page that was taken back costs as much as writing to six. What was used before tells what
 * will be: few of the pages, then that is cheaper, in time and in memory. */
#define CLEAR_SHARE 4

/* 1. Ask the host how much of the piece it has memory for.
 * 2. A small part, or none: it takes that back. If it does not, or it is more, write. */
static void clear_piece(char *mem, size_t size)
{
    if (st_os_touched(mem, size) <= size / CLEAR_SHARE && st_os_purge(mem, size)) return;
    st_fill(mem, 0, size);
}

void st_clear(char *mem, size_t size)
{
    if (size < ST_CLEAR_MIN) { /* perhaps not even a page */
        st_fill(mem, 0, size);
        return;
    }
    size_t page_size = st_os_page_size();
    char *end = mem + size;
    char *first = st_at(mem, st_round_up(st_addr(mem), page_size) - st_addr(mem));
    char *last = st_at(mem, st_round_down(st_addr(end), page_size) - st_addr(mem));
    st_fill(mem, 0, st_distance(mem, first));
    st_fill(last, 0, st_distance(last, end));
    while (first < last) {
        size_t piece = st_min(st_distance(first, last), ST_OS_TOUCHED_MAX);
        clear_piece(first, piece);
        first += piece;
    }
}

#endif
