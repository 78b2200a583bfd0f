/* SPDX-License-Identifier: MIT-0
 *
 * A pointer into the middle of a block, at the offset told, whose contents are the byte
 * told over and over.
 */
#include "misuse/misuse.h"

int main(int count, char **arguments)
{
    (void)count;
    char *mem = strata_malloc(5000);
    char *inside = mem + told(arguments, 1);
    memset(mem, (int)told(arguments, 2), 5000);
    expect(INTERIOR, inside);
    strata_free(hidden_pointer(inside));
    told_by_now();
    strata_free(mem);
    return went_on();
}
