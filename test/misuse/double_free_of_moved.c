/* SPDX-License-Identifier: MIT-0
 *
 * The old address of a block, of the size told, that realloc moved is freed.
 */
#include "misuse/misuse.h"

int main(int count, char **arguments)
{
    (void)count;
    size_t size = told(arguments, 1);
    void *mem = strata_malloc(size);
    void *above = strata_malloc(size);
    void *moved = strata_realloc(mem, 3000000);
    if (moved == mem) return 3;
    expect(DOUBLE_FREE, mem);
    strata_free(mem);
    told_by_now();
    strata_free(moved);
    strata_free(above);
    return went_on();
}
