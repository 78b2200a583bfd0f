/* SPDX-License-Identifier: MIT-0
 *
 * Blocks that lie side by side: one block that is cut into many.
 */
#include "heaps/heap_block.h"

#if STRATA_HEAPS

/* What is asked for: `count` blocks of sizes[i] bytes, or of `size` bytes each if that is NULL. */
typedef struct together_order {
    strata_heap *heap; /* NULL: the process's */
    size_t count, size;
    const size_t *sizes;
    bool has_array;    /* the addresses go into an array that is the last block */
    size_t blocks_size; /* chunks of all but the array */
} together_order;

static size_t together_chunk(const together_order *order, size_t idx)
{
    return st_chunk_size_for(order->sizes != NULL ? order->sizes[idx] : order->size);
}

/* Sums up the chunks of the blocks. False if that is no number. */
static bool together_sum(together_order *order)
{
    size_t *sum = &order->blocks_size;
    if (order->sizes == NULL)
        return order->size <= ST_REQUEST_MAX &&
               !st_mul_overflows(st_chunk_size_for(order->size), order->count, sum);
    for (size_t idx = 0; idx < order->count; idx++) {
        if (order->sizes[idx] > ST_REQUEST_MAX) return false;
        if (st_add_overflows(*sum, together_chunk(order, idx), sum)) return false;
    }
    return true;
}

/* The block to be cut; NULL if there is no memory. The array is smaller than the blocks together, and so a
 * number, too. */
static void *together_alloc(const together_order *order, char **dirty_end)
{
    size_t size = order->blocks_size;
    size_t array_size = order->has_array ? st_chunk_size_for(order->count * sizeof(void *)) : 0;
    if (st_add_overflows(size, array_size, &size)) return NULL;
    size_t req = size - ST_CHUNK_OVERHEAD;
    if (order->heap != NULL) return st_heap_block_alloc(order->heap, req, dirty_end);
    return st_heap_alloc_in_space(req, dirty_end);
}

/* Makes what the blocks will be zero: all in one, before there are heads between them. */
static void together_clear(const together_order *order, char *mem, char *dirty_end)
{
    if (dirty_end <= mem) return;
    size_t size = st_min(st_distance(mem, dirty_end), order->blocks_size - ST_CHUNK_OVERHEAD);
    if (order->heap != NULL) {
        st_heap_block_clear(order->heap, mem, size);
    } else {
        st_heap_clear(mem, size);
    }
}

/* Cuts the block; the last one, perhaps the array, gets what is left. */
static ST_COLD void **together_cut(const together_order *order, void *mem, void **blocks) ST_NO_LOCK_ANALYSIS
{
    st_space *space = order->heap != NULL ? &order->heap->space : st_heap_owner(mem);
    void *rest = mem;
    if (order->has_array) blocks = st_at(mem, order->blocks_size);
    st_lock_take(&space->lock);
    for (size_t idx = 0; idx < order->count; idx++) {
        bool is_last = idx + 1 == order->count && !order->has_array;
        void *block = rest;
        if (!is_last) rest = st_space_cut(space, rest, together_chunk(order, idx));
        blocks[idx] = block;
    }
    st_lock_drop(&space->lock);
    return blocks;
}

static ST_COLD void **together_fail(void) { return st_heap_block_fail(st_os_code_no_memory()); }

/* For no blocks the array is one of the smallest size. */
static void **together_nothing(strata_heap *heap, void **blocks)
{
    if (blocks != NULL) return blocks;
    void *mem = heap != NULL ? st_heap_block_alloc(heap, 0, NULL) : st_heap_alloc_in_space(0, NULL);
    return mem != NULL ? mem : together_fail();
}

static ST_COLD void **together_serve(together_order *order, bool is_zero, void **blocks)
{
    char *dirty_end;
    if (order->count == 0) return together_nothing(order->heap, blocks);
    order->has_array = blocks == NULL;
    char *mem = together_sum(order) ? together_alloc(order, &dirty_end) : NULL;
    if (mem == NULL) return together_fail();
    if (is_zero) together_clear(order, mem, dirty_end);
    return together_cut(order, mem, blocks);
}

STRATA_EXPORT ST_COLD void **strata_heap_calloc_together(strata_heap *heap, size_t count, size_t size,
                                                         void **blocks)
{
    together_order order = {.heap = heap, .count = count, .size = size};
    return together_serve(&order, true, blocks);
}

STRATA_EXPORT ST_COLD void **strata_heap_malloc_together(strata_heap *heap, size_t count,
                                                         const size_t *sizes, void **blocks)
{
    together_order order = {.heap = heap, .count = count, .sizes = sizes};
    return together_serve(&order, false, blocks);
}

#endif
