/* SPDX-License-Identifier: MIT-0
 *
 * when nothing moves, what was allocated less what was freed is what is live, after any number of
 * threads that have freed each other's blocks and ended: exactly as many blocks as are held here, and in
 * the end exactly as many blocks and bytes as at the start.
 */
#include "operators/process.h"

enum { at_once = 16, round_count = 12, slot_count = 4096, steps = 6000 };

static _Atomic(void *) slots[slot_count];

static void *churn(void *argument)
{
    uint64_t random = (uintptr_t)argument + 1;
    for (size_t step = 0; step < steps; step++) {
        size_t kind = random_below(&random, 200);
        size_t size = kind == 0   ? 600000
                      : kind < 20 ? random_below(&random, 40000)
                                  : random_below(&random, 1100);
        void *mem = size % 5 == 0 ? calloc(1, size) : malloc(size);
        if (size % 7 == 0) mem = realloc(mem, size * 2 + 1);
        require(mem != NULL, "there is memory");
        free(atomic_exchange(&slots[random_below(&random, slot_count)], mem));
    }
    return NULL;
}

static void run_threads(size_t round)
{
    pthread_t threads[at_once];
    for (size_t n = 0; n < at_once; n++)
        threads[n] = thread_start(churn, (void *)(round * at_once + n));
    for (size_t n = 0; n < at_once; n++) thread_join(threads[n]);
}

static size_t count_held(void)
{
    size_t count = 0;
    for (size_t n = 0; n < slot_count; n++) count += slots[n] != NULL;
    return count;
}

static void free_all(void)
{
    for (size_t n = 0; n < slot_count; n++) free(atomic_exchange(&slots[n], NULL));
}

int main(void)
{
    require_ours();
    setvbuf(stdout, NULL, _IONBF, 0);
    run_threads(99); /* what the C library keeps of threads is there from now on */
    free_all();
    strata_stats start = stats_now();
    for (size_t round = 0; round < round_count; round++) {
        run_threads(round);
        strata_stats now = stats_now();
        size_t blocks = now.allocations - now.frees - (start.allocations - start.frees);
        printf("%zu blocks held, %zu counted, %zu bytes\n", count_held(), blocks,
               now.live - start.live);
        require(blocks == count_held(), "as many blocks are counted as are held");
        if (round % 3 != 0) continue;
        free_all();
        now = stats_now();
        require(now.allocations - now.frees == start.allocations - start.frees,
                "all blocks are back");
        require(now.live == start.live, "all bytes are back");
        require(now.direct == start.direct && now.direct_blocks == start.direct_blocks,
                "all mappings are back");
    }
    require_sound();
    return 0;
}
