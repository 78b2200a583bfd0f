/* SPDX-License-Identifier: MIT-0
 *
 * Clean ranges: the part of a free chunk whose pages went back to the host. A chunk that has one wears Q
 * and tells it behind its links, on a page that did not go back:
 *
 *   chunk                              from                         to
 *   | prev_size head next prev child[2] parent from to | ... dirty | clean | dirty | next chunk
 *
 * A chunk has one range at most: of two that are joined the larger one stays, and what is no longer known
 * to be clean is in the account (map/room.h) again. So memory that is freed piece by piece is given back
 * piece by piece, each once.
 *
 * Trust: the range lies in memory that a user can write past; it is clipped to the pages of its chunk, and
 * decides about accounts only.
 */
#ifndef ST_CLEAN_H
#define ST_CLEAN_H

#include "space/tree.h"

typedef struct st_clean {
    uintptr_t from, to; /* whole pages; the same: none */
} st_clean;

typedef struct ST_MAY_ALIAS st_clean_chunk {
    st_tree tree;
    st_clean clean;
} st_clean_chunk;

/* The whole pages that can go back of the free chunk c of `size` bytes. */
ST_INTERNAL st_clean st_clean_pages(const st_chunk *c, size_t size);

#if STRATA_RETURN

ST_INLINE bool st_clean_is_none(st_clean clean) { return clean.from == clean.to; }

/* The clean range of the free chunk c. */
ST_INTERNAL st_clean st_clean_of(const st_chunk *c);

/* The same, taken out: the caller puts it somewhere. */
ST_INTERNAL st_clean st_clean_take(st_chunk *c);

/* One for both, whose chunks become one. */
ST_INTERNAL st_clean st_clean_join(st_space *space, st_clean a, st_clean b) ST_REQUIRES(space->lock);

/* Leaves the range, or what of it lies in its pages, to the free chunk c, whose head is written; NULL: to
 * none. */
ST_INTERNAL void st_clean_put(st_space *space, st_chunk *c, st_clean clean) ST_REQUIRES(space->lock);

/* True if c is free and has a clean range. */
ST_ALWAYS_INLINE bool st_clean_has(const st_chunk *c) { return chunk_is_purged(c); }

#else

ST_INLINE bool st_clean_has(const st_chunk *c)
{
    (void)c;
    return false;
}
ST_INLINE bool st_clean_is_none(st_clean clean)
{
    (void)clean;
    return true;
}
ST_INLINE st_clean st_clean_take(st_chunk *c)
{
    (void)c;
    return (st_clean){0, 0};
}
ST_INLINE st_clean st_clean_join(st_space *space, st_clean a, st_clean b)
{
    (void)space;
    (void)b;
    return a;
}
ST_INLINE void st_clean_put(st_space *space, st_chunk *c, st_clean clean)
{
    (void)space;
    (void)c;
    (void)clean;
}

#endif
#endif
