/* SPDX-License-Identifier: MIT-0
 *
 * A small block of a space freed again after the quick lists were merged.
 */
#include "misuse/misuse.h"

int main(void)
{
    strata_option_set("quick_limit", 0);
    void *mem = small_block_of_space(40);
    void *above = small_block_of_space(40);
    expect(DOUBLE_FREE, mem);
    strata_free(mem);
    strata_free(mem);
    told_by_now();
    strata_free(above);
    return went_on();
}
