/* SPDX-License-Identifier: MIT-0
 *
 * The last block of the heap written past its end; it is then freed.
 */
#include "misuse/misuse.h"

int main(void)
{
    char *mem = strata_malloc(1000);
    expect(BROKEN_NEXT, mem);
    memset(mem, 'x', strata_usable_size(mem) + 16);
    strata_free(mem);
    return went_on_broken();
}
