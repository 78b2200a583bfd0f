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

/* The class of a chunk of `size` bytes, or of what a request needs, found by counting instead of by
 * bits. */
ST_INLINE size_t shelf_look_class_of(size_t size)
{
    size_t class_idx = 0, low = ST_KIB;
    while (size >= low * 2) {
        low *= 2;
        class_idx += 8;
    }
    return class_idx + (size - low) / (low / 8);
}

/* The smallest chunk of a class. */
ST_INLINE size_t shelf_look_least_of(size_t class_idx)
{
    size_t low = ST_KIB;
    for (; class_idx >= 8; class_idx -= 8) low *= 2;
    return low + class_idx * (low / 8);
}

/* As the front does it: the class of the request, then the one above. */
ST_INLINE void *shelf_look_take(size_t req, size_t alignment)
{
    void *mem = st_shelf_take(req, alignment);
    return mem != NULL ? mem : st_shelf_take_other(req, alignment);
}

/* ---- for other threads: take a block of a size that is kept, the same with a cache begun before, free
 * one ---- */

ST_INLINE void shelf_look_malloc_act(void *context)
{
    char **mem = context;
    *mem = strata_malloc(7000);
}

/* A thread that has not asked for a size that is kept has a cache, but no shelves. */
ST_INLINE void shelf_look_begin_small_act(void *unused)
{
    (void)unused;
    strata_free(strata_malloc(16));
}

ST_INLINE void shelf_look_begin_act(void *context)
{
    shelf_look_begin_small_act(NULL);
    shelf_look_malloc_act(context);
}

ST_INLINE void shelf_look_free_act(void *mem) { strata_free(mem); }

#endif
#endif
