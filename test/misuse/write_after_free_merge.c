/* SPDX-License-Identifier: MIT-0
 *
 * The first word of a freed small block of a space, the link of its list, is written to: found when
 * what is on the list is merged.
 */
#include "misuse/misuse.h"

int main(void)
{
    char *mem = small_block_of_space(40);
    void *guard = small_block_of_space(40);
    static size_t target[8];
    void *link = target;
    strata_free(mem);
    memcpy(hidden_pointer(mem), &link, sizeof link);
    expect(BROKEN_FREE, ANYWHERE);
    strata_option_set("quick_limit", 0);
    told_by_now();
    strata_free(guard);
    return went_on_broken();
}
