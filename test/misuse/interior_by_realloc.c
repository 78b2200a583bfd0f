/* SPDX-License-Identifier: MIT-0
 *
 * realloc of a pointer into the middle of a block of the size told, at the offset told.
 */
#include "misuse/misuse.h"

int main(int count, char **arguments)
{
    (void)count;
    size_t size = told(arguments, 1);
    char *mem = strata_malloc(size);
    char *inside = mem + told(arguments, 2);
    memset(mem, 0, size);
    expect(INTERIOR, inside);
    if (strata_realloc(hidden_pointer(inside), 10) != NULL) return 5;
    told_by_now();
    strata_free(mem);
    return went_on();
}
