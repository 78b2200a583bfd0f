/* SPDX-License-Identifier: MIT-0
 *
 * What the programs of this directory share. They call malloc by its plain name; which allocator
 * serves it is decided by how they are linked or loaded, and require_ours() finds out.
 */
#ifndef TEST_START_H
#define TEST_START_H

#ifndef _GNU_SOURCE
#define _GNU_SOURCE 1
#endif
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "strata.h"

#define require(cond, sentence) start_require((cond), (sentence))

/* Without stdio: this also runs before it is ready and after it has ended. */
static inline void start_require(bool holds, const char *sentence)
{
    if (holds) return;
    static const char begin[] = "does not hold: ";
    if (write(STDERR_FILENO, begin, sizeof begin - 1) < 0 ||
        write(STDERR_FILENO, sentence, strlen(sentence)) < 0 ||
        write(STDERR_FILENO, "\n", 1) < 0) {
        _exit(2);
    }
    _exit(1);
}

/* Allocates in each way, checks, frees all but what it returns. */
static inline char *use_malloc(size_t size)
{
    char *plain = malloc(size);
    char *zero = calloc(size, 2);
    void *aligned = NULL;
    require(plain != NULL && zero != NULL, "there is memory");
    require(posix_memalign(&aligned, 64, size) == 0, "there is aligned memory");
    for (size_t at = 0; at < 2 * size; at++) require(zero[at] == 0, "calloc gives zeros");
    memset(plain, 'p', size);
    memset(aligned, 'a', size);
    zero = realloc(zero, 10 * size);
    require(zero != NULL, "there is memory to grow into");
    memset(zero, 'z', 10 * size);
    for (size_t at = 0; at < size; at++) require(plain[at] == 'p', "blocks don't overlap");
    free(zero);
    free(aligned);
    return plain;
}

#endif
