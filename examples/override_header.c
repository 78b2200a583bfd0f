/* SPDX-License-Identifier: MIT-0
 *
 * One source file that says malloc and means strata_malloc, in a program whose other files keep
 * the C library's: include strata_override.h after all system headers. Blocks must not cross:
 * what this file allocates it frees.
 *
 *   cc override_header.c other.c strata.c
 */
#include <stdio.h>
#include <stdlib.h>

#include <strata_override.h>

int main(void)
{
    int *numbers = malloc(100 * sizeof *numbers);
    if (numbers == NULL) return 1;
    for (int n = 0; n < 100; n++) numbers[n] = n * n;
    int *more = realloc(numbers, 10000 * sizeof *more);
    if (more == NULL) return 1;
    printf("%d, in a block of %zu bytes\n", more[99], malloc_usable_size(more));
    free(more);

    strata_stats stats;
    strata_stats_get(&stats);
    return stats.allocations > 0 && stats.allocations == stats.frees ? 0 : 1;
}
