/* SPDX-License-Identifier: MIT-0
 *
 * A block freed again after it became part of the end of the heap.
 */
#include "misuse/misuse.h"

int main(void)
{
    void *below = strata_malloc(2000);
    void *mem = strata_malloc(2000);
    expect(DOUBLE_FREE, mem);
    strata_free(mem);
    strata_free(below);
    strata_free(mem);
    return went_on();
}
