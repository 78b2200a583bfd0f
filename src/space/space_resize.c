/* SPDX-License-Identifier: MIT-0
 *
 * Resizing a block where it is.
 */
#include "books/report.h"
#include "space/bins.h"
#include "space/clean.h"
#include "space/space_free.h"

ST_COLD void st_resize_give_tail(st_space *space, st_chunk *c, size_t size)
{
    size_t rest_size = chunk_size(c) - size;
    if (rest_size < ST_CHUNK_MIN) return;
    st_chunk *rest = chunk_at(c, size);
    chunk_set_head(c, size, (c->head & ST_HEAD_P) | ST_HEAD_C, space->secret);
    chunk_set_head(rest, rest_size, ST_HEAD_P | ST_HEAD_C, space->secret);
    st_free_merge(space, rest, rest_size);
    if (ST_SPACE_COUNTS) space->live -= rest_size;
}

/* Makes c, in use, end `more` bytes higher; what was there is the caller's to have unlinked. */
static void resize_extend(st_space *space, st_chunk *c, size_t more)
{
    st_chunk *absorbed = chunk_above(c);
    chunk_set_head(c, chunk_size(c) + more, (c->head & ST_HEAD_P) | ST_HEAD_C, space->secret);
    chunk_erase_head(absorbed);
    if (ST_SPACE_COUNTS) space->live += more;
}

/* Grows into top, which grows itself if it is too small and can do so in place. */
static bool resize_into_top(st_space *space, st_chunk *c, size_t more)
    ST_REQUIRES(space->lock)
{
    st_chunk *top = chunk_above(c);
    if (space->top_size < more + ST_CHUNK_MIN) {
        if (!st_free_fill_top(space, more)) return false;
        /* Growing may have merged, or begun a new segment. */
        if (chunk_above(c) != space->top || space->top_size < more + ST_CHUNK_MIN) return false;
        top = space->top;
    }
    size_t top_size = space->top_size - more;
    resize_extend(space, c, more);
    space->top = chunk_at(top, more);
    space->top_size = top_size;
    char *top_mem = chunk_mem(space->top);
    st_space_touch_top(space, top_mem);
    chunk_set_head(space->top, top_size, ST_HEAD_P, space->secret);
    return true;
}

/* Grows into the free chunk above, of which a rest stays free if it can be a chunk. */
static bool resize_into_free(st_space *space, st_chunk *c, size_t size)
    ST_REQUIRES(space->lock)
{
    st_chunk *next = chunk_above(c);
    size_t next_size = chunk_size(next);
    size_t old_size = chunk_size(c);
    if (old_size + next_size < size) return false;
    st_clean clean = {0, 0};
    if (st_clean_has(next)) clean = st_clean_take(next);
    st_bins_unlink(space, next, next_size);
    chunk_erase_head(next);
    st_chunk *rest = st_bins_split(space, c, old_size + next_size, size);
    if (!st_clean_is_none(clean)) st_clean_put(space, rest, clean);
    if (rest != NULL) st_bins_link(space, rest, chunk_size(rest));
    if (ST_SPACE_COUNTS) space->live += chunk_size(c) - old_size;
    return true;
}

/* 1. Smaller or equal: give back the tail if it can be a chunk.
 * 2. Top is above: take from it.
 * 3. A free chunk is above: take it in. */
st_resize_result st_space_resize(st_space *space, void *mem, size_t size, size_t *usable)
{
    st_chunk *c = chunk_of(mem);
    size_t old_size = STRATA_CHECK >= 1 ? st_free_sound_size(space, mem) : chunk_size(c);
    if (ST_UNLIKELY(old_size == 0)) {
        st_free_report(space, mem);
        return st_resize_misuse;
    }
    *usable = old_size - ST_CHUNK_OVERHEAD;
    if (size <= old_size) {
        st_resize_give_tail(space, c, size);
        return st_resize_done;
    }
    st_chunk *next = chunk_above(c);
    bool done = next == space->top ? resize_into_top(space, c, size - old_size)
                                   : !chunk_is_used(next) && resize_into_free(space, c, size);
    return done ? st_resize_done : st_resize_no_room;
}

void *st_space_cut(st_space *space, void *mem, size_t size)
{
    st_chunk *c = chunk_of(mem);
    st_chunk *rest = chunk_at(c, size);
    chunk_set_head(rest, chunk_size(c) - size, ST_HEAD_P | ST_HEAD_C, space->secret);
    chunk_set_head(c, size, (c->head & ST_HEAD_P) | ST_HEAD_C, space->secret);
    if (STRATA_STATS) space->allocations++;
    return chunk_mem(rest);
}

size_t st_space_usable(const st_space *space, const void *mem)
{
    return st_free_sound_size(space, mem) != 0 ? chunk_usable(chunk_of(mem)) : 0;
}
