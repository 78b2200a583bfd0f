/* SPDX-License-Identifier: MIT-0
 *
 * Address -> owner, for any pointer at all, without touching what it points to and without a
 * lock. Address space is divided into granules of 64 KiB; each has one word:
 *
 *      31                     8 7        0
 *     +------------------------+----------+
 *     |         index          |   kind   |     0: not ours
 *     +------------------------+----------+
 *
 *   st_owner_space    index = number of the space that the granule belongs to
 *   st_owner_direct   index = record of the mapping that begins in the granule (map/direct.h)
 *   st_owner_heap     index = number of the heap that the granule belongs to (heaps/heaps.h)
 *
 * On 64-bit hosts the words lie in leaves of 1 MiB of address space that cover 16 GiB each and
 * are taken from the host when first written; a touched page of a leaf covers 64 MiB.
 */
#ifndef ST_PAGEMAP_H
#define ST_PAGEMAP_H

#include "base/atomic.h"
#include "base/bits.h"

#define ST_GRANULE ((size_t)65536)

typedef enum st_owner_kind {
    st_owner_none,
    st_owner_space,
    st_owner_direct,
    st_owner_heap
} st_owner_kind;

typedef uint32_t st_owner;

ST_INLINE st_owner st_owner_make(st_owner_kind kind, uint32_t idx)
{
    return idx << 8 | (uint32_t)kind;
}
ST_INLINE st_owner_kind st_owner_kind_of(st_owner owner) { return (st_owner_kind)(owner & 255); }
ST_INLINE uint32_t st_owner_idx_of(st_owner owner) { return owner >> 8; }

#if STRATA_PAGEMAP

#if SIZE_MAX > 0xffffffff
#define ST_PAGEMAP_ADDRESS_BITS 48
/* Small leaves where address space costs memory, for a larger root. */
#define ST_PAGEMAP_LEAF_BITS (STRATA_HOST_MORECORE ? 14 : 18) /* granules in a leaf, as a power of two */
#else
#define ST_PAGEMAP_ADDRESS_BITS 32
#define ST_PAGEMAP_LEAF_BITS 10
#endif
#define ST_PAGEMAP_ROOT_BITS (ST_PAGEMAP_ADDRESS_BITS - 16 - ST_PAGEMAP_LEAF_BITS)

typedef struct st_pagemap_leaf {
    ST_ATOMIC(st_owner) word[(size_t)1 << ST_PAGEMAP_LEAF_BITS];
} st_pagemap_leaf;

typedef struct st_pagemap_root {
    ST_ATOMIC(st_pagemap_leaf *) leaf[(size_t)1 << ST_PAGEMAP_ROOT_BITS]; /* NULL: nothing of ours */
} st_pagemap_root;

ST_DECLARE_DATA st_pagemap_root st_pagemap;

/* The owner of the granule that `pointer` points into; 0 if it is not ours. Any thread, any
 * pointer. Exact for a block that the caller holds; for others as good as a guess. */
ST_INLINE st_owner st_pagemap_get(const void *pointer)
{
    uintptr_t granule = st_addr(pointer) >> 16;
    uintptr_t root_idx = granule >> ST_PAGEMAP_LEAF_BITS;
    if (ST_UNLIKELY(root_idx >= (uintptr_t)1 << ST_PAGEMAP_ROOT_BITS)) return 0;
    /* SYNC-2 acquire: the leaf's words are zero, or what was stored, before its address is seen. */
    st_pagemap_leaf *leaf = st_load_acquire(&st_pagemap.leaf[root_idx]);
    if (ST_UNLIKELY(leaf == NULL)) return 0;
    /* relaxed: whoever holds a block got its address from a thread that saw this word stored. */
    return st_load_relaxed(&leaf->word[granule & (((uintptr_t)1 << ST_PAGEMAP_LEAF_BITS) - 1)]);
}

/* Gives the granules of [start, start + size) to `owner`; 0 takes them back. start is a multiple
 * of ST_GRANULE, size is rounded up to one. False, and no change, if a leaf is needed and there
 * is no memory for it; never for owner 0 over granules that were given. */
ST_INTERNAL bool st_pagemap_set(const void *start, size_t size, st_owner owner);

/* Locks out changes around a fork; reset is for the child. */
ST_INTERNAL void st_pagemap_lock(void);
ST_INTERNAL void st_pagemap_unlock(void);
ST_INTERNAL void st_pagemap_reset_lock(void);

/* Bytes of memory that the map itself may have touched, and of address space it holds. */
ST_INTERNAL size_t st_pagemap_reserved(void);

#else

ST_INLINE bool st_pagemap_set(const void *start, size_t size, st_owner owner)
{
    (void)start;
    (void)size;
    (void)owner;
    return true;
}

#endif
#endif
