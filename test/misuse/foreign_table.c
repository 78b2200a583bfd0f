/* SPDX-License-Identifier: MIT-0
 *
 * A pointer into the tables at the start of a run of slices, at the offset told.
 */
#include "misuse/misuse.h"

enum { run_size = 64 << 20 };

int main(int count, char **arguments)
{
    (void)count;
    char *mem = strata_malloc(40);
    char *run = mem - (uintptr_t)mem % run_size;
    char *inside = run + told(arguments, 1);
    if (inside >= mem) return 3;
    expect(FOREIGN, inside);
    strata_free(hidden_pointer(inside));
    told_by_now();
    strata_free(mem);
    return went_on();
}
