/* SPDX-License-Identifier: MIT-0
 *
 * A block freed again after it was merged with the one below it.
 */
#include "misuse/misuse.h"

int main(void)
{
    char *below = strata_malloc(3000);
    char *mem = strata_malloc(3000);
    char *above = strata_malloc(3000);
    expect(DOUBLE_FREE, mem);
    strata_free(below);
    strata_free(mem);
    strata_free(mem);
    strata_free(above);
    return went_on();
}
