/* SPDX-License-Identifier: MIT-0
 *
 * Every offset of blocks of many sizes, with many contents: each is told apart from the start.
 */
#include "misuse/misuse.h"

static void sweep(char *mem, size_t size, int byte)
{
    memset(mem, byte, size);
    for (size_t offset = 16; offset < size; offset += 16) {
        expect(INTERIOR, mem + offset);
        strata_free(hidden_pointer(mem + offset));
    }
    strata_free(mem);
}

int main(void)
{
    static const int bytes[] = {0, 1, 2, 3, 0x23, 0x33, 0x43, 0x7f, 0xff};
    strata_option_set("on_misuse", 1);
    strata_option_set("magazine_limit", 0);
    for (size_t size = 24; size < 2500; size = size * 3 / 2) {
        for (size_t idx = 0; idx < 9; idx++) sweep(strata_malloc(size), size, bytes[idx]);
    }
    return went_on();
}
