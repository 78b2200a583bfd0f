/* SPDX-License-Identifier: MIT-0
 *
 * The public interface as an engine for scripts.
 */
#ifndef STRATA_ENGINE_H
#define STRATA_ENGINE_H

#include <errno.h>

#include "api/shelf.h"
#include "fake/front_start.h"
#include "map/pagemap.h"
#include "model/script.h"
#include "strata.h"

static const char *engine_wrong; /* what an answer itself was wrong about, or NULL */

/* NULL comes with ENOMEM. */
ST_INLINE void *engine_answer(void *mem)
{
    if (mem == NULL && errno != ENOMEM) engine_wrong = "NULL came without ENOMEM";
    errno = 0;
    return mem;
}

ST_INLINE void *engine_take(size_t size) { return engine_answer(strata_malloc(size)); }
ST_INLINE void *engine_take_zero(size_t count, size_t size)
{
    return engine_answer(strata_calloc(count, size));
}
ST_INLINE void *engine_take_aligned(size_t alignment, size_t size)
{
    return engine_answer(strata_memalign(alignment, size));
}
ST_INLINE void *engine_resize(void *mem, size_t size)
{
    return engine_answer(strata_realloc(mem, size));
}
ST_INLINE void engine_give(void *mem)
{
    errno = 77;
    strata_free(mem);
    if (errno != 77) engine_wrong = "strata_free changed errno";
    errno = 0;
}
ST_INLINE size_t engine_usable(const void *mem) { return strata_usable_size(mem); }
ST_INLINE void engine_trim(size_t pad) { (void)strata_trim(pad); }
ST_INLINE int engine_check(const char **first) { return strata_check(first); }

ST_INLINE void engine_start(void) { (void)front_start(); }
ST_INLINE void engine_limit(size_t size) { (void)strata_option_set("magazine_limit", size); }

/* ---- the account: statistics and the walk against the model and the host ---- */

typedef struct engine_walk {
    const model *blocks;
    bool was_seen[MODEL_BLOCKS_MAX]; /* by index of the model's block */
    size_t used, bytes;              /* blocks in use, with their heads */
    size_t free, free_bytes;         /* regions of spaces: free ones, */
    size_t top_bytes;                /* of those the tops, */
    size_t cached_bytes;             /* and what is kept for its next use */
    size_t slab_free, slab_kept;     /* bytes */
    const char *wrong;
} engine_walk;

ST_INLINE bool engine_is_in_slab(const void *mem)
{
#if STRATA_SLABS
    uintptr_t idx = st_slices_idx(mem);
    return idx < ST_SLICES_MAX && st_slab_class_of(st_slices_word(idx)) != 0;
#else
    (void)mem;
    return false;
#endif
}

/* A block in use is one of the model's, as large as that knows, and comes once. */
ST_INLINE const char *engine_visit_used(engine_walk *walk, const strata_region *region)
{
    size_t idx = model_find(walk->blocks, region->start);
    const model_block *block = model_get(walk->blocks, region->start);
    if (block == NULL) return "the walk sees a block in use that was not taken";
    if (block->usable != region->size)
        return "the walk tells another size than strata_usable_size";
    if (walk->was_seen[idx]) return "the walk sees a block twice";
    walk->was_seen[idx] = true;
    walk->used++;
    walk->bytes += region->size;
    bool has_head = region->kind == strata_region_used && !engine_is_in_slab(region->start);
    if (has_head) walk->bytes += ST_CHUNK_OVERHEAD;
    return NULL;
}

ST_INLINE int engine_visit(void *context, const strata_region *region)
{
    engine_walk *walk = context;
    if (region->kind == strata_region_used || region->kind == strata_region_direct) {
        walk->wrong = engine_visit_used(walk, region);
    } else if (model_get(walk->blocks, region->start) != NULL) {
        walk->wrong = "the walk sees a block in use as free";
    } else if (engine_is_in_slab(region->start)) {
        bool is_kept = region->kind == strata_region_cached;
        *(is_kept ? &walk->slab_kept : &walk->slab_free) += region->size;
    } else {
        size_t size = region->size + ST_CHUNK_OVERHEAD;
        walk->free++;
        walk->free_bytes += size;
        if (region->kind == strata_region_cached) walk->cached_bytes += size;
        if (region->kind == strata_region_top) walk->top_bytes += size;
    }
    return walk->wrong != NULL;
}

/* Free memory by the statistics is what the walk sees; blocks on shelves are free for the walk, and in
 * use for their spaces. */
ST_INLINE bool engine_free_agrees(const strata_stats *stats, const engine_walk *walk)
{
    size_t shelf_bytes = 0;
    size_t shelf_count = 0;
#if STRATA_SLABS
    st_shelf_totals(&shelf_bytes, &shelf_count);
#endif
    return stats->free == walk->free_bytes - shelf_bytes + walk->slab_free &&
           stats->free_chunks == walk->free - shelf_count &&
           stats->quick == walk->cached_bytes - shelf_bytes &&
           stats->kept == walk->slab_kept + shelf_bytes && stats->top == walk->top_bytes;
}

/* The host gave what the statistics say, unless it refused to take something back. */
ST_INLINE const char *engine_account_host(const strata_stats *stats)
{
    os_fake_counts counts;
    size_t map_size = 0;
    size_t gone = 0; /* of free slices, usable as soon as they are taken again */
    os_fake_count(&counts);
#if STRATA_PAGEMAP
    map_size = st_pagemap_reserved();
#endif
    if (counts.failed[os_fake_call_release] > 0) return NULL;
    if (counts.reserved + counts.committed != stats->reserved) {
        return "address space is held that the statistics do not tell of";
    }
#if STRATA_SLABS
    st_slices_totals slices;
    st_slices_totals_get(&slices);
    gone = slices.committed - slices.held;
#endif
    if (counts.committed != stats->footprint + gone + map_size) {
        return "memory is held that the statistics do not tell of";
    }
    return NULL;
}

ST_INLINE const char *engine_account(const model *blocks)
{
    strata_stats stats;
    engine_walk walk = {.blocks = blocks};
    if (engine_wrong != NULL) return engine_wrong;
    (void)strata_walk(engine_visit, &walk);
    if (walk.wrong != NULL) return walk.wrong;
    if (walk.used != blocks->count) return "the walk misses a block in use";
    strata_stats_get(&stats);
    if (!engine_free_agrees(&stats, &walk))
        return "the statistics of free memory are not what the walk sees";
    if (stats.live != walk.bytes) return "the statistics of live memory are wrong";
    if (STRATA_STATS && stats.allocations - stats.frees != blocks->count) {
        return "the statistics of calls are wrong";
    }
    return engine_account_host(&stats);
}

static const script_engine strata_engine ST_UNUSED = {
    engine_take,    engine_take_zero, engine_take_aligned, engine_resize,
    engine_give,    engine_usable,    engine_trim,         engine_check,
    engine_account, engine_start,     engine_limit,
};

#endif
