/* SPDX-License-Identifier: MIT-0
 *
 * A library whose function is chosen at load time by a resolver that allocates: it runs while
 * the dynamic linker is still relocating, before a preloaded allocator's own relocation.
 */
#include "start/early.h"

char *start_ifunc_block; /* what the resolver allocated */

static int answer(void) { return 42; }

/* The dynamic linker calls this; its result is the address of start_answer. */
__attribute__((used)) static int (*resolve_answer(void))(void)
{
    char *kept = malloc(100);
    early_use_malloc();
    if (kept != NULL) kept[0] = 'k';
    start_ifunc_block = kept;
    return answer;
}

int start_answer(void) __attribute__((ifunc("resolve_answer")));
