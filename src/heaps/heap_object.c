/* SPDX-License-Identifier: MIT-0
 *
 * What surrounds each call for a heap: its lock, and what it was told to do when something is freed. Out of
 * line, because a heap is not the shortest way to memory, and each call has these. The unit tests of heaps
 * prove it, and a stress test the lock.
 */
#include "heaps/heap_object.h"

#include "books/options.h"

#if STRATA_HEAPS

static void heap_object_tell(const strata_heap *heap)
{
#if STRATA_HOST_MORECORE
    st_os_morecore_heap = heap;
#endif
    (void)heap;
}

void st_heap_enter(strata_heap *heap) ST_NO_LOCK_ANALYSIS
{
    if (!heap->has_one_thread) st_lock_enter(&heap->space.lock);
    heap_object_tell(heap);
}

void st_heap_leave(strata_heap *heap) ST_NO_LOCK_ANALYSIS
{
    st_heap_prove(&heap->space);
    if (ST_UNLIKELY(st_space_has_news(&heap->space))) st_space_tell(&heap->space);
    heap_object_tell(NULL);
    if (!heap->has_one_thread) st_lock_leave(&heap->space.lock);
}

void st_heap_erase(strata_heap *heap, void *mem, size_t kept)
{
    if (!heap->erases_freed) return;
    size_t usable = st_space_usable(&heap->space, mem);
    if (usable > kept) st_heap_fill_zero(st_at(mem, kept), usable - kept);
}

/* 1. What is free in whole segments goes back if so much was freed at once.
 * 2. So does the end of the last one if so much of it was used before. */
void st_heap_trim_after(strata_heap *heap, size_t freed) ST_NO_LOCK_ANALYSIS
{
    if (heap->trim_pages == 0 || heap->trim_pages == UINT32_MAX) return;
    size_t threshold = (size_t)heap->trim_pages * HEAP_TRIM_UNIT;
    if (freed >= threshold) st_space_release_segments(&heap->space);
    if (st_distance(heap->space.top, heap->space.top_fresh) >= threshold)
        st_space_trim_top(&heap->space, st_min(st_option(trim_pad), threshold / 2));
}

#endif
