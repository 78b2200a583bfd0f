/* SPDX-License-Identifier: MIT-0
 *
 * Blocks of a heap: give, take and resize. Like api/malloc.c, but with one space and one lock.
 */
#include "heaps/heap_block.h"

#include "map/direct.h"

#if STRATA_HEAPS

ST_COLD void *st_heap_block_fail(int code)
{
    st_os_set_error(code);
    return NULL;
}

static ST_COLD void *block_fail_memory(void)
{
    return st_heap_block_fail(st_os_code_no_memory());
}

/* ---- allocate ---- */

static void *block_try(st_space *space, size_t alignment, size_t size, char **dirty_end)
    ST_REQUIRES(space->lock)
{
    if (alignment > ST_CHUNK_GRAIN) return st_space_alloc_aligned(space, alignment, size);
    return st_space_alloc_any(space, size, dirty_end);
}

/* There is no memory:
 * 1. What was kept unmerged has been merged meanwhile, and what is free in whole segments goes back: perhaps
 *    the cap lets us have it in one piece.
 * 2. The process's heap keeps mappings for later that the host may need for us. */
static ST_COLD void *block_try_again(st_space *space, size_t alignment, size_t size, char **dirty_end)
    ST_REQUIRES(space->lock)
{
    st_space_release_segments(space);
    void *mem = block_try(space, alignment, size, dirty_end);
#if STRATA_PAGEMAP
    bool may_grow = space->source == NULL && size <= space->limit - st_min(space->limit, space->footprint);
    if (mem == NULL && may_grow && st_direct_trim()) mem = block_try(space, alignment, size, dirty_end);
#endif
    return mem;
}

void *st_heap_block_take(strata_heap *heap, size_t alignment, size_t size, char **dirty_end)
{
    void *mem = block_try(&heap->space, alignment, size, dirty_end);
    return ST_LIKELY(mem != NULL) ? mem : block_try_again(&heap->space, alignment, size, dirty_end);
}

void *st_heap_block_alloc(strata_heap *heap, size_t req, char **dirty_end)
{
    if (ST_UNLIKELY(req > ST_REQUEST_MAX)) return NULL;
    st_heap_enter(heap);
    void *mem = st_heap_block_take(heap, 1, st_chunk_size_for(req), dirty_end);
    st_heap_leave(heap);
    return mem;
}

STRATA_EXPORT void *strata_heap_malloc(strata_heap *heap, size_t size)
{
    void *mem = st_heap_block_alloc(heap, size, NULL);
    return ST_LIKELY(mem != NULL) ? mem : block_fail_memory();
}

/* Pages that are lent may be shared, or of a file: they are written to. */
void st_heap_block_clear(const strata_heap *heap, char *mem, size_t size)
{
    if (heap_object_is_lent(heap, mem)) {
        st_heap_fill_zero(mem, size);
    } else {
        st_heap_clear(mem, size);
    }
}

STRATA_EXPORT void *strata_heap_calloc(strata_heap *heap, size_t count, size_t size)
{
    size_t total;
    char *dirty_end;
    if (st_mul_overflows(count, size, &total)) return block_fail_memory();
    char *mem = st_heap_block_alloc(heap, total, &dirty_end);
    if (mem == NULL) return block_fail_memory();
    if (dirty_end > mem) st_heap_block_clear(heap, mem, st_min(total, st_distance(mem, dirty_end)));
    return mem;
}

static void *block_alloc_aligned(strata_heap *heap, size_t alignment, size_t req)
{
    size_t room;
    if (alignment <= ST_CHUNK_GRAIN) return st_heap_block_alloc(heap, req, NULL);
    if (req > ST_REQUEST_MAX || st_add_overflows(req, alignment, &room) || room > ST_REQUEST_MAX)
        return NULL;
    st_heap_enter(heap);
    void *mem = st_heap_block_take(heap, alignment, st_chunk_size_for(req), NULL);
    st_heap_leave(heap);
    return mem;
}

STRATA_EXPORT void *strata_heap_memalign(strata_heap *heap, size_t alignment, size_t size)
{
    alignment = st_power_of_two_from(alignment);
    if (alignment == 0) return st_heap_block_fail(st_os_code_bad_argument());
    void *mem = block_alloc_aligned(heap, alignment, size);
    return mem != NULL ? mem : block_fail_memory();
}

