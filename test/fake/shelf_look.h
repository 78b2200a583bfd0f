/* SPDX-License-Identifier: MIT-0
 *
 * What tests of shelves (api/shelf.h) look at, and what they have other threads do.
 */
#ifndef SHELF_LOOK_H
#define SHELF_LOOK_H

#include "fake/little_front.h"

#if STRATA_SLABS

#include "map/room.h"
#include "space/chunk.h"

/* ---- one class of this thread: how many blocks, which ones, how many may be ---- */

ST_INLINE st_shelves *shelf_look_shelves_here(void) { return st_cache_mine()->more; }

ST_INLINE size_t shelf_look_count_of(size_t class_idx)
{
    return st_shelf_count(shelf_look_shelves_here(), class_idx);
}

ST_INLINE void *shelf_look_block_of(size_t class_idx, size_t at)
{
    return st_shelf_address(shelf_look_shelves_here()->shelf[class_idx].slot[at + 1]);
}

ST_INLINE size_t shelf_look_limit_of(size_t class_idx)
{
    const st_shelves *shelves = shelf_look_shelves_here();
    return (size_t)(shelves->end[class_idx] - shelves->shelf[class_idx].slot);
}

ST_INLINE size_t shelf_look_kept_count(void)
{
    size_t kept, count;
    st_shelf_totals(&kept, &count);
    return count;
}

ST_INLINE bool shelf_look_is_kept(const void *mem)
{
    return little_front_is(mem, strata_region_cached);
}

/* The class, found by counting instead of by bits. */
ST_INLINE size_t shelf_look_class_of(size_t usable)
{
    size_t class_idx = 0;
    for (size_t low = 1024; low <= ST_SHELF_LIMIT; low *= 2) {
        for (size_t eighth = 0; eighth < 8; eighth++, class_idx++) {
            size_t end = low + (eighth + 1) * (low / 8);
            if (usable >= low + eighth * (low / 8) && usable < end) return class_idx;
        }
    }
    return class_idx;
}

/* Of a block that a space cuts to the size of the request. */
ST_INLINE size_t shelf_look_usable_for(size_t req)
{
    return st_chunk_size_for(req) - ST_CHUNK_OVERHEAD;
}

/* ---- for other threads: take a block of a size that is kept, the same with a cache begun before, free
 * one ---- */

ST_INLINE void shelf_look_malloc_act(void *context)
{
    char **mem = context;
    *mem = strata_malloc(7000);
}

ST_INLINE void shelf_look_begin_act(void *context)
{
    strata_free(strata_malloc(16));
    shelf_look_malloc_act(context);
}

ST_INLINE void shelf_look_free_act(void *mem) { strata_free(mem); }

#endif
#endif
