/* SPDX-License-Identifier: MIT-0
 *
 * The size of a block, of the size told, that is free is asked for: 0, or a report, but no crash. No
 * slab knows yet that a small block is free, so that one may still have its size.
 */
#include "misuse/misuse.h"

int main(int count, char **arguments)
{
    (void)count;
    size_t size = told(arguments, 1);
    void *mem = strata_malloc(size);
    void *above = strata_malloc(40);
    size_t before = strata_usable_size(mem);
    expect(DOUBLE_FREE, mem);
    expect_harmless();
    strata_free(mem);
    size_t after = strata_usable_size(mem);
    if (after != 0 && (size > 1024 || after != before)) return 5;
    strata_free(above);
    return went_on();
}
