/* SPDX-License-Identifier: MIT-0
 *
 * struct mallinfo as programs that embed dlmalloc write it: compiled and run by mallinfo.sh, each time with
 * another few of these.
 *
 *   SYSTEM_FIRST   the C library's <malloc.h> is included before
 *   OWN_STRUCT     the program declares the struct itself
 *   INFO           what the figures are called: struct mallinfo, dlmallinfo_t, struct dlmallinfo
 *   CALL           mallinfo or dlmallinfo
 *   FIELD          the type of its fields
 */
#include <stdlib.h> /* before dlmalloc.h, as the plain names are macros */
#ifdef SYSTEM_FIRST
#include <malloc.h>
#endif
#ifdef OWN_STRUCT
#define STRUCT_MALLINFO_DECLARED 1
struct mallinfo {
    FIELD arena, ordblks, smblks, hblks, hblkhd, usmblks, fsmblks, uordblks, fordblks, keepcost;
};
#endif
#include "dlmalloc.h"

/* Both the words of the program and the type of the functions; and each field is as wide as it should be. */
static int is_told(void)
{
    mspace space = create_mspace(0, 0);
    INFO info, before = CALL();
    dlmallinfo_t same = before;
    FIELD *field = &same.fordblks;
    void *mem = mspace_malloc(space, 100000), *other = dlmalloc(100000);
    info = CALL();
    if (sizeof info != 10 * sizeof(FIELD) || *field != before.fordblks) return 0;
    if (info.uordblks < before.uordblks + 100000 || info.arena < 100000 || info.smblks != 0) return 0;
    info = mspace_mallinfo(space);
    if (info.uordblks < 100000 || info.uordblks > 101000 || info.usmblks < 100000) return 0;
    mspace_free(space, mem);
    dlfree(other);
    return destroy_mspace(space) > 0;
}

int main(void) { return is_told() ? EXIT_SUCCESS : EXIT_FAILURE; }
