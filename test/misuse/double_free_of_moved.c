/* SPDX-License-Identifier: MIT-0
 *
 * The old address of a block that realloc moved is freed.
 */
#include "misuse/misuse.h"

int main(void)
{
    void *mem = strata_malloc(1000);
    void *above = strata_malloc(1000);
    void *moved = strata_realloc(mem, 100000);
    expect(DOUBLE_FREE, mem);
    strata_free(mem);
    strata_free(moved);
    strata_free(above);
    return went_on();
}
