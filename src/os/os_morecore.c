/* SPDX-License-Identifier: MIT-0
 *
 * Memory by a function like sbrk, by functions like mmap and munmap, or both, as dlmalloc takes it: the
 * options MORECORE, MMAP and so on say which (base/dl_options.h).
 *
 * What such functions give is rarely aligned as strata wants it, and sbrk takes nothing back but its end.
 * So what is cut off, or comes back too early, goes into a pool of free ranges, and is given out from
 * there first. Reserved memory is committed from the start, and zero.
 *
 * Everything happens under one lock, MORECORE too. It may move by the hands of others between our calls:
 * what is not adjoining is used all the same.
 */
#include "os/os_morecore.h"

#if STRATA_HOST_MORECORE

#ifndef LACKS_ERRNO_H
#include <errno.h>
#endif
#ifndef LACKS_FCNTL_H
#include <fcntl.h>
#endif
#ifndef LACKS_STDLIB_H
#include <stdlib.h>
#endif
#ifndef LACKS_TIME_H
#include <time.h>
#endif
#ifndef LACKS_UNISTD_H
#include <unistd.h>
#endif
#if ST_DL_HAVE_MMAP && !defined(LACKS_SYS_MMAN_H)
#include <sys/mman.h>
#endif
#if STRATA_THREADS && !defined(LACKS_SCHED_H)
#include <sched.h>
#endif
#if STRATA_THREADS && !defined(LACKS_UNISTD_H)
#include <pthread.h>
#endif
#if defined(__linux__) && !defined(LACKS_UNISTD_H)
#include <linux/futex.h>
#include <sys/syscall.h>
#endif

#include "base/bits.h"
#include "os/lock.h"

/* ---- what the options leave open ---- */

#ifdef LACKS_ERRNO_H
#define MORECORE_ERRNO morecore_state.code
#define MORECORE_NO_MEMORY 12
#define MORECORE_BAD_ARGUMENT 22
#else
#define MORECORE_ERRNO errno
#define MORECORE_NO_MEMORY ENOMEM
#define MORECORE_BAD_ARGUMENT EINVAL
#endif

#ifdef malloc_getpagesize
#define MORECORE_PAGE_SIZE ((size_t)(malloc_getpagesize))
#elif defined(_SC_PAGESIZE) && !defined(LACKS_UNISTD_H)
#define MORECORE_PAGE_SIZE ((size_t)sysconf(_SC_PAGESIZE))
#else
#define MORECORE_PAGE_SIZE ((size_t)4096)
#endif

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
#define MREMAP(addr, old_size, new_size, may_move)                                             \
    (void *)syscall(SYS_mremap, addr, old_size, new_size, (long)(may_move), 0L)
#endif
#if ST_DL_HAVE_MMAP && !defined(DIRECT_MMAP)
#define DIRECT_MMAP(size) MMAP(size)
#endif

/* Pages are no larger anywhere. Ranges of ours up to a few of them are records. */
#define MORECORE_PAGE_MAX (64 * ST_KIB)
#define MORECORE_RECORD_MAX (4 * MORECORE_PAGE_MAX)

/* ---- state ---- */

/* A free range; this stands in its first bytes. Ranges are whole pages, in address order, and no two of
 * them adjoin. */
typedef struct morecore_range morecore_range;
struct ST_MAY_ALIAS morecore_range {
    morecore_range *next;
    size_t size;
};

static struct {
    st_lock lock; /* guards all below; no rank, as anybody may call the host */
    morecore_range *pool;
    char *lowest; /* what MORECORE gave lies in [lowest, highest) */
    char *highest;
    char *end;   /* where what it gave last ends, */
    char *fresh; /* and nobody has written from here to there, if its memory is zero */
    ST_ATOMIC(size_t) page_size;
    void (*fork_prepare)(void);
    void (*fork_parent)(void);
    void (*fork_child)(void);
    int code; /* where there is no errno */
} morecore_state;

ST_DEFINE_THREAD_DATA const void *st_os_morecore_heap;

#if defined(__GNUC__)
ST_DEFINE_DATA ST_ATOMIC(bool) st_os_started_flag;
#else
ST_DEFINE_DATA ST_ATOMIC(bool) st_os_started_flag = true; /* there is no constructor to set it */
#endif

