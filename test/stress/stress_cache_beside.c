/* SPDX-License-Identifier: MIT-0
 *
 * Statistics, the walk, the check, trimming and changes of options, all of them beside
 * threads that begin, allocate, free each other's blocks, and end: whoever looks meets caches that
 * are being filled, emptied, given up and taken over. In the end nothing is lost.
 */
#include "stress/stress.h"

enum { at_once = 5, slot_count = 64 };

static atomic_bool is_over;
static _Atomic(void *) slots[slot_count];

static void *live_shortly(void *argument)
{
    stress_random random = {(uint64_t)(uintptr_t)argument};
    void *own[16] = {NULL};
    for (size_t step = 0; step < 600; step++) {
        size_t n = random_below(&random, 16);
        strata_free(own[n]);
        size_t size = random_size_to_64k(&random) / (step % 4 == 0 ? 1 : 64);
        own[n] = strata_malloc(size);
        require(own[n] != NULL, "there is memory");
        memset(own[n], (int)step, size);
        if (step % 3 != 0) continue;
        size_t slot = random_below(&random, slot_count);
        own[n] = atomic_exchange_explicit(&slots[slot], own[n], memory_order_acq_rel);
    }
    for (size_t n = 0; n < 16; n++) strata_free(own[n]);
    return NULL;
}

static int visit(void *context, const strata_region *region)
{
    require(region->start != NULL, "a region begins somewhere");
    ++*(size_t *)context;
    return 0;
}

static void *look(void *argument)
{
    (void)argument;
    while (!atomic_load_explicit(&is_over, memory_order_relaxed)) {
        size_t regions = 0;
        require(strata_walk(visit, &regions) == 0, "the walk goes to the end");
        require_sound();
        usleep(300);
    }
    return NULL;
}

static void *count(void *argument)
{
    (void)argument;
    while (!atomic_load_explicit(&is_over, memory_order_relaxed)) {
        strata_stats stats;
        strata_stats_get(&stats);
        require(stats.live <= stats.footprint, "what is live is held");
        require(stats.kept <= stats.footprint, "what is kept is held");
        sched_yield();
    }
    return NULL;
}

static void *disturb(void *argument)
{
    (void)argument;
    static const char *const settings[] = {
        "magazine_limit=0", "magazine_limit=64k,purge_delay=0,trim_threshold=0",
        "magazine_limit=1k", "magazine_limit=16m,purge_delay=1,trim_threshold=64k"};
    for (size_t round = 0; !atomic_load_explicit(&is_over, memory_order_relaxed); round++) {
        require(strata_options_parse(settings[round % 4], NULL) == 0, "the option is known");
        strata_free(strata_malloc(random_size_to_64k(&(stress_random){round})));
        strata_trim(0);
        usleep(500);
    }
    return NULL;
}

int main(void)
{
    if (!STRATA_THREADS) return 0;
    stress_live start = live_at_start();
    pthread_t looker = thread_start(look, NULL);
    pthread_t counter = thread_start(count, NULL);
    pthread_t disturber = thread_start(disturb, NULL);
    size_t rounds = stress_amount(400);
    for (size_t round = 0; round < rounds; round++) {
        pthread_t threads[at_once];
        for (size_t n = 0; n < at_once; n++)
            threads[n] = thread_start(live_shortly, (void *)(uintptr_t)(round * at_once + n));
        for (size_t n = 0; n < at_once; n++) thread_join(threads[n]);
    }
    atomic_store_explicit(&is_over, true, memory_order_relaxed);
    thread_join(looker);
    thread_join(counter);
    thread_join(disturber);
    for (size_t slot = 0; slot < slot_count; slot++)
        strata_free(atomic_exchange_explicit(&slots[slot], NULL, memory_order_acq_rel));
    require_all_back(start);
    return 0;
}
