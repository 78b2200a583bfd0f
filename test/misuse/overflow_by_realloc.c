/* SPDX-License-Identifier: MIT-0
 *
 * A block of the size told written past its end and then resized.
 */
#include "misuse/misuse.h"

int main(int count, char **arguments)
{
    (void)count;
    size_t size = told(arguments, 1);
    char *mem = strata_malloc(size);
    void *above = strata_malloc(size);
    expect(BROKEN_NEXT, mem);
    memset(mem, 'x', strata_usable_size(mem) + 16);
    void *moved = strata_realloc(mem, 5 * size);
    strata_free(above);
    return moved == NULL ? went_on_broken() : 5;
}
