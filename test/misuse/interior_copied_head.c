/* SPDX-License-Identifier: MIT-0
 *
 * A pointer into the middle of a block of the size told, at the offset told, just behind a copy of
 * the block's own head and with a copy of the next one where that would be: what copying a struct
 * over memory does.
 */
#include "misuse/misuse.h"

int main(int count, char **arguments)
{
    (void)count;
    size_t size = told(arguments, 1);
    char *mem = strata_malloc(size);
    char *next = strata_malloc(size);
    char *inside = mem + told(arguments, 2);
    memcpy(inside - sizeof(size_t), mem - sizeof(size_t), sizeof(size_t));
    size_t shift = (size_t)(inside - mem);
    memcpy(next + shift - sizeof(size_t), next - sizeof(size_t), sizeof(size_t));
    expect(INTERIOR, inside);
    strata_free(hidden_pointer(inside));
    told_by_now();
    strata_free(mem);
    strata_free(next);
    return went_on();
}
