/* SPDX-License-Identifier: MIT-0
 *
 * The boundary-tag engine: a space gives and takes chunks of any size with best fit and
 * immediate merging, on segments of address space that it takes from the host as it grows. The
 * scheme is Doug Lea's (docs/algorithms.md); every heap of strata is one or more of these.
 *
 * A free chunk is in exactly one of these places:
 *   quick[i]  freed small chunks of one size, not merged yet; newest first
 *   small[i]  chunks of one size, i grains; newest first
 *   tree[i]   larger chunks, a bitwise trie over the size for each half power of two
 *   victim    the rest of the last chunk that was split for a small request
 *   top       the chunk at the growing end of the newest segment
 *
 * Trust: the record below is believed. Everything reached through memory that a user can write
 * (heads, feet, links) is doubted before it is used to write; a doubt that is confirmed ends in
 * st_misuse.
 *
 * The space's lock is held in every function here unless its comment says otherwise.
 */
#ifndef ST_SPACE_H
#define ST_SPACE_H

#include "books/report.h"
#include "map/pagemap.h"
#include "map/room.h"
#include "os/lock.h"
#include "space/chunk.h"

#define ST_SMALL_BINS 32
#define ST_TREE_BINS 32
/* The smallest chunk, in grains. */
#define ST_SMALL_FIRST (ST_CHUNK_MIN / ST_CHUNK_GRAIN)
/* Chunks below this are small: 512 bytes on 64-bit hosts, 256 on 32-bit ones. */
#define ST_SMALL_LIMIT (ST_SMALL_BINS * ST_CHUNK_GRAIN)

/* ---- segments ----
 *
 *   base                                        committed              reserved
 *   +-----------+-------+-------+--- - - ---+-------+ . . . . . . . . . . +
 *   | st_segment| chunk | chunk |           | fence |  not usable yet     |
 *   +-----------+-------+-------+--- - - ---+-------+ . . . . . . . . . . +
 *               ^ first                     ^ end
 *
 * The fence is a head without a chunk: in use, size 0. It stops merging, and its prev_size is the
 * foot of the last chunk. In the segment that holds top it moves up as the segment grows.
 *
 * A heap's first segment begins with the heap's own record, and st_segment lies behind that. It may be on
 * the caller's memory: then nothing of it is reserved, its base is any multiple of a grain, and it has no
 * owner in the page map. A segment from a source has committed what is reserved. */
typedef struct st_segment st_segment;
struct ST_MAY_ALIAS st_segment {
    st_segment *next;   /* older segment of the same space, or NULL */
    char *base;         /* first byte of the range, a multiple of ST_GRANULE but for the caller's */
    size_t committed;   /* usable bytes from base, whole granules: those the page map knows */
    size_t reserved;    /* bytes of address space from base, whole granules */
};

#define ST_FENCE_SIZE ST_CHUNK_HEADER
/* Such that the first block, which lies ST_CHUNK_HEADER above its chunk, is aligned. */
#define ST_SEGMENT_HEADER                                                                      \
    (((sizeof(st_segment) + ST_CHUNK_HEADER + ST_CHUNK_GRAIN - 1) & ~(ST_CHUNK_GRAIN - 1)) -    \
     ST_CHUNK_HEADER)

ST_INLINE st_chunk *segment_first(const st_segment *segment)
{
    return st_at(segment, ST_SEGMENT_HEADER);
}
ST_INLINE st_chunk *segment_fence(const st_segment *segment)
{
    return st_at(segment->base, segment->committed - ST_FENCE_SIZE);
}

struct st_tree; /* space/tree.h */

/* Where the space of a heap takes its segments from if that is not the host. */
typedef struct st_source {
    /* At least `size` bytes, whole granules, at a multiple of a granule; NULL: there are none. */
    void *(*take)(void *context, size_t size);
    /* Takes them back; 0 if it can't. NULL: it never can. */
    int (*give)(void *context, void *mem, size_t size);
    void *context;
    bool is_zero; /* what it gives is */
} st_source;

/* Who gives memory back has to know how much is in use. */
#define ST_SPACE_COUNTS (STRATA_STATS || STRATA_RETURN)

/* ---- the record ---- */

