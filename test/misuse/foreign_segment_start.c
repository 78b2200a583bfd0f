/* SPDX-License-Identifier: MIT-0
 *
 * The very first addresses of the memory that a space took.
 */
#include "misuse/misuse.h"

int main(void)
{
    uintptr_t mem = (uintptr_t)strata_malloc(3000);
    void *start = (void *)(mem & ~(uintptr_t)65535);
    expect(FOREIGN, start);
    expect(INTERIOR, start);
    strata_free(hidden_pointer(start));
    told_by_now();
    return went_on();
}
