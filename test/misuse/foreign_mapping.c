/* SPDX-License-Identifier: MIT-0
 *
 * A pointer into memory that the program mapped itself.
 */
#include "misuse/misuse.h"

#include <sys/mman.h>

int main(void)
{
    char *place =
        mmap(NULL, 1 << 20, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (place == MAP_FAILED) return 3;
    expect(FOREIGN, place + 4096);
    strata_free(place + 4096);
    told_by_now();
    return went_on();
}
