/* SPDX-License-Identifier: MIT-0
 *
 * A pointer to a static variable.
 */
#include "misuse/misuse.h"

static _Alignas(16) char place[64];

int main(void)
{
    expect(FOREIGN, place + 16);
    strata_free(hidden_pointer(place + 16));
    told_by_now();
    return went_on();
}
