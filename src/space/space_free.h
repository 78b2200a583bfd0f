/* SPDX-License-Identifier: MIT-0
 *
 * What freeing shares with allocating and resizing. Private to this layer.
 */
#ifndef ST_SPACE_FREE_H
#define ST_SPACE_FREE_H

#include "space/bins.h"
#include "space/space.h"

/* True if `mem` is, as far as can be told, a block of this space in use. Reads its head and the
 * next chunk's; mem lies in memory of the space, or anywhere without a page map. */
ST_INTERNAL bool st_free_is_sound(const st_space *space, const void *mem);

/* Reports what is wrong with `mem`, which was not sound. */
ST_INTERNAL void st_free_report(const st_space *space, const void *mem);

/* Makes [c, c + size) free memory. The head of c tells P; C need not be clear. */
ST_INTERNAL void st_free_merge(st_space *space, st_chunk *c, size_t size);

/* Gives back what the block of c has beyond `size` bytes of chunk, if that can be a chunk. */
ST_INTERNAL void st_resize_give_tail(st_space *space, st_chunk *c, size_t size);

/* True if c, met on quick[idx], is what such a chunk must be. */
ST_ALWAYS_INLINE bool st_free_is_quick(const st_space *space, const st_chunk *c, unsigned idx)
{
    size_t size = idx * ST_CHUNK_GRAIN;
    size_t flags = ST_HEAD_C | ST_HEAD_Q;
    return bins_is_inside(space, c) &&
           (c->head | ST_HEAD_P) == (size | flags | ST_HEAD_P | chunk_seal(c, size, space->secret));
}

#endif
