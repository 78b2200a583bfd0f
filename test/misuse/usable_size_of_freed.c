/* SPDX-License-Identifier: MIT-0
 *
 * The size of a block that is free is asked for: 0, or a report, but no crash.
 */
#include "misuse/misuse.h"

int main(int count, char **arguments)
{
    (void)count;
    size_t size = told_offset(arguments);
    void *mem = strata_malloc(size);
    void *above = strata_malloc(40);
    expect(DOUBLE_FREE, mem);
    expect_harmless();
    strata_free(mem);
    if (strata_usable_size(mem) != 0) return 5;
    strata_free(above);
    return went_on();
}
