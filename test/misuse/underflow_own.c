/* SPDX-License-Identifier: MIT-0
 *
 * A block whose head was written from its own start downward; it is then freed.
 */
#include "misuse/misuse.h"

int main(void)
{
    char *mem = strata_malloc(1000);
    void *above = strata_malloc(1000);
    expect(BROKEN_TAG, mem);
    memset(hidden_pointer(mem - 8), 'x', 8);
    strata_free(mem);
    strata_free(above);
    return went_on_broken();
}
