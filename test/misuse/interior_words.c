/* SPDX-License-Identifier: MIT-0
 *
 * A pointer into the middle of a block, at the offset told, whose contents are the word
 * told over and over: a size and flags as a head might have them.
 */
#include "misuse/misuse.h"

int main(int count, char **arguments)
{
    (void)count;
    char *mem = strata_malloc(5000);
    char *inside = mem + told(arguments, 1);
    size_t word = told(arguments, 2);
    for (size_t at = 0; at < 5000; at += sizeof word) memcpy(mem + at, &word, sizeof word);
    expect(INTERIOR, inside);
    strata_free(hidden_pointer(inside));
    told_by_now();
    strata_free(mem);
    return went_on();
}
