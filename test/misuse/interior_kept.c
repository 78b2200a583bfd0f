/* SPDX-License-Identifier: MIT-0
 *
 * A pointer into a small block of the size told, off its start by the bytes told: kept as if it were
 * a block, and told when it is put back.
 */
#include "misuse/misuse.h"

int main(int count, char **arguments)
{
    (void)count;
    char *mem = strata_malloc(told(arguments, 1));
    char *inside = mem + told(arguments, 2);
    memset(mem, 0, told(arguments, 1));
    strata_free(hidden_pointer(inside));
    expect(told(arguments, 2) % 16 == 0 ? INTERIOR : MISALIGNED, inside);
    strata_trim(0);
    told_by_now();
    strata_free(mem);
    return went_on();
}
