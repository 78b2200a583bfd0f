/* SPDX-License-Identifier: MIT-0
 *
 * A block of about the size told freed twice, with frees of other sizes before, between and after.
 */
#include "misuse/misuse.h"

enum { block_count = 30, victim = 7 };

int main(int count, char **arguments)
{
    (void)count;
    void *blocks[block_count];
    for (size_t idx = 0; idx < block_count; idx++)
        blocks[idx] = strata_malloc(told(arguments, 1) + idx * 16);
    expect(DOUBLE_FREE, blocks[victim]);
    for (size_t idx = 0; idx < block_count; idx += 2) strata_free(blocks[idx]);
    strata_free(blocks[victim]);
    for (size_t idx = 1; idx < block_count; idx += 2) {
        if (idx != victim) strata_free(blocks[idx]);
    }
    strata_free(blocks[victim]);
    told_by_now();
    return went_on();
}
