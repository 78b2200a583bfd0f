/* SPDX-License-Identifier: MIT-0
 *
 * Caches at work: filling and emptying magazines, and the blocks of other threads.
 */
#include "slab/cache.h"

#include "books/options.h"
#include "map/room.h"

#if STRATA_SLABS

/* What a depot has in use has perhaps changed by much: then the account is told, and if it has become less
 * memory may go back, without the lock. */
ST_ALWAYS_INLINE void cache_leave(st_depot *depot) ST_RELEASES(depot->lock)
{
    bool has_news = depot->live - depot->told + ST_ROOM_NEWS > 2 * ST_ROOM_NEWS;
    size_t less = ST_UNLIKELY(has_news) ? st_slab_tell(depot) : 0;
    st_lock_leave(&depot->lock);
    if (ST_UNLIKELY(less != 0)) st_room_settle(less);
}

/* ---- magazines ---- */

static void cache_set_top(size_t class_idx, st_cache_slot *top)
{
    /* SYNC-4 release: the slots below are stored before the magazine ends behind them. */
    st_store_shared_release(&st_near.top[class_idx], top);
}

/* Most slots for the class: as many as hold the option magazine_limit, in steps of doubling. */
static uint32_t cache_slots_max(size_t class_idx)
{
    size_t limit = st_option(magazine_limit) / (class_idx * ST_SLAB_GRAIN);
    uint32_t count = ST_CACHE_GROUP;
    while (count < ST_CACHE_SLOTS_MAX && count * 2 <= limit) count *= 2;
    return count;
}

/* Twice the slots, the contents moved. The old ones are lost, as much as the new one is larger. */
static ST_COLD bool cache_grow(st_cache *cache, size_t class_idx)
{
    st_magazine *magazine = &cache->magazine[class_idx];
    uint32_t count = magazine->slots == NULL ? ST_CACHE_GROUP : magazine->slot_count * 2;
    if (count > cache_slots_max(class_idx)) return false;
    uint32_t more = magazine->slots == NULL ? count : count / 2;
    if (!st_cache_may_hold(cache, more * class_idx * ST_SLAB_GRAIN)) return false;
    st_cache_slot *slots = st_cache_room(count * sizeof *slots);
    if (slots == NULL) return false;
    size_t used = 0;
    if (magazine->slots != NULL) used = (size_t)(st_near.top[class_idx] - magazine->slots);
    st_lock_take(&cache->depot.lock);
    for (size_t i = 1; i <= used; i++) st_store_shared(&slots[i], magazine->slots[i]);
    magazine->slots = slots;
    magazine->slot_count = count;
    cache_set_top(class_idx, slots + used);
    st_lock_drop(&cache->depot.lock);
    return true;
}

/* Blocks moved at once between a magazine and slabs. */
enum { cache_batch = 64 };

/* Puts the first `count` blocks of the magazine back, the oldest ones, and moves the others down.
 * The depot's lock is held. */
static void cache_put_back(st_cache *cache, size_t class_idx, size_t count)
    ST_REQUIRES(cache->depot.lock)
{
    st_cache_slot *slots = cache->magazine[class_idx].slots;
    size_t used = (size_t)(st_near.top[class_idx] - slots);
    st_slab_put(&cache->depot, slots + 1, count);
    for (size_t i = count + 1; i <= used; i++) st_store_shared(&slots[i - count], slots[i]);
    cache_set_top(class_idx, slots + used - count);
}

/* Blocks for a refill: half a small magazine but not more than a page of them, so that a class that
 * is used a little takes little; half of one that has grown. */
static size_t cache_refill_count(const st_magazine *magazine, size_t class_idx)
{
    size_t half = magazine->slot_count / 2;
    if (magazine->slot_count > 2 * ST_CACHE_GROUP) return st_min(half, cache_batch);
    size_t page = 4 * ST_KIB / (class_idx * ST_SLAB_GRAIN);
    return st_max(1, st_min(half, page));
}

void *st_cache_refill(size_t class_idx)
{
    st_cache *cache = st_cache_mine();
    if (cache == NULL) return NULL;
    /* It may have blocks: who asks for 0 bytes has not looked into the magazine of the smallest
     * class, and whoever watches the thread's end may have filled any. */
    void *kept = st_cache_take(class_idx * ST_SLAB_GRAIN);
    if (ST_UNLIKELY(kept != NULL)) return kept;
    st_magazine *magazine = &cache->magazine[class_idx];
    void *blocks[cache_batch];
    size_t count = 1;
    if (st_near.me != ST_CACHE_NOBODY && (magazine->slots != NULL || cache_grow(cache, class_idx)))
        count = cache_refill_count(magazine, class_idx);
    st_lock_take(&cache->depot.lock);
    count = st_slab_take(&cache->depot, class_idx, blocks, count);
    cache_leave(&cache->depot);
    if (count == 0) return NULL;
    /* The lowest address is handed out first: it stays here, the others lie the other way round. */
    for (size_t i = 1; i < count; i++) st_store_shared(&magazine->slots[count - i], blocks[i]);
    if (count > 1) cache_set_top(class_idx, magazine->slots + count - 1);
    magazine->was_refilled = magazine->was_full;
    if (STRATA_STATS) st_count_own(&st_near.allocations);
    return blocks[0];
}

/* Grains that a magazine may hold before it has shown that it needs more. */
#define CACHE_GROW_FREELY (8 * ST_KIB / ST_SLAB_GRAIN)

