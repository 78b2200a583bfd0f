/* SPDX-License-Identifier: MIT-0
 *
 * A small block of 1,000 bytes freed again after its whole slab was given back: there is nothing
 * left to know it by.
 */
#include "misuse/misuse.h"

enum { block_count = 200 }; /* three slabs of 65 blocks, and more */

int main(void)
{
    char *blocks[block_count];
    for (size_t idx = 0; idx < block_count; idx++) blocks[idx] = strata_malloc(1000);
    for (size_t idx = 0; idx < block_count; idx++) strata_free(blocks[idx]);
    strata_trim(0);
    expect(FOREIGN, blocks[5]);
    strata_free(blocks[5]);
    told_by_now();
    return went_on();
}