/* The options' texts are not ours: they may change errno, and we must not. */
static int morecore_save(void) { return st_os_is_started() ? MORECORE_ERRNO : 0; }
static void morecore_restore(int code)
{
    if (st_os_is_started()) MORECORE_ERRNO = code;
}

/* ---- the pool: the lock is held ---- */

static char *morecore_range_end(const morecore_range *range) { return (char *)range + range->size; }

static bool morecore_is_new(const void *addr)
{
    return ST_DL_MORECORE_CLEARS && st_addr(addr) >= st_addr(morecore_state.fresh) &&
           st_addr(addr) < st_addr(morecore_state.end);
}

/* Our own words in memory that nobody has written to yet go again. */
static void morecore_erase(morecore_range *range)
{
    if (morecore_is_new(range)) *range = (morecore_range){NULL, 0};
}

/* Puts the whole pages of a range into the pool, and joins what adjoins. */
static void morecore_pool_give(char *addr, size_t size)
{
    size_t page_size = st_os_page_size();
    size_t skipped = st_round_up(st_addr(addr), page_size) - st_addr(addr);
    if (size < skipped + page_size) return;
    char *start = addr + skipped;
    size = st_round_down(size - skipped, page_size);
    morecore_range **at = &morecore_state.pool;
    morecore_range *below = NULL;
    while (*at != NULL && st_addr(*at) < st_addr(start)) {
        below = *at;
        at = &below->next;
    }
    morecore_range *next = *at;
    if (next != NULL && start + size == (char *)next) {
        size += next->size;
        morecore_range *gone = next;
        next = next->next;
        morecore_erase(gone);
    }
    if (below != NULL && morecore_range_end(below) == start) {
        below->size += size;
        below->next = next;
        return;
    }
    morecore_range *range = (morecore_range *)(void *)start;
    *range = (morecore_range){next, size};
    *at = range;
}

/* Cuts [addr, addr + size) out of the range at *at, and makes it zero. */
static void *morecore_pool_cut(morecore_range **at, char *addr, size_t size)
{
    morecore_range range = **at;
    char *base = (char *)*at;
    size_t below = st_distance(base, addr);
    size_t above = range.size - below - size;
    if (below == 0) morecore_erase(*at);
    if (above > 0) {
        morecore_range *rest = (morecore_range *)(void *)(addr + size);
        *rest = (morecore_range){range.next, above};
        range.next = rest;
    }
    if (below > 0) {
        (*at)->size = below;
        (*at)->next = range.next;
    } else {
        *at = range.next;
    }
    /* New memory is zero already, all of it from `fresh` on. */
    size_t dirty = size;
    if (morecore_is_new(addr)) dirty = 0;
    else if (morecore_is_new(addr + size - 1)) dirty = st_distance(addr, morecore_state.fresh);
    st_fill(addr, 0, dirty);
    if (morecore_is_new(addr + size - 1)) morecore_state.fresh = addr + size;
    return addr;
}

/* The lowest `size` bytes of the pool at this alignment. */
static void *morecore_pool_take(size_t size, size_t alignment)
{
    for (morecore_range **at = &morecore_state.pool; *at != NULL; at = &(*at)->next) {
        size_t skipped = st_round_up(st_addr(*at), alignment) - st_addr(*at);
        if ((*at)->size >= skipped && (*at)->size - skipped >= size)
            return morecore_pool_cut(at, (char *)*at + skipped, size);
    }
    return NULL;
}

/* Exactly [addr, addr + size). */
static bool morecore_pool_take_at(char *addr, size_t size)
{
    for (morecore_range **at = &morecore_state.pool; *at != NULL; at = &(*at)->next) {
        size_t skipped = st_distance(*at, addr);
        if (skipped >= (*at)->size) continue;
        if ((*at)->size - skipped < size) return false;
        morecore_pool_cut(at, addr, size);
        return true;
    }
    return false;
}

