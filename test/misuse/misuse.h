/* SPDX-License-Identifier: MIT-0
 *
 * What the programs of this directory share. Each commits one misuse and first says, on
 * standard output, what strata must say on standard error; misuse_driver.c compares the two.
 * The sentences stand here once more, word by word, so that none changes unnoticed.
 */
#ifndef TEST_MISUSE_H
#define TEST_MISUSE_H

/* Before any system header; so this is a program's first include. */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE 1
#endif

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "strata.h"

#define DOUBLE_FREE "double free: the block at @ is already free"
#define FOREIGN "free of a pointer that strata did not give out: @"
#define INTERIOR "free of a pointer that is not the start of a block: @"
#define MISALIGNED "free of a misaligned pointer: @"
#define BROKEN_TAG "the tag of the block at @ was overwritten"
#define BROKEN_NEXT "the block at @ was written past its end"
#define BROKEN_FREE "the free block at @ was written to after it was freed"

/* The address in a sentence that may be any: it names a block the program can't know. */
#define ANYWHERE ((const void *)1)

static inline void misuse_say(const char *line)
{
    if (write(STDOUT_FILENO, line, strlen(line)) < 0) _exit(3);
}

/* Standard error must read so. Called more than once, one of the lines must be there. */
static inline void expect(const char *sentence, const void *mem)
{
    char line[200];
    const char *place = strchr(sentence, '@');
    int before = (int)(place - sentence);
    if (mem == ANYWHERE) {
        snprintf(line, sizeof line, "strata: %.*s*%s\n", before, sentence, place + 1);
    } else {
        snprintf(line, sizeof line, "strata: %.*s0x%zx%s\n", before, sentence,
                 (size_t)(uintptr_t)mem, place + 1);
    }
    misuse_say(line);
}

/* It is as good if nothing is said and the program ends well. */
static inline void expect_harmless(void) { misuse_say("harmless\n"); }

/* Where every operation may be followed by a check of the whole heap (STRATA_CHECK 3), that one
 * may be first to find damage, whichever invariant it breaks. */
static inline void expect_damage_found(void) { misuse_say("damage\n"); }

/* Uses the heap as any program would. */
static inline void use_heap(void)
{
    static void *blocks[64];
    for (size_t step = 0; step < 4000; step++) {
        size_t idx = step * 29 % 64;
        strata_free(blocks[idx]);
        size_t size = step * 37 % (step % 100 == 0 ? 100000 : 2000);
        blocks[idx] = strata_malloc(size);
        if (blocks[idx] != NULL) memset(blocks[idx], 0x5c, size);
    }
}

/* The program's end where strata did not stop it: by the option, the misuse changed nothing. */
static inline int went_on(void)
{
    use_heap();
    return strata_check(NULL) == 0 ? 0 : 4;
}

/* The same after a misuse that broke the heap, which nobody can undo. */
static inline int went_on_broken(void) { return 0; }

/* The offset a program was told on its command line. */
static inline size_t told_offset(char **arguments) { return strtoul(arguments[1], NULL, 0); }

/* Keeps the compiler from knowing what a pointer points into. */
static inline void *hidden_pointer(const volatile void *mem)
{
    volatile uintptr_t place = (uintptr_t)mem;
    return (void *)place;
}

#endif
