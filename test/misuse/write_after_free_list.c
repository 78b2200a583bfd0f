/* SPDX-License-Identifier: MIT-0
 *
 * The first word of a freed small block, the link of its list, is written to; the next but one
 * allocation of that size would follow it.
 */
#include "misuse/misuse.h"

int main(void)
{
    char *mem = strata_malloc(40);
    void *guard = strata_malloc(40);
    static size_t target[8];
    void *link = target;
    strata_free(mem);
    memcpy(hidden_pointer(mem), &link, sizeof link);
    expect(BROKEN_FREE, ANYWHERE);
    void *first = strata_malloc(40);
    void *second = strata_malloc(40);
    if (second == target || first == target) return 5;
    strata_free(guard);
    return 0;
}
