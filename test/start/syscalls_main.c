/* SPDX-License-Identifier: MIT-0
 *
 * Allocates in every way between two marks that a tracer of system calls sees: writes of
 * nothing to descriptors that are not open. Threads exist before and end after them.
 */
#include "start/start.h"

#include <pthread.h>

enum { thread_count = 3 };

/* Threads have started; the first mark is set; all work is done; the second mark is set. */
static pthread_barrier_t ready, begin, end, leave;

static void use_a_heap(void)
{
    const strata_heap_config config = {.name = "named", .trim_threshold = 100000};
    strata_heap *heap = strata_heap_create(&config);
    require(heap != NULL, "there is memory for a heap");
    for (size_t size = 1; size < 10000000; size *= 7) {
        void *mem = strata_heap_calloc(heap, 1, size);
        require(mem != NULL, "there is memory in a heap");
        strata_heap_free(heap, mem);
    }
    strata_heap_destroy(heap);
}

static void work(unsigned seed)
{
    static _Thread_local char *blocks[50];
    for (unsigned step = 0; step < 20000; step++) {
        seed = seed * 1664525 + 1013904223;
        size_t idx = (seed >> 8) % 50;
        size_t size = step % 500 == 0 ? 6000000 : (seed >> 16) % 20000;
        blocks[idx] = realloc(blocks[idx], size);
        require(blocks[idx] != NULL, "there is memory");
        if (seed % 3 == 0) {
            free(blocks[idx]);
            blocks[idx] = calloc(1, size);
        }
    }
    for (size_t idx = 0; idx < 50; idx++) free(blocks[idx]);
    strata_trim(0);
    use_a_heap();
    strata_stats stats;
    strata_stats_get(&stats);
}

static void *body(void *argument)
{
    pthread_barrier_wait(&ready);
    pthread_barrier_wait(&begin);
    work((unsigned)(uintptr_t)argument);
    pthread_barrier_wait(&end);
    pthread_barrier_wait(&leave);
    return NULL;
}

int main(void)
{
    pthread_t threads[thread_count];
    pthread_barrier_t *const barriers[] = {&ready, &begin, &end, &leave};
    for (size_t n = 0; n < 4; n++) pthread_barrier_init(barriers[n], NULL, thread_count + 1);
    for (size_t n = 0; n < thread_count; n++) {
        require(pthread_create(&threads[n], NULL, body, (void *)(uintptr_t)n) == 0, "a thread");
    }
    pthread_barrier_wait(&ready);
    ssize_t ignored = write(-11, "", 0);
    pthread_barrier_wait(&begin);
    work(99);
    pthread_barrier_wait(&end);
    ignored = write(-12, "", 0);
    (void)ignored;
    pthread_barrier_wait(&leave);
    for (size_t n = 0; n < thread_count; n++) pthread_join(threads[n], NULL);
    return 0;
}
