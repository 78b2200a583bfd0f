/* SPDX-License-Identifier: MIT-0
 *
 * dlmalloc's mspaces: each is a heap of strata's.
 */
#include "dl/dl.h"

#include "heaps/heap_block.h"

#if STRATA_DLMALLOC

/* ---- which heap ---- */

/* A heap is one that stands in the list under its own number. What lies at a wrong address may be
 * anything, but no other heap's record. */
static bool dl_is_heap(mspace space)
{
    const strata_heap *heap = space;
    if (heap == NULL || !st_is_aligned(heap, ST_CHUNK_GRAIN)) return false;
    return st_heaps_at(st_owner_idx_of(heap->space.owner)) == heap;
}

static ST_COLD void dl_report_space(mspace space)
{
    st_text text;
    st_heap_prepare();
    st_text_init(&text, st_text_to_messages, NULL);
    st_text_add(&text, "strata: this is no mspace: ");
    st_text_add_address(&text, space);
    st_text_add(&text, "\n");
    st_text_flush(&text);
    st_base_stop();
}

strata_heap *st_dl_heap(mspace space)
{
    if (STRATA_CHECK >= 1 && ST_UNLIKELY(!dl_is_heap(space))) dl_report_space(space);
    return space;
}

/* ---- life ---- */

/* Each heap has a lock, asked for or not: one that nobody meets at costs nothing to speak of. */
STRATA_EXPORT mspace create_mspace(size_t capacity, int locked)
{
    strata_heap_config config = {.reserve = capacity};
    (void)locked;
    if (capacity > ST_REQUEST_MAX) return st_heap_block_fail(st_os_code_no_memory());
    return strata_heap_create(&config);
}

STRATA_EXPORT mspace create_mspace_with_base(void *base, size_t capacity, int locked)
{
    strata_heap_config config = {.base = base, .base_size = capacity};
    (void)locked;
    return strata_heap_create(&config);
}

STRATA_EXPORT size_t destroy_mspace(mspace space) { return strata_heap_destroy(st_dl_heap(space)); }

/* There is nothing to be switched: every block of a heap lies in the heap's segments. */
STRATA_EXPORT int mspace_track_large_chunks(mspace space, int enable)
{
    strata_heap *heap = st_dl_heap(space);
    st_lock_take(&heap->space.lock);
    bool was_tracking = heap->is_tracking;
    heap->is_tracking = enable != 0;
    st_lock_drop(&heap->space.lock);
    return was_tracking;
}

/* ---- allocate and free ---- */

STRATA_EXPORT void *mspace_malloc(mspace space, size_t bytes)
{
    return strata_heap_malloc(st_dl_heap(space), bytes);
}

void st_dl_free_found(void *mem)
{
    strata_heap *owner = mem != NULL ? strata_heap_of(mem) : NULL;
    if (owner != NULL) {
        strata_heap_free(owner, mem);
    } else {
        strata_free(mem);
    }
}

void *st_dl_realloc_found(void *mem, size_t bytes)
{
    strata_heap *owner = strata_heap_of(mem);
    return owner != NULL ? strata_heap_realloc(owner, mem, bytes) : strata_realloc(mem, bytes);
}

STRATA_EXPORT void mspace_free(mspace space, void *mem)
{
    strata_heap *heap = st_dl_heap(space);
    if (ST_DL_FINDS_OWNER) {
        st_dl_free_found(mem);
    } else {
        strata_heap_free(heap, mem);
    }
}

STRATA_EXPORT void *mspace_calloc(mspace space, size_t n_elements, size_t element_size)
{
    return strata_heap_calloc(st_dl_heap(space), n_elements, element_size);
}

STRATA_EXPORT void *mspace_realloc(mspace space, void *mem, size_t bytes)
{
    strata_heap *heap = st_dl_heap(space);
    if (ST_DL_REALLOC_FREES && bytes == 0 && mem != NULL) {
        mspace_free(space, mem);
        return NULL;
    }
    if (ST_DL_FINDS_OWNER && mem != NULL) return st_dl_realloc_found(mem, bytes);
    return strata_heap_realloc(heap, mem, bytes);
}

