/* SPDX-License-Identifier: MIT-0
 *
 * A block with a mapping of its own freed again after it was unmapped: there is nothing
 * left to know it by.
 */
#include "misuse/misuse.h"

int main(void)
{
    strata_option_set("direct_cache", 0);
    void *mem = direct_block();
    expect(FOREIGN, mem);
    strata_free(mem);
    strata_free(mem);
    told_by_now();
    return went_on();
}
