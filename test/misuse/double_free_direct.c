/* SPDX-License-Identifier: MIT-0
 *
 * A block with a mapping of its own freed twice; the mapping is kept for reuse.
 */
#include "misuse/misuse.h"

int main(void)
{
    strata_option_set("direct_cache", (size_t)64 << 20);
    strata_option_set("dirty_max", SIZE_MAX);
    void *mem = direct_block();
    expect(DOUBLE_FREE, mem);
    strata_free(mem);
    strata_free(mem);
    told_by_now();
    return went_on();
}
