/* SPDX-License-Identifier: MIT-0
 *
 * What freeing shares with allocating and resizing. Private to this layer.
 */
#ifndef ST_SPACE_FREE_H
#define ST_SPACE_FREE_H

#include "space/doubt.h"
#include "space/space.h"

/* True if the head of the block at `mem`, which begins a granule and so has its head in the one
 * below, may be read: both belong to one space. */
ST_INTERNAL bool st_free_is_granule_start(const void *mem);

/* True if `mem` is, as far as can be told, a block of this space in use. Reads its head and the
 * next chunk's; mem lies in memory of the space, or anywhere without a page map. */
ST_INLINE bool st_free_is_sound(const st_space *space, const void *mem)
{
    const st_chunk *c = chunk_of(mem);
    if (!st_is_aligned(mem, ST_CHUNK_GRAIN) || !doubt_is_inside(space, c)) return false;
    if (STRATA_PAGEMAP && ST_UNLIKELY((st_addr(mem) & (ST_GRANULE - 1)) < ST_CHUNK_HEADER) &&
        !st_free_is_granule_start(mem))
        return false;
    if ((c->head & (ST_HEAD_C | ST_HEAD_Q)) != ST_HEAD_C) return false;
    if (!chunk_is_sealed(c, space->secret) || chunk_size(c) < ST_CHUNK_MIN) return false;
    const st_chunk *next = chunk_above(c);
    if (!STRATA_SEALS && (next < c || !doubt_is_inside(space, next))) return false;
    return chunk_is_below_used(next) && chunk_is_sealed(next, space->secret);
}

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
ST_ALWAYS_INLINE bool st_free_is_quick(const st_space *space, const st_chunk *c, unsigned idx)
{
    size_t size = idx * ST_CHUNK_GRAIN;
    size_t flags = ST_HEAD_C | ST_HEAD_Q;
    return doubt_is_inside(space, c) &&
           (c->head | ST_HEAD_P) == (size | flags | ST_HEAD_P | chunk_seal(c, size, space->secret));
}

#endif
