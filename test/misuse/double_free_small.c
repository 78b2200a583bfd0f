/* SPDX-License-Identifier: MIT-0
 *
 * A small block freed twice in a row.
 */
#include "misuse/misuse.h"

int main(void)
{
    void *mem = strata_malloc(40);
    expect(DOUBLE_FREE, mem);
    strata_free(mem);
    strata_free(mem);
    return went_on();
}
