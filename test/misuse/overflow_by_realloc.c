/* SPDX-License-Identifier: MIT-0
 *
 * A block written past its end and then resized.
 */
#include "misuse/misuse.h"

int main(void)
{
    char *mem = strata_malloc(1000);
    void *above = strata_malloc(1000);
    expect(BROKEN_NEXT, mem);
    memset(mem, 'x', strata_usable_size(mem) + 16);
    void *moved = strata_realloc(mem, 5000);
    strata_free(above);
    return moved == NULL ? went_on_broken() : 5;
}