/* Where the free memory begins that ends at `end`; `end` if there is none. */
static char *morecore_pool_start_of(char *end)
{
    morecore_range *range = morecore_state.pool;
    while (range != NULL && morecore_range_end(range) != end) range = range->next;
    return range != NULL ? (char *)range : end;
}

/* ---- MORECORE: the lock is held ---- */

/* NULL for failure. */
static char *morecore_call(morecore_step step)
{
    char *got = NULL;
#if ST_DL_HAVE_MORECORE
    const void *m = st_os_is_started() ? st_os_morecore_heap : NULL;
    int code = morecore_save();
    (void)m;
    got = (char *)(MORECORE(step));
    if ((uintptr_t)got == UINTPTR_MAX) got = NULL;
    morecore_restore(code);
#endif
    (void)step;
    return got;
}

/* Gets `size` bytes more into the pool; where they lie, MORECORE decides. */
static bool morecore_grow(size_t size)
{
    char *got = size <= MORECORE_STEP_MAX ? morecore_call((morecore_step)size) : NULL;
    if (got == NULL) return false;
    bool is_adjoining = got == morecore_state.end;
    if (morecore_state.highest == NULL || st_addr(got) < st_addr(morecore_state.lowest))
        morecore_state.lowest = got;
    if (st_addr(got) + size > st_addr(morecore_state.highest)) morecore_state.highest = got + size;
    if (!is_adjoining) morecore_state.fresh = got;
    morecore_state.end = got + size;
    morecore_pool_give(got, size);
    return true;
}

/* How much must be asked for, so that `size` bytes at `alignment` are there: no more than that if MORECORE
 * goes on where it stands. *can_tell is false if that is unknown. */
static size_t morecore_missing(size_t size, size_t alignment, bool *can_tell)
{
    char *now = ST_DL_MORECORE_CONTIGUOUS ? morecore_call(0) : NULL;
    *can_tell = now != NULL;
    if (now == NULL) return st_round_up(size + alignment - 1, st_os_page_size());
    char *start = now == morecore_state.end ? morecore_pool_start_of(now) : now;
    uintptr_t target = st_round_up(st_addr(start), alignment) + size;
    return target - st_addr(now);
}

static void *morecore_take(size_t size, size_t alignment)
{
    bool can_tell;
    size_t missing = morecore_missing(size, alignment, &can_tell);
    if (!morecore_grow(missing)) return NULL;
    void *mem = morecore_pool_take(size, alignment);
    if (mem != NULL || !can_tell) return mem;
    /* Somebody was faster. From anywhere, this is enough. */
    if (!morecore_grow(st_round_up(size + alignment - 1, st_os_page_size()))) return NULL;
    return morecore_pool_take(size, alignment);
}

/* Takes exactly [addr, addr + size) if that is where MORECORE goes on. */
static bool morecore_take_at(char *addr, size_t size)
{
    if (morecore_pool_take_at(addr, size)) return true;
    char *end = morecore_state.end;
    if (end == NULL || st_addr(addr) > st_addr(end) || morecore_pool_start_of(end) != (addr == end ? end : addr))
        return false;
    size_t missing = size - st_distance(addr, end);
    if (!ST_DL_MORECORE_CONTIGUOUS || morecore_call(0) != end || !morecore_grow(missing)) return false;
    return morecore_pool_take_at(addr, size);
}

static bool morecore_is_its(const void *addr)
{
    return st_addr(addr) >= st_addr(morecore_state.lowest) && st_addr(addr) < st_addr(morecore_state.highest);
}

/* Gives [addr, end) back, if nobody else has moved it meanwhile. */
static bool morecore_shrink(char *addr)
{
    size_t size = st_distance(addr, morecore_state.end);
    if (!ST_DL_MORECORE_TRIMS || size > MORECORE_STEP_MAX) return false;
    if (morecore_call(0) != morecore_state.end) return false;
    if (morecore_call((morecore_step)(0 - size)) == NULL) return false;
    morecore_state.end = addr;
    if (st_addr(morecore_state.fresh) > st_addr(addr)) morecore_state.fresh = addr;
    return true;
}

