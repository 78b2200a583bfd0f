/* SPDX-License-Identifier: MIT-0
 *
 * A block written past its end into a free one; the heap is then used.
 */
#include "misuse/misuse.h"

int main(void)
{
    char *mem = strata_malloc(1000);
    char *above = strata_malloc(1000);
    void *guard = strata_malloc(1000);
    expect(BROKEN_NEXT, mem);
    strata_free(above);
    memset(mem, 'x', strata_usable_size(mem) + 16);
    strata_free(mem);
    strata_free(guard);
    return went_on_broken();
}
