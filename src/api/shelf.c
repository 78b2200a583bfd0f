/* SPDX-License-Identifier: MIT-0
 *
 * Shelves: keeping blocks of spaces for their next use.
 */
#include "api/shelf.h"

#include "api/heap.h"
#include "books/options.h"
#include "map/room.h"
#include "space/chunk.h"

#if STRATA_SLABS

ST_STATIC_ASSERT(ST_SLAB_LIMIT == (size_t)1 << 10, "class 0 begins at the largest slab block");

/* All threads together keep at most a share of what is in use; each never less than a few blocks. While
 * that grows they keep less, and grow without that. */
#define SHELF_SHARE 16
#define SHELF_SHARE_IN_GROWTH 512
#define SHELF_GROWTH_STEP 256 /* of what is held: it has grown if it is so much more */
#define SHELF_ROOM_MIN (256 * ST_KIB) /* of all threads, */
#define SHELF_THREAD_MIN (64 * ST_KIB) /* and of each, */
#define SHELF_THREADS_MIN (8 * ST_MIB) /* but not of all together, if there are very many */

/* After so many misses of one size in turn, so many blocks at once, or as many as these bytes are. */
#define SHELF_FILL_AFTER 8
#define SHELF_FILL_MOST 8
#define SHELF_FILL_BYTES (64 * ST_KIB)

ST_DEFINE_DATA size_t st_shelf_range;

/* One number for both: what is right for requests is for chunks. */
#define SHELF_RANGE (ST_SHELF_LIMIT - ST_SLAB_LIMIT)
ST_STATIC_ASSERT(ST_SHELF_CHUNK_LEAST + SHELF_RANGE <= ST_SHELF_CHUNK_END &&
                     ST_SHELF_CHUNK_LEAST + SHELF_RANGE > ST_SHELF_CHUNK_END - ST_CHUNK_GRAIN,
                 "all chunks that have a class are in range, and no others");

void st_shelf_start(void) { st_shelf_range = SHELF_RANGE; }

static struct {
    ST_ATOMIC(size_t) granted; /* the sum of st_shelves.most; relaxed: a sum */
} shelf_state;

static void shelf_grant(st_shelves *shelves, size_t most)
{
    st_add_relaxed(&shelf_state.granted, most - shelves->most); /* relaxed: a sum. */
    shelves->most = most;
}

/* An equal part of what all may keep, as far as the others have not taken theirs, which may have been larger
 * when there were fewer threads; but a little in any case. */
static size_t shelf_most_in_all(const st_shelves *shelves)
{
    size_t threads = st_max(1, st_cache_threads());
    size_t all = st_max(SHELF_ROOM_MIN, st_room_used() / SHELF_SHARE);
    size_t others = st_load_relaxed(&shelf_state.granted) - shelves->most; /* relaxed: a sum. */
    size_t least = st_min(SHELF_THREAD_MIN, SHELF_THREADS_MIN / threads);
    return st_max(least, st_min(all / threads, all - st_min(others, all)));
}

void st_shelf_reset_all(void)
{
    const st_shelves *shelves = st_near.more;
    st_store_relaxed(&shelf_state.granted, shelves == NULL ? 0 : shelves->most); /* relaxed: one thread. */
}

static uint32_t shelf_most(size_t class_idx)
{
    size_t size = (8 + class_idx % 8) << (class_idx / 8 + 7);
    return (uint32_t)st_min(ST_SHELF_SLOTS, st_max(2, st_option(magazine_limit) * 2 / size));
}

bool st_shelf_keeps(const void *mem)
{
    if (!st_is_aligned(mem, ST_CHUNK_GRAIN)) return false;
    return *(const st_shelf_word *)mem == st_shelf_mark(mem);
}

/* What strata has to grow beyond before shelves give way. */
static size_t shelf_next_peak(void) { return st_room_peak() + st_room_held() / SHELF_GROWTH_STEP; }

/* The shelves of the calling thread, which gets them if it has none yet; NULL if it keeps nothing. */
static ST_COLD st_shelves *shelf_begin(void)
{
    st_cache *cache = st_cache_mine_to_free();
    if (cache == NULL || st_near.me == ST_CACHE_NOBODY) return NULL;
    if (st_near.more != NULL) return st_near.more;
    st_shelves *shelves = st_cache_room(sizeof(st_shelves));
    if (shelves == NULL) return NULL;
    for (size_t class_idx = 0; class_idx <= ST_SHELF_CLASSES; class_idx++)
        shelves->top[class_idx] = shelves->end[class_idx] = shelves->shelf[class_idx].slot;
    shelves->peak = shelf_next_peak();
    st_lock_take(&cache->depot.lock);
    cache->more = st_near.more = shelves;
    st_lock_drop(&cache->depot.lock);
    return shelves;
}

