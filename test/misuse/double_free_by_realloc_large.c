/* SPDX-License-Identifier: MIT-0
 *
 * A large block resized after it was freed and merged.
 */
#include "misuse/misuse.h"

int main(void)
{
    void *mem = strata_malloc(100000);
    void *above = strata_malloc(100);
    expect(DOUBLE_FREE, mem);
    strata_free(mem);
    void *moved = strata_realloc(mem, 50);
    if (moved != NULL) return 5;
    strata_free(above);
    return went_on();
}
