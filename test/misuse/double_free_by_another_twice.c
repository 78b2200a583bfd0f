/* SPDX-License-Identifier: MIT-0
 *
 * A small block of the size told freed twice by a thread that did not make it, with another free
 * between: told when the thread ends.
 */
#include "misuse/misuse.h"

#include <pthread.h>

static void *blocks[2];

static void *free_twice(void *unused)
{
    (void)unused;
    begin_to_keep();
    strata_free(blocks[0]);
    strata_free(blocks[1]);
    strata_free(blocks[0]);
    expect(DOUBLE_FREE, blocks[0]);
    return NULL;
}

int main(int count, char **arguments)
{
    (void)count;
    pthread_t thread;
    for (size_t idx = 0; idx < 2; idx++) blocks[idx] = strata_malloc(told(arguments, 1));
    if (pthread_create(&thread, NULL, free_twice, NULL) != 0) return 3;
    pthread_join(thread, NULL);
    told_by_now();
    return went_on();
}