/* The pool's free memory at the end goes back. */
static void morecore_shrink_pool(void)
{
    char *start = morecore_pool_start_of(morecore_state.end);
    if (start == morecore_state.end) return;
    morecore_range **at = &morecore_state.pool;
    while ((char *)*at != start) at = &(*at)->next;
    morecore_range *range = *at;
    morecore_range *next = range->next; /* it can't be read any more once it is given back */
    if (morecore_shrink(start)) *at = next;
}

/* ---- MMAP: the lock is held ---- */

/* Takes a range back; what is refused can still be used. */
static void morecore_unmap(char *addr, size_t size)
{
    bool done = false;
    if (size == 0) return;
#if ST_DL_HAVE_MMAP
    int code = morecore_save();
    done = !morecore_is_its(addr) && MUNMAP(addr, size) == 0;
    morecore_restore(code);
#endif
    if (!done) morecore_pool_give(addr, size);
}

static char *morecore_map_once(size_t size, bool is_direct)
{
    char *got = NULL;
#if ST_DL_HAVE_MMAP
    int code = morecore_save();
    if (is_direct) {
        got = (char *)(DIRECT_MMAP(size));
    } else {
        got = (char *)(MMAP(size));
    }
    if ((uintptr_t)got == UINTPTR_MAX) got = NULL;
    morecore_restore(code);
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
static _Alignas(4 * ST_KIB) char morecore_own[4 * MORECORE_PAGE_MAX];
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
    if (mem == NULL) mem = morecore_pool_take(size, alignment);
    if (mem == NULL && use == morecore_for_block) mem = morecore_map(size, alignment, true);
    if (mem == NULL) mem = morecore_take(size, alignment);
    if (mem == NULL && use != morecore_for_block) mem = morecore_map(size, alignment, false);
    st_lock_drop(&morecore_state.lock);
    return mem;
}

void *st_os_reserve(size_t size, size_t alignment) { return morecore_get(size, alignment, morecore_for_heap); }

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
        done = end == morecore_state.end && morecore_shrink(addr);
    } else {
#if ST_DL_HAVE_MMAP
        int code = morecore_save();
        done = MUNMAP(addr, size) == 0;
        morecore_restore(code);
#endif
    }
    st_lock_drop(&morecore_state.lock);
    return done;
}

/* What is reserved is there, and zero. */
bool st_os_commit(void *addr, size_t size)
{
    (void)addr;
    (void)size;
    return true;
}

bool st_os_decommit(void *addr, size_t size)
{
    (void)addr;
    (void)size;
    return false;
}

bool st_os_purge(void *addr, size_t size)
{
    (void)addr;
    (void)size;
    return false;
}

