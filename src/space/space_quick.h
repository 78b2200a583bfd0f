/* SPDX-License-Identifier: MIT-0
 *
 * The shortest ways: a small block comes off the quick list of its size and goes back to it.
 * Inline, because they are short; all that takes longer is st_space_search and st_space_free_any.
 */
#ifndef ST_SPACE_QUICK_H
#define ST_SPACE_QUICK_H

#include "space/bins.h"
#include "space/space_free.h"

/* Counts the chunk c, of `size` bytes, as handed out; all of it may be dirty. */
ST_ALWAYS_INLINE void *st_space_hand_out(st_space *space, st_chunk *c, size_t size,
                                         char **dirty_end) ST_REQUIRES(space->lock)
{
    if (dirty_end != NULL) *dirty_end = st_at(c, size + ST_CHUNK_HEADER - ST_CHUNK_OVERHEAD);
    if (ST_SPACE_COUNTS) space->live += size;
    if (STRATA_STATS) space->allocations++;
    void *mem = chunk_mem(c);
    ST_ASSUME(mem != NULL);
    return mem;
}

/* A chunk of exactly `idx` grains that was kept unmerged, now in use; NULL if there is none. */
ST_ALWAYS_INLINE st_chunk *st_space_take_quick(st_space *space, size_t idx)
    ST_REQUIRES(space->lock)
{
#if STRATA_QUICK
    st_chunk *c = space->quick[idx];
    if (c == NULL) return NULL;
    if (STRATA_DOUBT_LINKS && ST_UNLIKELY(!st_free_is_quick(space, c, idx)))
        doubt_report_free(c);
    space->quick[idx] = c->next;
    space->quick_room += idx;
    chunk_clear_flag(c, ST_HEAD_Q);
    return c;
#else
    (void)space;
    (void)idx;
    return NULL;
#endif
}

/* A chunk of at least `size` bytes (from st_chunk_size_for), as the address of its block. If
 * `dirty_end` is not NULL, *dirty_end is where the part of the block ends that may be non-zero: from
 * there to the block's end all is zero. It may lie beyond the block. NULL if the space can't grow:
 * its contents are then unchanged, though what was kept unmerged may have been merged. */
ST_ALWAYS_INLINE void *st_space_alloc(st_space *space, size_t size, char **dirty_end)
    ST_REQUIRES(space->lock)
{
    st_chunk *c = NULL;
    if (ST_LIKELY(bins_is_small(size))) c = st_space_take_quick(space, bins_small_idx(size));
    if (ST_UNLIKELY(c == NULL)) return st_space_search(space, size, dirty_end);
    return st_space_hand_out(space, c, size, dirty_end);
}

/* The same for a space that may have no quick lists. */
ST_ALWAYS_INLINE void *st_space_alloc_any(st_space *space, size_t size, char **dirty_end)
    ST_REQUIRES(space->lock)
{
    if (!st_space_has_quick(space)) return st_space_search(space, size, dirty_end);
    return st_space_alloc(space, size, dirty_end);
}

/* The size in grains of the small chunk c in use, from its head; if that is no such chunk's, a number
 * that is not in the range of small sizes: wrong flags turn up in its highest bits. */
ST_ALWAYS_INLINE size_t quick_grains(const st_chunk *c)
{
    size_t size = (c->head & ~(ST_HEAD_SEAL | ST_HEAD_P)) - ST_HEAD_C;
    return size / ST_CHUNK_GRAIN | size * (SIZE_MAX / ST_CHUNK_GRAIN + 1);
}

/* Frees a small block in few steps: those of st_free_sound_size, but a block so near to the end
 * of the space that a small one might not fit is left to the whole way. False if nothing was
 * done. */
ST_ALWAYS_INLINE bool st_space_put_quick(st_space *space, void *mem) ST_REQUIRES(space->lock)
{
#if STRATA_QUICK && STRATA_SHORTCUTS
    st_chunk *c = chunk_of(mem);
    if (STRATA_CHECK >= 1) {
        if (ST_UNLIKELY(doubt_place(space, mem) >= space->inner_grains)) return false;
        if (!st_free_has_head(mem)) return false;
    }
    size_t grains = quick_grains(c);
    if (grains - ST_SMALL_FIRST >= ST_SMALL_BINS - ST_SMALL_FIRST) return false;
    if (STRATA_CHECK >= 1) {
        if (STRATA_SEALS && ST_UNLIKELY(!chunk_is_sealed(c, space->secret))) return false;
        if (ST_UNLIKELY(!st_free_above_agrees(space, c, grains * ST_CHUNK_GRAIN))) return false;
    }
    st_free_count(space, mem, grains * ST_CHUNK_GRAIN);
    st_free_keep(space, c, grains);
    return true;
#else
    (void)space;
    (void)mem;
    return false;
#endif
}

/* Frees the block at `mem`, which lies in this space or is NULL. Misuse is reported; the space is
 * then unchanged. */
ST_ALWAYS_INLINE void st_space_free(st_space *space, void *mem) ST_REQUIRES(space->lock)
{
    if (ST_UNLIKELY(!st_space_put_quick(space, mem))) st_space_free_any(space, mem);
}

#endif
