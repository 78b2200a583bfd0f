/* SPDX-License-Identifier: MIT-0
 *
 * realloc of a pointer that is not ours.
 */
#include "misuse/misuse.h"

static _Alignas(16) char place[64];

int main(void)
{
    expect(FOREIGN, place);
    if (strata_realloc(hidden_pointer(place), 100) != NULL) return 5;
    told_by_now();
    return went_on();
}
