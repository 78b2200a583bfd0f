/* SPDX-License-Identifier: MIT-0
 *
 * A small block of a space written past its end by a string's closing zero; it is then freed.
 */
#include "misuse/misuse.h"

int main(void)
{
    char *mem = small_block_of_space(24);
    char *above = small_block_of_space(24);
    memset(above, 0, 24);
    expect(BROKEN_NEXT, mem);
    memset(mem, 'x', strata_usable_size(mem));
    mem[strata_usable_size(mem)] = '\0';
    strata_free(mem);
    return went_on_broken();
}