void *st_shelf_take_other(size_t req, size_t alignment)
{
    st_shelves *shelves = st_near.more;
    if (shelves == NULL) return NULL;
    size_t needed = req + ST_CHUNK_OVERHEAD;
    size_t class_idx = st_shelf_class_for(needed);
    shelves->was_empty[class_idx] = true;
    st_shelf_entry entry = *shelves->top[++class_idx];
    bool fits = st_shelf_fits(st_shelf_size(entry), needed);
    if (!fits || !st_is_aligned(st_shelf_address(entry), alignment)) return NULL;
    return st_shelf_take_newest(shelves, class_idx, entry);
}

/* Frees the `count` oldest blocks, with one lock for those of one space. */
static ST_COLD void shelf_put_back(st_shelves *shelves, size_t class_idx, size_t count)
{
    void *blocks[ST_SHELF_SLOTS];
    st_shelf_entry *slot = shelves->shelf[class_idx].slot;
    size_t all = st_shelf_count(shelves, class_idx);
    for (size_t i = 0; i < count; i++) {
        blocks[i] = st_shelf_address(slot[i + 1]);
        *(st_shelf_word *)blocks[i] = 0;
        shelves->kept -= st_shelf_size(slot[i + 1]);
    }
    for (size_t i = count; i < all; i++) st_store_shared(&slot[i + 1 - count], slot[i + 1]);
    st_store_shared(&shelves->top[class_idx], slot + all - count);
    st_heap_free_batch(blocks, count);
}

static bool shelf_is_at_end(const st_shelves *shelves, size_t class_idx)
{
    return shelves->top[class_idx] == shelves->end[class_idx];
}

/* It may be full because nobody wants what is on it, or because it is too small: that is what
 * was_empty tells. */
static void shelf_make_place(st_shelves *shelves, size_t class_idx)
{
    size_t count = st_shelf_count(shelves, class_idx);
    if (count == 0 || shelves->was_empty[class_idx]) {
        size_t most = st_min(shelf_most(class_idx), count * 2 + 2);
        shelves->end[class_idx] = shelves->shelf[class_idx].slot + st_max(most, count);
        shelves->was_empty[class_idx] = false;
        if (!shelf_is_at_end(shelves, class_idx)) return;
    }
    shelf_put_back(shelves, class_idx, (count + 1) / 2);
}

/* Classes give way in turn until at most `most` bytes are kept. */
static void shelf_shrink(st_shelves *shelves, size_t most)
{
    for (size_t tries = 0; tries < 2 * ST_SHELF_CLASSES && shelves->kept > most; tries++) {
        size_t class_idx = shelves->next;
        shelves->next = (class_idx + 1) % ST_SHELF_CLASSES;
        shelf_put_back(shelves, class_idx, (st_shelf_count(shelves, class_idx) + 1) / 2);
    }
}

/* All shelves together are full. */
static bool shelf_is_full(const st_shelves *shelves, size_t size)
{
    return shelves->kept + size > shelves->most;
}

/* All shelves together are full:
 * 1. The class at hand gives way, which has most of it if this happens often.
 * 2. If that was not enough, the others do in turn. */
static ST_COLD void shelf_make_room(st_shelves *shelves, size_t class_idx, size_t size)
{
    shelf_put_back(shelves, class_idx, (st_shelf_count(shelves, class_idx) + 1) / 2);
    if (shelf_is_full(shelves, size))
        shelf_shrink(shelves, shelves->most - st_min(size, shelves->most));
    /* One block in any case, unless there are very many threads. */
    if (shelves->kept == 0 && size > shelves->most && size <= SHELF_THREADS_MIN / st_max(1, st_cache_threads()))
        shelf_grant(shelves, size);
}

static ST_NOINLINE void shelf_give_way(st_shelves *shelves)
{
    shelves->peak = shelf_next_peak();
    shelf_shrink(shelves, st_room_held() / SHELF_SHARE_IN_GROWTH);
}

/* How many blocks of the chunk's size to take at once for this miss: 1 unless many like it came before. */
static size_t shelf_fill_count(st_shelves *shelves, size_t size)
{
    if (shelves->missed_size != size) {
        shelves->missed_size = size;
        shelves->missed_count = 0;
    }
    if (shelves->missed_count < SHELF_FILL_AFTER) {
        shelves->missed_count++;
        return 1;
    }
    return st_min(SHELF_FILL_MOST, SHELF_FILL_BYTES / size);
}

/* All but one go to their shelf, which has room for them, as far as that is allowed. The space has counted
 * all of them as handed out. */
