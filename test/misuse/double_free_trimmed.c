/* SPDX-License-Identifier: MIT-0
 *
 * A block freed again after its pages were given back to the host.
 */
#include "misuse/misuse.h"

int main(void)
{
    char *mem = strata_malloc(500000);
    void *above = strata_malloc(40);
    memset(mem, 1, 500000);
    expect(DOUBLE_FREE, mem);
    strata_free(mem);
    strata_trim(0);
    strata_free(mem);
    told_by_now();
    strata_free(above);
    return went_on();
}
