/* SPDX-License-Identifier: MIT-0
 *
 * A block of the size told written past its end by the bytes told, with the byte told; the block
 * behind it is then freed.
 */
#include "misuse/misuse.h"

int main(int count, char **arguments)
{
    (void)count;
    size_t size = told(arguments, 1);
    char *mem = strata_malloc(size);
    char *above = strata_malloc(size);
    memset(above, 0, size);
    expect(BROKEN_TAG, above);
    memset(mem, (int)told(arguments, 3), strata_usable_size(mem) + told(arguments, 2));
    strata_free(above);
    return went_on_broken();
}