static void *shelf_fill(st_shelves *shelves, size_t req)
{
    void *blocks[SHELF_FILL_MOST];
    size_t size = st_chunk_size_for(req);
    size_t class_idx = st_shelf_class(size);
    size_t left = shelf_most(class_idx) - st_min(st_shelf_count(shelves, class_idx), shelf_most(class_idx));
    size_t count = st_min(shelf_fill_count(shelves, size), left + 1);
    if (count <= 1) return NULL;
    st_shelf_entry *end = shelves->top[class_idx] + count - 1;
    if (shelves->end[class_idx] < end) shelves->end[class_idx] = end;
    count = st_heap_alloc_batch(req, blocks, count);
    for (size_t i = count; i > 1; i--) st_shelf_put_slow(blocks[i - 1], size);
    if (count == 0) return NULL;
    if (STRATA_STATS) st_store_shared(&st_near.allocations, st_near.allocations - (count - 1));
    return blocks[0];
}

static ST_COLD void *shelf_miss_in_company(size_t req)
{
    st_shelves *shelves = req <= ST_SHELF_LIMIT ? shelf_begin() : NULL;
    return shelves != NULL ? shelf_fill(shelves, req) : NULL;
}

void *st_shelf_miss(size_t req)
{
    const st_cache *cache = st_cache_mine(); /* who allocates gets one */
    if (cache == NULL) return NULL;
    st_shelves *shelves = st_near.more;
    if (shelves != NULL && st_room_peak() > shelves->peak) {
        shelf_give_way(shelves);
        return NULL;
    }
    return st_cache_threads() > 1 ? shelf_miss_in_company(req) : NULL;
}

/* What may be kept changes with what is in use.
 * Room on a shelf for a chunk of this size; false if it can't be kept. */
static bool shelf_make_ready(st_shelves *shelves, size_t class_idx, size_t size)
{
    shelf_grant(shelves, shelf_most_in_all(shelves));
    if (shelf_is_at_end(shelves, class_idx)) shelf_make_place(shelves, class_idx);
    if (shelf_is_full(shelves, size)) shelf_make_room(shelves, class_idx, size);
    return !shelf_is_at_end(shelves, class_idx) && !shelf_is_full(shelves, size);
}

void st_shelf_put_slow(void *mem, size_t size)
{
    /* First of all: another thread may keep it, and this one nothing. */
    if (*(st_shelf_word *)mem == st_shelf_mark(mem)) {
        st_misuse(st_misuse_double_free, mem);
        return;
    }
    st_shelves *shelves = shelf_begin();
    size_t class_idx = st_shelf_class(size);
    if (shelves == NULL || !shelf_make_ready(shelves, class_idx, size)) {
        st_heap_free(mem);
        return;
    }
    st_shelf_keep(shelves, class_idx, mem, size);
}

ST_COLD void st_shelf_flush(void)
{
    st_cache *cache = st_near.cache;
    if (cache == NULL || cache->more == NULL) return;
    st_shelves *shelves = st_near.more;
    for (size_t class_idx = 0; class_idx < ST_SHELF_CLASSES; class_idx++) {
        shelf_put_back(shelves, class_idx, st_shelf_count(shelves, class_idx));
        shelves->end[class_idx] = shelves->shelf[class_idx].slot;
    }
    shelf_grant(shelves, 0);
}

/* ---- look inside ---- */

/* The shelves of the cache of this number, or NULL. */
static const st_shelves *shelf_of(uint32_t number)
{
    st_cache *cache = st_cache_at(number);
    st_lock_take(&cache->depot.lock);
    const st_shelves *shelves = cache->near == NULL ? NULL : cache->more;
    st_lock_drop(&cache->depot.lock);
    return shelves;
}

ST_COLD bool st_shelf_has(const void *mem, size_t usable)
{
    size_t size = usable + ST_CHUNK_OVERHEAD;
    if (size - ST_SHELF_CHUNK_LEAST >= st_shelf_range) return false;
    for (uint32_t number = 1; st_cache_at(number) != NULL; number++) {
        const st_cache *cache = st_cache_at(number);
        if (cache->near == NULL || cache->more == NULL) continue;
        const st_shelves *shelves = cache->more;
        size_t class_idx = st_shelf_class(size);
        const st_shelf_entry *slot = shelves->shelf[class_idx].slot;
        for (size_t i = st_shelf_count(shelves, class_idx); i > 0; i--)
            if (st_shelf_address(st_load_shared(&slot[i])) == mem) return true;
    }
    return false;
}

ST_COLD void st_shelf_totals(size_t *kept, size_t *kept_count)
{
    *kept = *kept_count = 0;
    for (uint32_t number = 1; number <= st_cache_count(); number++) {
        const st_shelves *shelves = shelf_of(number);
        for (size_t class_idx = 0; shelves != NULL && class_idx < ST_SHELF_CLASSES; class_idx++) {
            const st_shelf_entry *slot = shelves->shelf[class_idx].slot;
            size_t count = st_shelf_count(shelves, class_idx);
            *kept_count += count;
            for (size_t i = count; i > 0; i--)
                *kept += st_shelf_size(st_load_shared(&slot[i]));
        }
    }
}

#endif
