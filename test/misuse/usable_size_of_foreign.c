/* SPDX-License-Identifier: MIT-0
 *
 * The size of a pointer that is not ours is asked for: 0, or a report, but no crash.
 */
#include "misuse/misuse.h"

static _Alignas(16) char place[64];

int main(void)
{
    expect(FOREIGN, place);
    expect_harmless();
    if (strata_usable_size(hidden_pointer(place)) != 0) return 5;
    return went_on();
}
