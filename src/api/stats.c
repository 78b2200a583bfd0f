/* SPDX-License-Identifier: MIT-0
 *
 * Statistics, walks and checks over the whole heap.
 */
#include "api/stats.h"

#include "api/heap.h"
#include "api/shelf.h"
#include "map/direct.h"
#include "map/footprint.h"
#include "strata.h"

/* ---- numbers ---- */

static ST_COLD int stats_count_chunk(void *context, const st_segment *segment, const st_chunk *chunk,
                             size_t size, st_chunk_kind kind)
{
    strata_stats *stats = context;
    (void)segment;
    (void)chunk;
    if (kind == st_chunk_used) {
        if (!STRATA_STATS) stats->live += size;
        return 0;
    }
    stats->free += size;
    stats->free_chunks++;
    if (size > stats->largest_free) stats->largest_free = size;
    if (kind == st_chunk_quick) stats->quick += size;
    if (kind == st_chunk_top) stats->top += size;
    return 0;
}

ST_COLD void st_stats_count_space(strata_stats *stats, const st_space *space)
{
    st_space_walk(space, stats_count_chunk, stats);
    stats->live += space->live;
    stats->live_peak += space->live_peak;
    stats->footprint += space->footprint;
    stats->footprint_peak += space->footprint_peak;
    stats->reserved += space->reserved;
    stats->allocations += space->allocations;
    stats->frees += space->frees;
    for (const st_segment *segment = space->segments; segment; segment = segment->next)
        stats->segments++;
    stats->spaces++;
}

ST_COLD void st_stats_add_space(strata_stats *stats, st_space *space)
{
    st_lock_take(&space->lock);
    st_stats_count_space(stats, space);
    st_lock_drop(&space->lock);
}

static ST_COLD void stats_add_direct(strata_stats *stats)
{
#if STRATA_PAGEMAP
    st_direct_totals totals;
    st_direct_totals_get(&totals);
    size_t held = totals.live + totals.cached + totals.records;
    stats->live += totals.live;
    stats->live_peak += totals.live_peak;
    stats->direct = totals.live;
    stats->direct_blocks = totals.blocks;
    stats->cached = totals.cached;
    stats->footprint += held;
    stats->footprint_peak += totals.peak + totals.records;
    stats->reserved += held + st_pagemap_reserved();
    stats->allocations += totals.allocations;
    stats->frees += totals.frees;
#else
    (void)stats;
#endif
}

/* Blocks that threads keep are in use for slabs and spaces, and calls that were served from there
 * are not known to them. */
static ST_COLD void stats_add_caches(strata_stats *stats)
{
#if STRATA_SLABS
    st_cache_totals caches;
    st_slices_totals slices;
    size_t shelf_kept, shelf_count;
    st_cache_totals_get(&caches);
    st_slices_totals_get(&slices);
    st_shelf_totals(&shelf_kept, &shelf_count);
    size_t held = slices.held + caches.records;
    size_t live_count = stats->allocations - stats->frees - shelf_count + caches.live_count;
    stats->live += caches.live;
    stats->live -= st_min(shelf_kept, stats->live);
    stats->live_peak += slices.used_peak;
    stats->footprint += held;
    stats->footprint_peak += held;
    stats->reserved += slices.reserved + caches.records;
    stats->free += caches.free;
    stats->kept = caches.kept + shelf_kept;
    stats->slabs = slices.used;
    stats->allocations += caches.allocations;
    stats->frees = stats->allocations - st_min(live_count, stats->allocations);
#else
    (void)stats;
#endif
}

STRATA_EXPORT ST_COLD void strata_stats_get(strata_stats *stats)
{
    *stats = (strata_stats){.footprint_limit = SIZE_MAX};
    for (unsigned idx = 0; idx < st_heap_space_count(); idx++)
        st_stats_add_space(stats, st_heap_space(idx));
    stats_add_direct(stats);
    stats_add_caches(stats);
#if STRATA_HEAPS
    stats->footprint_peak = st_footprint_peak();
    stats->footprint_limit = st_footprint_limit();
#endif
    if (stats->live_peak < stats->live) stats->live_peak = stats->live;
    stats->size_mismatches = st_heap_size_mismatches();
}

#if STRATA_HEAPS

STRATA_EXPORT size_t strata_footprint(void) { return st_footprint_now(); }
STRATA_EXPORT size_t strata_footprint_peak(void) { return st_footprint_peak(); }

#else

