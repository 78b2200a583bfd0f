/* SPDX-License-Identifier: MIT-0
 *
 * Shelves: what a thread keeps of freed blocks of more than 1 and less than 512 KiB, so that the next
 * request of about this size needs no space and no lock. A class is an eighth of a doubling; blocks
 * have the sizes that spaces gave them, so a block in a class may be too small for a request of that
 * class: it is looked at, and so is the class above.
 *
 *   class   0            1            2      ...  7            8                    71
 *   chunk   1,024-1,136  1,152-1,264  -1,392      1,920-2,032  2,048-2,288  ...   491,520-524,272
 *
 * A kept block is in use for its space. Its first word holds a mark made of its address: a free that
 * finds it there is a second one.
 */
#ifndef ST_SHELF_H
#define ST_SHELF_H

#include "api/heap.h"
#include "map/room.h"
#include "slab/cache.h"
#include "space/space_now.h"

#if STRATA_SLABS

#define ST_SHELF_CLASSES 72
#define ST_SHELF_CHUNK_LEAST ((ST_SLAB_LIMIT / ST_CHUNK_GRAIN + 1) * ST_CHUNK_GRAIN)
#define ST_SHELF_CHUNK_END (512 * ST_KIB) /* chunks from the one to below the other are kept */
#define ST_SHELF_LIMIT (ST_SHELF_CHUNK_END - ST_CHUNK_GRAIN - ST_CHUNK_OVERHEAD) /* largest request */
#define ST_SHELF_SLOTS 63
#define ST_SHELF_CLASS_OFFSET ((10 - 3) * 8 + 8) /* so that the first one, of a KiB, is 0 */

/* Requests of more than ST_SLAB_LIMIT and less than this many bytes more are looked for on shelves, and
 * freed chunks from ST_SHELF_CHUNK_LEAST to below this many bytes more are kept: 0 until the program has
 * started, as before that there is no thread-local storage, and for good if there can be no shelves. */
ST_DECLARE_DATA size_t st_shelf_range;

/* A block that is kept: its address, and above that the size of its chunk in grains, so that its own
 * head, which has gone cold, need not be read. 0 is none. */
typedef uint64_t st_shelf_entry;
#define ST_SHELF_ADDRESS_BITS 48
ST_STATIC_ASSERT(ST_SHELF_CHUNK_END / STRATA_ALIGNMENT <= (size_t)1 << (64 - ST_SHELF_ADDRESS_BITS),
                 "the largest size has room above an address");

/* Slots and tops are counted (see slab/cache.h). Like a magazine, a shelf begins with a slot that is 0
 * for good. */
typedef struct st_shelf {
    st_shelf_entry slot[ST_SHELF_SLOTS + 1]; /* newest last */
} st_shelf;

typedef struct st_shelves {
    size_t kept;  /* bytes of chunks on all shelves */
    size_t most;  /* how many may be, as last decided */
    size_t peak;  /* if strata comes to hold more than this, most gives way */
    size_t next;  /* the class that gives way next if there is no room */
    size_t missed_size;   /* the chunk that was last needed and not there, */
    uint32_t missed_count; /* as often in turn */
    st_shelf_entry *top[ST_SHELF_CLASSES + 1]; /* the last slot in use */
    st_shelf_entry *end[ST_SHELF_CLASSES + 1]; /* the last slot that may be, for now */
    bool was_empty[ST_SHELF_CLASSES + 1];      /* since it was last full: somebody wanted more */
    st_shelf shelf[ST_SHELF_CLASSES + 1];      /* the last one stays empty */
} st_shelves;

ST_ALWAYS_INLINE void *st_shelf_address(st_shelf_entry entry)
{
    return (void *)(uintptr_t)(entry & (((st_shelf_entry)1 << ST_SHELF_ADDRESS_BITS) - 1));
}
ST_ALWAYS_INLINE size_t st_shelf_size(st_shelf_entry entry)
{
    return (size_t)(entry >> ST_SHELF_ADDRESS_BITS) * ST_CHUNK_GRAIN;
}
/* Of a block in a chunk of `size` bytes. */
ST_ALWAYS_INLINE st_shelf_entry st_shelf_entry_for(const void *mem, size_t size)
{
    return (st_shelf_entry)size * (((st_shelf_entry)1 << ST_SHELF_ADDRESS_BITS) / ST_CHUNK_GRAIN) |
           st_addr(mem);
}

/* How many blocks a shelf has. Exact if its thread does nothing meanwhile. */
ST_INLINE size_t st_shelf_count(const st_shelves *shelves, size_t class_idx)
{
    return (size_t)(st_load_shared(&shelves->top[class_idx]) - shelves->shelf[class_idx].slot);
}

/* True if a chunk of `size` bytes that is kept may serve a request that needs so many. */
ST_INLINE bool st_shelf_fits(size_t size, size_t needed)
{
    return size - needed <= needed / 4; /* what is too small wraps round */
}

/* The class that a chunk of `size` bytes is kept in. */
ST_ALWAYS_INLINE size_t st_shelf_class(size_t size)
{
    size_t eighth = st_highest_bit(size) - 3;
    return eighth * 8 + (size >> eighth) - ST_SHELF_CLASS_OFFSET;
}

/* The class to look at first for a request that needs so many bytes, not rounded up yet: that of the chunk
 * which a space would give. */
ST_ALWAYS_INLINE size_t st_shelf_class_for(size_t needed)
{
    return st_shelf_class(needed + ST_CHUNK_GRAIN - 1);
}

