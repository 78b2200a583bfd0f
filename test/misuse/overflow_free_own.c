/* SPDX-License-Identifier: MIT-0
 *
 * A block written past its end by the bytes told, with the byte told; it is then freed.
 */
#include "misuse/misuse.h"

int main(int count, char **arguments)
{
    (void)count;
    char *mem = strata_malloc(1000);
    char *above = strata_malloc(1000);
    memset(above, 0, 1000);
    expect(BROKEN_NEXT, mem);
    memset(mem, (int)strtoul(arguments[2], NULL, 0),
           strata_usable_size(mem) + told_offset(arguments));
    strata_free(mem);
    return went_on_broken();
}
