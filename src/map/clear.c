/* SPDX-License-Identifier: MIT-0
 *
 * Clearing large ranges with the host's help.
 */
#include "map/clear.h"

#include "os/os.h"

#if STRATA_PAGEMAP && STRATA_RETURN

/* A piece is looked at in so many places, a line of a processor's cache each. */
#define CLEAR_PIECE (4 * ST_MIB)
#define CLEAR_LOOKS 8
typedef uint64_t ST_MAY_ALIAS clear_word;
#define CLEAR_LINE (64 / sizeof(clear_word))
/* To touch a page that was taken back costs as much as writing to six. What was used before tells what
 * will be: few of the pages, then that is cheaper, in time and in memory. */
#define CLEAR_USED_MAX (CLEAR_LOOKS / 4)

static bool clear_is_line_zero(const char *line)
{
    const clear_word *words = (const clear_word *)(const void *)line;
    clear_word bits = 0;
    for (size_t at = 0; at < CLEAR_LINE; at++) bits |= words[at];
    return bits == 0;
}

/* Whole pages. To read one that was never touched costs its being mapped, to the page of zeros that all
 * have in common, and no memory. */
static ST_COLD bool clear_is_little_used(const char *mem, size_t size)
{
    size_t step = st_round_down(size / CLEAR_LOOKS, st_os_page_size());
    size_t used = 0;
    for (size_t look = 0; look < CLEAR_LOOKS; look++) used += !clear_is_line_zero(mem + look * step);
    return used <= CLEAR_USED_MAX;
}

/* 1. Does it look as if few of the pages were used?
 * 2. The host takes them back. If it does not, or it is more, write. */
static void clear_piece(char *mem, size_t size)
{
    if (clear_is_little_used(mem, size) && st_os_purge(mem, size)) return;
    st_fill(mem, 0, size);
}

ST_COLD void st_clear(char *mem, size_t size)
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
        size_t piece = st_min(st_distance(first, last), CLEAR_PIECE);
        clear_piece(first, piece);
        first += piece;
    }
}

#endif
