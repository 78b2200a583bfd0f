/* SPDX-License-Identifier: MIT-0
 *
 * A cache for each thread: for every class of blocks a magazine, an array of addresses that malloc
 * takes the last of and free appends to. The thread's own storage has where each magazine ends;
 * the rest is in a record that outlives the thread and is used again by a later one:
 *
 *   st_cache_near (thread-local)            st_cache (in memory of ours, never given back)
 *   +----------------------+                +--------------------------------------------+
 *   | owner word of class 0|                | depot: lock, number, slabs with free blocks|
 *   | top of each magazine |---+            | magazines: slots, how many                 |
 *   | cache                |---|----------->| remote: blocks of other caches, freed here |
 *   +----------------------+   |            +--------------------------------------------+
 *                              v
 *   slots | NULL | block | block | ......... |   a multiple of 256 bytes, aligned to that
 *
 * The first slot is NULL for good, so an empty magazine is found out by loading from it. A free that
 * would store where a group of 256 bytes begins asks first whether the magazine ends there; the
 * first slot never is stored to for the same reason.
 *
 * A block goes into a magazine of the cache whose slab it is from, or nowhere: a thread that frees
 * another's block collects it, and puts a few dozens at once back into their slabs, under their
 * depot's lock. So whoever frees the last block of a slab can give the slab back, whatever its owner
 * does, sleeps or has ended; and no block waits for its owner to call. docs/concurrency.md has the
 * steps.
 */
#ifndef ST_CACHE_H
#define ST_CACHE_H

#include "slab/slab.h"

#if STRATA_SLABS

#define ST_CACHE_GROUP 32u          /* slots of a magazine's smallest size, and between questions */
#define ST_CACHE_SLOTS_MAX 1024u    /* of its largest */
#define ST_CACHE_REMOTES 32u

/* Of a magazine. This and all else here that is said to be counted is written by the thread alone that
 * has the cache, by st_store_shared, and read by others for statistics, by st_load_shared; the thread
 * itself reads it plainly. */
typedef void *st_cache_slot;

typedef struct st_magazine {
    st_cache_slot *slots; /* NULL until first refilled */
    uint32_t slot_count;  /* the one that is always NULL included */
    bool was_full;        /* ever: before, that it is refilled tells nothing */
    bool was_refilled;    /* since it was last full */
} st_magazine;

struct st_cache;

typedef struct st_cache_near {
    uint32_t me;                              /* owner word of our slabs, class 0 */
    st_cache_slot *top[ST_SLAB_CLASSES + 1];  /* the last slot in use; counted */
    size_t allocations;                       /* blocks handed out from here; counted */
    struct st_cache *cache;                   /* NULL: none yet, or no more */
    void *more;                               /* the cache's; NULL without one */
    bool is_closed;                           /* no more: the thread is about to end */
    uint8_t lone_frees;                       /* blocks freed without: see st_cache_lone_frees */
} st_cache_near;

typedef struct st_cache {
    st_depot depot;
    /* Written by the thread that has the cache; the first two under the depot's lock, for those
     * who count. */
    st_magazine magazine[ST_SLAB_CLASSES + 1];
    const st_cache_near *near;  /* of that thread; NULL if nobody has the cache */
    uint32_t remote_count;      /* blocks of others that wait to be put back: these two are */
    st_cache_slot remote[ST_CACHE_REMOTES]; /* counted */
    void *more;                 /* what the layer above keeps for the thread (api/shelf.h); changed
                                 * under the depot's lock, as others look at it */
    struct st_cache *next;      /* among those that nobody has; guarded by the list's lock */
    size_t allocations;         /* of threads that had it before */
    size_t room;                /* bytes of blocks that the magazines can hold; the thread's */
} st_cache;

/* No slab has this owner: a thread without a cache has it. */
#define ST_CACHE_NOBODY 0xffffff00u

ST_DECLARE_THREAD_DATA st_cache_near st_near;

/* Requests below this are served from magazines: 0 until the program has started, because before
 * that there is no thread-local storage, and for good if there can be no slabs. Set once, before
 * there is a second thread. */
ST_DECLARE_DATA size_t st_cache_limit;

/* Blocks that a thread without a cache frees before it gets one. It may be a thread whose end was told
 * before, in which the C library frees what others had: it would keep its cache for good. Set once,
 * before there is a second thread. */
ST_DECLARE_DATA uint8_t st_cache_lone_frees;

/* ---- the fast ways ---- */

/* True if a request is served from magazines. */
ST_ALWAYS_INLINE bool st_cache_serves(size_t req) { return req < st_cache_limit; }

/* A block for a request that is, if the thread's magazine has one; else NULL. */
ST_ALWAYS_INLINE void *st_cache_take_small(size_t req)
{
    ST_ASSUME(req <= ST_SLAB_LIMIT); /* the limit never is more */
    size_t class_idx = st_slab_class_for(req);
    st_cache_slot *top = st_near.top[class_idx];
    void *mem = *top;
    if (ST_UNLIKELY(mem == NULL)) return NULL;
    st_store_shared(&st_near.top[class_idx], top - 1);
    if (STRATA_STATS) st_count_own(&st_near.allocations);
    return mem;
}

ST_ALWAYS_INLINE void *st_cache_take(size_t req)
{
    return ST_LIKELY(st_cache_serves(req)) ? st_cache_take_small(req) : NULL;
}

/* Puts the block at `mem`, of this class and of a slab of this thread's own cache, into its magazine
 * when that is not just a store: when it may be full, or the block is in it already. */
