/* SPDX-License-Identifier: MIT-0
 *
 * A pointer into the stack.
 */
#include "misuse/misuse.h"

int main(void)
{
    _Alignas(16) char place[64] = {0};
    expect(FOREIGN, place + 16);
    strata_free(hidden_pointer(place + 16));
    told_by_now();
    return went_on();
}
