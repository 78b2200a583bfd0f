/* SPDX-License-Identifier: MIT-0
 *
 * The process's heap: decides who serves a request (a space, or a mapping of its own) and who
 * owns a pointer, and spreads threads over spaces.
 *
 * There is one space at first, and it is every thread's home. A thread that finds its home taken
 * borrows another space that is free, for once; only if another thread allocates in the same home
 * does it move to that one, or start a new one, up to the option `spaces`. So a program with one
 * thread, or whose threads do not meet, has one space, and threads that do meet soon don't.
 *
 * Every function here takes the locks it needs; none may be held, except where said.
 */
#ifndef ST_HEAP_H
#define ST_HEAP_H

#include "space/space.h"
#include "strata.h"

/* Enters the seals of all spaces of this heap. */
ST_DECLARE_DATA size_t st_heap_secret;

/* A block of at least `req` bytes; NULL if there is no memory (errno is the caller's to set).
 * *dirty_end as of st_space_alloc; dirty_end may be NULL. */
ST_INTERNAL void *st_heap_alloc(size_t req, char **dirty_end);

/* Several blocks of `req` bytes from one space, with one lock, whose contents may be dirty; returns how
 * many there are. For sizes that are not small and that spaces serve; the program has started. */
ST_INTERNAL size_t st_heap_alloc_batch(size_t req, void **blocks, size_t count);

/* Its two halves: what is kept for this very size, if that can be had without a lock, else NULL;
 * and all that takes longer. */
ST_INTERNAL void *st_heap_take_kept(size_t req, char **dirty_end);
ST_INTERNAL void *st_heap_alloc_new(size_t req, char **dirty_end);

/* A block in a space, whatever its size, so that it can be cut. */
ST_INTERNAL void *st_heap_alloc_in_space(size_t req, char **dirty_end);

/* A block at a multiple of `alignment`, any power of two. */
ST_INTERNAL void *st_heap_alloc_aligned(size_t alignment, size_t req);

/* Frees the block at `mem`, or does nothing if that is NULL. Misuse is reported. */
ST_INTERNAL void st_heap_free(void *mem);

/* The same for a block; counts a mismatch if the block is not as large as `req` bytes get. */
ST_INTERNAL void st_heap_free_sized(void *mem, size_t req);

/* Counts a mismatch of a block of `usable` bytes that is freed as one of `told`, or reports it in a build
 * that checks all; and the same only unless it may be one that was asked for as `req` bytes. */
ST_INTERNAL void st_heap_note_mismatch(size_t usable, size_t told);
ST_INTERNAL void st_heap_count_mismatch(size_t usable, size_t req, size_t told);

/* Frees many blocks of spaces, with one lock for those that follow each other in one space. */
ST_INTERNAL void st_heap_free_batch(void *const *blocks, size_t count);

/* True if `mem` points into a space or a mapping of the process's heap. Without a page map, always. */
ST_INTERNAL bool st_heap_has(const void *mem);

/* The space whose memory `mem` points into, or NULL. */
ST_INTERNAL st_space *st_heap_owner(const void *mem);

/* Mismatches counted so far. */
ST_INTERNAL size_t st_heap_size_mismatches(void);

/* Makes the block at `mem`, which is not NULL, at least `req` bytes without copying: where it is, or
 * by moving its pages. NULL if that can't be done; then *usable is how many bytes would have to be
 * copied, or 0 if there is nothing to be moved: misuse, or too much asked for. */
ST_INTERNAL void *st_heap_resize(void *mem, size_t req, size_t *usable);

/* A block for `req` bytes to which a large one moves that grows, and may grow again; NULL if there is no
 * memory. */
ST_INTERNAL void *st_heap_alloc_to_grow(size_t req);

/* Copies bytes, and makes them zero; also before the C library's functions can be called. */
ST_INTERNAL void st_heap_copy(void *to, const void *from, size_t size);
ST_INTERNAL void st_heap_fill_zero(void *mem, size_t size);

/* Makes bytes of a block zero that lies in memory of the host's: with its help, if they are many. */
ST_INTERNAL void st_heap_clear(void *mem, size_t size);

/* st_heap_resize without moving anything. NULL if that can't be done, or for misuse, which is reported. */
ST_INTERNAL void *st_heap_resize_in_place(void *mem, size_t req);

/* Bytes usable at `mem`; 0 if it is not the start of a block in use. */
ST_INTERNAL size_t st_heap_usable(const void *mem);

/* The same for who has the block: by its head alone, and without a lock if that can be. */
ST_INTERNAL size_t st_heap_usable_now(const void *mem);

/* Options have changed: what is kept by the old ones is merged. */
ST_INTERNAL void st_heap_take_options(void);

/* Gives back what is free: strata_trim. */
ST_INTERNAL bool st_heap_trim(size_t pad);

/* ---- other heaps ---- */

#if STRATA_HEAPS
/* What the layer above does with blocks whose word in the page map names a heap, and with its locks around
 * a fork. */
typedef struct st_heap_others {
    void (*free)(void *mem, st_owner owner);
    void *(*resize)(void *mem, st_owner owner, size_t req, bool may_move); /* NULL: untouched */
    size_t (*usable)(const void *mem, st_owner owner);
    void (*lock_all)(void);
    void (*unlock_all)(void);
    void (*reset_locks)(void);
    /* For strata_check, strata_walk and the statistics. No lock is held. */
    int (*check)(const char **first);
    int (*walk)(int (*visit)(void *context, const strata_region *region), void *context);
    void (*describe)(st_text *text);
    size_t (*total)(size_t *footprint); /* how many heaps there are */
} st_heap_others;

/* From now on there may be heaps. Always with the same argument. */
ST_INTERNAL void st_heap_set_others(const st_heap_others *others);

/* What was set; NULL: there are no heaps. */
ST_INTERNAL const st_heap_others *st_heap_others_now(void);
#endif

/* ---- for statistics, walks, checks and fork ---- */

/* How many spaces are in use; they are numbered from 0. */
ST_INTERNAL unsigned st_heap_space_count(void);
ST_INTERNAL st_space *st_heap_space(unsigned idx);

/* Makes messages and the first space work. Called by whatever may come first; does its work
 * once. */
ST_INTERNAL void st_heap_prepare(void);

/* For who is about to drop the lock of a space. At STRATA_CHECK 3 all of it is proved every so many times. */
ST_ALWAYS_INLINE void st_heap_prove(st_space *space)
{
    if (STRATA_CHECK >= 3 && ++space->check_count >= STRATA_CHECK_PERIOD) {
        const char *first = NULL;
        space->check_count = 0;
        if (st_space_check(space, &first) != 0) st_damage(first);
    }
}

/* Takes, drops or resets every lock of the heap, in the order of their ranks: around a fork. */
ST_INTERNAL void st_heap_lock_all(void);
ST_INTERNAL void st_heap_unlock_all(void);
ST_INTERNAL void st_heap_reset_locks(void);

/* Asked when there is no memory for a request, and all that is known here has been done about it: a block,
 * or NULL. The caller holds no lock. NULL: nobody is asked. Set by a function of the program's. */
typedef void *(*st_heap_last_resort)(size_t req, size_t alignment, char **dirty_end);
ST_INTERNAL void st_heap_set_last_resort(st_heap_last_resort ask);

#endif