/* What the first word of a kept block says: its own address, turned over, which no program would store
 * there by chance. It is seen as a word here, and as whatever it likes by the program. */
typedef size_t ST_MAY_ALIAS st_shelf_word;
ST_ALWAYS_INLINE st_shelf_word st_shelf_mark(const void *mem)
{
    st_shelf_word inverse = ~st_addr(mem);
    return inverse << ST_WORD_SIZE * 3 | inverse >> ST_WORD_SIZE * 5;
}

/* Puts the block at `mem`, in a chunk of `size` bytes, onto a shelf where there is room. */
ST_ALWAYS_INLINE void st_shelf_keep(st_shelves *shelves, size_t class_idx, void *mem, size_t size)
{
    st_shelf_entry *top = shelves->top[class_idx] + 1;
    shelves->kept += size;
    *(st_shelf_word *)mem = st_shelf_mark(mem);
    st_store_shared(top, st_shelf_entry_for(mem, size));
    st_store_shared(&shelves->top[class_idx], top);
}

/* Takes the newest block of the shelf, which is this one. */
ST_ALWAYS_INLINE void *st_shelf_take_newest(st_shelves *shelves, size_t class_idx, st_shelf_entry entry)
{
    void *mem = st_shelf_address(entry);
    st_store_shared(&shelves->top[class_idx], shelves->top[class_idx] - 1);
    shelves->kept -= st_shelf_size(entry);
    *(st_shelf_word *)mem = 0;
    if (STRATA_STATS) st_count_own(&st_near.allocations);
    return mem;
}

/* The newest block of its class for `req`, more than ST_SLAB_LIMIT and at most ST_SHELF_LIMIT bytes, at a
 * multiple of `alignment`; NULL if that does not fit: ask st_shelf_take_other. Any of its bytes may be
 * dirty. The program has started. */
ST_ALWAYS_INLINE void *st_shelf_take(size_t req, size_t alignment)
{
    st_shelves *shelves = st_near.more;
    if (ST_UNLIKELY(shelves == NULL)) return NULL;
    size_t needed = req + ST_CHUNK_OVERHEAD;
    size_t class_idx = st_shelf_class_for(needed);
    st_shelf_entry entry = *shelves->top[class_idx];
    if (ST_UNLIKELY(!st_shelf_fits(st_shelf_size(entry), needed) ||
                    !st_is_aligned(st_shelf_address(entry), alignment)))
        return NULL;
    return st_shelf_take_newest(shelves, class_idx, entry);
}

/* The same for a request for which st_shelf_take had none: looks at the next class. */
ST_INTERNAL ST_NOINLINE void *st_shelf_take_other(size_t req, size_t alignment);

/* Keeps the block at `mem`, in a chunk of `size` bytes, when that is not just a store, or frees it. */
ST_INTERNAL ST_NOINLINE void st_shelf_put_slow(void *mem, size_t size);

/* Keeps the block at `mem`, in memory of a space of the process's heap, or frees it; reports what is no
 * block in use. */
ST_ALWAYS_INLINE void st_shelf_put(void *mem)
{
    size_t size = st_space_chunk_now(st_heap_secret, mem);
    if (ST_UNLIKELY(size - ST_SHELF_CHUNK_LEAST >= st_shelf_range)) {
        st_heap_free(mem);
        return;
    }
    st_shelves *shelves = st_near.more;
    if (ST_UNLIKELY(shelves == NULL)) {
        st_shelf_put_slow(mem, size);
        return;
    }
    size_t class_idx = st_shelf_class(size);
    if (ST_UNLIKELY(shelves->top[class_idx] == shelves->end[class_idx] ||
                    shelves->kept + size > shelves->most ||
                    *(st_shelf_word *)mem == st_shelf_mark(mem))) {
        st_shelf_put_slow(mem, size);
        return;
    }
    st_shelf_keep(shelves, class_idx, mem, size);
}

/* True if some thread keeps the block at `mem`, by its mark; mem lies in memory of a space. For
 * misuse: who asks should have the block. */
ST_INTERNAL bool st_shelf_keeps(const void *mem);

/* A request of more than ST_SLAB_LIMIT bytes found nothing on the shelves. NULL: it goes to the heap. If
 * strata has grown, what is kept went there, too, so that it does not grow more. Else, if requests of this
 * very size find nothing time and again while there are other threads, who may free what this one
 * allocates, several blocks have been taken with one lock, and this is one of them. */
ST_INTERNAL ST_NOINLINE void *st_shelf_miss(size_t req);

/* Frees all that the calling thread keeps. */
ST_INTERNAL void st_shelf_flush(void);

/* In the child of a fork: nobody but the calling thread keeps anything. */
ST_INTERNAL void st_shelf_reset_all(void);

/* The program has started: threads may keep blocks. */
ST_INTERNAL void st_shelf_start(void);

/* True if some thread keeps the block at `mem`, of `usable` bytes. The locks of all caches are held
 * (st_cache_lock_all): they come before that of the space which is asked for. Exact if no other
 * thread allocates. */
ST_INTERNAL bool st_shelf_has(const void *mem, size_t usable);

/* Bytes that all threads keep, as chunks of spaces, and how many blocks. Exact if no other thread
 * allocates. */
ST_INTERNAL void st_shelf_totals(size_t *kept, size_t *kept_count);

#endif
#endif