static bool morecore_remap(void *addr, size_t old_size, size_t new_size)
{
    bool done = false;
#ifdef MREMAP
    if (morecore_is_its(addr)) return false;
    int code = morecore_save();
    done = (void *)(MREMAP(addr, old_size, new_size, 0)) == addr;
    morecore_restore(code);
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

void st_os_name(void *addr, size_t size, const char *name)
{
    (void)addr;
    (void)size;
    (void)name;
}

/* ---- facts ---- */

void st_os_start(void)
{
    st_store_relaxed(&st_os_started_flag, true); /* relaxed: nothing depends on who sees it when. */
}

/* Asked for once; before the start it is the largest that hosts have. */
size_t st_os_page_size(void)
{
    size_t known = st_load_relaxed(&morecore_state.page_size); /* relaxed: all find the same. */
    if (known != 0) return known;
    if (!st_os_is_started()) return MORECORE_PAGE_MAX;
    known = MORECORE_PAGE_SIZE;
    if (!st_is_power_of_two(known) || known > MORECORE_PAGE_MAX) known = MORECORE_PAGE_MAX;
    st_store_relaxed(&morecore_state.page_size, known); /* relaxed: as above. */
    return known;
}

bool st_os_is_privileged(void)
{
#ifndef LACKS_UNISTD_H
    return getuid() != geteuid() || getgid() != getegid();
#else
    return false;
#endif
}

/* ---- threads ---- */

void st_os_wait(ST_ATOMIC(uint32_t) *word, uint32_t expected)
{
#ifdef SYS_futex
    int code = morecore_save();
    syscall(SYS_futex, word, FUTEX_WAIT_PRIVATE, expected, NULL);
    morecore_restore(code);
#else
    (void)word;
    (void)expected;
    st_os_yield();
#endif
}

void st_os_wake(ST_ATOMIC(uint32_t) *word)
{
#ifdef SYS_futex
    int code = morecore_save();
    syscall(SYS_futex, word, FUTEX_WAKE_PRIVATE, 1);
    morecore_restore(code);
#else
    (void)word;
#endif
}

void st_os_yield(void)
{
#if STRATA_THREADS && !defined(LACKS_SCHED_H)
    sched_yield();
#endif
}

bool st_os_at_thread_end(void (*ended)(void))
{
    (void)ended;
    return false;
}

bool st_os_watch_thread(void) { return false; }

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

/* ---- the rest ---- */

uint32_t st_os_clock(void)
{
#if defined(CLOCK_MONOTONIC) && !defined(LACKS_TIME_H)
    struct timespec now = {0};
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint32_t)((uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000) | 1;
#else
    return 1;
#endif
}

/* Addresses differ from run to run on most systems, and the time does. */
size_t st_os_entropy(void)
{
    size_t word = st_addr(&word) ^ (st_addr(&morecore_state) << 12);
#if defined(USE_DEV_RANDOM) && USE_DEV_RANDOM + 0 && !defined(LACKS_FCNTL_H)
    size_t random = 0;
    int descriptor = st_os_is_started() ? open("/dev/urandom", O_RDONLY) : -1;
    if (descriptor >= 0) {
        if (read(descriptor, &random, sizeof random) == (ssize_t)sizeof random) word ^= random;
        close(descriptor);
    }
#endif
#ifndef LACKS_TIME_H
    struct timespec now = {0};
    if (st_os_is_started() && timespec_get(&now, TIME_UTC) != 0)
        word ^= ((size_t)now.tv_sec ^ (size_t)now.tv_nsec) * (size_t)0x9e3779b1u;
#endif
    return word;
}

void st_os_write(int descriptor, const char *bytes, size_t size)
{
#ifndef LACKS_UNISTD_H
    int code = morecore_save();
    while (size > 0) {
        ssize_t written = write(descriptor, bytes, size);
        if (written <= 0) break;
        bytes += written;
        size -= (size_t)written;
    }
    morecore_restore(code);
#else
    (void)descriptor;
    (void)bytes;
    (void)size;
#endif
}

void st_os_append(const char *path, const char *bytes, size_t size)
{
#if !defined(LACKS_UNISTD_H) && !defined(LACKS_FCNTL_H)
    int code = morecore_save();
    int descriptor = open(path, O_WRONLY | O_APPEND | O_CREAT, 0600);
    if (descriptor >= 0) {
        st_os_write(descriptor, bytes, size);
        close(descriptor);
    }
    morecore_restore(code);
#else
    (void)path;
    (void)bytes;
    (void)size;
#endif
}

const char *st_os_environment(const char *name)
{
#ifndef LACKS_STDLIB_H
    return getenv(name);
#else
    (void)name;
    return NULL;
#endif
}

void st_os_program_name(char *name, size_t size)
{
    if (size > 0) name[0] = '\0';
}

size_t st_os_process_id(void)
{
#ifndef LACKS_UNISTD_H
    return (size_t)getpid();
#else
    return 0;
#endif
}

#if defined(LACKS_STDLIB_H) && !defined(ABORT)
void st_os_stop(void) {} /* st_base_stop has a way of its own */
#else
void st_os_stop(void)
{
    ST_OS_STOP;
}
#endif

void st_os_resident(size_t *peak, size_t *current) { *peak = *current = 0; }

void st_os_set_error(int code)
{
    if (!st_os_is_started()) return;
    if (code != MORECORE_NO_MEMORY) {
        MORECORE_ERRNO = code;
        return;
    }
#if !defined(LACKS_ERRNO_H) || defined(MALLOC_FAILURE_ACTION)
    ST_OS_NO_MEMORY;
#endif
}

int st_os_code_no_memory(void) { return MORECORE_NO_MEMORY; }
int st_os_code_bad_argument(void) { return MORECORE_BAD_ARGUMENT; }

#endif
