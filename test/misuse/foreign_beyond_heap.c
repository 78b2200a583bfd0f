/* SPDX-License-Identifier: MIT-0
 *
 * A pointer into address space that the heap holds but does not use yet, beyond a block of the
 * size told.
 */
#include "misuse/misuse.h"

int main(int count, char **arguments)
{
    (void)count;
    char *mem = strata_malloc(told(arguments, 1));
    char *beyond = mem + ((size_t)3 << 20);
    expect(FOREIGN, beyond);
    expect(INTERIOR, beyond);
    expect(DOUBLE_FREE, beyond);
    strata_free(hidden_pointer(beyond));
    told_by_now();
    strata_free(mem);
    return went_on();
}
