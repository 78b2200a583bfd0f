/* SPDX-License-Identifier: MIT-0
 *
 * Uses malloc where nothing else may be used: in a resolver of an indirect function, when the C
 * library's functions, and in a static program thread-local storage, are not there yet.
 */
#ifndef TEST_START_EARLY_H
#define TEST_START_EARLY_H

#include "start/start.h"

/* One size for each way that malloc has: slabs, shelves, spaces, mappings of their own. */
static inline void early_use_malloc(void)
{
    static const size_t sizes[] = {0, 1, 40, 1024, 1025, 5000, 32000, 70000, 5000000};
    for (size_t n = 0; n < sizeof sizes / sizeof sizes[0]; n++) {
        volatile char *mem = malloc(sizes[n]);
        volatile char *other = calloc(1, sizes[n]);
        if (mem == NULL || other == NULL) __builtin_trap();
        if (sizes[n] > 0) {
            if (other[0] != 0 || other[sizes[n] - 1] != 0) __builtin_trap();
            mem[0] = mem[sizes[n] - 1] = 'e';
        }
        free((void *)(uintptr_t)other);
        mem = realloc((void *)(uintptr_t)mem, sizes[n] * 2 + 1);
        if (mem == NULL || (sizes[n] > 0 && mem[sizes[n] - 1] != 'e')) __builtin_trap();
        free((void *)(uintptr_t)mem);
        void *aligned = aligned_alloc(256, sizes[n]);
        if (aligned == NULL || (uintptr_t)aligned % 256 != 0) __builtin_trap();
        free(aligned);
    }
}

#endif
