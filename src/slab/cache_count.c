/* SPDX-License-Identifier: MIT-0
 *
 * Counting, walking and checking what caches and slabs hold. A block is in one of three states:
 * free in its slab, kept (in a magazine, or collected by another thread on its way back), or in use.
 * The first is told by the slab's bits; who is in the second is looked up in a copy of the bits
 * where the kept ones are marked.
 */
#include "slab/cache.h"

#if STRATA_SLABS

/* ---- what is kept ---- */

/* Calls `visit` for each block that the cache's magazine of this class has. The depot's lock keeps
 * the slots where they are; that of another thread may still be taking and putting. */
typedef void (*count_kept_visitor)(void *context, const void *mem);

static void count_each_in_magazine(const st_cache *cache, size_t class_idx,
                                   count_kept_visitor visit, void *context)
    ST_REQUIRES(cache->depot.lock)
{
    const st_magazine *magazine = &cache->magazine[class_idx];
    if (cache->near == NULL || magazine->slots == NULL) return;
    /* SYNC-4 acquire: the slots below hold blocks that were put there, the last ones or later ones. */
    const st_cache_slot *top = st_load_shared_acquire(&cache->near->top[class_idx]);
    for (const st_cache_slot *at = magazine->slots + 1; at <= top; at++)
        visit(context, st_load_shared(at));
}

/* Of a cache that has begun meanwhile: its word can be seen before it itself can. */
static bool count_is_too_new(st_owner word)
{
    return st_slab_depot_of(word) > st_cache_count();
}

/* ---- totals ---- */

static void count_count_one(void *context, const void *mem)
{
    (void)mem;
    ++*(size_t *)context;
}

static ST_COLD int count_count_slab(void *context, uint32_t idx)
{
    st_cache_totals *totals = context;
    st_owner word = st_slices_word(idx);
    size_t class_idx = st_slab_class_of(word);
    if (class_idx == 0 || count_is_too_new(word)) return 0;
    st_lock *lock = &st_cache_at(st_slab_depot_of(word))->depot.lock;
    st_lock_take(lock);
    if (st_slices_word(idx) == word) {
        const st_slab *slab = st_slices_note(idx);
        size_t used = (size_t)st_slab_block_count(class_idx) - slab->free_count;
        totals->live_count += used;
        totals->live += used * class_idx * ST_SLAB_GRAIN;
        totals->free += slab->free_count * class_idx * ST_SLAB_GRAIN;
    }
    st_lock_drop(lock);
    return 0;
}

ST_COLD void st_cache_totals_get(st_cache_totals *totals)
{
    *totals = (st_cache_totals){.records = st_cache_room_size()};
    st_slab_walk(count_count_slab, totals);
    size_t kept_count = 0;
    for (uint32_t number = 1; number <= st_cache_count(); number++) {
        st_cache *cache = st_cache_at(number);
        st_lock_take(&cache->depot.lock);
        for (size_t class_idx = 1; class_idx <= ST_SLAB_CLASSES; class_idx++) {
            size_t count = 0;
            count_each_in_magazine(cache, class_idx, count_count_one, &count);
            totals->kept += count * class_idx * ST_SLAB_GRAIN;
            kept_count += count;
        }
        totals->allocations += cache->allocations;
        if (cache->near != NULL) totals->allocations += st_load_shared(&cache->near->allocations);
        /* SYNC-4 acquire: what is counted are blocks. */
        uint32_t remote_count = st_load_shared_acquire(&cache->remote_count);
        for (uint32_t i = 0; i < remote_count; i++) {
            const void *mem = st_load_shared(&cache->remote[i]);
            totals->kept += st_slab_class_of(st_slices_word(st_slices_idx(mem))) * ST_SLAB_GRAIN;
        }
        kept_count += remote_count;
        st_lock_drop(&cache->depot.lock);
    }
    totals->live -= st_min(totals->kept, totals->live);
    totals->live_count -= st_min(kept_count, totals->live_count);
}

/* ---- walk ---- */

/* What is known of one slab's blocks. */
typedef struct count_map {
    uint32_t idx;
    unsigned fresh, block_count;
    size_t size;
    uint64_t idle[ST_SLAB_WORDS_MAX]; /* 1: free */
    uint64_t kept[ST_SLAB_WORDS_MAX]; /* 1: kept by a thread */
} count_map;

static void count_mark(void *context, const void *mem)
{
    count_map *map = context;
    if (st_slices_idx(mem) != map->idx) return;
    size_t block_idx = (st_addr(mem) & (ST_SLICE - 1)) / map->size;
    map->kept[block_idx / 64] |= (uint64_t)1 << block_idx % 64;
}

