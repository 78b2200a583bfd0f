/* SPDX-License-Identifier: MIT-0
 *
 * A block of the size told written past its end and then freed: the thread keeps it and does not
 * look above it. That is told when the block goes back to its space.
 */
#include "misuse/misuse.h"

int main(int count, char **arguments)
{
    (void)count;
    size_t size = told(arguments, 1);
    char *mem = strata_malloc(size);
    char *above = strata_malloc(size);
    memset(above, 0, size);
    memset(mem, 'x', strata_usable_size(mem) + 16);
    strata_free(mem);
    require_kept(size);
    expect(BROKEN_NEXT, mem);
    strata_trim(0);
    told_by_now();
    return went_on_broken();
}