/* Sums one figure over spaces and direct mappings without a walk. */
static ST_COLD size_t stats_footprint(bool peak)
{
    size_t sum = 0;
    for (unsigned idx = 0; idx < st_heap_space_count(); idx++) {
        st_space *space = st_heap_space(idx);
        st_lock_take(&space->lock);
        sum += peak ? space->footprint_peak : space->footprint;
        st_lock_drop(&space->lock);
    }
#if STRATA_PAGEMAP
    st_direct_totals totals;
    st_direct_totals_get(&totals);
    sum += totals.records + (peak ? totals.peak : totals.live + totals.cached);
#endif
#if STRATA_SLABS
    st_slices_totals slices;
    st_slices_totals_get(&slices);
    sum += slices.held + st_cache_room_size();
#endif
    return sum;
}

STRATA_EXPORT size_t strata_footprint(void) { return stats_footprint(false); }
STRATA_EXPORT size_t strata_footprint_peak(void) { return stats_footprint(true); }

#endif

/* ---- words ---- */

ST_COLD void st_stats_to_descriptor(void *context, const char *bytes, size_t size)
{
    st_os_write(*(const int *)context, bytes, size);
}

static void stats_add_row(st_text *text, const char *name, size_t value, const char *words)
{
    st_text_add(text, "  ");
    st_text_add(text, name);
    for (size_t length = 0; length < 18; length++) {
        if (name[length] != '\0') continue;
        while (length++ < 18) st_text_add(text, " ");
    }
    st_text_add_size(text, value);
    st_text_add(text, words);
    st_text_add(text, "\n");
}

ST_COLD void st_stats_describe(st_text *text)
{
    strata_stats stats;
    strata_stats_get(&stats);
    st_text_add(text, "strata statistics\n");
    stats_add_row(text, "live", stats.live, " bytes in blocks in use");
    stats_add_row(text, "footprint", stats.footprint, " bytes usable, held from the host");
    stats_add_row(text, "footprint peak", stats.footprint_peak, " bytes");
    stats_add_row(text, "reserved", stats.reserved, " bytes of address space");
    stats_add_row(text, "free", stats.free, " bytes in free chunks");
    stats_add_row(text, "free chunks", stats.free_chunks, "");
    stats_add_row(text, "largest free", stats.largest_free, " bytes");
    stats_add_row(text, "quick", stats.quick, " of the free bytes not merged yet");
    stats_add_row(text, "slabs", stats.slabs, " bytes in slabs, live, kept or free");
    stats_add_row(text, "kept", stats.kept, " bytes of freed blocks that threads keep");
    stats_add_row(text, "top", stats.top, " of the free bytes at the end of the spaces");
    stats_add_row(text, "direct", stats.direct, " of the live bytes in mappings of their own");
    stats_add_row(text, "direct blocks", stats.direct_blocks, "");
    stats_add_row(text, "cached", stats.cached, " bytes of freed mappings kept");
    stats_add_row(text, "segments", stats.segments, "");
    stats_add_row(text, "spaces", stats.spaces, "");
    stats_add_row(text, "allocations", stats.allocations, " calls");
    stats_add_row(text, "frees", stats.frees, " calls");
    stats_add_row(text, "size mismatches", stats.size_mismatches, " calls");
#if STRATA_HEAPS
    if (st_heap_others_now() != NULL) st_heap_others_now()->describe(text);
#endif
}

static void stats_add_item(st_text *text, const char *name, size_t value)
{
    st_text_add(text, " ");
    st_text_add(text, name);
    st_text_add(text, "=");
    st_text_add_size(text, value);
}

/* The same names as strata_stats has; `strata run --stats` reads this. */
ST_COLD void st_stats_line(st_text *text)
{
    strata_stats stats;
    size_t peak_rss, rss;
    char program[32];
    strata_stats_get(&stats);
    st_os_resident(&peak_rss, &rss);
    st_os_program_name(program, sizeof program);
    st_text_add(text, "strata-report 1");
    stats_add_item(text, "pid", st_os_process_id());
    stats_add_item(text, "peak_rss", peak_rss);
    stats_add_item(text, "rss", rss);
#define STATS_ITEM(name) stats_add_item(text, #name, stats.name);
    STATS_ITEM(live) STATS_ITEM(live_peak) STATS_ITEM(footprint) STATS_ITEM(footprint_peak)
    STATS_ITEM(reserved) STATS_ITEM(free) STATS_ITEM(free_chunks) STATS_ITEM(largest_free)
    STATS_ITEM(quick) STATS_ITEM(slabs) STATS_ITEM(kept) STATS_ITEM(top) STATS_ITEM(direct) STATS_ITEM(direct_blocks)
    STATS_ITEM(cached) STATS_ITEM(segments) STATS_ITEM(spaces) STATS_ITEM(allocations)
    STATS_ITEM(frees) STATS_ITEM(size_mismatches)
#undef STATS_ITEM
#if STRATA_HEAPS
    size_t heaps_footprint = 0;
    size_t heaps = st_heap_others_now() != NULL ? st_heap_others_now()->total(&heaps_footprint) : 0;
    stats_add_item(text, "heaps", heaps);
    stats_add_item(text, "heaps_footprint", heaps_footprint);
#endif
    st_text_add(text, " program=");
    st_text_add(text, program);
    st_text_add(text, "\n");
}

