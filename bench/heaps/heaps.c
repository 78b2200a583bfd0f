/* SPDX-License-Identifier: MIT-0
 *
 * What heaps and ranges cost: replacing blocks at random in each, making and ending them, and how little
 * of the caller's memory is enough. CPU time; the least of several rounds.
 */
#define _GNU_SOURCE
#include "strata.h"

#include <pthread.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

enum { block_count = 10000, replace_count = 2000000, make_count = 100000, rounds = 5 };

static void *blocks[block_count];
static strata_heap *heap;
static strata_range *range;
static _Alignas(64) unsigned char base[65536];
static const strata_heap_config on_base = {.base = base, .base_size = sizeof base, .is_fixed = 1};

static const strata_heap_config of_one_thread = {.has_one_thread = 1};

static double cpu_ns(void)
{
    struct timespec now;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
    return (double)now.tv_sec * 1e9 + (double)now.tv_nsec;
}

static void demand(int holds, const char *what)
{
    if (holds) return;
    fprintf(stderr, "heaps: %s\n", what);
    exit(1);
}

static uint32_t next_random(uint32_t *seed) { return *seed = *seed * 1664525 + 1013904223; }

static void replace_in_heap(void)
{
    uint32_t seed = 1;
    for (size_t i = 0; i < replace_count; i++) {
        void **block = &blocks[(next_random(&seed) >> 8) % block_count];
        strata_heap_free(heap, *block);
        *block = strata_heap_malloc(heap, 16 + (seed >> 20) % 1985);
        demand(*block != NULL, "there is no memory");
    }
    strata_heap_free_batch(heap, blocks, block_count);
}

static void replace_in_range(void)
{
    uint32_t seed = 1;
    for (size_t i = 0; i < replace_count; i++) {
        void **block = &blocks[(next_random(&seed) >> 8) % block_count];
        strata_range_free(range, *block);
        *block = strata_range_allocate(range, (16 + (seed >> 20) % 1985) * 64, 0);
        demand(*block != NULL, "the range is used up");
    }
    for (size_t i = 0; i < block_count; i++) {
        strata_range_free(range, blocks[i]);
        blocks[i] = NULL;
    }
}

static void make_on_host(void)
{
    for (size_t i = 0; i < make_count; i++) {
        strata_heap *made = strata_heap_create(NULL);
        demand(made != NULL && strata_heap_malloc(made, 100) != NULL, "there is no heap");
        strata_heap_destroy(made);
    }
}

static void make_on_base(void)
{
    for (size_t i = 0; i < make_count; i++) {
        strata_heap *made = strata_heap_create(&on_base);
        demand(made != NULL, "there is no heap on base");
        strata_heap_destroy(made);
    }
}

static void *do_nothing(void *argument) { return argument; }

/* From then on locks take atomic operations. */
static void begin_threads(void)
{
    pthread_t thread;
    demand(pthread_create(&thread, NULL, do_nothing, NULL) == 0, "there is no thread");
    pthread_join(thread, NULL);
}

static void measure(const char *what, void (*work)(void), size_t count)
{
    double least = 0;
    for (int round = 0; round < rounds; round++) {
        double start = cpu_ns();
        work();
        double ns = (cpu_ns() - start) / (double)count;
        if (round == 0 || ns < least) least = ns;
    }
    printf("%-60s %9.1f ns\n", what, least);
}

static size_t least_base(void)
{
    strata_heap_config config = on_base;
    for (;; config.base_size--) {
        strata_heap *made = strata_heap_create(&config);
        if (made == NULL) return config.base_size + 1;
        strata_heap_destroy(made);
    }
}

int main(void)
{
    heap = strata_heap_create(NULL);
    range = strata_range_create((void *)((uintptr_t)1 << 45), (size_t)1 << 36, 256, NULL);
    demand(heap != NULL && range != NULL, "there is no heap, or no range");
    measure("free and malloc, 16 to 2,000 bytes, 10,000 blocks", replace_in_heap, replace_count);
    measure("the same in a range, 1 to 125 KiB", replace_in_range, replace_count);
    measure("create, one malloc, destroy", make_on_host, make_count);
    measure("create and destroy on base", make_on_base, make_count);
    printf("%-60s %9zu bytes\n", "the least base", least_base());
    begin_threads();
    measure("free and malloc, after the process had a second thread", replace_in_heap, replace_count);
    strata_heap_destroy(heap);
    heap = strata_heap_create(&of_one_thread);
    demand(heap != NULL, "there is no heap of one thread");
    measure("the same in a heap of one thread", replace_in_heap, replace_count);
    return 0;
}
