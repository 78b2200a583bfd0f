/* SPDX-License-Identifier: MIT-0
 *
 * A block resized after it was freed.
 */
#include "misuse/misuse.h"

int main(void)
{
    void *mem = strata_malloc(100);
    expect(DOUBLE_FREE, mem);
    strata_free(mem);
    void *moved = strata_realloc(mem, 5000);
    if (moved != NULL) return 5;
    return went_on();
}
