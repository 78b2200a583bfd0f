/* SPDX-License-Identifier: MIT-0
 *
 * Thousands of short threads. Each frees what threads before it left, and leaves blocks of its own
 * that outlive it; caches go from thread to thread. What is left in the end is freed by main.
 */
#include "stress/stress.h"

enum { at_once = 8, left_count = 64, own_count = 24 };

/* Blocks without a living owner. */
static _Atomic(size_t *) left[left_count];

/* The first word says how many bytes, and each word up to the last of them the same. */
static size_t *left_make(stress_random *random)
{
    size_t count = 1 + random_below(random, random_below(random, 8) == 0 ? 2000 : 100);
    size_t *made = strata_malloc(count * sizeof *made);
    require(made != NULL, "there is memory");
    for (size_t at = 0; at < count; at++) made[at] = count;
    return made;
}

static void left_free(size_t *got)
{
    if (got == NULL) return;
    size_t count = got[0];
    require(count > 0 && count <= 2000, "the first word is what was written");
    for (size_t at = 0; at < count; at++) require(got[at] == count, "each word is");
    strata_free(got);
}

static void *live_shortly(void *argument)
{
    stress_random random = {(uint64_t)(uintptr_t)argument};
    size_t *own[own_count];
    for (size_t n = 0; n < own_count; n++) own[n] = left_make(&random);
    for (size_t n = 0; n < own_count; n++) {
        size_t slot = random_below(&random, left_count);
        if (n % 3 != 0) {
            left_free(own[n]);
        } else {
            left_free(atomic_exchange_explicit(&left[slot], own[n], memory_order_acq_rel));
        }
    }
    return NULL;
}

static void run(size_t rounds, size_t seed)
{
    for (size_t round = 0; round < rounds; round++) {
        pthread_t threads[at_once];
        for (size_t n = 0; n < at_once; n++) {
            threads[n] =
                thread_start(live_shortly, (void *)(uintptr_t)(seed + round * at_once + n));
        }
        for (size_t n = 0; n < at_once; n++) thread_join(threads[n]);
    }
}

int main(void)
{
    if (!STRATA_THREADS) return 0;
    /* Not a tenth where each step is watched: the number of threads is the point. */
    size_t rounds = 2000 / at_once;
    stress_live start = live_at_start();
    run(rounds / 4, 1);
    size_t peak = strata_footprint_peak();
    run(rounds - rounds / 4, 1000000);
    for (size_t slot = 0; slot < left_count; slot++)
        left_free(atomic_exchange_explicit(&left[slot], NULL, memory_order_acq_rel));
    require(strata_footprint_peak() <= peak + (8u << 20), "ended threads leave no memory");
    require_all_back(start);
    return 0;
}
