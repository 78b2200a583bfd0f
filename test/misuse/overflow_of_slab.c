/* SPDX-License-Identifier: MIT-0
 *
 * A small block of the size told written past its end over all of the next ones: that harms them,
 * but nothing of ours lies there, and nobody looks.
 */
#include "misuse/misuse.h"

enum { block_count = 40 };

int main(int count, char **arguments)
{
    (void)count;
    size_t size = told(arguments, 1);
    char *blocks[block_count];
    for (size_t idx = 0; idx < block_count; idx++) blocks[idx] = strata_malloc(size);
    expect_harmless();
    for (size_t idx = 0; idx < block_count; idx++) memset(blocks[idx], 'x', size);
    memset(hidden_pointer(blocks[0]), 'y', strata_usable_size(blocks[0]) * 4);
    if (strata_check(NULL) != 0) return 5;
    for (size_t idx = 0; idx < block_count; idx++) strata_free(blocks[idx]);
    return went_on();
}
