/* SPDX-License-Identifier: MIT-0
 *
 * Slabs: slices of 64 KiB cut into blocks of one size, 16 to 1,024 bytes in steps of 16. A block
 * has no header, and nothing of ours lies between blocks; which of them are free is told by bits in
 * the slice's note (map/slices.h), and for the smallest blocks in its room as well:
 *
 *   slice   | block 0 | block 1 | ... | block fresh | ... never handed out ...| rest |
 *
 *   note    next prev  free fresh count hint list | bits of blocks 0 to 895 |      128 bytes
 *   room                                          | bits of blocks 896 to 4,095 |  400 bytes
 *
 * A slab belongs to the depot of the cache whose number its slice's word tells, until it is given
 * back; the word tells the class, too. A depot's lock guards its slabs. Blocks that the cache has
 * taken out, whether it has handed them out or keeps them, are in use for the slab.
 *
 * Trust: notes and words are believed. What comes from outside is the address of a block that is
 * put back; whether it is one is told exactly.
 */
#ifndef ST_SLAB_H
#define ST_SLAB_H

#include "books/report.h"
#include "map/slices.h"

#if STRATA_SLABS

#define ST_SLAB_GRAIN ((size_t)16)
#define ST_SLAB_CLASSES 64 /* class i: blocks of i grains; there is no class 0 */
#define ST_SLAB_LIMIT (ST_SLAB_CLASSES * ST_SLAB_GRAIN)

#define ST_SLAB_NOTE_WORDS 14 /* of bits; 896 blocks: enough for 80 bytes and more */
#define ST_SLAB_ROOM_WORDS 50
#define ST_SLAB_WORDS_MAX (ST_SLAB_NOTE_WORDS + ST_SLAB_ROOM_WORDS)

typedef enum st_slab_list {
    st_slab_list_none,   /* no block to be had */
    st_slab_list_partial, /* of its depot and class: there is a block to be had */
    st_slab_list_sparse   /* there is one, too, but no whole page that could go back */
} st_slab_list;

/* Guarded by the lock of the depot. */
typedef struct st_slab {
    uint32_t next;        /* number of a slice in the same list; 0 at its end */
    uint32_t prev;        /* the same the other way; of the first one: the last one */
    uint16_t free_count;  /* blocks not taken: set bits, and those from `fresh` on */
    uint16_t fresh;       /* blocks from this one on were never handed out, and have no bits */
    uint16_t clean;       /* bit i: page i has no block in use, and went back */
    uint8_t word_hint;    /* no bit is set in a word below this one */
    uint8_t list;         /* which one it is in: st_slab_list */
    uint64_t bits[ST_SLAB_NOTE_WORDS]; /* 1: free */
} st_slab;

ST_STATIC_ASSERT(sizeof(st_slab) == ST_SLICE_NOTE, "a slab's record is the note of its slice");
ST_STATIC_ASSERT(ST_SLAB_ROOM_WORDS * 8 == ST_SLICE_ROOM, "the rest of the bits fill the room");
ST_STATIC_ASSERT(ST_SLAB_WORDS_MAX * 64 >= ST_SLICE / ST_SLAB_GRAIN, "every block has a bit");

/* Whom slabs belong to. */
typedef struct st_depot {
    st_lock lock;
    uint32_t number;                       /* owner in the words of its slices; set once */
    /* Guarded by lock: */
    uint32_t partial[ST_SLAB_CLASSES + 1]; /* slabs with blocks to be had; the one that last came to
                                            * have any comes first */
    uint32_t sparse[ST_SLAB_CLASSES + 1];  /* the same for those that have been looked through: see
                                            * st_slab_list */
    size_t live;                           /* bytes of blocks that are taken, */
    size_t told;                           /* and when the account was last told (map/room.h) */
    uint8_t purge_class;                   /* where purging goes on */
    uint8_t lacks[ST_SLAB_CLASSES + 1];    /* how often no slab had a block that was asked for, since
                                            * the depot was left: 0, 1, ... many */
} st_depot;

/* So many times that a depot other than the first has no slab with a block of a class, nor a larger one to
 * stand in, there is none: the request is served from elsewhere. Else of a hundred threads that need each
 * size once, each would have a slab of each, and touch a page of it. Set once, before there is a second
 * thread. */
ST_DECLARE_DATA uint8_t st_slab_lacks_elsewhere;

/* The class for a request of at most ST_SLAB_LIMIT bytes; 0 for one of 0 bytes. */
ST_ALWAYS_INLINE size_t st_slab_class_for(size_t req)
{
    return (req + ST_SLAB_GRAIN - 1) / ST_SLAB_GRAIN;
}

/* The class of the slab in a slice with this word; 0 if there is none. */
ST_ALWAYS_INLINE size_t st_slab_class_of(st_owner word)
{
    size_t class_idx = word & 255;
    return class_idx <= ST_SLAB_CLASSES ? class_idx : 0;
}
/* The number of the depot that the slab belongs to. */
ST_ALWAYS_INLINE uint32_t st_slab_depot_of(st_owner word) { return word >> 8; }