/* What every call reads comes first: the nearer to the start, the shorter the instructions. */
typedef struct st_space {
    /* Where to look. Guarded by `lock`. */
    uint32_t small_map;                      /* bit i: small[i] is not empty */
    uint32_t tree_map;                       /* bit i: tree[i] is not empty */
    size_t victim_size;                      /* 0 if there is no victim */
    size_t top_size;                         /* 0 before the first growth */
    st_chunk *victim;
    st_chunk *top;
    char *top_fresh;                         /* in top: bytes from here on are zero, untouched */
    size_t secret;                           /* enters every seal; set once */
    size_t quick_room;                       /* grains that the quick lists may still take, */
    size_t quick_limit;                      /* of so many: the option when last flushed */
    const char *lowest;                      /* all segments lie in the `grains` grains from here */
    size_t grains;
    size_t inner_grains;                     /* the same without the last ST_SMALL_LIMIT bytes */
    st_segment *segments;                    /* newest first; top is in the first */

    /* What it did. Guarded by `lock`; 0 without STRATA_STATS, but for the first. */
    size_t live;                             /* bytes of chunks in use; 0 without ST_SPACE_COUNTS */
    size_t live_peak;                        /* most of them when memory was last needed */
    size_t allocations, frees;               /* calls */
    size_t check_count;                      /* operations until the next check (STRATA_CHECK 3) */

    st_chunk *small[ST_SMALL_BINS];          /* index: size / grain */
    struct st_tree *tree[ST_TREE_BINS];

    /* What it lives in. Guarded by `lock`. */
    size_t footprint;                        /* sum of committed. Stored shared: readers without the */
    size_t footprint_peak;                   /* lock see an older value */
    size_t reserved;                         /* sum of reserved */
    size_t room;                             /* bytes above top_fresh that are in the account of */
                                             /* map/room.h, as if touched */
    size_t held;                             /* bytes of this space in that account */
    size_t told;                             /* live when the account was last told, */
    size_t told_used;                        /* and what it was told */
    size_t purged;                           /* bytes in the clean ranges of free chunks */
    uint32_t last_trim;                      /* when that happened because of time */
    uint32_t trim_count;                     /* large frees until the clock is looked at */
    st_owner owner;                          /* in the page map */
    bool takes_large;                        /* blocks of any size: there are no direct mappings */
    bool is_apart : 1;                       /* a heap's, with its own limit; not of the process's */
    bool has_no_quick : 1;                   /* the record ends where quick[] would begin */
    bool keeps_pages : 1;                    /* of a heap: a free gives nothing back by itself */
    uint8_t unit_shift;                      /* of a heap: it grows by multiples of 1 << this; 0: as others */
    size_t limit;                            /* of a heap: to which its footprint may grow. As footprint */
    const st_source *source;                 /* of a heap: instead of the host, or NULL */

    st_lock lock;

#if STRATA_QUICK
    st_chunk *quick[ST_SMALL_BINS];          /* index: size / grain. Last: see has_no_quick */
#endif
} st_space;

/* Bytes of a record that ends before quick[]. */
#if STRATA_QUICK
#define ST_SPACE_SIZE_WITHOUT_QUICK offsetof(st_space, quick)
#else
#define ST_SPACE_SIZE_WITHOUT_QUICK sizeof(st_space)
#endif

/* True if the segment's pages are the host's to purge and to take back: they are not the caller's or from
 * a source. */
ST_INLINE bool segment_is_hosts(const st_space *space, const st_segment *segment)
{
    return !STRATA_HEAPS || (space->source == NULL && segment->reserved != 0);
}

/* True if the space has quick lists. */
ST_ALWAYS_INLINE bool st_space_has_quick(const st_space *space)
{
    return !STRATA_HEAPS || !space->has_no_quick;
}

/* ---- life ---- */

/* Makes `space`, whose bytes are zero, ready: number `idx`, seals made with `secret`. It takes
 * no memory until the first allocation. The lock is not held. */
ST_INTERNAL void st_space_init(st_space *space, size_t idx, size_t secret);

#if STRATA_HEAPS
/* The same for the space of heap number `idx` (space_apart.c): without a limit, and as has_no_quick and
 * source, which are set already, tell. */
ST_INTERNAL void st_space_init_apart(st_space *space, size_t idx, size_t secret);

/* Begins its first segment, whose first `lead` bytes, a multiple of a grain, are for the heap's record. On
 * `size` bytes of the caller's at `base`, both multiples of a grain, at least as many as
 * st_space_base_min. */
ST_INTERNAL void st_space_begin_on(st_space *space, size_t lead, void *base, size_t size);
ST_INLINE size_t st_space_base_min(size_t lead)
{
    return lead + ST_SEGMENT_HEADER + 2 * ST_CHUNK_MIN + ST_FENCE_SIZE;
}

/* On memory of the source or the host, with at least `reserve` bytes of address space if that is not 0. The
 * space may be moved before its lock is taken for the first time. False, and no change, if there is none. */
ST_INTERNAL bool st_space_begin(st_space *space, size_t lead, size_t reserve);

