/* SPDX-License-Identifier: MIT-0
 *
 * A block of the size told freed twice in a row, with another one in use above it.
 */
#include "misuse/misuse.h"

int main(int count, char **arguments)
{
    (void)count;
    size_t size = told(arguments, 1);
    void *mem = strata_malloc(size);
    void *above = strata_malloc(size);
    expect(DOUBLE_FREE, mem);
    strata_free(mem);
    strata_free(mem);
    told_by_now();
    strata_free(above);
    return went_on();
}
