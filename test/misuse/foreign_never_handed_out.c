/* SPDX-License-Identifier: MIT-0
 *
 * A pointer to where a slab will have a block that it never handed out: behind one of the size told,
 * by so many blocks of the second size told. If it is kept, it is told when it is put back.
 */
#include "misuse/misuse.h"

#include <stdbool.h>

int main(int count, char **arguments)
{
    (void)count;
    char *mem = strata_malloc(told(arguments, 1));
    char *beyond = mem + told(arguments, 2) * told(arguments, 3);
    if ((uintptr_t)mem / 65536 != (uintptr_t)beyond / 65536) return 3;
    bool is_kept = true;
    size_t limit;
    if (strata_option_get("magazine_limit", &limit) == 0 && limit == 0) is_kept = false;
    if (!is_kept) expect(FOREIGN, beyond);
    strata_free(hidden_pointer(beyond));
    if (is_kept) expect(FOREIGN, beyond);
    strata_trim(0);
    told_by_now();
    strata_free(mem);
    return went_on();
}
