/* SPDX-License-Identifier: MIT-0
 *
 * Looking into a heap, and what it has too much of given back.
 */
#include "api/stats.h"
#include "heaps/heap_block.h"

#if STRATA_HEAPS

STRATA_EXPORT ST_COLD int strata_heap_trim(strata_heap *heap, size_t pad)
{
    st_heap_enter(heap);
    bool any = st_space_trim(&heap->space, pad);
    st_heap_leave(heap);
    return any ? 1 : 0;
}

STRATA_EXPORT ST_COLD void strata_heap_stats_get(strata_heap *heap, strata_stats *stats)
{
    *stats = (strata_stats){.footprint_limit = strata_heap_footprint_limit(heap)};
    st_heap_enter(heap);
    st_stats_count_space(stats, &heap->space);
    st_heap_leave(heap);
    stats->reserved += heap->base_size; /* held, though not reserved by us */
    stats->live_peak = st_max(stats->live_peak, stats->live);
}

STRATA_EXPORT ST_COLD int strata_heap_walk(strata_heap *heap,
                                           int (*visit)(void *context, const strata_region *region),
                                           void *context)
{
    st_heap_enter(heap);
    int result = st_stats_walk_space(&heap->space, heap, visit, context);
    st_heap_leave(heap);
    return result;
}

STRATA_EXPORT ST_COLD int strata_heap_check(strata_heap *heap, const char **first)
{
    st_heap_enter(heap);
    int broken = st_space_check(&heap->space, first);
    st_heap_leave(heap);
    return broken;
}

#endif
