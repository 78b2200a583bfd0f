/* SPDX-License-Identifier: MIT-0
 *
 * A small block of 1,000 bytes freed twice, whose slab is given back because the first free was that
 * of its last block in use: the second one, put back after that, finds no slab any more.
 */
#include "misuse/misuse.h"

enum { per_slab = 65, block_count = 2 * per_slab }; /* 65,536 / 1,008 */

int main(void)
{
    char *blocks[block_count];
    for (size_t idx = 0; idx < block_count; idx++) blocks[idx] = strata_malloc(1000);
    char *other = blocks[block_count - 1];
    if (blocks[0] + (per_slab - 1) * 1008 != blocks[per_slab - 1]) return 3;
    if ((uintptr_t)blocks[0] / 65536 == (uintptr_t)other / 65536) return 3;
    strata_free(blocks[block_count - 2]); /* another slab has a block to be had */
    for (size_t idx = 0; idx < per_slab; idx++) strata_free(blocks[idx]);
    strata_free(other);
    strata_free(blocks[5]);
    expect(DOUBLE_FREE, blocks[5]);
    strata_trim(0);
    told_by_now();
    return went_on();
}
