/* SPDX-License-Identifier: MIT-0
 *
 * A block freed by its size after it was freed.
 */
#include "misuse/misuse.h"

int main(void)
{
    void *mem = strata_malloc(300);
    expect(DOUBLE_FREE, mem);
    strata_free(mem);
    strata_free_sized(mem, 300);
    return went_on();
}
