/* SPDX-License-Identifier: MIT-0
 *
 * The front: decides which part of strata serves a request, and which one owns a pointer.
 *
 *   up to 1 KiB     the thread's magazines, filled from slabs (slab/cache.h)
 *   to 512 KiB    the thread's shelves of freed blocks (api/shelf.h), or else
 *   any size        the heap: a space, or a mapping of its own (api/heap.h)
 *
 * A part that has nothing to give, or is not there in this build or yet, leaves it to the next one.
 * Everything here may be called by any thread at any time.
 */
#ifndef ST_FRONT_H
#define ST_FRONT_H

#include "api/heap.h"
#include "api/shelf.h"

/* True if a request is one that only st_front_take_small may have a block for, and st_front_take_medium
 * never. */
ST_ALWAYS_INLINE bool st_front_is_small(size_t req)
{
#if STRATA_SLABS
    return st_cache_serves(req);
#else
    (void)req;
    return true;
#endif
}

/* A block of at least `req` bytes, which is small, if there is one at hand; NULL: ask st_front_alloc. */
ST_ALWAYS_INLINE void *st_front_take_small(size_t req)
{
#if STRATA_SLABS
    return st_cache_take_small(req);
#else
    return st_heap_take_kept(req, NULL);
#endif
}

/* The same for a request that is not small. */
ST_ALWAYS_INLINE void *st_front_take_medium(size_t req)
{
#if STRATA_SLABS
    return req - (ST_SLAB_LIMIT + 1) < st_shelf_range ? st_shelf_take(req, 1) : NULL;
#else
    (void)req;
    return NULL;
#endif
}

/* The same for any request, but only a small one is served. */
ST_ALWAYS_INLINE void *st_front_take(size_t req)
{
    return ST_LIKELY(st_front_is_small(req)) ? st_front_take_small(req) : NULL;
}

/* A block of at least `req` bytes; NULL if there is no memory. *dirty_end, if asked for, is as of
 * st_space_alloc. */
ST_INTERNAL void *st_front_alloc(size_t req, char **dirty_end);

/* A block at a multiple of `alignment`, any power of two. */
ST_INTERNAL void *st_front_alloc_aligned(size_t alignment, size_t req);

#if STRATA_SLABS
/* Frees the block at `mem`, which lies in no slice of ours, or does nothing if that is NULL; the same for
 * one that lies in a slice, but is none of this thread's own. */
ST_INTERNAL ST_NOINLINE void st_front_free_medium(void *mem);
ST_INTERNAL ST_NOINLINE void st_front_free_remote(void *mem);
#endif

/* Frees the block at `mem`, or does nothing if that is NULL. Misuse is reported: at once, or, of
 * small blocks, when the block is put back into its slab. */
ST_ALWAYS_INLINE void st_front_free(void *mem)
{
#if STRATA_SLABS
    uintptr_t idx = st_slices_idx(mem);
    if (ST_UNLIKELY(idx >= ST_SLICES_MAX)) {
        st_front_free_medium(mem);
        return;
    }
    size_t class_idx = st_cache_class(idx);
    if (ST_LIKELY(class_idx <= ST_SLAB_CLASSES)) {
        st_cache_put_own(mem, class_idx);
        return;
    }
    /* Loaded once more, as keeping it from above would cost small blocks an instruction. */
    ST_FORGET(class_idx);
    bool is_ours = class_idx != st_load_shared(&st_near.me);
    is_ours ? st_front_free_remote(mem) : st_front_free_medium(mem);
#else
    st_heap_free(mem);
#endif
}

/* The same for a block; counts a mismatch if it is not as large as `req` bytes get. */
ST_INTERNAL ST_NOINLINE void st_front_free_sized_other(void *mem, size_t req);
ST_ALWAYS_INLINE void st_front_free_sized(void *mem, size_t req)
{
#if STRATA_SLABS
    uintptr_t idx = st_slices_idx(mem);
    size_t class_idx = ST_LIKELY(idx < ST_SLICES_MAX) ? st_cache_class(idx) : 0;
    if (ST_LIKELY(class_idx - 1 < ST_SLAB_CLASSES && class_idx == st_slab_class_for(req))) {
        st_cache_put_own(mem, class_idx);
        return;
    }
#endif
    st_front_free_sized_other(mem, req);
}

/* Resizes the block at `mem`, which is not NULL. NULL if there is no memory: it is untouched. */
ST_INTERNAL void *st_front_realloc(void *mem, size_t req);

/* Resizes it where it is. NULL if that can't be done; misuse is reported. */
ST_INTERNAL void *st_front_resize_in_place(void *mem, size_t req);

/* True if `mem` points into memory that blocks of the process's heap lie in. Without a page map, always. */
ST_INTERNAL bool st_front_has(const void *mem);

/* Bytes usable at `mem`; 0 if no block begins there, or one of a space or a mapping of its own that is
 * not in use. */
ST_INTERNAL size_t st_front_usable(const void *mem);

/* Options have changed. */
ST_INTERNAL void st_front_take_options(void);

/* Gives back what is free: strata_trim. */
ST_INTERNAL bool st_front_trim(size_t pad);

/* Puts back all that the calling thread keeps; it ends. */
ST_INTERNAL void st_front_end_thread(void);

#endif
