/* SPDX-License-Identifier: MIT-0
 *
 * The size of a pointer into a block of the size told, at the offset told, is asked for: 0, or a
 * report, but no crash.
 */
#include "misuse/misuse.h"

int main(int count, char **arguments)
{
    (void)count;
    size_t size = told(arguments, 1);
    char *mem = strata_malloc(size);
    char *inside = mem + told(arguments, 2);
    memset(mem, 0, size);
    expect(INTERIOR, inside);
    expect_harmless();
    if (strata_usable_size(hidden_pointer(inside)) != 0) return 5;
    strata_free(mem);
    return went_on();
}
