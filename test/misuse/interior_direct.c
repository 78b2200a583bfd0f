/* SPDX-License-Identifier: MIT-0
 *
 * A pointer into a block with a mapping of its own, at the offset told. Beyond the first 64 KiB,
 * the map of addresses has no word of it.
 */
#include "misuse/misuse.h"

int main(int count, char **arguments)
{
    (void)count;
    char *mem = direct_block();
    char *inside = mem + told(arguments, 1);
    expect(told(arguments, 1) < 65536 ? INTERIOR : FOREIGN, inside);
    strata_free(hidden_pointer(inside));
    told_by_now();
    strata_free(mem);
    return went_on();
}
