/* SPDX-License-Identifier: MIT-0
 *
 * A block at the end of the heap freed again after everything there was given back.
 */
#include "misuse/misuse.h"

int main(void)
{
    void *first = strata_malloc(2000000);
    char *mem = strata_malloc(700000);
    memset(mem, 1, 700000);
    expect(DOUBLE_FREE, mem);
    expect(FOREIGN, mem);
    strata_free(mem);
    strata_trim(0);
    strata_free(mem);
    told_by_now();
    strata_free(first);
    return went_on();
}
