/* SPDX-License-Identifier: MIT-0
 *
 * A block of the size told freed again after the one below it took it in.
 */
#include "misuse/misuse.h"

int main(int count, char **arguments)
{
    (void)count;
    size_t size = told(arguments, 1);
    char *below = strata_malloc(size);
    char *mem = strata_malloc(size);
    char *above = strata_malloc(size);
    expect(DOUBLE_FREE, mem);
    strata_free(mem);
    strata_free(below);
    strata_free(mem);
    told_by_now();
    strata_free(above);
    return went_on();
}
