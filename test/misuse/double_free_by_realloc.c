/* SPDX-License-Identifier: MIT-0
 *
 * A block of the first size told resized to the second one after it was freed. Of a small one that
 * a thread keeps no slab knows yet that it is free: it is told when the old block is freed once more,
 * if it has to move, and the caller that goes on has got a new one.
 */
#include "misuse/misuse.h"

int main(int count, char **arguments)
{
    (void)count;
    size_t size = told(arguments, 1);
    void *mem = strata_malloc(size);
    void *above = strata_malloc(size);
    expect(DOUBLE_FREE, mem);
    strata_free(mem);
    void *moved = strata_realloc(mem, told(arguments, 2));
    told_by_now();
    if (moved == mem || (moved != NULL && size > 1024)) return 5;
    strata_free(moved);
    strata_free(above);
    return went_on();
}