STRATA_EXPORT void strata_stats_print(int descriptor)
{
    st_text text;
    st_text_init(&text, st_stats_to_descriptor, &descriptor);
    st_stats_describe(&text);
    st_text_flush(&text);
}

/* ---- walk ---- */

typedef struct stats_walk {
    int (*visit)(void *context, const strata_region *region);
    void *context;
    strata_heap *heap; /* NULL: the process's */
    unsigned space_idx;
    bool has_shelves; /* threads may keep blocks of this space */
} stats_walk;

static ST_COLD int stats_visit_chunk(void *context, const st_segment *segment, const st_chunk *chunk,
                             size_t size, st_chunk_kind kind)
{
    const stats_walk *walk = context;
    strata_region region = {chunk_mem(chunk), size - ST_CHUNK_OVERHEAD, strata_region_used,
                            walk->space_idx, walk->heap};
    (void)segment;
    if (kind == st_chunk_free) region.kind = strata_region_free;
    if (kind == st_chunk_quick) region.kind = strata_region_cached;
    if (kind == st_chunk_top) region.kind = strata_region_top;
#if STRATA_SLABS
    if (kind == st_chunk_used && walk->has_shelves && st_shelf_has(region.start, region.size))
        region.kind = strata_region_cached;
#endif
    return walk->visit(walk->context, &region);
}

#if STRATA_PAGEMAP
static int stats_visit_direct(void *context, void *mem, size_t usable)
{
    const stats_walk *walk = context;
    strata_region region = {mem, usable, strata_region_direct, 0, NULL};
    return walk->visit(walk->context, &region);
}
#endif

#if STRATA_SLABS
static ST_COLD int stats_visit_small(void *context, void *mem, size_t size, st_block_state state)
{
    const stats_walk *walk = context;
    strata_region region = {mem, size, strata_region_used, 0, NULL};
    if (state == st_block_kept) region.kind = strata_region_cached;
    if (state == st_block_free) region.kind = strata_region_free;
    return walk->visit(walk->context, &region);
}
#endif

ST_COLD int st_stats_walk_space(const st_space *space, strata_heap *heap,
                                int (*visit)(void *context, const strata_region *region),
                                void *context)
{
    stats_walk walk = {.visit = visit, .context = context, .heap = heap};
    return st_space_walk(space, stats_visit_chunk, &walk);
}

ST_COLD int st_stats_walk_process(int (*visit)(void *context, const strata_region *region), void *context)
    ST_NO_LOCK_ANALYSIS
{
    stats_walk walk = {visit, context, NULL, 0, true};
    int result = 0;
    for (; walk.space_idx < st_heap_space_count() && result == 0; walk.space_idx++) {
        st_space *space = st_heap_space(walk.space_idx);
#if STRATA_SLABS
        st_cache_lock_all(); /* for st_shelf_has */
#endif
        st_lock_take(&space->lock);
        result = st_space_walk(space, stats_visit_chunk, &walk);
        st_lock_drop(&space->lock);
#if STRATA_SLABS
        st_cache_unlock_all();
#endif
    }
#if STRATA_SLABS
    st_cache_visitor small = {stats_visit_small, &walk};
    if (result == 0) result = st_cache_walk(&small);
#endif
#if STRATA_PAGEMAP
    if (result == 0) result = st_direct_walk(stats_visit_direct, &walk);
#endif
    return result;
}

STRATA_EXPORT ST_COLD int strata_walk(int (*visit)(void *context, const strata_region *region),
                                      void *context)
{
    int result = st_stats_walk_process(visit, context);
#if STRATA_HEAPS
    if (result == 0 && st_heap_others_now() != NULL) result = st_heap_others_now()->walk(visit, context);
#endif
    return result;
}

/* ---- check ---- */

STRATA_EXPORT ST_COLD int strata_check(const char **first)
{
    int broken = 0;
    for (unsigned idx = 0; idx < st_heap_space_count(); idx++) {
        st_space *space = st_heap_space(idx);
        st_lock_take(&space->lock);
        broken += st_space_check(space, broken == 0 ? first : NULL);
        st_lock_drop(&space->lock);
    }
#if STRATA_PAGEMAP
    broken += st_direct_check(broken == 0 ? first : NULL);
#endif
#if STRATA_SLABS
    broken += st_slices_check(broken == 0 ? first : NULL);
    broken += st_cache_check(broken == 0 ? first : NULL);
#endif
#if STRATA_HEAPS
    if (st_heap_others_now() != NULL) broken += st_heap_others_now()->check(broken == 0 ? first : NULL);
#endif
    return broken;
}
