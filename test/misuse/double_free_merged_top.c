/* SPDX-License-Identifier: MIT-0
 *
 * A block of the size told freed again after it became part of the end of the heap.
 */
#include "misuse/misuse.h"

int main(int count, char **arguments)
{
    (void)count;
    size_t size = told(arguments, 1);
    void *below = strata_malloc(size);
    void *mem = strata_malloc(size);
    expect(DOUBLE_FREE, mem);
    strata_free(mem);
    strata_free(below);
    strata_free(mem);
    told_by_now();
    return went_on();
}
