/* SPDX-License-Identifier: MIT-0
 *
 * Threads that share heaps: each allocates in any of them, frees what others allocated there, by the heap
 * or by the address, while others make and end heaps of their own, look in, and fork.
 */
#include "stress/stress.h"

#ifndef STRATA_HEAPS
#define STRATA_HEAPS (!STRATA_TINY)
#endif

#if STRATA_HEAPS && !STRATA_TINY

#include <sys/wait.h>

enum { worker_count = 4, heap_count = 3, place_count = 64 };

static unsigned char base[1 << 20];
static strata_heap *heap[heap_count];
static _Atomic(unsigned char *) place[heap_count][place_count];
static atomic_bool is_over;

/* A block says at its start how large it is, and at its end whose. */
static void check_and_free(size_t idx, unsigned char *mem, stress_random *random)
{
    if (mem == NULL) return;
    size_t size;
    memcpy(&size, mem, sizeof size);
    require(mem[size - 1] == (unsigned char)(size * 31), "a block is as it was left");
    require(idx == 1 || strata_heap_of(mem) == heap[idx], "a block is found in its heap");
    if (idx != 1 && random_below(random, 2) == 0) {
        strata_free(mem);
    } else {
        strata_heap_free(heap[idx], mem);
    }
}

static unsigned char *make(size_t idx, stress_random *random)
{
    size_t size = sizeof size + 1 + random_size(random) / (idx == 1 ? 64 : 1);
    unsigned char *mem = strata_heap_malloc(heap[idx], size / 2 + sizeof size);
    if (mem == NULL) return NULL;
    unsigned char *larger = strata_heap_realloc(heap[idx], mem, size);
    if (larger == NULL) {
        strata_heap_free(heap[idx], mem);
        return NULL;
    }
    memcpy(larger, &size, sizeof size);
    larger[size - 1] = (unsigned char)(size * 31);
    return larger;
}

static void one_of_ones_own(stress_random *random)
{
    strata_heap *own = strata_heap_create(NULL);
    require(own != NULL, "there is memory for a heap");
    void *blocks[40];
    size_t count = strata_heap_malloc_batch(own, random_below(random, 2000), blocks, 40);
    require(count == 40, "there is memory");
    require(strata_heap_free_batch(own, blocks, 20) == 0, "all are of this heap");
    require(strata_heap_of(blocks[30]) == own, "numbers lead to heaps");
    strata_free(blocks[30]);
    if (random_below(random, 2) == 0) strata_heap_reset(own);
    require(strata_heap_check(own, NULL) == 0, "the heap is whole");
    strata_heap_destroy(own);
}

static void *work(void *argument)
{
    stress_random random = {(uint64_t)(uintptr_t)argument + 3};
    size_t steps = stress_amount(200000);
    for (size_t step = 0; step < steps; step++) {
        size_t idx = random_below(&random, heap_count);
        unsigned char *mem = make(idx, &random);
        mem = atomic_exchange(&place[idx][random_below(&random, place_count)], mem);
        check_and_free(idx, mem, &random);
        if (step % 512 == 0) one_of_ones_own(&random);
    }
    return NULL;
}

static void *look(void *argument)
{
    strata_stats stats;
    (void)argument;
    while (!atomic_load(&is_over)) {
        for (size_t idx = 0; idx < heap_count; idx++) {
            require(strata_heap_footprint(heap[idx]) <= strata_heap_footprint_peak(heap[idx]),
                    "the peak is the most there was");
            require(strata_heap_footprint(heap[idx]) <= strata_heap_footprint_limit(heap[idx]),
                    "a limit is kept");
            strata_heap_stats_get(heap[idx], &stats);
            require(strata_heap_check(heap[idx], NULL) == 0, "the heap is whole");
        }
#if !STRESS_SANITIZED
        pid_t id = fork();
        require(id >= 0, "fork works");
        if (id == 0) {
            alarm(20);
            for (size_t idx = 0; idx < heap_count; idx++)
                strata_heap_free(heap[idx], strata_heap_malloc(heap[idx], 100));
            strata_heap_destroy(strata_heap_create(NULL));
            _exit(0);
        }
        int status = 0;
        require(waitpid(id, &status, 0) == id && status == 0, "the child finds every lock free");
#endif
    }
    return NULL;
}

int main(void)
{
    const strata_heap_config configs[heap_count] = {
        {.name = "shared"},
        {.base = base, .base_size = sizeof base, .is_fixed = 1},
        {.limit = 16 << 20},
    };
    for (size_t idx = 0; idx < heap_count; idx++) {
        heap[idx] = strata_heap_create(&configs[idx]);
        require(heap[idx] != NULL, "there is a heap");
    }
    pthread_t looker = thread_start(look, NULL);
    pthread_t workers[worker_count];
    for (size_t n = 0; n < worker_count; n++) workers[n] = thread_start(work, (void *)(uintptr_t)n);
    for (size_t n = 0; n < worker_count; n++) thread_join(workers[n]);
    atomic_store(&is_over, true);
    thread_join(looker);
    stress_random random = {1};
    for (size_t idx = 0; idx < heap_count; idx++) {
        for (size_t n = 0; n < place_count; n++) check_and_free(idx, atomic_load(&place[idx][n]), &random);
        strata_stats stats;
        strata_heap_stats_get(heap[idx], &stats);
        require(stats.live == 0, "all blocks were freed");
        strata_heap_destroy(heap[idx]);
    }
    require_sound();
    return 0;
}

#else

int main(void) { return 0; }

#endif
