/* SPDX-License-Identifier: MIT-0
 *
 * The last block of the heap, of the size told, written past its end; it is then freed.
 */
#include "misuse/misuse.h"

int main(int count, char **arguments)
{
    (void)count;
    char *mem = strata_malloc(told(arguments, 1));
    expect(BROKEN_NEXT, mem);
    memset(mem, 'x', strata_usable_size(mem) + 16);
    strata_free(mem);
    return went_on_broken();
}