STRATA_EXPORT void *mspace_realloc_in_place(mspace space, void *mem, size_t bytes)
{
    return strata_heap_realloc_in_place(st_dl_heap(space), mem, bytes);
}

STRATA_EXPORT void *mspace_memalign(mspace space, size_t alignment, size_t bytes)
{
    return strata_heap_memalign(st_dl_heap(space), alignment, bytes);
}

/* ---- many at once ---- */

STRATA_EXPORT void **mspace_independent_calloc(mspace space, size_t n_elements, size_t element_size,
                                               void **chunks)
{
    return strata_heap_calloc_together(st_dl_heap(space), n_elements, element_size, chunks);
}

STRATA_EXPORT void **mspace_independent_comalloc(mspace space, size_t n_elements, size_t *sizes,
                                                 void **chunks)
{
    return strata_heap_malloc_together(st_dl_heap(space), n_elements, sizes, chunks);
}

STRATA_EXPORT size_t mspace_bulk_free(mspace space, void **array, size_t n_elements)
{
    return strata_heap_free_batch(st_dl_heap(space), array, n_elements);
}

/* ---- memory from the host ---- */

STRATA_EXPORT int mspace_mallopt(int parameter, int value) { return st_dl_set_option(parameter, value); }
STRATA_EXPORT int mspace_trim(mspace space, size_t pad) { return strata_heap_trim(st_dl_heap(space), pad); }

STRATA_EXPORT size_t mspace_footprint(mspace space)
{
    return strata_heap_footprint(st_dl_heap(space));
}

STRATA_EXPORT size_t mspace_max_footprint(mspace space)
{
    return strata_heap_footprint_peak(st_dl_heap(space));
}

STRATA_EXPORT size_t mspace_footprint_limit(mspace space)
{
    return strata_heap_footprint_limit(st_dl_heap(space));
}

STRATA_EXPORT size_t mspace_set_footprint_limit(mspace space, size_t bytes)
{
    return strata_heap_set_footprint_limit(st_dl_heap(space), bytes);
}

/* ---- look inside ---- */

/* Without a map of addresses the heap is not always found; then the block's own head is believed. */
static size_t dl_usable_by_head(const void *mem)
{
    const st_chunk *c = chunk_of(mem);
    return chunk_is_used(c) && !chunk_is_quick(c) ? chunk_usable(c) : 0;
}

/* No mspace is named: the heap is found by the address. */
STRATA_EXPORT size_t mspace_usable_size(const void *mem)
{
    strata_heap *heap = mem != NULL ? strata_heap_of(mem) : NULL;
    if (heap != NULL) return strata_heap_usable_size(heap, mem);
    size_t usable = strata_usable_size(mem);
    return STRATA_PAGEMAP || usable != 0 || mem == NULL ? usable : dl_usable_by_head(mem);
}

#if ST_DL_MALLINFO
STRATA_EXPORT dlmallinfo_t mspace_mallinfo(mspace space)
{
    strata_stats stats;
    strata_heap_stats_get(st_dl_heap(space), &stats);
    return st_dl_info(&stats);
}
#endif

#if ST_DL_MALLOC_STATS
STRATA_EXPORT void mspace_malloc_stats(mspace space)
{
    strata_stats stats;
    strata_heap_stats_get(st_dl_heap(space), &stats);
    st_dl_print(&stats);
}
#endif

STRATA_EXPORT void mspace_inspect_all(mspace space,
                                      void (*handler)(void *start, void *end, size_t used_bytes,
                                                      void *argument),
                                      void *argument)
{
    st_dl_inspector inspector = {handler, argument};
    strata_heap_walk(st_dl_heap(space), st_dl_inspect, &inspector);
}

#endif
