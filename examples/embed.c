/* SPDX-License-Identifier: MIT-0
 *
 * strata as two files dropped into a project, under its own names, beside whatever malloc the
 * program has.
 *
 *   cc embed.c strata.c -pthread
 *
 * The walk prints a picture of the heap: one line a region.
 */
#include <stdio.h>

#include "strata.h"

static int print_region(void *context, const strata_region *region)
{
    static const char *const kinds[] = {"used", "free", "cached", "top", "direct"};
    int *count = context;
    printf("%p %10zu %s\n", region->start, region->size, kinds[region->kind]);
    ++*count;
    return 0;
}

int main(void)
{
    void *blocks[6];
    for (int idx = 0; idx < 6; idx++) blocks[idx] = strata_malloc((size_t)1000 << idx);
    strata_free(blocks[2]);
    strata_free(blocks[4]);
    int count = 0;
    strata_walk(print_region, &count);
    strata_free(blocks[0]);
    strata_free(blocks[1]);
    strata_free(blocks[3]);
    strata_free(blocks[5]);
    return count >= 6 && strata_check(NULL) == 0 ? 0 : 1;
}
