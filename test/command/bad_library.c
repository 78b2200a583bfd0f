/* SPDX-License-Identifier: MIT-0
 *
 * Allocators with one fault each, for the tests of `strata replay`: the C library's, but for
 * sizes that nobody asks for by chance. Which fault it is BAD_FAULT says, when it is compiled:
 *
 *      1  aborts when 4242 bytes are asked for      2  refuses 4242 bytes
 *      3  writes into a block of 4242 bytes when the next one is asked for
 *      4  makes 3 system calls for every block of 4242 bytes; no fault, but it can be counted
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

enum { bad_size = 4242 };

void *malloc(size_t size)
{
    static void *(*next_malloc)(size_t size);
    static char *victim;
    if (next_malloc == NULL) {
        void *found = dlsym(RTLD_NEXT, "malloc");
        memcpy(&next_malloc, &found, sizeof found);
    }
    if (BAD_FAULT == 3 && victim != NULL) {
        victim[0] = (char)~victim[0];
        victim = NULL;
    }
    if (size != bad_size) return next_malloc(size);
    if (BAD_FAULT == 1) abort();
    if (BAD_FAULT == 2) return NULL;
    if (BAD_FAULT == 4) {
        for (int i = 0; i < 3; i++) syscall(SYS_getppid);
    }
    victim = next_malloc(size);
    return victim;
}
