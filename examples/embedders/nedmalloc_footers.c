/* SPDX-License-Identifier: MIT-0
 *
 * Strata in the place of dlmalloc in a pooling allocator, configured as nedmalloc configures it: mspaces alone,
 * with locks and FOOTERS. Each thread of a pool allocates from an mspace of its own, and whoever frees a
 * block names any mspace of the pool: the block finds its own. nedmalloc.c does the same with heaps.
 *
 *   cc -Idist nedmalloc_footers.c -pthread        (dist: what tools/amalgamate.sh makes)
 */
#define _GNU_SOURCE 1 /* before any header: strata.c needs it on Linux */
#include <pthread.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define STRATA_DLMALLOC 1
#define MSPACES 1
#define ONLY_MSPACES 1
#define FOOTERS 1
#define USE_LOCKS 1
#include "strata.c"

#define EXPECT(cond)                                                                                         \
    do {                                                                                                     \
        if (!(cond)) {                                                                                       \
            printf("nedmalloc_footers.c:%d: %s\n", __LINE__, #cond);                                         \
            exit(1);                                                                                         \
        }                                                                                                    \
    } while (0)

#define THREADS 4
#define PLACES 64
#define ROUNDS 20000

static mspace pool[THREADS];

/* Where threads put blocks for each other, which begin with their size. */
static struct {
    pthread_mutex_t lock;
    size_t *mem[PLACES];
} places = {.lock = PTHREAD_MUTEX_INITIALIZER};

static size_t *exchange(size_t place, size_t *mem)
{
    pthread_mutex_lock(&places.lock);
    size_t *old = places.mem[place];
    places.mem[place] = mem;
    pthread_mutex_unlock(&places.lock);
    return old;
}

/* Frees a block of anybody's, by way of `mine`, sometimes after it was made larger. */
static void end_block(mspace mine, size_t *mem)
{
    if (mem == NULL) return;
    size_t size = *mem;
    EXPECT(((unsigned char *)mem)[size - 1] == (unsigned char)size);
    if (size % 3 == 0) mem = mspace_realloc(mine, mem, size * 2);
    EXPECT(mem != NULL && *mem == size && mspace_usable_size(mem) >= size);
    mspace_free(mine, mem);
}

static void *churn(void *argument)
{
    mspace mine = *(mspace *)argument;
    uint32_t seed = (uint32_t)((mspace *)argument - pool) + 1;
    for (int i = 0; i < ROUNDS; i++) {
        seed = seed * 1664525 + 1013904223;
        size_t size = 2 * sizeof(size_t) + (seed >> 8) % 3000;
        size_t *mem = size % 7 == 0 ? mspace_memalign(mine, 256, size) : mspace_malloc(mine, size);
        EXPECT(mem != NULL && (size % 7 != 0 || (uintptr_t)mem % 256 == 0));
        memset(mem, (unsigned char)size, size);
        *mem = size;
        end_block(mine, exchange((seed >> 20) % PLACES, mem));
    }
    return NULL;
}

/* Of a batch only what is the mspace's own is freed, the rest is told. */
static void check_batches(void)
{
    void *mem[20], *others[20];
    for (int i = 0; i < 20; i++) others[i] = mem[i] = mspace_malloc(pool[i % 2], 100);
    EXPECT(mspace_bulk_free(pool[0], mem, 20) == 10);
    for (int i = 0; i < 20; i++) EXPECT(mem[i] == (i % 2 ? others[i] : NULL));
    EXPECT(mspace_bulk_free(pool[1], mem, 20) == 0);
}

int main(void)
{
    pthread_t threads[THREADS];
    size_t held = 0;
    for (int i = 0; i < THREADS; i++) EXPECT((pool[i] = create_mspace(i * 100000, 1)) != NULL);
    for (int i = 0; i < THREADS; i++) EXPECT(pthread_create(&threads[i], NULL, churn, &pool[i]) == 0);
    for (int i = 0; i < THREADS; i++) pthread_join(threads[i], NULL);
    for (size_t i = 0; i < PLACES; i++) end_block(pool[0], exchange(i, NULL));
    check_batches();
    for (int i = 0; i < THREADS; i++) {
        EXPECT(mspace_mallinfo(pool[i]).uordblks == 0);
        EXPECT(strata_heap_check(pool[i], NULL) == 0);
        held += destroy_mspace(pool[i]);
    }
    printf("%zu KiB in %d mspaces\npools of mspaces on strata\n", held >> 10, THREADS);
    return 0;
}
