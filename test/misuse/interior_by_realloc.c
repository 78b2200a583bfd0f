/* SPDX-License-Identifier: MIT-0
 *
 * realloc of a pointer into the middle of a block.
 */
#include "misuse/misuse.h"

int main(void)
{
    char *mem = strata_malloc(1000);
    memset(mem, 0, 1000);
    expect(INTERIOR, mem + 64);
    if (strata_realloc(hidden_pointer(mem + 64), 10) != NULL) return 5;
    strata_free(mem);
    return went_on();
}
