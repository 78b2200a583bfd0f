/* SPDX-License-Identifier: MIT-0
 *
 * A program with strata inside: linked with the static library it needs no other file at run
 * time. What is free is given back when the program says so.
 *
 *   cc link_static.c libstrata.a -pthread           or, with nothing shared at all,
 *   cc -static link_static.c libstrata.a
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <strata.h>

int main(void)
{
    enum { count = 1000, size = 3000 };
    static char *blocks[count];
    for (int idx = 0; idx < count; idx++) {
        blocks[idx] = malloc(size);
        if (blocks[idx] == NULL) return 1;
        memset(blocks[idx], 1, size);
    }
    for (int idx = 0; idx < count; idx++) free(blocks[idx]);
    int any = strata_trim(0);
    printf("memory was %sgiven back to the host\n", any ? "" : "not ");
    return any ? 0 : 1;
}
