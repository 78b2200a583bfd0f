/* SPDX-License-Identifier: MIT-0
 *
 * Large blocks that move while others are mapped and unmapped: the addresses that a moved block
 * leaves are at once somebody else's, who must not lose his entry in the page map.
 */
#include "stress/stress.h"

enum { mover_count = 3, mapper_count = 3 };
static const size_t mib = (size_t)1 << 20;

/* Grows a block in steps that have to move it. */
static void *move(void *argument)
{
    (void)argument;
    for (size_t round = stress_amount(1500); round > 0; round--) {
        size_t size = 5 * mib;
        char *mem = strata_malloc(size);
        require(mem != NULL, "there is memory to begin with");
        mem[0] = 'm';
        for (int step = 0; step < 6; step++) {
            size += 3 * mib;
            mem = strata_realloc(mem, size);
            require(mem != NULL && mem[0] == 'm', "a moved block keeps its contents");
            mem[size - 1] = 'e';
        }
        strata_free(mem);
    }
    return NULL;
}

static void *map(void *argument)
{
    stress_random random = {(uint64_t)(uintptr_t)argument + 5};
    for (size_t round = stress_amount(20000); round > 0; round--) {
        size_t size = 4 * mib + random_below(&random, 12) * mib;
        char *mem = strata_malloc(size);
        require(mem != NULL, "there is memory to map");
        mem[0] = mem[size - 1] = 'x';
        require(strata_usable_size(mem) >= size, "a block is known as long as it lives");
        strata_free(mem);
    }
    return NULL;
}

int main(void)
{
    if (!STRATA_THREADS) return 0;
    /* Each block has a mapping of its own; the time to give freed ones back is always near. */
    require(strata_options_parse("direct_threshold=4m,purge_delay=1", NULL) == 0,
            "the options are known");
    pthread_t threads[mover_count + mapper_count];
    for (size_t n = 0; n < mover_count + mapper_count; n++)
        threads[n] = thread_start(n < mover_count ? move : map, (void *)(uintptr_t)n);
    for (size_t n = 0; n < mover_count + mapper_count; n++) thread_join(threads[n]);
    require_sound();
    return 0;
}
