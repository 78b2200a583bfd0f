/* SPDX-License-Identifier: MIT-0
 *
 * A pointer to where nothing is mapped.
 */
#include "misuse/misuse.h"

#include <sys/mman.h>

int main(void)
{
    char *place = mmap(NULL, 1 << 20, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (place == MAP_FAILED || munmap(place, 1 << 20) != 0) return 3;
    expect(FOREIGN, place + 4096);
    strata_free(place + 4096);
    told_by_now();
    return went_on();
}
