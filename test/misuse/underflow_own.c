/* SPDX-License-Identifier: MIT-0
 *
 * A block of the size told whose head was written from its own start downward; it is then freed.
 */
#include "misuse/misuse.h"

int main(int count, char **arguments)
{
    (void)count;
    char *mem = strata_malloc(told(arguments, 1));
    void *above = strata_malloc(told(arguments, 1));
    expect(BROKEN_TAG, mem);
    memset(hidden_pointer(mem - 8), 'x', 8);
    strata_free(mem);
    strata_free(above);
    return went_on_broken();
}