/* ---- free ---- */

/* What the heap was told to do with what is freed; a block that is none is told by the free that follows. */
static ST_COLD void block_free_with_care(strata_heap *heap, void *mem) ST_REQUIRES(heap->space.lock)
{
    size_t usable = st_space_usable(&heap->space, mem);
    st_heap_erase(heap, mem, 0);
    st_space_free_any(&heap->space, mem);
    st_heap_trim_after(heap, usable);
}

STRATA_EXPORT void strata_heap_free(strata_heap *heap, void *mem)
{
    if (mem == NULL) return;
    st_heap_enter(heap);
    if (STRATA_CHECK >= 1 && ST_UNLIKELY(!heap_object_has(heap, mem))) {
        st_misuse(st_misuse_foreign, mem);
    } else if (ST_UNLIKELY(heap->erases_freed || heap->trim_pages != 0)) {
        block_free_with_care(heap, mem);
    } else {
        st_space_free_any(&heap->space, mem);
    }
    st_heap_leave(heap);
}

/* ---- resize ---- */

/* Resizes in place. *usable is 0 if there is nothing to be moved: misuse, which was reported. */
static bool block_resize_there(strata_heap *heap, void *mem, size_t req, size_t *usable)
    ST_REQUIRES(heap->space.lock)
{
    *usable = 0;
    if (STRATA_CHECK >= 1 && ST_UNLIKELY(!heap_object_has(heap, mem))) {
        st_misuse(st_misuse_foreign, mem);
        return false;
    }
    size_t size = st_chunk_size_for(req);
    st_heap_erase(heap, mem, size - ST_CHUNK_OVERHEAD);
    return st_space_resize(&heap->space, mem, size, usable) == st_resize_done;
}

/* Where a block that grows may grow on: as st_heap_alloc_to_grow. */
static void *block_alloc_moved(strata_heap *heap, size_t req, bool grows) ST_REQUIRES(heap->space.lock)
{
    size_t size = st_chunk_size_for(req);
    void *mem = grows && !bins_is_small(size) ? st_space_alloc_to_grow(&heap->space, size) : NULL;
    return mem != NULL ? mem : st_heap_block_take(heap, 1, size, NULL);
}

/* The copy needs no lock: both blocks are the caller's. */
void *st_heap_block_resize(strata_heap *heap, void *mem, size_t req) ST_NO_LOCK_ANALYSIS
{
    void *moved = NULL;
    size_t usable;
    if (req > ST_REQUEST_MAX) return NULL;
    st_heap_enter(heap);
    bool stays = block_resize_there(heap, mem, req, &usable);
    if (!stays && usable != 0) moved = block_alloc_moved(heap, req, req > usable);
    st_heap_leave(heap);
    if (stays) return mem;
    if (moved == NULL) return NULL;
    st_heap_copy(moved, mem, st_min(usable, req));
    strata_heap_free(heap, mem);
    return moved;
}

STRATA_EXPORT void *strata_heap_realloc(strata_heap *heap, void *mem, size_t size)
{
    if (mem == NULL) return strata_heap_malloc(heap, size);
    void *resized = st_heap_block_resize(heap, mem, size);
    return ST_LIKELY(resized != NULL) ? resized : block_fail_memory();
}

STRATA_EXPORT ST_COLD void *strata_heap_realloc_in_place(strata_heap *heap, void *mem, size_t size)
{
    size_t usable;
    if (mem == NULL || size > ST_REQUEST_MAX) return NULL;
    st_heap_enter(heap);
    bool stays = block_resize_there(heap, mem, size, &usable);
    st_heap_leave(heap);
    return stays ? mem : NULL;
}

/* ---- ask ---- */

STRATA_EXPORT size_t strata_heap_usable_size(strata_heap *heap, const void *mem)
{
    size_t usable = 0;
    if (mem == NULL) return 0;
    st_heap_enter(heap);
    if (heap_object_has(heap, mem)) usable = st_space_usable(&heap->space, mem);
    st_heap_leave(heap);
    return usable;
}

#endif
