/* SPDX-License-Identifier: MIT-0
 *
 * Thousands of short threads, each of which leaves a block behind for main: what a thread held
 * must not be lost with it.
 */
#include "stress/stress.h"

enum { at_once = 8 };

static void *leave_a_block(void *argument)
{
    size_t number = (size_t)(uintptr_t)argument;
    stress_random random = {number};
    stress_block blocks[20] = {{0}};
    for (size_t step = 0; step < 60; step++) blocks_step(blocks, 20, &random);
    blocks_free(blocks, 20);
    size_t *left = strata_malloc(sizeof *left * 4);
    require(left != NULL, "there is memory for what is left");
    left[0] = number;
    left[3] = ~number;
    return left;
}

int main(void)
{
    if (!STRATA_THREADS) return 0;
    size_t rounds = stress_amount(5000) / at_once;
    size_t footprint = 0;
    for (size_t round = 0; round < rounds; round++) {
        pthread_t threads[at_once];
        for (size_t n = 0; n < at_once; n++) {
            threads[n] = thread_start(leave_a_block, (void *)(uintptr_t)(round * at_once + n));
        }
        for (size_t n = 0; n < at_once; n++) {
            void *result = NULL;
            require(pthread_join(threads[n], &result) == 0, "a thread can be joined");
            size_t *left = result;
            require(left[0] == round * at_once + n && left[3] == ~left[0],
                    "the block is whole");
            strata_free(left);
        }
        if (round == rounds / 4) footprint = strata_footprint_peak();
    }
    require(strata_footprint_peak() <= 2 * footprint + (64u << 20), "threads leave no memory");
    require_sound();
    return 0;
}
