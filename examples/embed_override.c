/* SPDX-License-Identifier: MIT-0
 *
 * strata as two files dropped into a project, in place of the C library's malloc: strata.c is
 * compiled with -DSTRATA_OVERRIDE=1.
 *
 *   cc -DSTRATA_OVERRIDE=1 embed_override.c strata.c -pthread
 */
#include <stdio.h>
#include <stdlib.h>

#include "strata.h"

int main(void)
{
    strata_stats before, after;
    strata_stats_get(&before);
    void *mem = malloc(123);
    strata_stats_get(&after);
    printf("malloc(123) was served by %s\n",
           after.allocations == before.allocations + 1 ? "strata" : "somebody else");
    free(mem);
    return mem != NULL && after.allocations == before.allocations + 1 ? 0 : 1;
}