static void count_mark_remotes(count_map *map)
{
    for (uint32_t number = 1; number <= st_cache_count(); number++) {
        st_cache *cache = st_cache_at(number);
        /* SYNC-4 acquire: as in st_cache_totals_get. */
        uint32_t count = st_load_shared_acquire(&cache->remote_count);
        for (uint32_t i = 0; i < count; i++) count_mark(map, st_load_shared(&cache->remote[i]));
    }
}

/* Fills the map of the slab `idx`. False if it is none any more. */
static bool count_map_slab(count_map *map, uint32_t idx)
{
    st_owner word = st_slices_word(idx);
    size_t class_idx = st_slab_class_of(word);
    if (class_idx == 0 || count_is_too_new(word)) return false;
    st_cache *cache = st_cache_at(st_slab_depot_of(word));
    st_slab *slab = st_slices_note(idx);
    *map = (count_map){.idx = idx, .size = class_idx * ST_SLAB_GRAIN};
    st_lock_take(&cache->depot.lock);
    bool is_there = st_slices_word(idx) == word;
    if (is_there) {
        map->fresh = slab->fresh;
        map->block_count = st_slab_block_count(st_slab_class_of(word));
        for (unsigned word_idx = 0; word_idx * 64 < map->fresh; word_idx++)
            map->idle[word_idx] = *st_slab_bits(slab, idx, word_idx);
        count_each_in_magazine(cache, class_idx, count_mark, map);
    }
    st_lock_drop(&cache->depot.lock);
    if (is_there) count_mark_remotes(map);
    return is_there;
}

static st_block_state count_state(const count_map *map, unsigned block_idx)
{
    if ((map->idle[block_idx / 64] >> block_idx % 64 & 1) != 0) return st_block_free;
    bool is_kept = (map->kept[block_idx / 64] >> block_idx % 64 & 1) != 0;
    return is_kept ? st_block_kept : st_block_used;
}

static ST_COLD int count_visit_slab(void *context, uint32_t idx)
{
    const st_cache_visitor *visitor = context;
    count_map map;
    int result = 0;
    if (!count_map_slab(&map, idx)) return 0;
    char *mem = st_slices_base(idx);
    for (unsigned block_idx = 0; block_idx < map.fresh && result == 0; block_idx++) {
        result = visitor->visit(visitor->context, mem, map.size, count_state(&map, block_idx));
        mem += map.size;
    }
    size_t rest = (map.block_count - map.fresh) * map.size;
    if (result != 0 || rest == 0) return result;
    return visitor->visit(visitor->context, mem, rest, st_block_free);
}

int st_cache_walk(const st_cache_visitor *visitor)
{
    st_cache_visitor copy = *visitor;
    return st_slab_walk(count_visit_slab, &copy);
}

/* ---- check ---- */

typedef struct count_magazine {
    const st_cache *cache;
    size_t class_idx;
    bool holds;
} count_magazine;

static void count_kept_block(void *context, const void *mem)
{
    count_magazine *check = context;
    uintptr_t idx = st_slices_idx(mem);
    st_owner word = check->cache->depot.number << 8 | (st_owner)check->class_idx;
    bool is_ours = idx < ST_SLICES_MAX && st_slices_word(idx) == word;
    if (!is_ours || st_slab_fault((uint32_t)idx, mem) != st_misuse_none) check->holds = false;
}

static bool count_ends_inside(const st_cache *cache, size_t class_idx)
{
    const st_magazine *magazine = &cache->magazine[class_idx];
    if (cache->near == NULL || magazine->slots == NULL) return true;
    const st_cache_slot *top = st_load_shared(&cache->near->top[class_idx]);
    return top >= magazine->slots && top < magazine->slots + magazine->slot_count;
}

ST_COLD int st_cache_check(const char **first)
{
    bool blocks_hold = true;
    bool ends_hold = true;
    int broken = 0;
    for (uint32_t number = 1; number <= st_cache_count(); number++) {
        st_cache *cache = st_cache_at(number);
        st_lock_take(&cache->depot.lock);
        for (size_t class_idx = 1; class_idx <= ST_SLAB_CLASSES; class_idx++) {
            count_magazine check = {cache, class_idx, true};
            if (!count_ends_inside(cache, class_idx)) ends_hold = false;
            if (ends_hold)
                count_each_in_magazine(cache, class_idx, count_kept_block, &check);
            if (!check.holds) blocks_hold = false;
        }
        broken += st_slab_check(&cache->depot, broken == 0 ? first : NULL);
        st_lock_drop(&cache->depot.lock);
    }
    if (!blocks_hold && broken++ == 0 && first != NULL) *first = "INV-CACHE-1";
    if (!ends_hold && broken++ == 0 && first != NULL) *first = "INV-CACHE-2";
    return broken;
}

#endif
