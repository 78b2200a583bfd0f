/* SPDX-License-Identifier: MIT-0
 *
 * Blocks so large that each has a mapping of its own. Everything we know of one is in a record
 * outside of it, found from the page map, so there is no header that the user could overwrite,
 * and a pointer is checked exactly. Freed mappings are kept for reuse, up to the option
 * direct_cache in all. Resizing moves page tables instead of bytes where the host can.
 *
 * Any thread may call. The lock is held around the records only, not while the host maps or
 * unmaps a block; but while it resizes one, since record and mapping then change together.
 */
#ifndef ST_DIRECT_H
#define ST_DIRECT_H

#include "books/report.h"
#include "map/pagemap.h"
#include "os/lock.h"

#if STRATA_PAGEMAP

/* What st_direct_totals tells, in bytes and counts. */
typedef struct st_direct_totals {
    size_t live;      /* in mappings in use */
    size_t live_peak; /* most of them there was */
    size_t peak;      /* most in use and cached together */
    size_t blocks;    /* how many */
    size_t cached;    /* in mappings kept for reuse */
    size_t records;   /* memory that the records take */
    size_t allocations, frees; /* calls so far */
} st_direct_totals;

/* A block of at least `req` bytes at a multiple of `alignment` (a power of two). *is_zero tells
 * whether its bytes are known to be zero. NULL if the host has no memory. */
ST_INTERNAL void *st_direct_alloc(size_t req, size_t alignment, bool *is_zero);

/* Frees the block at `mem` whose page map word is `owner`. If `mem` is not the start of a direct
 * block in use, returns what it is instead, and changes nothing. */
ST_INTERNAL st_misuse_kind st_direct_free(void *mem, st_owner owner);

/* Bytes usable at `mem`; 0 if it is not the start of a direct block in use. */
ST_INTERNAL size_t st_direct_usable(const void *mem, st_owner owner);

/* Resizes the block without copying, by moving it if `may_move`. NULL, and no change, if that
 * can't be done. */
ST_INTERNAL void *st_direct_resize(void *mem, st_owner owner, size_t req, bool may_move);

/* Gives back at least `size` bytes of what is cached, if there are so many, the oldest first. Returns how
 * many that were. */
ST_INTERNAL size_t st_direct_shrink(size_t size);

/* Returns all cached mappings to the host. True if there were any. */
ST_INTERNAL bool st_direct_trim(void);

ST_INTERNAL void st_direct_totals_get(st_direct_totals *totals);

/* Calls `visit` for each block in use, under the lock; stops when it returns non-zero, and
 * returns that. */
ST_INTERNAL int st_direct_walk(int (*visit)(void *context, void *mem, size_t usable),
                               void *context);

/* Proves INV-DIRECT-1..: returns how many are broken, the first one's id in *first.
 *
 * INV-DIRECT-1  a mapping in use or cached belongs to its record in the page map
 * INV-DIRECT-2  used and cached records add up to the totals
 * INV-DIRECT-3  every cached record is once in the cache, every spare one once among the spares */
ST_INTERNAL int st_direct_check(const char **first);

/* Around a fork; reset is for the child. */
ST_INTERNAL void st_direct_lock(void);
ST_INTERNAL void st_direct_unlock(void);
ST_INTERNAL void st_direct_reset_lock(void);

#endif
#endif
