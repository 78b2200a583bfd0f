/* SPDX-License-Identifier: MIT-0
 *
 * An address with its top bit set, which no program has.
 */
#include "misuse/misuse.h"

int main(void)
{
    void *wild = (void *)~(SIZE_MAX >> 1);
    expect(FOREIGN, wild);
    strata_free(hidden_pointer(wild));
    told_by_now();
    return went_on();
}
