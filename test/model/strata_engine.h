/* SPDX-License-Identifier: MIT-0
 *
 * The public interface as an engine for scripts.
 */
#ifndef STRATA_ENGINE_H
#define STRATA_ENGINE_H

#include <errno.h>

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

/* ---- the account: statistics and the walk against the model and the host ---- */

typedef struct engine_walk {
    const model *blocks;
    size_t used, bytes, free, free_bytes, quick_bytes, top_bytes;
    const char *wrong;
} engine_walk;

ST_INLINE int engine_visit(void *context, const strata_region *region)
{
    engine_walk *walk = context;
    const model_block *block = model_get(walk->blocks, region->start);
    bool is_used = region->kind == strata_region_used || region->kind == strata_region_direct;
    if (is_used != (block != NULL)) {
        walk->wrong = is_used ? "the walk sees a block in use that was not taken"
                              : "the walk sees a block in use as free";
    } else if (is_used && block->usable != region->size) {
        walk->wrong = "the walk tells another size than strata_usable_size";
    }
    if (is_used) {
        walk->used++;
        walk->bytes += region->size;
    } else {
        size_t size = region->size + sizeof(size_t);
        walk->free++;
        walk->free_bytes += size;
        if (region->kind == strata_region_cached) walk->quick_bytes += size;
        if (region->kind == strata_region_top) walk->top_bytes += size;
    }
    return walk->wrong != NULL;
}

/* The host gave what the statistics say, unless it refused to take something back. */
ST_INLINE const char *engine_account_host(const strata_stats *stats)
{
    os_fake_counts counts;
    size_t map_size = 0;
    os_fake_count(&counts);
#if STRATA_PAGEMAP
    map_size = st_pagemap_reserved();
#endif
    if (counts.failed[os_fake_call_release] > 0) return NULL;
    if (counts.reserved + counts.committed != stats->reserved) {
        return "address space is held that the statistics do not tell of";
    }
    if (counts.committed != stats->footprint + map_size) {
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
    if (stats.free != walk.free_bytes || stats.free_chunks != walk.free ||
        stats.quick != walk.quick_bytes || stats.top != walk.top_bytes) {
        return "the statistics of free memory are not what the walk sees";
    }
    if (stats.live < walk.bytes || (blocks->count == 0 && stats.live != 0)) {
        return "the statistics of live memory are wrong";
    }
    if (STRATA_STATS && stats.allocations - stats.frees != blocks->count) {
        return "the statistics of calls are wrong";
    }
    return engine_account_host(&stats);
}

static const script_engine strata_engine ST_UNUSED = {
    engine_take,   engine_take_zero, engine_take_aligned, engine_resize,  engine_give,
    engine_usable, engine_trim,      engine_check,        engine_account,
};

#endif
