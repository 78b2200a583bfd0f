/* SPDX-License-Identifier: MIT-0
 *
 * A small block of the size told freed twice, with another free between: a program that ends right
 * then is not told.
 */
#include "misuse/misuse.h"

int main(int count, char **arguments)
{
    (void)count;
    void *mem = strata_malloc(told(arguments, 1));
    void *other = strata_malloc(told(arguments, 1));
    expect_harmless();
    strata_free(mem);
    strata_free(other);
    strata_free(mem);
    return 0;
}