ST_INTERNAL ST_NOINLINE void st_cache_put_slow(void *mem, size_t class_idx);

/* The class of the block at `mem`, which lies in slice `idx`, if that is a slab of this thread's own
 * cache; else a number that is no class. */
ST_ALWAYS_INLINE size_t st_cache_class(uintptr_t idx)
{
    return st_slices_word(idx) ^ st_near.me;
}

/* Frees the block at `mem`, of this class and from a slab of this thread's own cache. */
ST_ALWAYS_INLINE void st_cache_put_own(void *mem, size_t class_idx)
{
    st_cache_slot *top = st_near.top[class_idx];
    bool is_twice = STRATA_CHECK >= 1 && *top == mem;
    top++;
    if (ST_UNLIKELY(is_twice || (st_addr(top) & ((ST_CACHE_GROUP - 1) * sizeof(st_cache_slot))) == 0)) {
        st_cache_put_slow(mem, class_idx);
        return;
    }
    st_store_shared(top, mem);
    /* SYNC-4 release: the slot is stored before the magazine ends behind it. */
    st_store_shared_release(&st_near.top[class_idx], top);
}

/* ---- the slow ways ---- */

/* A block of the class, and more of them in the magazine. NULL if there is no memory, or no cache to
 * be had: then it must come from elsewhere. */
ST_INTERNAL ST_NOINLINE void *st_cache_refill(size_t class_idx);

/* Frees a block of any cache's slab: collected, and put back with others soon. Misuse is reported
 * then. */
ST_INTERNAL ST_NOINLINE void st_cache_put_remote(void *mem);

/* What is wrong with the small block at `mem`, as far as its slab knows: st_misuse_none if nothing. */
ST_INTERNAL st_misuse_kind st_cache_fault(const void *mem);

/* The calling thread's cache, which it gets if it has none yet; NULL if it can't. */
ST_INTERNAL st_cache *st_cache_mine(void);

/* The same to free a block; but a thread that has not allocated gets none for its first frees. */
ST_INTERNAL st_cache *st_cache_mine_to_free(void);

/* Room of our own for as long as the process lives: zero bytes, aligned to a group of slots. NULL
 * if the host has no memory. And how much of it was taken from the host. */
ST_INTERNAL void *st_cache_room(size_t size);
ST_INTERNAL size_t st_cache_room_size(void);

/* ---- life (cache_life.c) ---- */

/* True if a magazine of the calling thread's cache may come to hold so many bytes more: all magazines of all
 * threads together can hold a part of what strata holds, or 12 MiB if that is more. */
ST_INTERNAL bool st_cache_may_hold(st_cache *cache, size_t size);

/* The cache of this number, which stands in the word of a slab; and how many there are, from 1. */
ST_INTERNAL st_cache *st_cache_at(uint32_t number);
ST_INTERNAL uint32_t st_cache_count(void);

/* How many threads have one now, roughly. */
ST_INTERNAL uint32_t st_cache_threads(void);

/* The program has started: from now on threads get caches. */
ST_INTERNAL void st_cache_start(void);

/* Options have changed: those of the calling thread's cache do, too; those of others when they
 * begin. */
ST_INTERNAL void st_cache_take_options(void);

/* Puts back all that the calling thread keeps. */
ST_INTERNAL void st_cache_flush(void);

/* The calling thread ends: puts back all it keeps, and does without a cache from now on. */
ST_INTERNAL void st_cache_close(void);

/* Gives back the empty slabs of all caches, and all pages of others without a block in use. True if there
 * were such pages. */
ST_INTERNAL bool st_cache_trim(void);

/* Gives back about `size` bytes of such pages. Returns how many that were. No lock is held. */
ST_INTERNAL size_t st_cache_purge(size_t size);

/* Around a fork. In the child the caches of the other threads are nobody's: what these kept is
 * lost, as nobody can tell what state they were in. */
ST_INTERNAL void st_cache_lock_all(void);
ST_INTERNAL void st_cache_unlock_all(void);
ST_INTERNAL void st_cache_reset_all(void);

/* ---- for statistics and checks (cache_count.c) ---- */

typedef struct st_cache_totals {
    size_t live;        /* bytes in small blocks in use */
    size_t live_count;  /* how many those are */
    size_t kept;        /* bytes in magazines and on their way back */
    size_t free;        /* bytes free in slabs */
    size_t records;     /* memory of the caches themselves */
    size_t allocations; /* blocks handed out so far */
} st_cache_totals;

/* Sums over all caches. Exact when no other thread allocates. */
ST_INTERNAL void st_cache_totals_get(st_cache_totals *totals);

typedef enum st_block_state {
    st_block_used,
    st_block_kept, /* by a thread */
    st_block_free
} st_block_state;

/* Calls `visit` for each block of each slab; what was never handed out is one free block. Ends when it
 * returns non-zero, and returns that. */
typedef struct st_cache_visitor {
    int (*visit)(void *context, void *mem, size_t size, st_block_state state);
    void *context;
} st_cache_visitor;
ST_INTERNAL int st_cache_walk(const st_cache_visitor *visitor);

/* Proves INV-CACHE-1.. and INV-SLAB-1..: returns how many are broken, the first one's id in *first.
 *
 * INV-CACHE-1  every block in a magazine is one of its class and cache, and taken from its slab
 * INV-CACHE-2  a magazine ends within its slots */
ST_INTERNAL int st_cache_check(const char **first);

#endif
#endif
