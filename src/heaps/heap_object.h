/* SPDX-License-Identifier: MIT-0
 *
 * A heap of the user's: a space with its lock, and a small record around it. The record lies at the start
 * of the heap's first segment, which may be memory of the caller's; so all that a heap has goes with its
 * segments.
 */
#ifndef ST_HEAP_OBJECT_H
#define ST_HEAP_OBJECT_H

#include "api/heap.h"
#include "os/os_morecore.h"
#include "space/space_quick.h"
#include "strata.h"

#if STRATA_HEAPS

#define ST_HEAP_NAME_MAX 31
#define HEAP_TRIM_UNIT (4 * ST_KIB)

struct strata_heap {
    size_t tag;       /* these four as created with */
    size_t base_size; /* bytes of the caller's memory from here on; 0: there are none */
    st_source source; /* what the space's source is, if pages were given */
    char name[ST_HEAP_NAME_MAX + 1];
    bool is_tracking; /* what mspace_track_large_chunks was told; changes nothing */
    bool is_shadow;   /* of a range, and no heap of the user's (range.c) */
    bool has_one_thread; /* so the lock is not taken */
    bool erases_freed;
    uint32_t trim_pages; /* trim_threshold in HEAP_TRIM_UNITs; 0: as options say; UINT32_MAX: never */
    st_space space;   /* last, because it may end before its quick lists */
};

/* Bytes of the record, and of one without quick lists. */
#define ST_HEAP_LEAD ((sizeof(strata_heap) + ST_CHUNK_GRAIN - 1) & ~(ST_CHUNK_GRAIN - 1))
#define ST_HEAP_SHORT_SIZE (offsetof(strata_heap, space) + ST_SPACE_SIZE_WITHOUT_QUICK)
#define ST_HEAP_SHORT_LEAD ((ST_HEAP_SHORT_SIZE + ST_CHUNK_GRAIN - 1) & ~(ST_CHUNK_GRAIN - 1))

ST_STATIC_ASSERT(SIZE_MAX <= 0xffffffff || STRATA_ALIGNMENT > 16 || ST_HEAP_SHORT_LEAD <= 880,
                 "1,040 bytes of any alignment are enough for a heap with a few blocks");

/* Takes the heap's lock, and drops it: nothing for a heap of one thread. In between the heap is the one
 * whose memory the host is asked for. */
ST_INTERNAL ST_NOINLINE void st_heap_enter(strata_heap *heap) ST_ACQUIRES(heap->space.lock);
ST_INTERNAL ST_NOINLINE void st_heap_leave(strata_heap *heap) ST_RELEASES(heap->space.lock);

/* Before a block in use gives [mem + kept, its end) back, and after that. */
ST_INTERNAL void st_heap_erase(strata_heap *heap, void *mem, size_t kept) ST_REQUIRES(heap->space.lock);
ST_INTERNAL void st_heap_trim_after(strata_heap *heap, size_t freed) ST_REQUIRES(heap->space.lock);

/* The heap that a space is part of. */
ST_INLINE strata_heap *heap_object_of(const st_space *space)
{
    return (strata_heap *)(uintptr_t)(st_addr(space) - offsetof(strata_heap, space));
}

/* What the seals of heap number `number` are made with. Another one for each: a block of one heap is not
 * taken for one of the other's; and what lies where a heap was is not taken for it. */
ST_INLINE size_t heap_object_secret(uint32_t number)
{
    return st_heap_secret + (size_t)(number + 1) * (ST_CHUNK_GRAIN + 1);
}

/* True if `mem` points into memory of the heap. */
ST_INLINE bool heap_object_has(const strata_heap *heap, const void *mem) ST_REQUIRES(heap->space.lock)
{
    if (st_distance(heap, mem) < heap->base_size) return true;
#if STRATA_PAGEMAP
    if (st_pagemap_get(mem) == heap->space.owner) return true;
    if (heap->space.source == NULL) return false; /* a source may have its memory from strata */
#endif
    const st_segment *segment = heap->space.segments;
    while (segment != NULL && st_distance(segment->base, mem) >= segment->committed)
        segment = segment->next;
    return segment != NULL;
}

/* True if `mem` is one of the caller's or of a source, whose pages we must not purge. */
ST_INLINE bool heap_object_is_lent(const strata_heap *heap, const void *mem)
{
    return heap->space.source != NULL || st_distance(heap, mem) < heap->base_size;
}

#endif
#endif
