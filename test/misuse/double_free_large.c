/* SPDX-License-Identifier: MIT-0
 *
 * A large block freed twice.
 */
#include "misuse/misuse.h"

int main(void)
{
    void *mem = strata_malloc(200000);
    void *above = strata_malloc(40);
    expect(DOUBLE_FREE, mem);
    strata_free(mem);
    strata_free(mem);
    strata_free(above);
    return went_on();
}