/* Frees all blocks. What the first segment has stays, the others go back. */
ST_INTERNAL void st_space_reset(st_space *space) ST_REQUIRES(space->lock);

/* Gives all segments back but the caller's; `space` is a copy of the record, which lies in one of them.
 * Returns how many bytes of the footprint went back. Nobody holds the lock, or wants it. */
ST_INTERNAL size_t st_space_end(st_space *space);
#endif

/* ---- give and take ---- */

/* What st_space_alloc (space_quick.h) does if no chunk of this very size is kept unmerged. */
ST_INTERNAL ST_NOINLINE void *st_space_search(st_space *space, size_t size, char **dirty_end)
    ST_REQUIRES(space->lock);

/* st_space_alloc at a multiple of `alignment`, a power of two above ST_CHUNK_GRAIN. The caller has
 * made sure that size + alignment + ST_CHUNK_MIN does not overflow. */
ST_INTERNAL void *st_space_alloc_aligned(st_space *space, size_t alignment, size_t size)
    ST_REQUIRES(space->lock);

/* A chunk of at least `size` bytes where a block can grow: from the part of top that was touched before,
 * as the address of its block. NULL if that is not large enough. */
ST_INTERNAL void *st_space_alloc_to_grow(st_space *space, size_t size) ST_REQUIRES(space->lock);

/* What st_space_free (space_quick.h) does with a block that can't just be kept unmerged. */
ST_INTERNAL ST_NOINLINE void st_space_free_any(st_space *space, void *mem) ST_REQUIRES(space->lock);

/* Frees one of several blocks that are freed together: what it merges into is the victim for the moment,
 * so that neighbors which follow each other join it without a bin between. False if it was misuse, which
 * was reported. */
ST_INTERNAL bool st_space_free_in_turn(st_space *space, void *mem) ST_REQUIRES(space->lock);

typedef enum st_resize_result {
    st_resize_done,
    st_resize_no_room, /* nothing has changed; the block must move */
    st_resize_misuse   /* reported; nothing has changed */
} st_resize_result;

/* Makes the block at `mem` at least `size` bytes of chunk without moving it: by giving back its
 * tail, or by growing into what is free above. *usable tells how many bytes it had before. */
ST_INTERNAL st_resize_result st_space_resize(st_space *space, void *mem, size_t size,
                                             size_t *usable) ST_REQUIRES(space->lock);

/* Makes two blocks of the one in use at `mem`, whose chunk has at least `size` + ST_CHUNK_MIN bytes: the
 * first has `size` bytes of chunk, the other one is returned. */
ST_INTERNAL void *st_space_cut(st_space *space, void *mem, size_t size) ST_REQUIRES(space->lock);

/* Bytes usable in the block at `mem`; 0 if it is no block in use here. */
ST_INTERNAL size_t st_space_usable(const st_space *space, const void *mem)
    ST_REQUIRES(space->lock);

/* ---- memory from and to the host (space_grow.c) ---- */

/* Makes top at least `size` + ST_CHUNK_MIN bytes. False, and no change, if the host has none. */
ST_INTERNAL bool st_space_grow(st_space *space, size_t size) ST_REQUIRES(space->lock);

#if STRATA_HEAPS
/* Told of each range of address space that the space of a heap takes from the host; NULL: nobody is. */
ST_DECLARE_DATA void (*st_space_hook)(const st_space *space, void *addr, size_t size);
#endif

/* Gives a segment back to where it came from: false, and no change, if that can't be done. `gone` is a copy
 * of it. And takes it out of the footprint then (space_grow.c). */
ST_INTERNAL bool st_space_give_back(const st_space *space, const st_segment *gone);
ST_INTERNAL void st_space_count_gone(st_space *space, const st_segment *gone);

/* True if a segment of the space is its own in the page map: not one of the caller's, or one from a source
 * that has it from strata. */
ST_INTERNAL bool st_space_owns(const st_space *space, const st_segment *segment);

/* Makes what lies between st_segment and the fence top, whose bytes from `fresh` on are zero: of the first
 * segment in the list. */
ST_INTERNAL void st_space_set_top(st_space *space, st_segment *segment, char *fresh);

/* Gives back the pages of top that were touched, above `pad` bytes. True if there were any. */
ST_INTERNAL bool st_space_trim_top(st_space *space, size_t pad) ST_REQUIRES(space->lock);

/* Before the space touches `size` bytes for the first time: keeps the account (map/room.h). If that
 * makes it more than ever, gives back the pages of large free chunks. */
ST_INTERNAL ST_NOINLINE void st_space_take_room(st_space *space, size_t size)
    ST_REQUIRES(space->lock);

