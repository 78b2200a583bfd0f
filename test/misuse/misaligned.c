/* SPDX-License-Identifier: MIT-0
 *
 * A pointer that is off its block, of the size told, by the bytes told.
 */
#include "misuse/misuse.h"

int main(int count, char **arguments)
{
    (void)count;
    size_t size = told(arguments, 1);
    char *mem = strata_malloc(size);
    char *inside = mem + told(arguments, 2);
    memset(mem, 0, size);
    expect(MISALIGNED, inside);
    strata_free(hidden_pointer(inside));
    told_by_now();
    strata_free(mem);
    return went_on();
}
