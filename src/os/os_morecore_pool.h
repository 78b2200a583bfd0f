/* SPDX-License-Identifier: MIT-0
 *
 * The pool of free ranges of the host over MORECORE and MMAP. Whoever calls holds the host's lock.
 */
#ifndef ST_OS_MORECORE_POOL_H
#define ST_OS_MORECORE_POOL_H

#include "os/os.h"

#if STRATA_HOST_MORECORE

/* A free range; this stands in its first bytes. Ranges are whole pages, in address order, and no two of
 * them adjoin. */
typedef struct st_morecore_range st_morecore_range;
struct ST_MAY_ALIAS st_morecore_range {
    st_morecore_range *next;
    size_t size;
};

typedef struct st_morecore_pool {
    st_morecore_range *first;
    char *end;   /* where what MORECORE gave last ends, */
    char *fresh; /* and nobody has written from here to there, if its memory is zero */
} st_morecore_pool;

/* Puts the whole pages of a range into the pool, and joins what adjoins. */
ST_INTERNAL void st_morecore_pool_give(st_morecore_pool *pool, char *addr, size_t size);

/* The lowest `size` bytes of the pool at this alignment, zero. NULL if there are none. */
ST_INTERNAL void *st_morecore_pool_take(st_morecore_pool *pool, size_t size, size_t alignment);

/* Exactly [addr, addr + size), zero. False if that is not all free. */
ST_INTERNAL bool st_morecore_pool_take_at(st_morecore_pool *pool, char *addr, size_t size);

/* Where the free memory begins that ends at `end`; `end` if there is none. */
ST_INTERNAL char *st_morecore_pool_start_of(const st_morecore_pool *pool, char *end);

/* The range that begins at `start` is in the pool no more. */
ST_INTERNAL void st_morecore_pool_drop(st_morecore_pool *pool, char *start);

#endif
#endif
