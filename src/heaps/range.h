/* SPDX-License-Identifier: MIT-0
 *
 * Ranges: heaps of addresses, whose memory is never touched. A range has a *shadow*: a space like any
 * other, in address space of our own, where each grain of a chunk stands for a grain of the range:
 *
 *   record | segment | chunk A     | chunk B         | rest | fence     16 bytes each
 *                    |  |  |  |  |  |  |  |  |  |  |  |
 *   range            |  block A    | block B         |                  256 bytes each, or what is asked for
 *
 * So the engine finds, splits and merges, and only addresses are translated. The rest is the chunk that
 * top always is: it stands for nothing. What of the shadow lies above top is reserved, not committed.
 */
#ifndef ST_RANGE_H
#define ST_RANGE_H

#include "heaps/heap_object.h"

#if STRATA_HEAPS

struct strata_range {
    char *base;         /* first address that is given out, a multiple of a grain of the range */
    size_t size;        /* bytes from there, whole grains */
    unsigned shift;     /* a grain of the range is 1 << shift bytes */
    size_t live_peak;   /* bytes of the range that were in use at most. Guarded by the shadow's lock */
    char *map;          /* address space that all this lies in, */
    size_t map_size;    /* so many bytes of it */
    char *committed;    /* from the record up to here it is usable. Guarded by the shadow's lock */
    char *tail;         /* and from here on: the fence is there */
    size_t spare;       /* bytes between top and `committed` from which on some go back. Guarded as that */
    char *first;        /* the block in the shadow that stands for `base` */
    size_t turn;        /* addresses in the shadow and in the range go together modulo this, a power of two */
    strata_heap shadow; /* no user's heap; listed with them so that a fork finds its lock free */
};

#define RANGE_LEAD ((sizeof(strata_range) + ST_CHUNK_GRAIN - 1) & ~(ST_CHUNK_GRAIN - 1))

/* ---- sizes and addresses, there and here ---- */

ST_INLINE size_t range_real_size(const strata_range *range, size_t shadow_size)
{
    return shadow_size / ST_CHUNK_GRAIN << range->shift;
}

ST_INLINE size_t range_shadow_size(const strata_range *range, size_t real_size)
{
    return (real_size >> range->shift) * ST_CHUNK_GRAIN;
}

ST_INLINE void *range_address(const strata_range *range, const void *mem)
{
    return st_at(range->base, range_real_size(range, st_distance(range->first, mem)));
}

/* Where in the shadow the block of an address would be; NULL if it can't be one. */
ST_INLINE void *range_mem(const strata_range *range, const void *address)
{
    size_t offset = st_distance(range->base, address);
    if (offset >= range->size || !st_is_aligned(address, (size_t)1 << range->shift)) return NULL;
    return st_at(range->first, range_shadow_size(range, offset));
}

/* The chunk in the shadow of a block in use; 0 if there is none. From top on there is no memory to look at. */
ST_INLINE size_t range_sound_size(const strata_range *range, const void *mem)
    ST_REQUIRES(range->shadow.space.lock)
{
    const st_space *space = &range->shadow.space;
    if (mem == NULL || (const char *)mem > (const char *)space->top) return 0;
    return st_free_sound_size(space, mem);
}

/* Where the record lies, or will. */
ST_INLINE strata_range *range_record(const strata_range *range)
{
    return st_at(range->first, (size_t)0 - RANGE_LEAD - ST_SEGMENT_HEADER - ST_CHUNK_HEADER);
}

/* Makes the shadow usable up to `end`, or further if that can be had. False if the host has no memory. */
ST_INTERNAL bool st_range_commit(strata_range *range, const char *end) ST_REQUIRES(range->shadow.space.lock);

/* Gives back what of the shadow is above top and was in use: when it is more than `spare`. */
ST_INTERNAL ST_COLD void st_range_decommit(strata_range *range) ST_REQUIRES(range->shadow.space.lock);

#endif
#endif
