/* SPDX-License-Identifier: MIT-0
 *
 * Trimming, statistics, the walk, the check and option changes while other threads allocate.
 */
#include "stress/stress.h"

enum { worker_count = 4, block_count = 48 };

static atomic_bool is_over;

static void *work(void *argument)
{
    stress_random random = {(uint64_t)(uintptr_t)argument * 31 + 3};
    stress_block blocks[block_count] = {{0}};
    size_t steps = stress_amount(60000);
    for (size_t step = 0; step < steps; step++) blocks_step(blocks, block_count, &random);
    blocks_free(blocks, block_count);
    return NULL;
}

static int count_region(void *context, const strata_region *region)
{
    size_t *sum = context;
    *sum += region->size;
    require(region->start != NULL, "a region begins somewhere");
    return 0;
}

static void *look(void *argument)
{
    (void)argument;
    for (size_t round = 0; !atomic_load_explicit(&is_over, memory_order_relaxed); round++) {
        strata_stats stats;
        strata_stats_get(&stats);
        require(stats.largest_free <= stats.free, "the largest free chunk is part of all");
        require(stats.quick + stats.top <= stats.free, "parts of `free` don't exceed it");
        size_t sum = 0;
        require(strata_walk(count_region, &sum) == 0, "the walk goes to the end");
        require_sound();
        require(strata_footprint() <= strata_footprint_peak() || round == 0, "a peak is one");
        usleep(1000);
    }
    return NULL;
}

static void *disturb(void *argument)
{
    (void)argument;
    static const char *const settings[] = {
        "quick_limit=0",  "quick_limit=64k",      "trim_threshold=0", "trim_threshold=2m",
        "direct_cache=0", "direct_threshold=64k", "direct_cache=4m",  "direct_threshold=4m"};
    for (size_t round = 0; !atomic_load_explicit(&is_over, memory_order_relaxed); round++) {
        strata_trim(round % 3 * 100000);
        require(strata_options_parse(settings[round % 8], NULL) == 0, "the option is known");
        usleep(2000);
    }
    return NULL;
}

int main(void)
{
    if (!STRATA_THREADS) return 0;
    pthread_t workers[worker_count];
    pthread_t looker = thread_start(look, NULL);
    pthread_t disturber = thread_start(disturb, NULL);
    for (size_t n = 0; n < worker_count; n++) {
        workers[n] = thread_start(work, (void *)(uintptr_t)n);
    }
    for (size_t n = 0; n < worker_count; n++) thread_join(workers[n]);
    atomic_store_explicit(&is_over, true, memory_order_relaxed);
    thread_join(looker);
    thread_join(disturber);
    strata_trim(0);
    require_sound();
    return 0;
}
