/* SPDX-License-Identifier: MIT-0
 *
 * Memory by a function like sbrk, by functions like mmap and munmap, or both, as dlmalloc takes it: the
 * options MORECORE, MMAP and so on say which (base/dl_options.h).
 *
 * What such functions give is rarely aligned as strata wants it, and sbrk takes nothing back but its end.
 * So what is cut off, or comes back too early, goes into a pool of free ranges (os_morecore_pool.c), and is
 * given out from there first. Reserved memory is committed from the start, and zero.
 *
 * Everything happens under one lock, MORECORE too. It may move by the hands of others between our calls:
 * what is not adjoining is used all the same.
 *
 * Proved by test/options/options.py, which compiles it with each option and runs what comes of it.
 */
#include "os/os_morecore.h"

#if STRATA_HOST_MORECORE

#ifndef LACKS_UNISTD_H
#include <unistd.h>
#endif
#if ST_DL_HAVE_MMAP && !defined(LACKS_SYS_MMAN_H)
#include <sys/mman.h>
#endif
#if STRATA_THREADS && !defined(LACKS_UNISTD_H)
#include <pthread.h>
#endif
#if defined(__linux__) && !defined(LACKS_UNISTD_H)
#include <sys/syscall.h>
#endif

#include "base/bits.h"
#include "os/lock.h"
#include "os/os_morecore_pool.h"

/* ---- what the options leave open ---- */

#if ST_DL_HAVE_MORECORE && !defined(MORECORE)
#define MORECORE sbrk
#endif
#if defined(UNSIGNED_MORECORE) && UNSIGNED_MORECORE + 0
typedef size_t morecore_step;
#define MORECORE_STEP_MAX SIZE_MAX
#else
typedef intptr_t morecore_step;
#define MORECORE_STEP_MAX (SIZE_MAX / 2)
#endif

/* mremap of the system is for mappings of the system. */
#if ST_DL_HAVE_MMAP && !defined(MMAP)
#define MMAP(size) mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0)
#define MUNMAP(addr, size) munmap(addr, size)
#define MORECORE_IS_SYSTEM 1
#endif
#if defined(MORECORE_IS_SYSTEM) && !defined(MREMAP) && ST_DL_HAVE_MREMAP && defined(SYS_mremap)
#define MREMAP(addr, old_size, new_size, may_move)                                                           \
    (void *)syscall(SYS_mremap, addr, old_size, new_size, (long)(may_move), 0L)
#endif
#if ST_DL_HAVE_MMAP && !defined(DIRECT_MMAP)
#define DIRECT_MMAP(size) MMAP(size)
#endif

/* Ranges of ours up to a few pages are records. */
#define MORECORE_RECORD_MAX (4 * ST_MORECORE_PAGE_MAX)

/* ---- state ---- */

static struct {
    st_lock lock; /* guards all below; no rank, as anybody may call the host */
    st_morecore_pool pool;
    char *lowest; /* what MORECORE gave lies in [lowest, highest) */
    char *highest;
    void (*fork_prepare)(void);
    void (*fork_parent)(void);
    void (*fork_child)(void);
} morecore_state;

ST_DEFINE_THREAD_DATA const void *st_os_morecore_heap;

/* ---- MORECORE: the lock is held ---- */

/* NULL for failure. */
static char *morecore_call(morecore_step step)
{
    char *got = NULL;
#if ST_DL_HAVE_MORECORE
    const void *m = st_os_is_started() ? st_os_morecore_heap : NULL;
    int code = st_morecore_save();
    (void)m;
    got = (char *)(MORECORE(step));
    if ((uintptr_t)got == UINTPTR_MAX) got = NULL;
    st_morecore_restore(code);
#endif
    (void)step;
    return got;
}

/* Gets `size` bytes more into the pool; where they lie, MORECORE decides. */
static bool morecore_grow(size_t size)
{
    char *got = size <= MORECORE_STEP_MAX ? morecore_call((morecore_step)size) : NULL;
    if (got == NULL) return false;
    bool is_adjoining = got == morecore_state.pool.end;
    if (morecore_state.highest == NULL || st_addr(got) < st_addr(morecore_state.lowest))
        morecore_state.lowest = got;
    if (st_addr(got) + size > st_addr(morecore_state.highest)) morecore_state.highest = got + size;
    if (!is_adjoining) morecore_state.pool.fresh = got;
    morecore_state.pool.end = got + size;
    st_morecore_pool_give(&morecore_state.pool, got, size);
    return true;
}

/* How much must be asked for, so that `size` bytes at `alignment` are there: no more than that if MORECORE
 * goes on where it stands. *can_tell is false if that is unknown. */
static size_t morecore_missing(size_t size, size_t alignment, bool *can_tell)
{
    char *now = ST_DL_MORECORE_CONTIGUOUS ? morecore_call(0) : NULL;
    *can_tell = now != NULL;
    if (now == NULL) return st_round_up(size + alignment - 1, st_os_page_size());
    char *start = now == morecore_state.pool.end ? st_morecore_pool_start_of(&morecore_state.pool, now) : now;
    uintptr_t target = st_round_up(st_addr(start), alignment) + size;
    return target - st_addr(now);
}

