/* SPDX-License-Identifier: MIT-0
 *
 * A pointer to code of the C library.
 */
#include "misuse/misuse.h"

int main(void)
{
    uintptr_t code = ((uintptr_t)qsort + 16) & ~(uintptr_t)15;
    expect(FOREIGN, (void *)code);
    strata_free(hidden_pointer((void *)code));
    told_by_now();
    return went_on();
}
