/* SPDX-License-Identifier: MIT-0
 *
 * What the functions over one heap share.
 */
#ifndef ST_HEAP_BLOCK_H
#define ST_HEAP_BLOCK_H

#include "heaps/heap_object.h"

#if STRATA_HEAPS

/* Sets errno, and returns NULL. */
ST_INTERNAL void *st_heap_block_fail(int code);

/* A chunk of `size` bytes, as the address of its block, at a multiple of `alignment` (1: of a grain); NULL if
 * there is none whatever is given back for it. */
ST_INTERNAL void *st_heap_block_take(strata_heap *heap, size_t alignment, size_t size, char **dirty_end)
    ST_REQUIRES(heap->space.lock);

/* A block of at least `req` bytes; NULL if there is none. *dirty_end as of st_space_alloc. */
ST_INTERNAL void *st_heap_block_alloc(strata_heap *heap, size_t req, char **dirty_end);

/* Makes [mem, mem + size) of the heap zero. */
ST_INTERNAL void st_heap_block_clear(const strata_heap *heap, char *mem, size_t size);

/* Resizes the block at `mem`, in place or within the heap. NULL, and no change, if there is no memory. */
ST_INTERNAL void *st_heap_block_resize(strata_heap *heap, void *mem, size_t req);

#endif
#endif
