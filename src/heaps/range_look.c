/* SPDX-License-Identifier: MIT-0
 *
 * Looking into a range: chunks of the shadow, shown as regions of the range.
 */
#include "heaps/range.h"

#if STRATA_HEAPS

STRATA_EXPORT ST_COLD size_t strata_range_usable_size(strata_range *range, const void *address)
{
    const void *mem = range_mem(range, address);
    st_heap_enter(&range->shadow);
    size_t size = range_real_size(range, range_sound_size(range, mem));
    st_heap_leave(&range->shadow);
    return size;
}

typedef struct range_view {
    const strata_range *range;
    int (*visit)(void *context, const strata_region *region);
    void *context;
} range_view;

static int range_show_chunk(void *context, const st_segment *segment, const st_chunk *chunk, size_t size,
                            st_chunk_kind kind)
{
    const range_view *view = context;
    (void)segment;
    if (kind == st_chunk_top) size -= ST_CHUNK_MIN;
    if (size == 0) return 0;
    strata_region region = {.start = range_address(view->range, chunk_mem(chunk)),
                            .size = range_real_size(view->range, size),
                            .kind = strata_region_used};
    if (kind == st_chunk_free) region.kind = strata_region_free;
    if (kind == st_chunk_top) region.kind = strata_region_top;
    return view->visit(view->context, &region);
}

STRATA_EXPORT ST_COLD int strata_range_walk(strata_range *range,
                                            int (*visit)(void *context, const strata_region *region),
                                            void *context)
{
    range_view view = {range, visit, context};
    st_lock_take(&range->shadow.space.lock);
    int result = st_space_walk(&range->shadow.space, range_show_chunk, &view);
    st_lock_drop(&range->shadow.space.lock);
    return result;
}

static int range_count_region(void *context, const strata_region *region)
{
    strata_stats *stats = context;
    if (region->kind == strata_region_used) {
        stats->live += region->size;
        return 0;
    }
    stats->free += region->size;
    stats->free_chunks++;
    stats->largest_free = st_max(stats->largest_free, region->size);
    if (region->kind == strata_region_top) stats->top = region->size;
    return 0;
}

STRATA_EXPORT ST_COLD void strata_range_stats_get(strata_range *range, strata_stats *stats)
{
    range_view view = {range, range_count_region, stats};
    const st_space *space = &range->shadow.space;
    *stats = (strata_stats){.footprint_limit = range->size, .reserved = range->size, .spaces = 1, .segments = 1};
    st_lock_take(&range->shadow.space.lock);
    st_space_walk(space, range_show_chunk, &view);
    stats->footprint = stats->footprint_peak = range->size;
    stats->live_peak = range->live_peak;
    stats->allocations = space->allocations;
    stats->frees = space->frees;
    st_lock_drop(&range->shadow.space.lock);
    /* A single grain at the end can only be had together with what is below. */
    if (stats->largest_free < range_real_size(range, ST_CHUNK_MIN)) stats->largest_free = 0;
}

STRATA_EXPORT size_t strata_range_largest_free(strata_range *range)
{
    strata_stats stats;
    strata_range_stats_get(range, &stats);
    return stats.largest_free;
}

STRATA_EXPORT ST_COLD int strata_range_check(strata_range *range, const char **first)
{
    st_lock_take(&range->shadow.space.lock);
    int broken = st_space_check(&range->shadow.space, first);
    st_lock_drop(&range->shadow.space.lock);
    return broken;
}

STRATA_EXPORT const char *strata_range_name(const strata_range *range) { return range->shadow.name; }

#endif