/* Gives back the pages of what was touched of top, and of free chunks of at least `least` bytes, until it was
 * about `size` bytes. Returns how many it was. */
ST_INTERNAL size_t st_space_purge(st_space *space, size_t size, size_t least) ST_REQUIRES(space->lock);

/* The same as the program is about to grow: what is worth it, and nothing if little is free. */
ST_INTERNAL size_t st_space_make_room(st_space *space, size_t size) ST_REQUIRES(space->lock);

/* True if what is in use has changed by so much that the account should be told. */
ST_ALWAYS_INLINE bool st_space_has_news(const st_space *space)
{
#if STRATA_RETURN && STRATA_PAGEMAP
    return space->live - space->told + ST_ROOM_NEWS > 2 * ST_ROOM_NEWS; /* either way */
#else
    (void)space;
    return false;
#endif
}

/* Tells it (space_trim.c). Returns how much less is in use than when it was last told. */
ST_INTERNAL size_t st_space_tell(st_space *space) ST_REQUIRES(space->lock);

/* Unmaps every segment, except the one with top, that is one free chunk. True if any. */
ST_INTERNAL bool st_space_release_segments(st_space *space) ST_REQUIRES(space->lock);

/* Gives back every whole page inside free chunks: what malloc_trim does. True if any. */
ST_INTERNAL bool st_space_trim(st_space *space, size_t pad) ST_REQUIRES(space->lock);

#if STRATA_QUICK
/* Merges every chunk on the quick lists (space_free.c). */
ST_INTERNAL void st_space_flush_quick(st_space *space) ST_REQUIRES(space->lock);
#endif

/* ---- look inside ---- */

typedef enum st_chunk_kind {
    st_chunk_used,
    st_chunk_quick,
    st_chunk_free, /* in a bin, a tree, or the victim */
    st_chunk_top
} st_chunk_kind;

/* Receives a chunk; returns non-zero to end the walk. */
typedef int (*st_space_visitor)(void *context, const st_segment *segment, const st_chunk *chunk,
                                size_t size, st_chunk_kind kind);

/* Visits every chunk, segment by segment, ascending in each. Ends early at a broken tag: with -1
 * at a head that can't be one, with -2 at one that leads beyond its segment. Otherwise returns
 * what the visitor returned last. */
ST_INTERNAL int st_space_walk(const st_space *space, st_space_visitor visit, void *context);

/* Tells what is wrong with *mem, which is no block of this space that can be freed, and stores
 * in *mem the block to blame. Walks the space. */
ST_INTERNAL st_misuse_kind st_space_diagnose(const st_space *space, const void **mem);

/* Proves the invariants below; returns how many are broken, and the first one's id in *first
 * (which may be NULL). Compiled in every build; takes time proportional to the space.
 *
 * INV-SPACE-1   every head carries its seal, and a size of at least the smallest, in grains
 * INV-SPACE-2   the chunks of a segment follow each other from its first to its fence
 * INV-SPACE-3   P of a chunk tells whether the chunk below it is in use
 * INV-SPACE-4   the size of a free chunk stands again at its foot
 * INV-SPACE-5   no two free chunks are neighbors
 * INV-SPACE-6   every free chunk is in exactly one bin, tree, the victim or top
 * INV-SPACE-7   a chunk in small[i] is free and of i grains
 * INV-SPACE-8   the neighbors of a chunk in a list name it as theirs
 * INV-SPACE-9   small_map has a bit exactly for each list that is not empty
 * INV-SPACE-10  tree_map has a bit exactly for each tree that is not empty
 * INV-SPACE-11  a chunk in tree[i] is free, and its size belongs to tree i
 * INV-SPACE-12  the size of a chunk in a tree agrees with the path that leads to it
 * INV-SPACE-13  the parent of a tree chunk has it as a child and differs in size; its ring does not
 * INV-SPACE-14  the victim is a free chunk of victim_size, and in no bin
 * INV-SPACE-15  top is the last chunk of the newest segment, of top_size, and not in use
 * INV-SPACE-16  a chunk on quick[i] is of i grains and has Q and C; quick_room is what they leave of quick_limit
 * INV-SPACE-17  no chunk in use has Q but those on quick lists
 * INV-SPACE-18  footprint and reserved are the sums over the segments
 * INV-SPACE-19  every committed granule of a segment that it owns belongs to this space in the page map
 * INV-SPACE-20  live is the sum of the chunks in use (ST_SPACE_COUNTS)
 * INV-SPACE-21  top_fresh lies in top or at its end
 * INV-SPACE-22  a free chunk has Q exactly if it has a clean range, and purged is the sum of these */
ST_INTERNAL int st_space_check(const st_space *space, const char **first);

#endif
