/* SPDX-License-Identifier: MIT-0
 *
 * A block of the size told written past its end into a free one; it is then freed.
 */
#include "misuse/misuse.h"

int main(int count, char **arguments)
{
    (void)count;
    size_t size = told(arguments, 1);
    char *mem = strata_malloc(size);
    char *above = strata_malloc(size);
    void *guard = strata_malloc(size);
    expect(BROKEN_NEXT, mem);
    strata_free(above);
    memset(mem, 'x', strata_usable_size(mem) + 16);
    strata_free(mem);
    strata_free(guard);
    return went_on_broken();
}
