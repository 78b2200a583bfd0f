/* SPDX-License-Identifier: MIT-0
 *
 * A pointer into address space that the heap holds but does not use yet.
 */
#include "misuse/misuse.h"

int main(void)
{
    char *mem = strata_malloc(40);
    char *beyond = mem + ((size_t)3 << 20);
    expect(FOREIGN, beyond);
    expect(INTERIOR, beyond);
    expect(DOUBLE_FREE, beyond);
    strata_free(hidden_pointer(beyond));
    strata_free(mem);
    return went_on();
}
