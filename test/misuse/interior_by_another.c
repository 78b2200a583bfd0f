/* SPDX-License-Identifier: MIT-0
 *
 * A pointer into a small block of the size told, off its start by the bytes told, freed by a thread
 * that did not make the block: told when that thread ends.
 */
#include "misuse/misuse.h"

#include <pthread.h>

static char *inside;
static size_t offset;

static void *free_it(void *unused)
{
    (void)unused;
    begin_to_keep();
    strata_free(hidden_pointer(inside));
    expect(offset % 16 == 0 ? INTERIOR : MISALIGNED, inside);
    return NULL;
}

int main(int count, char **arguments)
{
    (void)count;
    pthread_t thread;
    char *mem = strata_malloc(told(arguments, 1));
    offset = told(arguments, 2);
    inside = mem + offset;
    if (pthread_create(&thread, NULL, free_it, NULL) != 0) return 3;
    pthread_join(thread, NULL);
    told_by_now();
    strata_free(mem);
    return went_on();
}
