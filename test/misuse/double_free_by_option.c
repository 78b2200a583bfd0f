/* SPDX-License-Identifier: MIT-0
 *
 * A small block of the size told freed twice, with another free between: told when the program
 * forbids the thread to keep anything.
 */
#include "misuse/misuse.h"

int main(int count, char **arguments)
{
    (void)count;
    void *mem = strata_malloc(told(arguments, 1));
    void *other = strata_malloc(told(arguments, 1));
    strata_free(mem);
    strata_free(other);
    strata_free(mem);
    expect(DOUBLE_FREE, mem);
    strata_option_set("magazine_limit", 0);
    told_by_now();
    return went_on();
}
