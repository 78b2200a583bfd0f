/* SPDX-License-Identifier: MIT-0
 *
 * Many blocks with one call.
 */
#include "api/front.h"
#include "heaps/heap_block.h"

#if STRATA_HEAPS

STRATA_EXPORT ST_COLD size_t strata_heap_malloc_batch(strata_heap *heap, size_t size, void **blocks,
                                                      size_t count)
{
    size_t done = 0;
    size_t needed = size <= ST_REQUEST_MAX ? st_chunk_size_for(size) : 0;
    st_heap_enter(heap);
    for (void *mem; done < count && needed != 0; done++) {
        mem = st_heap_block_take(heap, 1, needed, NULL);
        if (mem == NULL) break;
        blocks[done] = mem;
    }
    st_heap_leave(heap);
    if (done < count) st_os_set_error(st_os_code_no_memory());
    return done;
}

/* False if it stays: it is another heap's, or was reported. */
static bool batch_free_one(strata_heap *heap, void *mem) ST_REQUIRES(heap->space.lock)
{
    if (!heap_object_has(heap, mem)) return false;
    st_heap_erase(heap, mem, 0);
    return st_space_free_in_turn(&heap->space, mem);
}

/* Of those that were left. A lock of a heap may be needed to tell whose they are. */
static ST_COLD void batch_report_foreign(void *const *blocks, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        const void *mem = blocks[i];
        bool is_foreign = mem != NULL && !st_front_has(mem) && strata_heap_of(mem) == NULL;
        if (STRATA_CHECK >= 1 && is_foreign) st_misuse(st_misuse_foreign, mem);
    }
}

STRATA_EXPORT size_t strata_heap_free_batch(strata_heap *heap, void **blocks, size_t count)
{
    size_t left = 0;
    st_heap_enter(heap);
    for (size_t i = 0; i < count; i++) {
        if (blocks[i] == NULL) continue;
        if (batch_free_one(heap, blocks[i])) {
            blocks[i] = NULL;
        } else {
            left++;
        }
    }
    st_heap_trim_after(heap, SIZE_MAX);
    st_heap_leave(heap);
    if (left != 0) batch_report_foreign(blocks, count);
    return left;
}

/* False if it stays: it is a heap's, or no block in use, which free reports, as it knows what it is. */
static ST_COLD bool batch_free_own(void *mem)
{
    bool is_block = st_front_has(mem) && (STRATA_CHECK == 0 || st_front_usable(mem) != 0);
    if (is_block || strata_heap_of(mem) == NULL) st_front_free(mem);
    return is_block;
}

/* Threads keep what they free, so there is no lock to be taken once. */
STRATA_EXPORT ST_COLD size_t strata_free_batch(void **blocks, size_t count)
{
    size_t left = 0;
    for (size_t i = 0; i < count; i++) {
        if (blocks[i] == NULL) continue;
        if (batch_free_own(blocks[i])) {
            blocks[i] = NULL;
        } else {
            left++;
        }
    }
    return left;
}

#endif
