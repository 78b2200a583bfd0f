/* SPDX-License-Identifier: MIT-0
 *
 * An allocator for the tests of the benchmark: the C library's, until the program is called
 * `micro` and SPOILED says what to do wrong there.
 *
 *   crash     the first malloc ends the process by a signal
 *   hang      the first malloc never returns
 *   exit      the first malloc ends the process with status 3
 *   overlap   blocks overlap by 8 bytes
 *   empty     malloc returns NULL
 */
#define _GNU_SOURCE
#include <errno.h>
#include <signal.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* glibc's own, under the names that it keeps for whoever replaces malloc. */
void *__libc_malloc(size_t size);
void __libc_free(void *block);

void *malloc(size_t size);
void free(void *block);

static const char *spoiled_how(void)
{
    static const char *how;
    if (how == NULL) {
        const char *asked = getenv("SPOILED");
        const int is_micro = strcmp(program_invocation_short_name, "micro") == 0;
        how = asked != NULL && is_micro ? asked : "";
    }
    return how;
}

/* Never given back: a chain of blocks of which each begins in the end of the one before. */
static void *spoiled_overlap(size_t size)
{
    static char area[1 << 20];
    static size_t used;
    if (used + size > sizeof area) used = 0;
    void *block = area + used;
    used += size - 8;
    return block;
}

void *malloc(size_t size)
{
    const char *how = spoiled_how();
    switch (how[0]) {
    case 'c': raise(SIGSEGV); break;
    case 'h':
        for (;;) pause();
    case 'e':
        if (strcmp(how, "exit") == 0) _exit(3);
        return NULL;
    case 'o': return spoiled_overlap(size);
    default: break;
    }
    return __libc_malloc(size);
}

void free(void *block)
{
    if (spoiled_how()[0] != 'o') __libc_free(block);
}
