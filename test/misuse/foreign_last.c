/* SPDX-License-Identifier: MIT-0
 *
 * The last multiple of 16 there is.
 */
#include "misuse/misuse.h"

int main(void)
{
    void *last = (void *)(SIZE_MAX - 15);
    expect(FOREIGN, last);
    strata_free(hidden_pointer(last));
    told_by_now();
    return went_on();
}
