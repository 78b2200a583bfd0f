/* SPDX-License-Identifier: MIT-0
 *
 * What Boost.Container adds to its dlmalloc, on heaps: growing in place between a smallest and a preferred
 * size, shrinking, many nodes with one call, bytes in use, and whether all is freed.
 *
 *   cc boost.c -lstrata
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "strata.h"

#define CHECK(holds)                                                                           \
    do {                                                                                       \
        if (!(holds)) {                                                                        \
            fprintf(stderr, "line %d: %s\n", __LINE__, #holds);                                \
            exit(1);                                                                           \
        }                                                                                      \
    } while (0)

static strata_heap *heap;

/* ---- the interface ---- */

static size_t cont_size(const void *mem) { return strata_heap_usable_size(heap, mem); }

/* Grows the block where it is, to `preferred` bytes or at least to `least`. *received is what it has then;
 * if it can't grow, what it has anyway. */
static int cont_grow(void *mem, size_t least, size_t preferred, size_t *received)
{
    int grown = strata_heap_realloc_in_place(heap, mem, preferred) != NULL ||
                strata_heap_realloc_in_place(heap, mem, least) != NULL;
    *received = cont_size(mem);
    return grown;
}

/* Gives back all above `size` bytes; 0 if there was nothing to give. */
static int cont_shrink(void *mem, size_t size, size_t *received)
{
    size_t before = cont_size(mem);
    strata_heap_realloc_in_place(heap, mem, size);
    *received = cont_size(mem);
    return *received < before;
}

/* As allocation_command: expands `reuse` if possible, else a new block. *received as above. */
static void *cont_allocation_command(size_t least, size_t preferred, void *reuse, size_t *received)
{
    if (reuse != NULL && cont_grow(reuse, least, preferred, received)) return reuse;
    void *mem = strata_heap_malloc(heap, preferred);
    if (mem == NULL) mem = strata_heap_malloc(heap, least);
    *received = mem == NULL ? 0 : cont_size(mem);
    return mem;
}

/* All of `count` nodes, or none. */
static int cont_multialloc_nodes(size_t count, size_t size, void **nodes)
{
    size_t got = strata_heap_malloc_batch(heap, size, nodes, count);
    if (got == count) return 1;
    strata_heap_free_batch(heap, nodes, got);
    return 0;
}

/* The same for arrays of different sizes, which lie side by side. */
static int cont_multialloc_arrays(size_t count, const size_t *sizes, void **arrays)
{
    return strata_heap_malloc_together(heap, count, sizes, arrays) != NULL;
}

static void cont_multidealloc(size_t count, void **nodes)
{
    CHECK(strata_heap_free_batch(heap, nodes, count) == 0);
}

static size_t cont_in_use_memory(void)
{
    strata_stats stats;
    strata_heap_stats_get(heap, &stats);
    return stats.live;
}

static int cont_all_deallocated(void)
{
    strata_stats stats;
    strata_heap_stats_get(heap, &stats);
    return stats.live == 0 && stats.allocations == stats.frees && strata_heap_check(heap, NULL) == 0;
}

/* ---- a vector that prefers to grow where it is ---- */

typedef struct vector {
    int *items;
    size_t count, capacity, moves;
} vector;

static void vector_grow(vector *v)
{
    size_t received, least = (v->count + 1) * sizeof(int);
    int *items = cont_allocation_command(least, least * 3 / 2, v->items, &received);
    CHECK(items != NULL && received >= least);
    v->capacity = received / sizeof(int);
    if (items == v->items) return;
    if (v->count != 0) memcpy(items, v->items, v->count * sizeof(int));
    strata_heap_free(heap, v->items);
    v->items = items;
    v->moves++;
}

static void vector_push(vector *v, int item)
{
    if (v->count == v->capacity) vector_grow(v);
    v->items[v->count++] = item;
}

static void vector_shrink_to_fit(vector *v)
{
    size_t received;
    int given = cont_shrink(v->items, v->count * sizeof(int), &received);
    CHECK(given);
    CHECK(received >= v->count * sizeof(int) && received < v->count * sizeof(int) + 64);
    v->capacity = received / sizeof(int);
}

static void use_vector(void)
{
    vector v = {NULL, 0, 0, 0};
    for (int i = 0; i < 100000; i++) vector_push(&v, i);
    /* Nobody else allocates here, so it never had to move. */
    CHECK(v.moves == 1);
    v.count /= 2;
    vector_shrink_to_fit(&v);
    CHECK(cont_in_use_memory() < v.count * sizeof(int) + 100);
    void *wall = strata_heap_malloc(heap, 100);
    for (int i = 50000; i < 100000; i++) vector_push(&v, i);
    CHECK(v.moves >= 2);
    for (int i = 0; i < 100000; i++) CHECK(v.items[i] == i);
    strata_heap_free(heap, wall);
    strata_heap_free(heap, v.items);
}

static void use_nodes(void)
{
    enum { count = 1000 };
    void *nodes[count];
    size_t sizes[count];
    CHECK(cont_multialloc_nodes(count, 48, nodes));
    CHECK(cont_in_use_memory() >= (size_t)count * 48);
    for (int i = 0; i < count; i++) memset(nodes[i], i, 48);
    for (int i = 0; i < count; i++) CHECK(*(unsigned char *)nodes[i] == (unsigned char)i);
    cont_multidealloc(count, nodes);
    CHECK(cont_all_deallocated());
    for (size_t i = 0; i < count; i++) sizes[i] = 1 + i % 90;
    CHECK(cont_multialloc_arrays(count, sizes, nodes));
    for (size_t i = 0; i < count; i++) memset(nodes[i], 1, sizes[i]);
    for (size_t i = 1; i < count; i++) CHECK((char *)nodes[i] > (char *)nodes[i - 1]);
    cont_multidealloc(count, nodes);
}

/* If there is not enough for all nodes there are none. */
static void use_too_many_nodes(void)
{
    enum { count = 5000 };
    static void *nodes[count];
    strata_heap_set_footprint_limit(heap, strata_heap_footprint(heap));
    CHECK(!cont_multialloc_nodes(count, 4000, nodes));
    CHECK(cont_all_deallocated());
}

int main(void)
{
    heap = strata_heap_create(NULL);
    CHECK(heap != NULL);
    use_vector();
    CHECK(cont_all_deallocated());
    use_nodes();
    CHECK(cont_all_deallocated());
    use_too_many_nodes();
    strata_heap_destroy(heap);
    puts("all deallocated");
    return 0;
}
