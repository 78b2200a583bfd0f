/* SPDX-License-Identifier: MIT-0
 *
 * Which space serves a thread: the spaces of the process's heap, how a thread enters and leaves one, and all
 * locks around a fork. heap.h says how threads are spread; heap_spaces.c does it, and makes the heap ready.
 */
#ifndef ST_HEAP_SPACES_H
#define ST_HEAP_SPACES_H

#include "api/heap.h"
#include "space/space_now.h"
#include "space/space_quick.h"

/* Each space has its cache lines to itself, so that threads in different ones don't disturb each
 * other. */
typedef struct heap_slot {
    _Alignas(STRATA_THREADS ? 64 : sizeof(void *)) st_space space;
    /* The thread that last allocated here, as the address of its st_heap_home; it may be gone.
     * Written and read by any thread, relaxed: a hint. */
    ST_ATOMIC(const void *) resident;
} heap_slot;

typedef struct heap_spaces {
    heap_slot slot[STRATA_SPACES_MAX];
    st_lock init_lock;               /* guards the next one being changed */
    ST_ATOMIC(uint32_t) count; /* spaces in use; 0 until prepared */
} heap_spaces;

ST_DECLARE_DATA heap_spaces st_heap_spaces;

ST_ALWAYS_INLINE st_space *heap_space(uint32_t idx)
{
    st_space *space = &st_heap_spaces.slot[idx].space;
    if (STRATA_SPACES_MAX == 1) ST_FORGET(space);
    ST_ASSUME(space != NULL);
    return space;
}

ST_ALWAYS_INLINE void heap_ensure_prepared(void)
{
    /* SYNC-3 acquire: whoever sees a space counted sees it ready. */
    if (ST_UNLIKELY(st_load_acquire(&st_heap_spaces.count) == 0)) st_heap_prepare();
}

/* ---- enter ---- */

#if STRATA_SPACES_MAX > 1

ST_DECLARE_THREAD_DATA uint32_t st_heap_home; /* the space this thread last used */

/* This thread's home is taken: a space for it, locked. */
ST_INTERNAL st_space *st_heap_move(void);

/* A space for this thread, locked. */
ST_ALWAYS_INLINE st_space *heap_enter(void) ST_NO_LOCK_ANALYSIS
{
    if (ST_UNLIKELY(!st_os_is_started())) {
        st_lock_enter(&heap_space(0)->lock);
        return heap_space(0);
    }
    st_space *space = heap_space(st_heap_home);
    if (ST_UNLIKELY(!st_lock_try(&space->lock))) space = st_heap_move();
    /* relaxed: a hint. */
    st_store_relaxed(&st_heap_spaces.slot[st_heap_home].resident, &st_heap_home);
    return space;
}

#else

ST_ALWAYS_INLINE st_space *heap_enter(void) ST_NO_LOCK_ANALYSIS
{
    st_lock_enter(&heap_space(0)->lock);
    return heap_space(0);
}

#endif

/* ---- leave ---- */

/* Perhaps memory goes back, without the lock. */
ST_INTERNAL void st_heap_leave_with_news(st_space *space) ST_RELEASES(space->lock);

ST_ALWAYS_INLINE void heap_leave(st_space *space) ST_RELEASES(space->lock)
{
    if (ST_UNLIKELY(st_space_has_news(space))) {
        st_heap_leave_with_news(space);
        return;
    }
    st_heap_prove(space);
    st_lock_leave(&space->lock);
}

#endif
