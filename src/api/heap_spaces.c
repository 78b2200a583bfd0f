/* SPDX-License-Identifier: MIT-0
 *
 * The spaces of the process's heap: they begin, threads are spread over them, they give memory back when there
 * is too much; and all locks around a fork.
 */
#include "api/heap_spaces.h"

#include "books/options.h"
#include "books/report.h"
#include "map/direct.h"
#include "map/room.h"
#include "slab/cache.h"

ST_DEFINE_DATA heap_spaces st_heap_spaces; /* all zero: the spaces' pages are touched as they are used */

ST_DEFINE_DATA size_t st_heap_secret;

/* ---- preparation ---- */

/* The program's own handler of the signal may run, with our locks held. */
static ST_COLD void heap_stop(void)
{
    st_lock_pass_all();
    st_os_stop();
}

static ST_COLD void heap_write(const char *text, size_t size)
{
    st_os_write(2, text, size);
}

#if STRATA_PAGEMAP && STRATA_RETURN
/* Somebody else is about to hold more than ever: spaces that nobody is in give back what they have free. */
static ST_COLD void heap_make_room(size_t size)
{
    size_t done = 0;
    for (unsigned idx = 0; idx < st_heap_space_count() && done < size; idx++) {
        st_space *space = heap_space(idx);
        if (!st_lock_try(&space->lock)) continue;
        done += st_space_make_room(space, size - done);
        st_lock_drop(&space->lock);
    }
}
#endif

#if STRATA_PAGEMAP && STRATA_RETURN
/* Smaller chunks are not worth a call of the host, but in a fall that is deep. */
#define HEAP_PURGE_MIN (64 * ST_KIB)
#define HEAP_PURGE_MIN_DEEP (8 * ST_KIB)

/* Too much is dirty. What takes the fewest calls of the host goes first: mappings, slices, the largest chunks
 * of each space, pages of slabs. No lock is held, so each is waited for. */
static ST_COLD size_t heap_give_back(size_t size, bool is_deep)
{
    size_t done = st_direct_shrink(size);
#if STRATA_SLABS
    if (done < size) done += st_slices_shrink(size - done);
#endif
    for (unsigned idx = 0; idx < st_heap_space_count() && done < size; idx++) {
        st_space *space = heap_space(idx);
        st_lock_take(&space->lock);
        done += st_space_purge(space, size - done, is_deep ? HEAP_PURGE_MIN_DEEP : HEAP_PURGE_MIN);
        st_lock_drop(&space->lock);
    }
#if STRATA_SLABS
    if (done < size && is_deep) done += st_cache_purge(size - done);
    if (done < size && is_deep) done += st_slices_shrink(size - done); /* slabs that were empty */
#endif
    return done;
}
#endif

ST_COLD void st_heap_prepare(void)
{
    st_lock_take(&st_heap_spaces.init_lock);
    /* relaxed: written only under this lock. */
    if (st_load_relaxed(&st_heap_spaces.count) == 0) {
        st_heap_spaces.init_lock.rank = st_lock_rank_init;
        st_base_hook.write = heap_write;
        st_base_hook.stop = heap_stop;
#if STRATA_PAGEMAP && STRATA_RETURN
        st_room_hook = heap_make_room;
        st_room_settle_hook = heap_give_back;
#endif
        st_heap_secret = st_os_entropy();
        st_space_init(heap_space(0), 0, st_heap_secret);
        /* SYNC-3 release: the space is ready before it is counted. */
        st_store_release(&st_heap_spaces.count, 1);
    }
    st_lock_drop(&st_heap_spaces.init_lock);
}

unsigned st_heap_space_count(void)
{
    /* SYNC-3 acquire: a space that is counted is ready. */
    return st_load_acquire(&st_heap_spaces.count);
}

st_space *st_heap_space(unsigned idx)
{
    return heap_space(idx);
}

/* ---- which space ---- */

#if STRATA_SPACES_MAX > 1

ST_DEFINE_THREAD_DATA uint32_t st_heap_home;

/* Starts another space and returns it locked, or NULL if there are as many as may be. */
static st_space *heap_start_space(void) ST_NO_LOCK_ANALYSIS
{
    st_space *space = NULL;
    st_lock_take(&st_heap_spaces.init_lock);
    uint32_t count = st_load_relaxed(&st_heap_spaces.count); /* relaxed: under the lock. */
    if (count > 0 && count < st_option(spaces)) {
        space = heap_space(count);
        st_space_init(space, count, st_heap_secret);
        st_lock_take(&space->lock);
        st_heap_home = count;
        /* SYNC-3 release: the space is ready before it is counted. */
        st_store_release(&st_heap_spaces.count, count + 1);
    }
    st_lock_drop(&st_heap_spaces.init_lock);
    return space;
}

