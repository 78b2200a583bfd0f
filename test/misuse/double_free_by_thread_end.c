/* SPDX-License-Identifier: MIT-0
 *
 * A small block of the size told freed twice by a thread, with another free between: told when the
 * thread ends.
 */
#include "misuse/misuse.h"

#include <pthread.h>

static size_t size;

static void *free_twice(void *unused)
{
    (void)unused;
    /* The first few small blocks of a thread are not of its slabs. */
    void *first[8];
    for (int n = 0; n < 8; n++) first[n] = strata_malloc(size);
    for (int n = 0; n < 8; n++) strata_free(first[n]);
    void *mem = strata_malloc(size);
    void *other = strata_malloc(size);
    strata_free(mem);
    strata_free(other);
    strata_free(mem);
    expect(DOUBLE_FREE, mem);
    return NULL;
}

int main(int count, char **arguments)
{
    (void)count;
    pthread_t thread;
    size = told(arguments, 1);
    if (pthread_create(&thread, NULL, free_twice, NULL) != 0) return 3;
    pthread_join(thread, NULL);
    told_by_now();
    return went_on();
}
