/* SPDX-License-Identifier: MIT-0
 *
 * An aligned block freed twice.
 */
#include "misuse/misuse.h"

int main(void)
{
    void *mem = strata_aligned_alloc(4096, 600);
    void *above = strata_malloc(40);
    expect(DOUBLE_FREE, mem);
    strata_free(mem);
    strata_free(mem);
    strata_free(above);
    return went_on();
}
