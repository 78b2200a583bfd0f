/* SPDX-License-Identifier: MIT-0
 *
 * A small block of the size told freed twice, with another free between: told when the thread's
 * magazine is full and its older half is put back.
 */
#include "misuse/misuse.h"

enum { block_count = 5000 }; /* more than any magazine has slots */

static void *blocks[block_count];

int main(int count, char **arguments)
{
    (void)count;
    for (size_t idx = 0; idx < block_count; idx++)
        blocks[idx] = strata_malloc(told(arguments, 1));
    strata_free(blocks[0]);
    strata_free(blocks[1]);
    strata_free(blocks[0]);
    expect(DOUBLE_FREE, blocks[0]);
    for (size_t idx = 2; idx < block_count; idx++) strata_free(blocks[idx]);
    told_by_now();
    return went_on();
}
