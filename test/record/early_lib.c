/* SPDX-License-Identifier: MIT-0
 *
 * A library whose function is chosen by a resolver that allocates: it runs while the dynamic
 * linker is still relocating, before the recorder itself is relocated.
 */
#define _GNU_SOURCE
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

static char *early_block; /* what the resolver allocated the first time */
int record_early_answer(void);
char *record_early_block(void);

char *record_early_block(void) { return early_block; }

static int early_answer(void) { return 42; }
static int early_failure(void) { return 13; }

/* The dynamic linker calls this; its result is the address of record_early_answer. */
__attribute__((used)) static int (*early_resolve(void))(void)
{
    char *kept = calloc(5, 10);
    char *dropped = malloc(40);
    void *aligned = NULL;
    if (posix_memalign(&aligned, 256, 100) != 0 || (uintptr_t)aligned % 256 != 0) {
        return early_failure;
    }
    if (kept == NULL || dropped == NULL || malloc(PTRDIFF_MAX) != NULL) {
        return early_failure;
    }
    free(dropped);
    free(aligned);
    for (int i = 0; i < 50; i++) {
        if (kept[i] != 0) return early_failure;
    }
    if (early_block != NULL) return early_answer;
    kept[0] = 'k';
    kept = realloc(kept, 100);
    kept[99] = 'e';
    early_block = kept;
    return early_answer;
}

int record_early_answer(void) __attribute__((ifunc("early_resolve")));
