/* SPDX-License-Identifier: MIT-0
 *
 * A small block of the size told freed by two threads that did not make it: told when the second one
 * puts back what it has collected, because that is enough or it ends.
 */
#include "misuse/misuse.h"

#include <pthread.h>

enum { block_count = 64 }; /* more than a thread collects of others' */

static void *blocks[block_count];

static void *free_one(void *unused)
{
    (void)unused;
    strata_free(blocks[0]);
    return NULL;
}

static void *free_all(void *unused)
{
    (void)unused;
    begin_to_keep();
    strata_free(blocks[0]);
    expect(DOUBLE_FREE, blocks[0]);
    for (size_t idx = 1; idx < block_count; idx++) strata_free(blocks[idx]);
    told_by_now();
    return NULL;
}

static int run(void *(*body)(void *))
{
    pthread_t thread;
    return pthread_create(&thread, NULL, body, NULL) == 0 ? pthread_join(thread, NULL) : 1;
}

int main(int count, char **arguments)
{
    (void)count;
    for (size_t idx = 0; idx < block_count; idx++)
        blocks[idx] = strata_malloc(told(arguments, 1));
    return run(free_one) == 0 && run(free_all) == 0 ? went_on() : 3;
}
