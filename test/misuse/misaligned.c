/* SPDX-License-Identifier: MIT-0
 *
 * A pointer that is off its block by the bytes told.
 */
#include "misuse/misuse.h"

int main(int count, char **arguments)
{
    (void)count;
    char *mem = strata_malloc(100);
    memset(mem, 0, 100);
    char *inside = mem + told_offset(arguments);
    expect(MISALIGNED, inside);
    strata_free(hidden_pointer(inside));
    strata_free(mem);
    return went_on();
}
