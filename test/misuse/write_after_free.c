/* SPDX-License-Identifier: MIT-0
 *
 * A block of the size told is written to after it was freed, with the byte told; the heap is
 * then used. Quick lists as told: off exercises the bins.
 */
#include "misuse/misuse.h"

int main(int count, char **arguments)
{
    (void)count;
    size_t size = told(arguments, 1);
    strata_option_set("quick_limit", told(arguments, 3));
    char *mem = strata_malloc(size);
    char *guard = strata_malloc(40);
    char *other = strata_malloc(size);
    char *last = strata_malloc(40);
    strata_free(other);
    strata_free(mem);
    expect(BROKEN_FREE, ANYWHERE);
    expect(BROKEN_TAG, ANYWHERE);
    expect_damage_found();
    expect_harmless();
    memset(hidden_pointer(mem), (int)told(arguments, 2), size);
    for (size_t idx = 0; idx < 10; idx++) strata_free(strata_malloc(size));
    use_heap();
    strata_free(guard);
    strata_free(last);
    return 0;
}
