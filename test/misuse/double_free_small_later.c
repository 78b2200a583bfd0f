/* SPDX-License-Identifier: MIT-0
 *
 * A small block freed twice, with other frees between.
 */
#include "misuse/misuse.h"

int main(void)
{
    void *blocks[30];
    for (size_t idx = 0; idx < 30; idx++) blocks[idx] = strata_malloc(24 + idx * 16);
    expect(DOUBLE_FREE, blocks[7]);
    for (size_t idx = 0; idx < 30; idx += 2) strata_free(blocks[idx]);
    strata_free(blocks[7]);
    for (size_t idx = 1; idx < 30; idx += 2) {
        if (idx != 7) strata_free(blocks[idx]);
    }
    strata_free(blocks[7]);
    return went_on();
}
