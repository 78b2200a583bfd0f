/* SPDX-License-Identifier: MIT-0
 *
 * A small block of 1,000 bytes freed by another thread, which collects it, and by the one that made
 * it, with which its slab is given back: what the other one puts back when it ends finds no slab
 * any more.
 */
#include "misuse/misuse.h"

#include <pthread.h>

enum { block_count = 200 }; /* three slabs of 65 blocks, and more */

static char *blocks[block_count];
static pthread_barrier_t freed, leave;

static void *free_and_stay(void *unused)
{
    (void)unused;
    begin_to_keep();
    strata_free(blocks[5]);
    pthread_barrier_wait(&freed);
    pthread_barrier_wait(&leave);
    expect(DOUBLE_FREE, blocks[5]);
    return NULL;
}

int main(void)
{
    pthread_t thread;
    for (size_t idx = 0; idx < block_count; idx++) blocks[idx] = strata_malloc(1000);
    pthread_barrier_init(&freed, NULL, 2);
    pthread_barrier_init(&leave, NULL, 2);
    if (pthread_create(&thread, NULL, free_and_stay, NULL) != 0) return 3;
    pthread_barrier_wait(&freed);
    for (size_t idx = 0; idx < block_count; idx++) strata_free(blocks[idx]);
    strata_trim(0);
    pthread_barrier_wait(&leave);
    pthread_join(thread, NULL);
    told_by_now();
    return went_on();
}