/* The magazine is full. It grows: while it is small freely, then only if it has been empty since it was last
 * full, so that a program which only tears down does not make it large. If it may not, half goes
 * back. */
static void cache_make_room(st_cache *cache, size_t class_idx)
{
    st_magazine *magazine = &cache->magazine[class_idx];
    bool is_small = magazine->slot_count < 2 * ST_CACHE_GROUP &&
                    magazine->slot_count * class_idx < CACHE_GROW_FREELY;
    bool may_grow = is_small || magazine->was_refilled;
    magazine->was_full = true;
    magazine->was_refilled = false;
    if (may_grow && cache_grow(cache, class_idx)) return;
    st_lock_take(&cache->depot.lock);
    cache_put_back(cache, class_idx, magazine->slot_count / 2);
    cache_leave(&cache->depot);
}

void st_cache_put_slow(void *mem, size_t class_idx)
{
    st_cache *cache = st_near.cache;
    st_magazine *magazine = &cache->magazine[class_idx];
    st_cache_slot *top = st_near.top[class_idx];
    if (STRATA_CHECK >= 1 && *top == mem) {
        st_misuse(st_misuse_double_free, mem);
        return;
    }
    if (magazine->slots == NULL && !cache_grow(cache, class_idx)) {
        st_cache_put_remote(mem);
        return;
    }
    if ((size_t)(st_near.top[class_idx] - magazine->slots) + 1 == magazine->slot_count)
        cache_make_room(cache, class_idx);
    top = st_near.top[class_idx] + 1;
    st_store_shared(top, mem);
    cache_set_top(class_idx, top);
}

/* ---- blocks of others ---- */

/* Moves the blocks of the depot that the first one belongs to to the front, in their order, and tells
 * how many those are. The words are looked at without a lock: a block that is held keeps its slab. */
static size_t cache_gather(void **blocks, size_t count, st_owner word)
{
    size_t same = 0;
    for (size_t i = 0; i < count; i++) {
        void *mem = blocks[i];
        st_owner other = st_slices_word(st_slices_idx(mem));
        if (st_slab_depot_of(other) != st_slab_depot_of(word)) continue;
        blocks[i] = blocks[same];
        blocks[same++] = mem;
    }
    return same;
}

/* Puts back those of one depot; how many those were. */
static ST_COLD size_t cache_send_to_one(void **blocks, size_t count)
{
    st_owner word = st_slices_word(st_slices_idx(blocks[0]));
    if (st_slab_class_of(word) == 0) {
        /* The slab is gone, so its last block was freed before. */
        st_misuse(st_misuse_double_free, blocks[0]);
        return 1;
    }
    size_t same = cache_gather(blocks, count, word);
    st_depot *depot = &st_cache_at(st_slab_depot_of(word))->depot;
    st_lock_enter(&depot->lock);
    st_slab_put(depot, blocks, same);
    cache_leave(depot);
    return same;
}

static void cache_send(void **blocks, size_t count)
{
    for (size_t sent = 0; sent < count;) sent += cache_send_to_one(blocks + sent, count - sent);
}

/* Puts back all blocks of others that the thread has collected. */
static ST_COLD void cache_send_all(st_cache *cache)
{
    void *blocks[ST_CACHE_REMOTES];
    uint32_t count = cache->remote_count;
    for (uint32_t i = 0; i < count; i++) blocks[i] = cache->remote[i];
    st_store_shared(&cache->remote_count, 0);
    cache_send(blocks, count);
}

void st_cache_put_remote(void *mem)
{
    st_cache *cache = st_cache_mine_to_free();
    if (cache == NULL || st_near.me == ST_CACHE_NOBODY) {
        cache_send(&mem, 1);
        return;
    }
    uint32_t count = cache->remote_count;
    st_store_shared(&cache->remote[count], mem);
    /* SYNC-4 release: the block is stored before it is counted. */
    st_store_shared_release(&cache->remote_count, count + 1);
    if (count + 1 == ST_CACHE_REMOTES) cache_send_all(cache);
}

st_misuse_kind st_cache_fault(const void *mem)
{
    uint32_t idx = (uint32_t)st_slices_idx(mem);
    st_owner word = st_slices_word(idx);
    if (st_slab_class_of(word) == 0) return st_misuse_double_free;
    st_depot *depot = &st_cache_at(st_slab_depot_of(word))->depot;
    st_lock_take(&depot->lock);
    st_misuse_kind fault = st_slab_fault(idx, mem);
    st_lock_drop(&depot->lock);
    return fault;
}

/* ---- all of it ---- */

ST_COLD void st_cache_flush(void)
{
    st_cache *cache = st_near.cache;
    if (cache == NULL) return;
    cache_send_all(cache);
    st_lock_take(&cache->depot.lock);
    for (size_t class_idx = 1; class_idx <= ST_SLAB_CLASSES; class_idx++) {
        st_magazine *magazine = &cache->magazine[class_idx];
        if (magazine->slots == NULL) continue;
        cache_put_back(cache, class_idx, (size_t)(st_near.top[class_idx] - magazine->slots));
        /* The option may have become smaller. */
        magazine->slot_count = (uint32_t)st_min(magazine->slot_count, cache_slots_max(class_idx));
    }
    st_slab_trim(&cache->depot);
    cache_leave(&cache->depot);
}

#endif
