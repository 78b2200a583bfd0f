/* SPDX-License-Identifier: MIT-0
 *
 * A library whose fork handlers allocate, registered by a constructor that runs before that of a
 * preloaded allocator, or of one inside the program: its first handler runs when the allocator
 * has taken its locks already, its others before they are dropped.
 */
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

static char *kept;

static void before(void)
{
    kept = malloc(100);
    if (kept != NULL) memset(kept, 'k', 100);
}

static void after(void)
{
    char *resized = realloc(kept, 5000);
    free(resized != NULL ? resized : kept);
    kept = calloc(1, 3000);
    free(kept);
}

__attribute__((constructor)) static void begin(void) { pthread_atfork(before, after, after); }