static void *morecore_take(size_t size, size_t alignment)
{
    bool can_tell;
    size_t missing = morecore_missing(size, alignment, &can_tell);
    if (!morecore_grow(missing)) return NULL;
    void *mem = st_morecore_pool_take(&morecore_state.pool, size, alignment);
    if (mem != NULL || !can_tell) return mem;
    /* Somebody was faster. From anywhere, this is enough. */
    if (!morecore_grow(st_round_up(size + alignment - 1, st_os_page_size()))) return NULL;
    return st_morecore_pool_take(&morecore_state.pool, size, alignment);
}

/* Takes exactly [addr, addr + size) if that is where MORECORE goes on. */
static bool morecore_take_at(char *addr, size_t size)
{
    if (st_morecore_pool_take_at(&morecore_state.pool, addr, size)) return true;
    char *end = morecore_state.pool.end;
    if (end == NULL || st_addr(addr) > st_addr(end) ||
        st_morecore_pool_start_of(&morecore_state.pool, end) != (addr == end ? end : addr))
        return false;
    size_t missing = size - st_distance(addr, end);
    if (!ST_DL_MORECORE_CONTIGUOUS || morecore_call(0) != end || !morecore_grow(missing)) return false;
    return st_morecore_pool_take_at(&morecore_state.pool, addr, size);
}

static bool morecore_is_its(const void *addr)
{
    return st_addr(addr) >= st_addr(morecore_state.lowest) && st_addr(addr) < st_addr(morecore_state.highest);
}

/* Gives [addr, end) back, if nobody else has moved it meanwhile. */
static bool morecore_shrink(char *addr)
{
    size_t size = st_distance(addr, morecore_state.pool.end);
    if (!ST_DL_MORECORE_TRIMS || size > MORECORE_STEP_MAX) return false;
    if (morecore_call(0) != morecore_state.pool.end) return false;
    if (morecore_call((morecore_step)(0 - size)) == NULL) return false;
    morecore_state.pool.end = addr;
    if (st_addr(morecore_state.pool.fresh) > st_addr(addr)) morecore_state.pool.fresh = addr;
    return true;
}

/* The pool's free memory at the end goes back. Once that is done nothing in it can be read. */
static void morecore_shrink_pool(void)
{
    st_morecore_pool *pool = &morecore_state.pool;
    char *start = st_morecore_pool_start_of(pool, pool->end);
    if (start == pool->end) return;
    size_t size = st_distance(start, pool->end);
    st_morecore_pool_drop(pool, start);
    if (!morecore_shrink(start)) st_morecore_pool_give(pool, start, size);
}

/* ---- MMAP: the lock is held ---- */

/* Takes a range back; what is refused can still be used. */
static void morecore_unmap(char *addr, size_t size)
{
    bool done = false;
    if (size == 0) return;
#if ST_DL_HAVE_MMAP
    int code = st_morecore_save();
    done = !morecore_is_its(addr) && MUNMAP(addr, size) == 0;
    st_morecore_restore(code);
#endif
    if (!done) st_morecore_pool_give(&morecore_state.pool, addr, size);
}

static char *morecore_map_once(size_t size, bool is_direct)
{
    char *got = NULL;
#if ST_DL_HAVE_MMAP
    int code = st_morecore_save();
    if (is_direct) {
        got = (char *)(DIRECT_MMAP(size));
    } else {
        got = (char *)(MMAP(size));
    }
    if ((uintptr_t)got == UINTPTR_MAX) got = NULL;
    st_morecore_restore(code);
#endif
    (void)is_direct;
    (void)size;
    return got;
}

static void *morecore_map(size_t size, size_t alignment, bool is_direct)
{
    char *got = morecore_map_once(size, is_direct);
    if (got == NULL) return NULL;
    size_t below = st_round_up(st_addr(got), alignment) - st_addr(got);
    if (below > 0) {
        size_t larger = size + alignment - st_os_page_size();
        morecore_unmap(got, size);
        got = morecore_map_once(larger, is_direct);
        if (got == NULL) return NULL;
        below = st_round_up(st_addr(got), alignment) - st_addr(got);
        morecore_unmap(got, below);
        got += below;
        morecore_unmap(got + size, larger - below - size);
    }
    if (!ST_DL_MMAP_CLEARS) st_fill(got, 0, size);
    return got;
}

/* ---- records ---- */

#if STRATA_DL_ONLY_MSPACES
/* Records belong to no mspace, and MORECORE may know nobody else whom to give memory. */
static _Alignas(4 * ST_KIB) char morecore_own[4 * ST_MORECORE_PAGE_MAX];
static size_t morecore_own_used;

