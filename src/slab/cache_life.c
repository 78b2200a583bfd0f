/* SPDX-License-Identifier: MIT-0
 *
 * The life of caches: taken by a thread at its first small request, given back when it ends, taken
 * again by a later thread. Records are never given back to the host, so whoever has the number of a
 * cache can always lock it.
 */
#include "books/options.h"
#include "map/footprint.h"
#include "map/room.h"
#include "slab/cache.h"

#if STRATA_SLABS

/* The magazine of a class that has none: empty, and at the end of its group. */
static _Alignas(ST_CACHE_GROUP * 8) st_cache_slot life_nothing[ST_CACHE_GROUP];
#define LIFE_NOTHING (&life_nothing[ST_CACHE_GROUP - 1])
#define LIFE_NOTHING_8                                                                         \
    LIFE_NOTHING, LIFE_NOTHING, LIFE_NOTHING, LIFE_NOTHING, LIFE_NOTHING, LIFE_NOTHING,        \
        LIFE_NOTHING, LIFE_NOTHING

ST_DEFINE_THREAD_DATA st_cache_near st_near = {
    .me = ST_CACHE_NOBODY,
    .top = {LIFE_NOTHING, LIFE_NOTHING_8, LIFE_NOTHING_8, LIFE_NOTHING_8, LIFE_NOTHING_8,
            LIFE_NOTHING_8, LIFE_NOTHING_8, LIFE_NOTHING_8, LIFE_NOTHING_8}};

ST_DEFINE_DATA size_t st_cache_limit;
ST_DEFINE_DATA uint8_t st_cache_lone_frees;

#define LIFE_PURGE_STEP (128 * ST_KIB) /* purged at once, under a lock */
#define LIFE_CACHES_MAX (1u << 16) /* threads beyond that do without */

static struct {
    st_lock lock;     /* guards all below */
    char *room;       /* what is left of the memory taken last */
    char *room_end;
    size_t room_size; /* taken in all */
    st_cache *spare;  /* caches that nobody has, the newest first */
    uint32_t count;
    ST_ATOMIC(uint32_t) purge_next; /* the cache whose slabs were purged last; relaxed: a hint */
    ST_ATOMIC(size_t) room_taken; /* of caches that somebody has, st_cache.room; relaxed: a sum */
    ST_ATOMIC(uint32_t) threads; /* that have a cache; read without the lock, relaxed: a guess */
    st_cache *cache[LIFE_CACHES_MAX]; /* by number, from 1; written before the number is used */
} life_state; /* all zero, so that it takes no room in the file */

/* ---- room ---- */

#define LIFE_ROOM_STEP ST_GRANULE
#define LIFE_ROOM_GRAIN (ST_CACHE_GROUP * 8)

static void *life_take_memory(size_t size)
{
    if (!st_footprint_take(size)) return NULL;
    void *mem = st_os_map(size, LIFE_ROOM_STEP);
    if (mem == NULL) st_footprint_refuse(size);
    return mem;
}

static void *life_room(size_t size)
{
    size = st_round_up(size, LIFE_ROOM_GRAIN);
    if (st_distance(life_state.room, life_state.room_end) < size) {
        size_t step = st_max(LIFE_ROOM_STEP, st_round_up(size, LIFE_ROOM_STEP));
        char *room = life_take_memory(step);
        if (room == NULL) return NULL;
        life_state.room = room;
        life_state.room_end = room + step;
        life_state.room_size += step;
    }
    void *mem = life_state.room;
    life_state.room += size;
    return mem;
}

void *st_cache_room(size_t size)
{
    st_lock_take(&life_state.lock);
    void *mem = life_room(size);
    st_lock_drop(&life_state.lock);
    return mem;
}

size_t st_cache_room_size(void)
{
    st_lock_take(&life_state.lock);
    size_t size = life_state.room_size;
    st_lock_drop(&life_state.lock);
    return size;
}

st_cache *st_cache_at(uint32_t number) { return life_state.cache[number]; }

