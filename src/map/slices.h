/* SPDX-License-Identifier: MIT-0
 *
 * Slices: the granules that slabs are made of. All lie in one window of address space, so a slice
 * has a small number, its distance from the window's start, and what is known of it is found by
 * that number. Runs of slices are taken from the host as they are needed, side by side if it lets
 * us; the first slices of a run are its tables, so that nothing of ours lies beside users' bytes:
 *
 *   window  . . . . | run 0 | run 1 | . . . . . . . . . . . . . .    64 GiB, mostly nobody's
 *
 *   run     | notes            | rooms              | slice | slice | ...   64 MiB
 *           | 128 bytes a slice| 400 bytes a slice  |                      committed as needed
 *
 * The owner of an address is one load, without asking whether the address is ours at all:
 * st_slices_owner. The words:
 *
 *      31                     8 7        0
 *     +------------------------+----------+
 *     |    number of a cache   |  class   |   class 1 to 64: a slab of this cache (slab/slab.h)
 *     +------------------------+----------+
 *     |    next slice          |   253    |   free; 0 ends the list
 *     +------------------------+----------+
 *     |    0                   |    0     |   not ours, or a table
 *     +------------------------+----------+
 */
#ifndef ST_SLICES_H
#define ST_SLICES_H

#include "map/pagemap.h"
#include "os/lock.h"

#if STRATA_SLABS

#define ST_SLICE ST_GRANULE
#if SIZE_MAX > 0xffffffff
#define ST_SLICES_MAX ((uint32_t)1 << 20) /* in the window */
#define ST_RUN_SLICES 1024u
#else
#define ST_SLICES_MAX ((uint32_t)1 << 16) /* the window is the address space */
#define ST_RUN_SLICES 64u
#endif
#define ST_RUN (ST_RUN_SLICES * ST_SLICE)
#define ST_SLICE_NOTE ((size_t)128) /* bytes kept of each slice in any case, */
#define ST_SLICE_ROOM ((size_t)400) /* and for those that need more */
#define ST_RUN_TABLES                                                                          \
    ((uint32_t)((ST_RUN_SLICES * (ST_SLICE_NOTE + ST_SLICE_ROOM) + ST_SLICE - 1) / ST_SLICE))
#define ST_SLICE_FREE 253u /* the class of a slice that has none */

/* The number of the window's first granule; until there is a window, such that no address is in it.
 * Set once, by st_slices_start. */
ST_DECLARE_DATA uintptr_t st_slices_first;

/* Above. Written under the lock, read by any thread. */
ST_DECLARE_DATA ST_ATOMIC(st_owner) st_slices_words[ST_SLICES_MAX];

/* Opens the window: called once, before there is a second thread. False if there is no address space
 * for it. */
ST_INTERNAL bool st_slices_start(void);

/* The number of the slice at `pointer`: at least ST_SLICES_MAX if that is not in the window. */
ST_ALWAYS_INLINE uintptr_t st_slices_idx(const void *pointer)
{
    return (st_addr(pointer) >> 16) - st_slices_first;
}

/* Its word; idx is below ST_SLICES_MAX. Exact for a slice in which the caller holds a block, for
 * others as good as a guess. */
ST_ALWAYS_INLINE st_owner st_slices_word(uintptr_t idx)
{
    /* relaxed: whoever holds a block got its address from a thread that saw this word stored. */
    return st_load_relaxed(&st_slices_words[idx]);
}

ST_INLINE char *st_slices_base(uint32_t idx)
{
    return (char *)((st_slices_first + idx) << 16);
}

/* Where ST_SLICE_NOTE and ST_SLICE_ROOM bytes are kept for a slice, outside of it. Their contents
 * are what was last written for this slice, zero at first. */
ST_INLINE void *st_slices_note(uint32_t idx)
{
    char *run = st_slices_base(idx & ~(ST_RUN_SLICES - 1));
    return run + (idx & (ST_RUN_SLICES - 1)) * ST_SLICE_NOTE;
}
ST_INLINE void *st_slices_room(uint32_t idx)
{
    char *run = st_slices_base(idx & ~(ST_RUN_SLICES - 1));
    return run + ST_RUN_SLICES * ST_SLICE_NOTE + (idx & (ST_RUN_SLICES - 1)) * ST_SLICE_ROOM;
}

/* A slice, whose word becomes `owner`, as its number; 0 if the host has no memory. */
ST_INTERNAL uint32_t st_slices_take(st_owner owner);

/* Takes it back; its memory is kept for the next one who needs a slice. */
ST_INTERNAL void st_slices_give(uint32_t idx);

/* Gives the memory of free slices back to the host until at most `keep` bytes of them may be
 * resident. True if there were any. */
ST_INTERNAL bool st_slices_purge(size_t keep);

/* The same for at least `size` bytes, if there are so many. Returns how many that were. */
ST_INTERNAL size_t st_slices_shrink(size_t size);

/* Gives back all that is free, and the address space of the newest run that nobody has committed yet, for
 * a request that found none elsewhere. */
ST_INTERNAL void st_slices_give_way(void);

typedef struct st_slices_totals {
    size_t used;      /* bytes in slices that are taken */
    size_t used_peak; /* most of them there were */
    size_t dirty;     /* in free ones that may be resident */
    size_t committed; /* that may be touched: tables and all */
    size_t held;      /* the same without free ones whose memory is at the host */
    size_t reserved;  /* address space of the runs */
} st_slices_totals;

ST_INTERNAL void st_slices_totals_get(st_slices_totals *totals);

/* The first slice after `idx` (0 to begin) that is a slab, or 0. Exact for slabs that nobody takes
 * or gives meanwhile. */
ST_INTERNAL uint32_t st_slices_next(uint32_t idx);

/* Proves INV-SLICES-1..: returns how many are broken, the first one's id in *first.
 *
 * INV-SLICES-1  every slice that was ever taken is a slab or free, every other word of a run is 0
 * INV-SLICES-2  the lists of free slices have as many as are counted, each once; a free one in neither is
 *               being purged */
ST_INTERNAL int st_slices_check(const char **first);

/* Around a fork; reset is for the child. */
ST_INTERNAL void st_slices_lock(void);
ST_INTERNAL void st_slices_unlock(void);
ST_INTERNAL void st_slices_reset_lock(void);

#endif
#endif
