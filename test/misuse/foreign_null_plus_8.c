/* SPDX-License-Identifier: MIT-0
 *
 * What a field of a null pointer has for an address.
 */
#include "misuse/misuse.h"

int main(void)
{
    expect(FOREIGN, (void *)8);
    strata_free(hidden_pointer((void *)8));
    told_by_now();
    return went_on();
}
