/* SPDX-License-Identifier: MIT-0
 *
 * Shelves: what a thread keeps of freed blocks of more than 1 and less than 256 KiB, so that the next
 * request of about this size needs no space and no lock. A class is an eighth of a doubling; blocks
 * have the sizes that spaces gave them, so a block in a class may be too small for a request of that
 * class: it is looked at, and so is the class above.
 *
 *   class   0            1            2      ...  7            8                    63
 *   usable  1,024-1,151  1,152-1,279  -1,407      1,920-2,047  2,048-2,303  ...   245,760-262,143
 *
 * A kept block is in use for its space. Its first word holds a mark made of its address: a free that
 * finds it there is a second one.
 */
#ifndef ST_SHELF_H
#define ST_SHELF_H

#include "map/room.h"
#include "slab/cache.h"
#include "space/space_now.h"

#if STRATA_SLABS

#define ST_SHELF_CLASSES 64
#define ST_SHELF_LIMIT (256 * ST_KIB - 1) /* the largest request, and the largest block kept */
#define ST_SHELF_SLOTS 63

/* A block that is kept: its address, and above that the size of its chunk in grains, so that its own
 * head, which has gone cold, need not be read. 0 is none. */
typedef uint64_t st_shelf_entry;
#define ST_SHELF_ADDRESS_BITS 48
ST_STATIC_ASSERT(256 * ST_KIB / STRATA_ALIGNMENT <= (size_t)1 << (64 - ST_SHELF_ADDRESS_BITS),
                 "the largest size has room above an address");

/* Slots and tops are counted (see slab/cache.h). Like a magazine, a shelf begins with a slot that is 0
 * for good. */
typedef struct st_shelf {
    st_shelf_entry slot[ST_SHELF_SLOTS + 1]; /* newest last */
} st_shelf;

typedef struct st_shelves {
    size_t kept;  /* bytes on all shelves */
    size_t most;  /* how many may be, as last decided */
    size_t peak;  /* if strata comes to hold more than this, most gives way */
    size_t next;  /* the class that gives way next if there is no room */
    st_shelf_entry *top[ST_SHELF_CLASSES + 1]; /* the last slot in use */
    st_shelf_entry *end[ST_SHELF_CLASSES + 1]; /* the last slot that may be, for now */
    bool was_empty[ST_SHELF_CLASSES + 1];      /* since it was last full: somebody wanted more */
    st_shelf shelf[ST_SHELF_CLASSES + 1];      /* the last one stays empty */
} st_shelves;

ST_ALWAYS_INLINE void *st_shelf_address(st_shelf_entry entry)
{
    return (void *)(uintptr_t)(entry & (((st_shelf_entry)1 << ST_SHELF_ADDRESS_BITS) - 1));
}
/* Bytes usable in the block of an entry; of none a number that fits no request. */
ST_ALWAYS_INLINE size_t st_shelf_usable(st_shelf_entry entry)
{
    return (size_t)(entry >> ST_SHELF_ADDRESS_BITS) * ST_CHUNK_GRAIN - ST_CHUNK_OVERHEAD;
}
ST_ALWAYS_INLINE st_shelf_entry st_shelf_entry_for(const void *mem, size_t usable)
{
    st_shelf_entry grains = (usable + ST_CHUNK_OVERHEAD) / ST_CHUNK_GRAIN;
    return grains << ST_SHELF_ADDRESS_BITS | st_addr(mem);
}

/* How many blocks a shelf has. Exact if its thread does nothing meanwhile. */
ST_INLINE size_t st_shelf_count(const st_shelves *shelves, size_t class_idx)
{
    return (size_t)(st_load_shared(&shelves->top[class_idx]) - shelves->shelf[class_idx].slot);
}

/* True if a block of `usable` bytes that is kept may serve a request for `req`. */
ST_INLINE bool st_shelf_fits(size_t usable, size_t req)
{
    return usable - req <= req / 4; /* what is too small wraps round */
}

/* The class that a block of `usable` bytes is kept in; of a request: the first to look at. */
ST_ALWAYS_INLINE size_t st_shelf_class(size_t usable)
{
    unsigned doubling = st_highest_bit(usable);
    return (size_t)doubling * 8 + (usable >> (doubling - 3)) - 11 * 8;
}

/* What the first word of a kept block says: its own address, turned over, which no program would store
 * there by chance. It is seen as a word here, and as whatever it likes by the program. */
typedef size_t ST_MAY_ALIAS st_shelf_word;
ST_ALWAYS_INLINE st_shelf_word st_shelf_mark(const void *mem)
{
    return ~st_addr(mem) * (size_t)0x9e3779b1u;
}

