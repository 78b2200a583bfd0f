/* SPDX-License-Identifier: MIT-0
 *
 * Pools as nedmalloc has them: a pool is a few heaps, each thread has one of them for itself, blocks may be
 * freed by any thread, and a pool is destroyed as a whole.
 *
 *   cc nedmalloc.c -lstrata -pthread
 */
#include <pthread.h>
#include <stdatomic.h>
#include <stdint.h>
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

enum { pool_heaps = 4, thread_count = 4, exchange_count = 64, rounds = 20000 };

typedef struct nedpool {
    strata_heap *heap[pool_heaps];
} nedpool;

/* ---- the interface ---- */

/* Each thread gets a number when it first allocates. */
static unsigned thread_number(void)
{
    static atomic_uint count;
    static _Thread_local unsigned number; /* from 1 */
    if (number == 0) number = atomic_fetch_add(&count, 1) + 1;
    return number - 1;
}

static strata_heap *pool_heap(const nedpool *pool) { return pool->heap[thread_number() % pool_heaps]; }

static void nedcreatepool(nedpool *pool, size_t capacity)
{
    for (size_t i = 0; i < pool_heaps; i++) {
        const strata_heap_config config = {.name = "nedpool", .tag = i, .reserve = capacity};
        pool->heap[i] = strata_heap_create(&config);
        CHECK(pool->heap[i] != NULL);
    }
}

static size_t neddestroypool(nedpool *pool)
{
    size_t size = 0;
    for (size_t i = 0; i < pool_heaps; i++) size += strata_heap_destroy(pool->heap[i]);
    return size;
}

static void *nedpmalloc(nedpool *pool, size_t size) { return strata_heap_malloc(pool_heap(pool), size); }

static void *nedpmemalign(nedpool *pool, size_t alignment, size_t size)
{
    return strata_heap_memalign(pool_heap(pool), alignment, size);
}

/* The block's heap, not the thread's: it may be another one's. */
static void *nedprealloc(void *mem, size_t size)
{
    return strata_heap_realloc(strata_heap_of(mem), mem, size);
}

static void nedpfree(void *mem) { strata_heap_free(strata_heap_of(mem), mem); }

static size_t nedpool_live(const nedpool *pool)
{
    size_t live = 0;
    for (size_t i = 0; i < pool_heaps; i++) {
        strata_stats stats;
        strata_heap_stats_get(pool->heap[i], &stats);
        CHECK(strata_heap_check(pool->heap[i], NULL) == 0);
        live += stats.live;
    }
    return live;
}

/* ---- threads that free each other's blocks ---- */

static nedpool pool, other_pool;
static _Atomic(size_t *) exchange[exchange_count]; /* blocks that begin with their size */

static size_t *make_block(size_t size)
{
    size_t *mem = size % 7 == 0 ? nedpmemalign(&pool, 256, size) : nedpmalloc(&pool, size);
    CHECK(mem != NULL && (size % 7 != 0 || (uintptr_t)mem % 256 == 0));
    memset(mem, (int)(size & 255), size);
    *mem = size;
    return mem;
}

static void end_block(size_t *mem)
{
    if (mem == NULL) return;
    const unsigned char *bytes = (const unsigned char *)mem;
    size_t size = *mem;
    CHECK(bytes[size - 1] == (unsigned char)size || size == sizeof size);
    if (size % 3 == 0) mem = nedprealloc(mem, size * 2);
    CHECK(mem != NULL && *mem == size);
    nedpfree(mem);
}

static void *churn(void *context)
{
    uint32_t state = *(const uint32_t *)context;
    for (int i = 0; i < rounds; i++) {
        state = state * 1664525 + 1013904223;
        size_t size = sizeof(size_t) + (state >> 8) % 3000;
        end_block(atomic_exchange(&exchange[(state >> 20) % exchange_count], make_block(size)));
    }
    return NULL;
}

int main(void)
{
    pthread_t threads[thread_count];
    uint32_t seeds[thread_count];
    nedcreatepool(&pool, 1 << 20);
    nedcreatepool(&other_pool, 0);
    void *apart = nedpmalloc(&other_pool, 5000);
    for (uint32_t i = 0; i < thread_count; i++) {
        seeds[i] = i + 1;
        CHECK(pthread_create(&threads[i], NULL, churn, &seeds[i]) == 0);
    }
    for (size_t i = 0; i < thread_count; i++) pthread_join(threads[i], NULL);
    size_t count = 0;
    for (size_t i = 0; i < exchange_count; i++) count += exchange[i] != NULL;
    CHECK(count > 0 && nedpool_live(&pool) > 0);
    for (size_t i = 0; i < exchange_count; i += 2) end_block(exchange[i]);
    /* The rest goes with the pool; the other pool is untouched. */
    CHECK(neddestroypool(&pool) > 0);
    CHECK(strata_heap_of(apart) != NULL && strata_heap_usable_size(strata_heap_of(apart), apart) >= 5000);
    nedpfree(apart);
    CHECK(nedpool_live(&other_pool) == 0);
    neddestroypool(&other_pool);
    CHECK(strata_heap_next(NULL) == NULL);
    puts("pools destroyed");
    return 0;
}
