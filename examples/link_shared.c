/* SPDX-License-Identifier: MIT-0
 *
 * A program that is linked with the shared library: its malloc is strata's, and it may ask
 * strata about it.
 *
 *   cc link_shared.c -lstrata
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <strata.h>

int main(void)
{
    char *copy = strdup("every malloc of this program, the C library's too, is strata's");
    if (copy == NULL) return 1;
    strata_stats stats;
    strata_stats_get(&stats);
    printf("%s\n", copy);
    printf("%zu bytes live in blocks, %zu held from the host\n", stats.live, stats.footprint);
    free(copy);
    return stats.allocations > 0 ? 0 : 1;
}
