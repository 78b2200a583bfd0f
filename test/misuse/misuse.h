/* SPDX-License-Identifier: MIT-0
 *
 * What the programs of this directory share. Each commits one misuse and first says, on
 * standard output, what strata must say on standard error; misuse_driver.c compares the two.
 * The sentences stand here once more, word by word, so that none changes unnoticed.
 *
 * When a misuse is told depends on who serves the block. Blocks of spaces and mappings of their
 * own: at once. Small blocks, up to 1,024 bytes, that lie in slabs: at once if the block is the
 * one that its class freed last, or if the option magazine_limit is 0; else when it is put back
 * into its slab, because the magazine is full, the thread ends or strata_trim wants it. A program
 * about the latter says what is expected only right before the call that must tell, and calls
 * told_by_now behind it: so neither an earlier nor a later report passes for this one.
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

/* What was expected must have been said: a process that should have been stopped and gets here
 * fails. */
static inline void told_by_now(void) { misuse_say("told by now\n"); }

/* Uses the heap as any program would: blocks of slabs, of shelves and of spaces. */
static inline void use_heap(void)
{
    static void *blocks[64];
    for (size_t step = 0; step < 4000; step++) {
        size_t idx = step * 29 % 64;
        strata_free(blocks[idx]);
        size_t size = step * 37 % (step % 100 == 0 ? 100000 : step % 10 == 0 ? 30000 : 2000);
        blocks[idx] = strata_malloc(size);
        if (blocks[idx] != NULL) memset(blocks[idx], 0x5c, size);
    }
}

/* The program's end where strata did not stop it: by the option, the misuse changed nothing. What
 * threads keep is put back, so that nothing stays untold. */
static inline int went_on(void)
{
    use_heap();
    if (strata_check(NULL) != 0) return 4;
    strata_trim(0);
    return strata_check(NULL) == 0 ? 0 : 4;
}

/* The same after a misuse that broke the heap, which nobody can undo. */
static inline int went_on_broken(void) { return 0; }

/* The number that a program was told on its command line, counted from 1; 0 if it was not. */
static inline size_t told(char **arguments, int idx)
{
    for (int n = 1; n <= idx; n++) {
        if (arguments[n] == NULL) return 0;
    }
    return strtoul(arguments[idx], NULL, 0);
}

/* A small block of a space, whatever else serves small requests: what is left of a larger one that
 * shrinks stays where it is. Its size tells, as it shares a grain of 16 with its head. */
static inline void *small_block_of_space(size_t size)
{
    void *mem = strata_realloc(strata_malloc(3000), size);
    if (strata_usable_size(mem) % 16 == 0 || strata_usable_size(mem) > size + 32) _exit(3);
    return mem;
}

/* A block with a mapping of its own, of 9 MiB. */
static inline void *direct_block(void)
{
    strata_option_set("direct_threshold", (size_t)4 << 20);
    return strata_malloc((size_t)9 << 20);
}

/* From here on the calling thread keeps what it frees, its own blocks and those of others: one that
 * has allocated nothing and frees a little does not. */
static inline void begin_to_keep(void) { strata_free(strata_malloc(16)); }

/* Ends the program as a failure unless threads keep blocks of `size` bytes in all: what is to be
 * found on a shelf must be there. */
static inline void require_kept(size_t size)
{
    strata_stats stats;
    strata_stats_get(&stats);
    if (stats.kept < size) _exit(3);
}

/* Keeps the compiler from knowing what a pointer points into. */
static inline void *hidden_pointer(const volatile void *mem)
{
    volatile uintptr_t place = (uintptr_t)mem;
    return (void *)place;
}

#endif