static void *morecore_take_own(size_t size, size_t alignment)
{
    size_t start = st_round_up(st_addr(morecore_own) + morecore_own_used, alignment) - st_addr(morecore_own);
    if (start > sizeof morecore_own || size > sizeof morecore_own - start) return NULL;
    morecore_own_used = start + size;
    return morecore_own + start;
}
#else
static void *morecore_take_own(size_t size, size_t alignment)
{
    (void)size;
    (void)alignment;
    return NULL;
}
#endif

/* ---- address space ---- */

typedef enum morecore_use { morecore_for_heap, morecore_for_record, morecore_for_block } morecore_use;

static void *morecore_get(size_t size, size_t alignment, morecore_use use)
{
    size_t room;
    alignment = st_max(alignment, st_os_page_size());
    if (st_add_overflows(size, alignment, &room) || room > SIZE_MAX / 2) return NULL;
    st_lock_take(&morecore_state.lock);
    void *mem = use == morecore_for_record ? morecore_take_own(size, alignment) : NULL;
    if (mem == NULL) mem = st_morecore_pool_take(&morecore_state.pool, size, alignment);
    if (mem == NULL && use == morecore_for_block) mem = morecore_map(size, alignment, true);
    if (mem == NULL) mem = morecore_take(size, alignment);
    if (mem == NULL && use != morecore_for_block) mem = morecore_map(size, alignment, false);
    st_lock_drop(&morecore_state.lock);
    return mem;
}

void *st_os_reserve(size_t size, size_t alignment)
{
    return morecore_get(size, alignment, morecore_for_heap);
}

/* dlmalloc has no counterpart of our records. */
void *st_os_map(size_t size, size_t alignment)
{
    bool is_record = size <= MORECORE_RECORD_MAX;
    return morecore_get(size, alignment, is_record ? morecore_for_record : morecore_for_block);
}

bool st_os_reserve_at(void *addr, size_t size)
{
    st_lock_take(&morecore_state.lock);
    bool done = morecore_take_at(addr, size);
    st_lock_drop(&morecore_state.lock);
    return done;
}

bool st_os_release(void *addr, size_t size)
{
    st_lock_take(&morecore_state.lock);
    morecore_unmap(addr, size);
    morecore_shrink_pool();
    st_lock_drop(&morecore_state.lock);
    return true;
}

bool st_os_give_end(void *addr, size_t size)
{
    bool done = false;
    char *end = st_at(addr, size);
    st_lock_take(&morecore_state.lock);
    if (morecore_is_its(addr)) {
        done = end == morecore_state.pool.end && morecore_shrink(addr);
    } else {
#if ST_DL_HAVE_MMAP
        int code = st_morecore_save();
        done = MUNMAP(addr, size) == 0;
        st_morecore_restore(code);
#endif
    }
    st_lock_drop(&morecore_state.lock);
    return done;
}

static bool morecore_remap(void *addr, size_t old_size, size_t new_size)
{
    bool done = false;
#ifdef MREMAP
    if (morecore_is_its(addr)) return false;
    int code = st_morecore_save();
    done = (void *)(MREMAP(addr, old_size, new_size, 0)) == addr;
    st_morecore_restore(code);
#endif
    (void)addr;
    (void)old_size;
    (void)new_size;
    return done;
}

bool st_os_resize(void *addr, size_t old_size, size_t new_size)
{
    bool done = true;
    st_lock_take(&morecore_state.lock);
    if (!morecore_remap(addr, old_size, new_size)) {
        if (new_size <= old_size) {
            morecore_unmap(st_at(addr, new_size), old_size - new_size);
        } else {
            done = morecore_take_at(st_at(addr, old_size), new_size - old_size);
        }
    }
    st_lock_drop(&morecore_state.lock);
    return done;
}

bool st_os_move(void *addr, size_t old_size, size_t new_size, void *target)
{
    (void)addr;
    (void)old_size;
    st_os_release(target, new_size);
    return false;
}

/* ---- fork ---- */

/* Our own lock is the innermost. The forking thread goes through locks by then, this one too, so it is
 * taken by trying. */
ST_UNUSED static void morecore_before_fork(void) ST_NO_LOCK_ANALYSIS
{
    morecore_state.fork_prepare();
    while (!st_lock_try(&morecore_state.lock)) st_os_yield();
}

ST_UNUSED static void morecore_after_fork_in_parent(void) ST_NO_LOCK_ANALYSIS
{
    morecore_state.fork_parent();
    st_lock_drop(&morecore_state.lock);
}

ST_UNUSED static void morecore_after_fork_in_child(void)
{
    st_lock_reset(&morecore_state.lock);
    morecore_state.fork_child();
}

void st_os_at_fork(void (*prepare)(void), void (*parent)(void), void (*child)(void))
{
    morecore_state.fork_prepare = prepare;
    morecore_state.fork_parent = parent;
    morecore_state.fork_child = child;
#if STRATA_THREADS && !defined(LACKS_UNISTD_H)
    pthread_atfork(morecore_before_fork, morecore_after_fork_in_parent, morecore_after_fork_in_child);
#endif
}

#endif
