/* SPDX-License-Identifier: MIT-0
 *
 * A block of the size told, larger than small ones, that the thread keeps on a shelf freed again,
 * with a free of the same size between: told at once, by the mark that it carries.
 */
#include "misuse/misuse.h"

enum {
    block_count = 4,
    ballast_size = 32 << 20
}; /* the more a program holds, the more is kept */

int main(int count, char **arguments)
{
    (void)count;
    void *blocks[block_count];
    void *ballast = strata_malloc(ballast_size);
    memset(ballast, 1, ballast_size);
    for (size_t idx = 0; idx < block_count; idx++)
        blocks[idx] = strata_malloc(told(arguments, 1));
    strata_free(blocks[0]);
    strata_free(blocks[1]);
    require_kept(2 * told(arguments, 1));
    expect(DOUBLE_FREE, blocks[0]);
    strata_free(blocks[0]);
    told_by_now();
    strata_free(blocks[2]);
    strata_free(blocks[3]);
    strata_free(ballast);
    return went_on();
}
