/* SPDX-License-Identifier: MIT-0
 *
 * A block of the alignment and the size told freed twice.
 */
#include "misuse/misuse.h"

int main(int count, char **arguments)
{
    (void)count;
    void *mem = strata_aligned_alloc(told(arguments, 1), told(arguments, 2));
    void *above = strata_malloc(40);
    expect(DOUBLE_FREE, mem);
    strata_free(mem);
    strata_free(mem);
    told_by_now();
    strata_free(above);
    return went_on();
}