uint32_t st_cache_count(void)
{
    st_lock_take(&life_state.lock);
    uint32_t count = life_state.count;
    st_lock_drop(&life_state.lock);
    return count;
}

uint32_t st_cache_threads(void)
{
    return st_load_relaxed(&life_state.threads); /* relaxed: a guess. */
}

/* ---- what magazines may hold ---- */

#define LIFE_HOLD_MIN (12 * ST_MIB)
#define LIFE_HOLD_SHARE 32

static void life_count_room(size_t size)
{
    st_add_relaxed(&life_state.room_taken, size); /* relaxed: a sum. */
}

bool st_cache_may_hold(st_cache *cache, size_t size)
{
    size_t limit = st_max(LIFE_HOLD_MIN, st_room_held() / LIFE_HOLD_SHARE);
    /* relaxed: several threads may pass the limit at once, by a magazine each. */
    if (st_load_relaxed(&life_state.room_taken) + size > limit) return false;
    cache->room += size;
    life_count_room(size);
    return true;
}

/* ---- begin ---- */

static st_cache *life_new(void)
{
    if (life_state.count + 1 >= LIFE_CACHES_MAX) return NULL;
    st_cache *cache = life_room(sizeof *cache);
    if (cache == NULL) return NULL;
    cache->depot.number = ++life_state.count;
#if STRATA_THREADS
    cache->depot.lock.rank = st_lock_rank_cache;
#endif
    life_state.cache[cache->depot.number] = cache;
    return cache;
}

static st_cache *life_take(void)
{
    st_lock_take(&life_state.lock);
    st_cache *cache = life_state.spare;
    if (cache != NULL) {
        life_state.spare = cache->next;
    } else {
        cache = life_new();
    }
    if (cache != NULL) {
        st_add_relaxed(&life_state.threads, 1); /* relaxed: a guess for others. */
        life_count_room(cache->room);
    }
    st_lock_drop(&life_state.lock);
    return cache;
}

static void life_give(st_cache *cache)
{
    st_lock_take(&life_state.lock);
    cache->next = life_state.spare;
    life_state.spare = cache;
    st_add_relaxed(&life_state.threads, (uint32_t)-1); /* relaxed: a guess for others. */
    life_count_room((size_t)0 - cache->room);
    st_lock_drop(&life_state.lock);
}

/* A thread that keeps nothing has an owner word that matches no slab: all its calls go the slow
 * ways. */
static void life_set_owner(st_cache *cache)
{
    st_near.me = st_option(magazine_limit) != 0 ? cache->depot.number << 8 : ST_CACHE_NOBODY;
}

static void life_set_tops(const st_cache *cache)
{
    for (size_t class_idx = 1; class_idx <= ST_SLAB_CLASSES; class_idx++) {
        st_cache_slot *slots = cache == NULL ? NULL : cache->magazine[class_idx].slots;
        st_store_shared(&st_near.top[class_idx], slots == NULL ? LIFE_NOTHING : slots);
    }
}

/* The thread has its cache before the host is asked to tell us of its end: that may allocate. */
static ST_COLD st_cache *life_begin(void)
{
    if (!st_os_is_started() || st_near.is_closed) return NULL;
    st_cache *cache = life_take();
    if (cache == NULL) return NULL;
    st_lock_take(&cache->depot.lock);
    life_set_tops(cache);
    st_near.cache = cache;
    st_near.more = cache->more;
    life_set_owner(cache);
    cache->near = &st_near;
    st_lock_drop(&cache->depot.lock);
    if (!st_os_watch_thread()) {
        st_cache_close();
        return NULL;
    }
    return cache;
}

st_cache *st_cache_mine(void)
{
    st_cache *cache = st_near.cache;
    return ST_LIKELY(cache != NULL) ? cache : life_begin();
}

st_cache *st_cache_mine_to_free(void)
{
    if (st_near.cache != NULL || st_near.lone_frees == st_cache_lone_frees) return st_cache_mine();
    st_near.lone_frees++;
    return NULL;
}

