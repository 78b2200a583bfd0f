/* SPDX-License-Identifier: MIT-0
 *
 * mappings of the process: at most 64, one for each 16 MiB that are live, and one for each block that
 * has its own; for blocks of all sizes, freed in any order, at any time, with trims in between.
 */
#include "operators/process.h"

#include <malloc.h>

enum { block_count = 20000, phase_count = 8, steps = 40000 };

static char *blocks[block_count];
static size_t sizes[block_count];
static size_t live;

static size_t some_size(uint64_t *random, size_t phase)
{
    size_t kind = random_below(random, 1000);
    if (phase % 4 == 3 && kind == 0) return 33 * MIB + random_below(random, 20 * MIB);
    if (phase % 4 == 3 && kind < 10) return 600000 + random_below(random, 2000000);
    if (kind < 60) return 1000 + random_below(random, phase % 3 == 1 ? 200000 : 30000);
    return 1 + random_below(random, 1000);
}

static void drop(size_t n)
{
    free(blocks[n]);
    live -= sizes[n];
    blocks[n] = NULL;
    sizes[n] = 0;
}

static void check(const char *what)
{
    size_t direct = stats_now().direct_blocks;
    printf("%s: live %zu MiB, %zu direct\n", what, live / MIB, direct);
    require_at_most("mappings", mappings_now(), 64 + live / (16 * MIB) + direct);
}

int main(void)
{
    uint64_t random = 11;
    require_ours();
    for (size_t phase = 0; phase < phase_count; phase++) {
        for (size_t step = 0; step < steps; step++) {
            size_t n = random_below(&random, block_count);
            drop(n);
            sizes[n] = some_size(&random, phase);
            blocks[n] = malloc(sizes[n]);
            require(blocks[n] != NULL, "there is memory");
            memset(blocks[n], 1, sizes[n] < MIB ? sizes[n] : MIB);
            live += sizes[n];
        }
        check("full");
        for (size_t n = 0; n < block_count; n++) {
            if (random_below(&random, 16) != 0) drop(n);
        }
        check("one in sixteen left");
        if (phase % 2 == 0) malloc_trim(0);
        check("trimmed");
    }
    return 0;
}
