/* SPDX-License-Identifier: MIT-0
 *
 * The only lock in strata: spins for a moment, then sleeps in the host. All zero is unlocked.
 *
 *   word 0: free    1: taken    2: taken, and somebody may be sleeping
 *
 * Locks are taken in ascending rank, whatever the path; STRATA_CHECK >= 2 asserts it. While a
 * process has one thread, taking and dropping cost no atomic read-modify-write.
 */
#ifndef ST_LOCK_H
#define ST_LOCK_H

#include "os/os.h"

/* In the order in which they may be taken, one inside the other; fork takes them so, too. */
enum {
    st_lock_rank_init = 1,
    st_lock_rank_heaps = 2,  /* the list of heaps; then each heap, by its number: before all else, as the */
    st_lock_rank_heap = 3,   /* functions that give a heap its pages may use the rest of strata */
    st_lock_rank_caches = 4, /* the list of caches; then each cache, by its number */
    st_lock_rank_cache = 5,  /* two caches' locks are held together only around a fork */
    st_lock_rank_space = 8,  /* the n-th space has st_lock_rank_space + n */
    st_lock_rank_room = 93,
    st_lock_rank_slices_grow = 94,
    st_lock_rank_slices = 95,
    st_lock_rank_direct = 96,
    st_lock_rank_pagemap = 97,
    st_lock_rank_end = 128
};
ST_STATIC_ASSERT(st_lock_rank_space + STRATA_SPACES_MAX <= st_lock_rank_room,
                 "every space has a rank below what it calls");

#if STRATA_THREADS

typedef struct ST_CAPABILITY st_lock {
    ST_ATOMIC(uint32_t) word; /* see above; any thread */
    uint32_t rank;            /* set once, before the second thread; 0: not checked */
} st_lock;

/* Out of line: what to do when the lock is taken, or must wake somebody. */
ST_INTERNAL ST_NOINLINE void st_lock_wait(st_lock *lock);
ST_INTERNAL ST_NOINLINE void st_lock_wake(st_lock *lock);
/* Rank bookkeeping of the calling thread, at STRATA_CHECK >= 2. */
ST_INTERNAL void st_lock_note_taken(const st_lock *lock);
ST_INTERNAL void st_lock_note_dropped(const st_lock *lock);
/* The calling thread holds every lock it could want, or is about to end the process: from here on
 * it goes through all of them, taken or not, and drops none. For code of the program that runs
 * while locks are held: fork handlers, and handlers of the signal that stops us. */
ST_INTERNAL void st_lock_pass_all(void);
/* Locks work as usual again for the calling thread. */
ST_INTERNAL void st_lock_pass_none(void);
ST_INTERNAL bool st_lock_passes(void);
/* How many threads pass: nearly always 0, so that asking costs one load of a line that nobody
 * writes. */
ST_DECLARE_DATA ST_ATOMIC(uint32_t) st_lock_passing;

/* True if the thread holds a lock with a rank in [first, end). At STRATA_CHECK >= 2; else never. */
ST_INTERNAL bool st_lock_holds(uint32_t first, uint32_t end);

/* From now on ranks are checked: thread-local storage works. */
ST_INTERNAL void st_lock_watch_ranks(void);

ST_ALWAYS_INLINE bool st_lock_try(st_lock *lock) ST_TRY_ACQUIRES(*lock) ST_NO_LOCK_ANALYSIS
{
    /* relaxed: with one thread there is nobody to be ordered against. */
    if (st_os_is_single_threaded() && st_load_relaxed(&lock->word) == 0) {
        st_store_relaxed(&lock->word, 1); /* relaxed: as above */
    } else {
        uint32_t free_word = 0;
        /* SYNC-1 acquire: what the last holder wrote under the lock is visible from here. */
        if (!st_swap_if_acquire(&lock->word, &free_word, 1)) return false;
    }
    if (STRATA_CHECK >= 2) st_lock_note_taken(lock);
    return true;
}

/* Takes the lock, and drops it. */
ST_INTERNAL ST_NOINLINE void st_lock_take(st_lock *lock) ST_ACQUIRES(*lock);
ST_INTERNAL ST_NOINLINE void st_lock_drop(st_lock *lock) ST_RELEASES(*lock);

/* The same without a call, and with more code: where every block passes. */
ST_ALWAYS_INLINE void st_lock_enter(st_lock *lock) ST_ACQUIRES(*lock) ST_NO_LOCK_ANALYSIS
{
    if (ST_UNLIKELY(!st_lock_try(lock))) st_lock_wait(lock);
}
ST_ALWAYS_INLINE void st_lock_leave(st_lock *lock) ST_RELEASES(*lock) ST_NO_LOCK_ANALYSIS
{
    /* relaxed: a thread that passes has counted itself. */
    if (ST_UNLIKELY(st_load_relaxed(&st_lock_passing) != 0) && st_lock_passes()) return;
    if (STRATA_CHECK >= 2) st_lock_note_dropped(lock);
    /* relaxed: with one thread there is nobody to be ordered against. */
    if (st_os_is_single_threaded()) {
        st_store_relaxed(&lock->word, 0); /* relaxed: as above */
        return;
    }
    /* SYNC-1 release: what we wrote under the lock is visible to whoever takes it next. */
    if (ST_UNLIKELY(st_exchange_release(&lock->word, 0) == 2)) st_lock_wake(lock);
}

/* Makes the lock free whoever holds it: only for the child of a fork, which has one thread. */
ST_INLINE void st_lock_reset(st_lock *lock)
{
    if (STRATA_CHECK >= 2) st_lock_note_dropped(lock);
    st_store_relaxed(&lock->word, 0); /* relaxed: the child has one thread. */
}

#else

typedef struct ST_CAPABILITY st_lock {
    uint32_t rank;
} st_lock;

ST_ALWAYS_INLINE bool st_lock_try(st_lock *lock) ST_TRY_ACQUIRES(*lock) ST_NO_LOCK_ANALYSIS
{
    (void)lock;
    return true;
}
ST_ALWAYS_INLINE void st_lock_take(st_lock *lock) ST_ACQUIRES(*lock) ST_NO_LOCK_ANALYSIS
{
    (void)lock;
}
ST_ALWAYS_INLINE void st_lock_drop(st_lock *lock) ST_RELEASES(*lock) ST_NO_LOCK_ANALYSIS
{
    (void)lock;
}
ST_ALWAYS_INLINE void st_lock_enter(st_lock *lock) ST_ACQUIRES(*lock) ST_NO_LOCK_ANALYSIS
{
    (void)lock;
}
ST_ALWAYS_INLINE void st_lock_leave(st_lock *lock) ST_RELEASES(*lock) ST_NO_LOCK_ANALYSIS
{
    (void)lock;
}
ST_INLINE void st_lock_reset(st_lock *lock) { (void)lock; }
ST_INLINE void st_lock_pass_all(void) {}
ST_INLINE void st_lock_pass_none(void) {}
ST_INLINE bool st_lock_passes(void) { return false; }
ST_INLINE void st_lock_watch_ranks(void) {}
ST_INLINE bool st_lock_holds(uint32_t first, uint32_t end)
{
    (void)first;
    (void)end;
    return false;
}
ST_INLINE void st_lock_note_taken(const st_lock *lock) { (void)lock; }
ST_INLINE void st_lock_note_dropped(const st_lock *lock) { (void)lock; }

#endif
#endif
