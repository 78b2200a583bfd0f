/* SPDX-License-Identifier: MIT-0
 *
 * The page map's writing side. Leaves are taken from the host once and never given back, so
 * readers need no lock.
 */
#include "map/pagemap.h"

#include "os/lock.h"

#if STRATA_PAGEMAP

ST_DEFINE_DATA st_pagemap_root st_pagemap;

static struct {
    st_lock lock;         /* guards the taking of leaves */
    size_t leaf_count;    /* guarded by lock */
} pagemap_state = {.lock = {.rank = st_lock_rank_pagemap}};

#define PAGEMAP_LEAF_GRANULES ((uintptr_t)1 << ST_PAGEMAP_LEAF_BITS)

/* A leaf takes its size, rounded up to whole pages of any host. */
static size_t pagemap_leaf_size(void)
{
    return st_round_up(sizeof(st_pagemap_leaf), ST_GRANULE);
}

/* The leaf for `root_idx`, taken from the host if there is none yet. NULL if it has none. */
static st_pagemap_leaf *pagemap_leaf(uintptr_t root_idx)
{
    /* SYNC-2 acquire: as in st_pagemap_get. */
    st_pagemap_leaf *leaf = st_load_acquire(&st_pagemap.leaf[root_idx]);
    if (leaf != NULL) return leaf;
    st_lock_take(&pagemap_state.lock);
    leaf = st_load_relaxed(&st_pagemap.leaf[root_idx]); /* relaxed: written under this lock. */
    if (leaf == NULL) {
        leaf = st_os_map(pagemap_leaf_size(), st_os_page_size());
        if (leaf != NULL) pagemap_state.leaf_count++;
        /* SYNC-2 release: the leaf is all zero before its address is seen. */
        st_store_release(&st_pagemap.leaf[root_idx], leaf);
    }
    st_lock_drop(&pagemap_state.lock);
    return leaf;
}

bool st_pagemap_set(const void *start, size_t size, st_owner owner)
{
    uintptr_t first = st_addr(start) >> 16;
    uintptr_t end = first + (size + ST_GRANULE - 1) / ST_GRANULE;
    if ((end - 1) >> (ST_PAGEMAP_ROOT_BITS + ST_PAGEMAP_LEAF_BITS) != 0) return false;
    /* All leaves first, so that nothing is left half done. */
    for (uintptr_t root_idx = first >> ST_PAGEMAP_LEAF_BITS;
         root_idx <= (end - 1) >> ST_PAGEMAP_LEAF_BITS; root_idx++) {
        if (pagemap_leaf(root_idx) == NULL) return false;
    }
    for (uintptr_t granule = first; granule < end; granule++) {
        st_pagemap_leaf *leaf = pagemap_leaf(granule >> ST_PAGEMAP_LEAF_BITS);
        /* relaxed: the caller hands out addresses in here only after this, and whoever gets
         * one gets it from a thread for which this has happened. */
        st_store_relaxed(&leaf->word[granule & (PAGEMAP_LEAF_GRANULES - 1)], owner);
    }
    return true;
}

void st_pagemap_lock(void) ST_NO_LOCK_ANALYSIS { st_lock_take(&pagemap_state.lock); }
void st_pagemap_unlock(void) ST_NO_LOCK_ANALYSIS { st_lock_drop(&pagemap_state.lock); }
void st_pagemap_reset_lock(void) { st_lock_reset(&pagemap_state.lock); }

size_t st_pagemap_reserved(void)
{
    st_lock_take(&pagemap_state.lock);
    size_t reserved = pagemap_state.leaf_count * pagemap_leaf_size();
    st_lock_drop(&pagemap_state.lock);
    return reserved;
}

#endif
