/* SPDX-License-Identifier: MIT-0
 *
 * The slow half of the lock: spinning, sleeping, waking, and the check of ranks.
 */
#include "os/lock.h"

#if STRATA_THREADS

/* Rounds of spinning before sleeping. A critical section of the engine is some 50 to 200 ns, so
 * this covers one or two of them; past that the holder has probably lost its processor. */
enum { lock_spins = 100 };

ST_DEFINE_DATA ST_ATOMIC(uint32_t) st_lock_passing;

#if STRATA_DLOPEN < 2

static ST_THREAD_LOCAL bool lock_is_passing;

bool st_lock_passes(void)
{
    return lock_is_passing;
}

static void lock_set_passing(bool passes) { lock_is_passing = passes; }

#else

/* The last thread that began to pass. Two that do at once have each found memory broken, and end the
 * program: the first may then wait for a lock of its own. */
static ST_ATOMIC(size_t) lock_passing_thread;

bool st_lock_passes(void)
{
    /* relaxed: a thread sees its own number if it stored it. */
    return st_load_relaxed(&lock_passing_thread) == st_os_thread();
}

static void lock_set_passing(bool passes)
{
    /* relaxed: as above. */
    st_store_relaxed(&lock_passing_thread, passes ? st_os_thread() : 0);
}

#endif

void st_lock_pass_all(void)
{
    /* Before the start there is no thread-local storage, and nobody else. */
    if (!st_os_is_started() || st_lock_passes()) return;
    lock_set_passing(true);
    st_add_relaxed(&st_lock_passing, 1); /* relaxed: only this thread must see it. */
}

void st_lock_pass_none(void)
{
    if (!st_lock_passes()) return;
    lock_set_passing(false);
    st_add_relaxed(&st_lock_passing, (uint32_t)-1); /* relaxed: as above. */
}

void st_lock_wait(st_lock *lock)
{
    /* relaxed: a thread that passes has counted itself. */
    if (st_load_relaxed(&st_lock_passing) != 0 && st_lock_passes()) return;
    for (int round = 0; round < lock_spins; round++) {
        st_cpu_relax();
        uint32_t free_word = 0;
        /* relaxed: only a hint not to try; the attempt itself is ordered. */
        if (st_load_relaxed(&lock->word) != 0) continue;
        /* SYNC-1 acquire: what the last holder wrote under the lock is visible from here. */
        if (st_swap_if_acquire(&lock->word, &free_word, 1)) goto taken;
    }
    /* From here we always leave a 2, so that whoever drops the lock wakes somebody: perhaps in
     * vain, never too little.
     * SYNC-1 acquire: as above. */
    while (st_exchange_acquire(&lock->word, 2) != 0) st_os_wait(&lock->word, 2);
taken:
    if (STRATA_CHECK >= 2) st_lock_note_taken(lock);
}

void st_lock_take(st_lock *lock) ST_NO_LOCK_ANALYSIS { st_lock_enter(lock); }
void st_lock_drop(st_lock *lock) ST_NO_LOCK_ANALYSIS { st_lock_leave(lock); }

void st_lock_wake(st_lock *lock)
{
    st_os_wake(&lock->word);
}

#if STRATA_CHECK >= 2 && STRATA_DLOPEN < 2

static ST_THREAD_LOCAL uint64_t lock_held[st_lock_rank_end / 64]; /* a bit a rank */

static struct {
    bool is_watching; /* set once, at start */
} lock_state;

void st_lock_watch_ranks(void)
{
    lock_state.is_watching = true;
}

static bool lock_holds_at_least(uint32_t rank)
{
    for (uint32_t word_idx = rank / 64; word_idx < st_lock_rank_end / 64; word_idx++) {
        uint64_t mask = word_idx == rank / 64 ? ~UINT64_C(0) << rank % 64 : ~UINT64_C(0);
        if (lock_held[word_idx] & mask) return true;
    }
    return false;
}

void st_lock_note_taken(const st_lock *lock)
{
    /* A thread that passes takes what is left in any order: it drops nothing any more. */
    if (!lock_state.is_watching || lock->rank == 0 || lock_is_passing) return;
    ST_ASSERT(!lock_holds_at_least(lock->rank), "locks are taken in ascending rank");
    lock_held[lock->rank / 64] |= UINT64_C(1) << lock->rank % 64;
}

bool st_lock_holds(uint32_t first, uint32_t end)
{
    for (uint32_t rank = first; rank < end; rank++)
        if (lock_held[rank / 64] >> rank % 64 & 1) return true;
    return false;
}

void st_lock_note_dropped(const st_lock *lock)
{
    if (!lock_state.is_watching || lock->rank == 0) return;
    lock_held[lock->rank / 64] &= ~(UINT64_C(1) << lock->rank % 64);
}

#else

void st_lock_watch_ranks(void) {}
void st_lock_note_taken(const st_lock *lock) { (void)lock; }
void st_lock_note_dropped(const st_lock *lock) { (void)lock; }
bool st_lock_holds(uint32_t first, uint32_t end)
{
    (void)first;
    (void)end;
    return false;
}

#endif
#endif