/* The newest block of the shelf, if it has `req` bytes and not many more, at a multiple of
 * `alignment`. */
ST_ALWAYS_INLINE void *st_shelf_take_from(st_shelves *shelves, size_t class_idx, size_t req,
                                          size_t alignment)
{
    st_shelf_entry *top = shelves->top[class_idx];
    st_shelf_entry entry = *top;
    size_t usable = st_shelf_usable(entry);
    void *mem = st_shelf_address(entry);
    if (!st_shelf_fits(usable, req) || !st_is_aligned(mem, alignment)) return NULL;
    st_store_shared(&shelves->top[class_idx], top - 1);
    shelves->kept -= usable;
    *(st_shelf_word *)mem = 0;
    if (STRATA_STATS) st_count_own(&st_near.allocations);
    return mem;
}

/* A block for `req`, more than ST_SLAB_LIMIT and at most ST_SHELF_LIMIT bytes, at a multiple of
 * `alignment`; NULL if none is kept. Any of its bytes may be dirty. The program has started. */
ST_ALWAYS_INLINE void *st_shelf_take(size_t req, size_t alignment)
{
    st_cache *cache = st_near.cache;
    st_shelves *shelves = ST_LIKELY(cache != NULL) ? cache->more : NULL;
    if (ST_UNLIKELY(shelves == NULL)) return NULL;
    size_t class_idx = st_shelf_class(req);
    void *mem = st_shelf_take_from(shelves, class_idx, req, alignment);
    if (ST_LIKELY(mem != NULL)) return mem;
    shelves->was_empty[class_idx] = true;
    return st_shelf_take_from(shelves, class_idx + 1, req, alignment);
}

/* Keeps the block at `mem` when that is not just a store. False if it is not one that is kept. */
ST_INTERNAL ST_NOINLINE bool st_shelf_put_slow(void *mem, size_t usable);

/* Keeps the block at `mem`, in use in this space. False if it is not one that is kept. The program has
 * started. */
ST_ALWAYS_INLINE bool st_shelf_put(const st_space *space, void *mem)
{
    size_t usable = st_space_usable_now(space, mem);
    if (ST_UNLIKELY(usable - ST_SLAB_LIMIT > ST_SHELF_LIMIT - ST_SLAB_LIMIT)) return false;
    st_cache *cache = st_near.cache;
    st_shelves *shelves = ST_LIKELY(cache != NULL) ? cache->more : NULL;
    if (ST_UNLIKELY(shelves == NULL)) return st_shelf_put_slow(mem, usable);
    size_t class_idx = st_shelf_class(usable);
    st_shelf_entry *top = shelves->top[class_idx];
    size_t kept = shelves->kept + usable;
    st_shelf_word mark = st_shelf_mark(mem);
    if (ST_UNLIKELY(top == shelves->end[class_idx] || kept > shelves->most ||
                    *(st_shelf_word *)mem == mark))
        return st_shelf_put_slow(mem, usable);
    shelves->kept = kept;
    *(st_shelf_word *)mem = mark;
    st_store_shared(top + 1, st_shelf_entry_for(mem, usable));
    st_store_shared(&shelves->top[class_idx], top + 1);
    return true;
}

/* True if some thread keeps the block at `mem`, by its mark; mem lies in memory of a space. For
 * misuse: who asks should have the block. */
ST_INTERNAL bool st_shelf_keeps(const void *mem);

/* A request found nothing on the shelves and goes to a space: if strata has grown, what is kept goes
 * there, too, so that it does not grow more. */
ST_INTERNAL ST_NOINLINE void st_shelf_give_way(st_shelves *shelves);
ST_ALWAYS_INLINE void st_shelf_note_miss(void)
{
    const st_cache *cache = st_cache_mine(); /* who allocates gets one */
    st_shelves *shelves = cache != NULL ? cache->more : NULL;
    if (shelves != NULL && ST_UNLIKELY(st_room_peak() > shelves->peak)) st_shelf_give_way(shelves);
}

/* Frees all that the calling thread keeps. */
ST_INTERNAL void st_shelf_flush(void);

/* True if some thread keeps the block at `mem`, of `usable` bytes. The locks of all caches are held
 * (st_cache_lock_all): they come before that of the space which is asked for. Exact if no other
 * thread allocates. */
ST_INTERNAL bool st_shelf_has(const void *mem, size_t usable);

/* Bytes that all threads keep, as chunks of spaces, and how many blocks. Exact if no other thread
 * allocates. */
ST_INTERNAL void st_shelf_totals(size_t *kept, size_t *kept_count);

#endif
#endif
