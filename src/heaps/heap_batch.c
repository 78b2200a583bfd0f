/* SPDX-License-Identifier: MIT-0
 *
 * Many blocks with one call.
 */
#include "api/front.h"
#include "heaps/heap_block.h"

#if STRATA_HEAPS

STRATA_EXPORT size_t strata_heap_malloc_batch(strata_heap *heap, size_t size, void **blocks, size_t count)
{
    size_t done = 0;
    size_t needed = size <= ST_REQUEST_MAX ? st_chunk_size_for(size) : 0;
    heap_object_enter(heap);
    for (void *mem; done < count && needed != 0; done++) {
        mem = st_space_alloc_any(&heap->space, needed, NULL);
        if (mem == NULL) break;
        blocks[done] = mem;
    }
    heap_object_leave(heap);
    if (done < count) st_os_set_error(st_os_code_no_memory());
    return done;
}

STRATA_EXPORT size_t strata_heap_free_batch(strata_heap *heap, void **blocks, size_t count)
{
    size_t left = 0;
    heap_object_enter(heap);
    for (size_t i = 0; i < count; i++) {
        if (blocks[i] == NULL) continue;
        if (!heap_object_has(heap, blocks[i])) {
            left++;
            continue;
        }
        st_space_free_in_turn(&heap->space, blocks[i]);
        blocks[i] = NULL;
    }
    heap_object_leave(heap);
    return left;
}

/* Threads keep what they free, so there is no lock to be taken once. */
STRATA_EXPORT size_t strata_free_batch(void **blocks, size_t count)
{
    size_t left = 0;
    for (size_t i = 0; i < count; i++) {
        if (blocks[i] == NULL) continue;
        if (!st_front_has(blocks[i])) {
            left++;
            continue;
        }
        st_front_free(blocks[i]);
        blocks[i] = NULL;
    }
    return left;
}

#endif