/* The word with the bits of the blocks [64 * word_idx, 64 * word_idx + 64). */
ST_ALWAYS_INLINE uint64_t *st_slab_bits(st_slab *slab, uint32_t idx, unsigned word_idx)
{
    if (ST_LIKELY(word_idx < ST_SLAB_NOTE_WORDS)) return &slab->bits[word_idx];
    return (uint64_t *)st_slices_room(idx) + (word_idx - ST_SLAB_NOTE_WORDS);
}

/* Takes up to `count` blocks of a class out of the depot's slabs, in the order of their addresses
 * within a slab, and returns how many: fewer only if the slab they come from has no more, which
 * then is not begun anew; 0 if the host has no memory. While a class is rare, a single block of one not
 * much larger may stand in for it. */
ST_INTERNAL size_t st_slab_take(st_depot *depot, size_t class_idx, void **blocks, size_t count)
    ST_REQUIRES(depot->lock);

/* How many blocks fit into a slab of this class. */
ST_INTERNAL uint32_t st_slab_block_count(size_t class_idx);

/* Puts `count` blocks back; all lie in slabs of this depot. Those that are not blocks in use are
 * reported and left alone. An empty slab is given back, unless it is its class's only one with
 * blocks to be had and the class has lacked some. */
ST_INTERNAL void st_slab_put(st_depot *depot, void *const *blocks, size_t count)
    ST_REQUIRES(depot->lock);

/* Whoever took from the depot ends: no empty slab stays for the next one, now or later. */
ST_INTERNAL void st_slab_leave(st_depot *depot) ST_REQUIRES(depot->lock);

/* Gives back the empty slabs that st_slab_put left. */
ST_INTERNAL void st_slab_trim(st_depot *depot) ST_REQUIRES(depot->lock);

/* Gives back whole pages without a block in use, about `size` bytes of them, of slabs that nobody takes from
 * at the moment first. Returns how many that were (slab_purge.c). */
ST_INTERNAL size_t st_slab_purge(st_depot *depot, size_t size) ST_REQUIRES(depot->lock);

/* True if pages of the slab `idx` could go back. */
ST_INTERNAL bool st_slab_has_pages(uint32_t idx);

/* True if all its clean pages have no block in use: INV-SLAB-4. */
ST_INTERNAL bool st_slab_is_clean(uint32_t idx);

/* Blocks have been taken from the slab `idx`, which has clean pages: those that they lie on are not clean any
 * more. */
ST_INTERNAL void st_slab_soil(uint32_t idx, void *const *blocks, size_t count);

/* Tells the account what the depot has in use. Returns how much less that is than when it was last told. */
ST_INTERNAL ST_NOINLINE size_t st_slab_tell(st_depot *depot) ST_REQUIRES(depot->lock);

/* The slab, which is empty, is one no more. A slice counts as resident as a whole. */
ST_INTERNAL void st_slab_give(st_depot *depot, uint32_t idx, size_t class_idx) ST_REQUIRES(depot->lock);

/* Puts a slab on a list of its depot, and takes it off; for slab_purge.c. */
ST_INTERNAL void st_slab_push(st_depot *depot, uint32_t idx, size_t class_idx, st_slab_list list)
    ST_REQUIRES(depot->lock);
ST_INTERNAL void st_slab_unlink(st_depot *depot, uint32_t idx, size_t class_idx)
    ST_REQUIRES(depot->lock);

/* True if a block of this class begins at `mem`, which lies in such a slab. */
ST_INTERNAL bool st_slab_is_start(const void *mem, size_t class_idx);

/* What the block at `mem` in slice `idx` is for its slab: st_misuse_none if it is taken. */
ST_INTERNAL st_misuse_kind st_slab_fault(uint32_t idx, const void *mem);

/* Calls `visit` for each slab in order of addresses, with the lock of its depot not held; ends
 * when it returns non-zero, and returns that. */
ST_INTERNAL int st_slab_walk(int (*visit)(void *context, uint32_t idx), void *context);

/* Proves INV-SLAB-1.. for all slabs of the depot: returns how many are broken, the first one's id
 * in *first.
 *
 * INV-SLAB-1  a slab's free count is the number of its bits that are set and its fresh blocks
 * INV-SLAB-2  no bit is set from `fresh` on, nor in a word below the hint
 * INV-SLAB-3  a slab is on a list of its class, the one it tells, exactly if it has a block to be had
 * INV-SLAB-4  no block that is taken lies on a clean page
 * INV-SLAB-5  live is the sum of the blocks that are taken */
ST_INTERNAL int st_slab_check(st_depot *depot, const char **first) ST_REQUIRES(depot->lock);

#endif
#endif