void st_cache_start(void)
{
#if STRATA_THREADS
    life_state.lock.rank = st_lock_rank_caches;
#endif
    if (st_slices_start()) st_cache_limit = ST_SLAB_LIMIT + 1;
}

/* ---- end ---- */

ST_COLD void st_cache_close(void)
{
    st_cache *cache = st_near.cache;
    st_near.is_closed = true;
    if (cache == NULL) return;
    st_cache_flush();
    st_lock_take(&cache->depot.lock);
    st_slab_leave(&cache->depot);
    cache->near = NULL;
    cache->allocations += st_near.allocations;
    size_t less = st_slab_tell(&cache->depot);
    st_lock_drop(&cache->depot.lock);
    st_room_settle(less);
    st_store_shared(&st_near.allocations, 0);
    st_near.cache = NULL;
    st_near.more = NULL;
    st_near.me = ST_CACHE_NOBODY;
    life_set_tops(NULL);
    life_give(cache);
}

void st_cache_take_options(void)
{
    st_cache *cache = st_near.cache;
    if (cache == NULL) return;
    st_cache_flush();
    life_set_owner(cache);
}

ST_COLD bool st_cache_trim(void)
{
    size_t done = 0;
    st_cache_flush();
    for (uint32_t number = 1; number <= st_cache_count(); number++) {
        st_depot *depot = &st_cache_at(number)->depot;
        st_lock_take(&depot->lock);
        st_slab_trim(depot);
        done += st_slab_purge(depot, SIZE_MAX);
        st_slab_tell(depot);
        st_lock_drop(&depot->lock);
    }
    return done != 0;
}

/* Each in turn, another one first each time; one lock is held for no longer than a few slabs take. */
size_t st_cache_purge(size_t size)
{
    size_t done = 0;
    uint32_t count = st_cache_count();
    for (uint32_t tries = 0; tries < count && done < size; tries++) {
        /* relaxed: wherever another thread begins. */
        uint32_t number = st_load_relaxed(&life_state.purge_next) % count + 1;
        st_depot *depot = &st_cache_at(number)->depot;
        size_t step = 0;
        do {
            st_lock_take(&depot->lock);
            step = st_slab_purge(depot, st_min(size - done, LIFE_PURGE_STEP));
            st_lock_drop(&depot->lock);
            done += step;
        } while (step != 0 && done < size);
        if (done < size) st_store_relaxed(&life_state.purge_next, number); /* relaxed: as above. */
    }
    return done;
}

/* ---- fork ---- */

/* All depots have one rank, as nobody else ever holds two: so each is struck off the ranks that are
 * held before the next one is taken. */
ST_COLD void st_cache_lock_all(void) ST_NO_LOCK_ANALYSIS
{
    st_lock_take(&life_state.lock);
    for (uint32_t number = 1; number <= life_state.count; number++) {
        st_lock *lock = &life_state.cache[number]->depot.lock;
        st_lock_take(lock);
        if (STRATA_CHECK >= 2) st_lock_note_dropped(lock);
    }
}

ST_COLD void st_cache_unlock_all(void) ST_NO_LOCK_ANALYSIS
{
    for (uint32_t number = life_state.count; number > 0; number--)
        st_lock_drop(&life_state.cache[number]->depot.lock);
    st_lock_drop(&life_state.lock);
}

ST_COLD void st_cache_reset_all(void)
{
    for (uint32_t number = 1; number <= life_state.count; number++) {
        st_cache *cache = life_state.cache[number];
        st_lock_reset(&cache->depot.lock);
        if (cache->near == NULL || cache == st_near.cache) continue;
        cache->near = NULL;
        cache->more = NULL;
        st_store_shared(&cache->remote_count, 0);
        cache->next = life_state.spare;
        life_state.spare = cache;
        st_add_relaxed(&life_state.threads, (uint32_t)-1); /* relaxed: a guess for others. */
        life_count_room((size_t)0 - cache->room);
    }
    st_lock_reset(&life_state.lock);
}

#endif