/* Tries before a thread leaves its home: most critical sections are over sooner, and a thread
 * that stays keeps its memory together. */
enum { heap_patience = 8 };

/* The home space is taken by another thread:
 * 1. We try again for a moment.
 * 2. Another space that is free serves us this time. It becomes our home only if ours has another
 *    resident: somebody who merely frees there what we gave him would follow us wherever we went,
 *    and each space that we leave keeps the memory it needed at its worst.
 * 3. Two threads share this home, and all others are taken: a new space becomes ours.
 * 4. There is none: we wait for ours. */
ST_COLD st_space *st_heap_move(void) ST_NO_LOCK_ANALYSIS
{
    st_space *home = heap_space(st_heap_home);
    /* relaxed: a thread that passes has counted itself. It stays here: it holds all there is. */
    if (st_load_relaxed(&st_lock_passing) != 0 && st_lock_passes()) return home;
    for (int tries = 0; tries < heap_patience; tries++) {
        st_cpu_relax();
        if (st_lock_try(&home->lock)) return home;
    }
    /* relaxed: a hint; at worst we move, or stay, once too often. */
    bool is_ours = st_load_relaxed(&st_heap_spaces.slot[st_heap_home].resident) == &st_heap_home;
    uint32_t count = st_heap_space_count();
    for (uint32_t step = 1; step < count; step++) {
        uint32_t idx = (st_heap_home + step) % count;
        if (!st_lock_try(&heap_space(idx)->lock)) continue;
        if (!is_ours) st_heap_home = idx;
        return heap_space(idx);
    }
    st_space *space = is_ours ? NULL : heap_start_space();
    if (space != NULL) return space;
    st_lock_take(&home->lock);
    return home;
}

#endif

ST_COLD void st_heap_leave_with_news(st_space *space)
{
    size_t less = st_space_tell(space);
    st_lock_drop(&space->lock);
    if (less != 0) st_room_settle(less);
}

/* ---- other heaps ---- */

#if STRATA_HEAPS
static ST_ATOMIC(const st_heap_others *) heap_others; /* written under init_lock; NULL: there are no heaps */

void st_heap_set_others(const st_heap_others *others)
{
    st_lock_take(&st_heap_spaces.init_lock);
    st_store_relaxed(&heap_others, others); /* relaxed: what it points to never changes. */
    st_lock_drop(&st_heap_spaces.init_lock);
}

const st_heap_others *st_heap_others_now(void)
{
    return st_load_relaxed(&heap_others); /* relaxed: as above. */
}

#endif

/* ---- all locks ---- */

ST_COLD void st_heap_lock_all(void) ST_NO_LOCK_ANALYSIS
{
    st_lock_take(&st_heap_spaces.init_lock);
#if STRATA_HEAPS
    const st_heap_others *others = st_heap_others_now();
    if (others != NULL) others->lock_all();
#endif
#if STRATA_SLABS
    st_cache_lock_all();
#endif
    for (unsigned idx = 0; idx < st_heap_space_count(); idx++)
        st_lock_take(&heap_space(idx)->lock);
    st_room_lock();
#if STRATA_SLABS
    st_slices_lock();
#endif
#if STRATA_PAGEMAP
    st_direct_lock();
    st_pagemap_lock();
#endif
}

ST_COLD void st_heap_unlock_all(void) ST_NO_LOCK_ANALYSIS
{
#if STRATA_PAGEMAP
    st_pagemap_unlock();
    st_direct_unlock();
#endif
#if STRATA_SLABS
    st_slices_unlock();
#endif
    st_room_unlock();
    for (unsigned idx = st_heap_space_count(); idx-- > 0;)
        st_lock_drop(&heap_space(idx)->lock);
#if STRATA_SLABS
    st_cache_unlock_all();
#endif
#if STRATA_HEAPS
    const st_heap_others *others = st_heap_others_now();
    if (others != NULL) others->unlock_all();
#endif
    st_lock_drop(&st_heap_spaces.init_lock);
}

ST_COLD void st_heap_reset_locks(void)
{
#if STRATA_PAGEMAP
    st_pagemap_reset_lock();
    st_direct_reset_lock();
#endif
#if STRATA_SLABS
    st_slices_reset_lock();
#endif
    st_room_reset_lock();
    for (unsigned idx = 0; idx < STRATA_SPACES_MAX; idx++)
        st_lock_reset(&heap_space(idx)->lock);
#if STRATA_SLABS
    st_cache_reset_all();
#endif
#if STRATA_HEAPS
    const st_heap_others *others = st_heap_others_now();
    if (others != NULL) others->reset_locks();
#endif
    st_lock_reset(&st_heap_spaces.init_lock);
}
