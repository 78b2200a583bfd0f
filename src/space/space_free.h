/* SPDX-License-Identifier: MIT-0
 *
 * What freeing shares with allocating and resizing. Private to this layer.
 */
#ifndef ST_SPACE_FREE_H
#define ST_SPACE_FREE_H

#include "space/doubt.h"
#include "space/space.h"

/* True if the head of the block at `mem` may be read: a block that begins a granule has its head in
 * the one below, and both must belong to one space. */
ST_ALWAYS_INLINE bool st_free_has_head(const void *mem)
{
#if STRATA_PAGEMAP
    return ST_LIKELY((st_addr(mem) & (ST_GRANULE - 1)) >= ST_CHUNK_HEADER) ||
           st_pagemap_get(chunk_of(mem)) == st_pagemap_get(mem);
#else
    (void)mem;
    return true;
#endif
}

/* True if the chunk above one of `size` bytes in use agrees that it is. */
ST_ALWAYS_INLINE bool st_free_above_agrees(const st_space *space, const st_chunk *c,
                                           size_t size)
{
    const st_chunk *above = chunk_at(c, size);
    return chunk_is_below_used(above) &&
           (!STRATA_SEALS || chunk_is_sealed(above, space->secret));
}

/* Counts a block as freed, and wipes it. */
ST_ALWAYS_INLINE void st_free_count(st_space *space, void *mem, size_t size)
    ST_REQUIRES(space->lock)
{
    if (ST_SPACE_COUNTS) space->live -= size;
    if (STRATA_STATS) space->frees++;
    if (STRATA_WIPE) st_fill(mem, 0xdf, size - ST_CHUNK_OVERHEAD);
}

#if STRATA_QUICK
/* Merges c and all that is kept; quick_room was overdrawn for c. */
ST_INTERNAL ST_NOINLINE void st_free_overdrawn(st_space *space, st_chunk *c, size_t idx)
    ST_REQUIRES(space->lock);

/* Puts c, whose block is sound and counted as freed, on quick[idx]; if there is no room, all is
 * merged. */
ST_ALWAYS_INLINE void st_free_keep(st_space *space, st_chunk *c, size_t idx)
    ST_REQUIRES(space->lock)
{
    if (ST_UNLIKELY(st_sub_overflows(space->quick_room, idx, &space->quick_room))) {
        st_free_overdrawn(space, c, idx);
        return;
    }
    chunk_set_flag(c, ST_HEAD_Q);
    c->next = space->quick[idx];
    space->quick[idx] = c;
}
#endif

/* The size of the chunk whose block `mem` is, if that is, as far as can be told, a block of this
 * space in use; else 0. Reads its head and the next chunk's; mem lies in memory of the space, or
 * anywhere without a page map. */
ST_INTERNAL size_t st_free_sound_size(const st_space *space, const void *mem);

/* Reports what is wrong with `mem`, which was not sound. */
ST_INTERNAL void st_free_report(const st_space *space, const void *mem);

/* Makes [c, c + size) free memory. The head of c tells P; C need not be clear. */
ST_INTERNAL void st_free_merge(st_space *space, st_chunk *c, size_t size)
    ST_REQUIRES(space->lock);

/* Makes top large enough to give `size` bytes and stay a chunk: by merging what is kept unmerged,
 * which may be enough or join top, then by growing. False if the host has no memory. */
ST_INTERNAL bool st_free_fill_top(st_space *space, size_t size) ST_REQUIRES(space->lock);

/* Gives back what the block of c has beyond `size` bytes of chunk, if that can be a chunk. */
ST_INTERNAL void st_resize_give_tail(st_space *space, st_chunk *c, size_t size)
    ST_REQUIRES(space->lock);

/* True if c, met on quick[idx], is what such a chunk must be. */
ST_ALWAYS_INLINE bool st_free_is_quick(const st_space *space, const st_chunk *c, size_t idx)
{
    size_t size = idx * ST_CHUNK_GRAIN;
    size_t flags = ST_HEAD_C | ST_HEAD_Q;
    return doubt_is_inside(space, c) &&
           (c->head | ST_HEAD_P) ==
               (size | flags | ST_HEAD_P | chunk_seal(c, size, space->secret));
}

#endif
