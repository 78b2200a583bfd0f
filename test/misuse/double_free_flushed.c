/* SPDX-License-Identifier: MIT-0
 *
 * A small block freed again after the quick lists were merged.
 */
#include "misuse/misuse.h"

int main(void)
{
    strata_option_set("quick_limit", 0);
    void *mem = strata_malloc(40);
    void *above = strata_malloc(40);
    expect(DOUBLE_FREE, mem);
    strata_free(mem);
    strata_free(mem);
    strata_free(above);
    return went_on();
}
