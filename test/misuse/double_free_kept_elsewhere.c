/* SPDX-License-Identifier: MIT-0
 *
 * A block of the size told, larger than small ones, that another thread freed and keeps on its
 * shelf freed again, while that thread lives: told at once.
 */
#include "misuse/misuse.h"

#include <pthread.h>

static pthread_barrier_t freed, leave;

static void *free_and_stay(void *mem)
{
    begin_to_keep();
    strata_free(mem);
    pthread_barrier_wait(&freed);
    pthread_barrier_wait(&leave);
    return NULL;
}

int main(int count, char **arguments)
{
    (void)count;
    pthread_t thread;
    void *mem = strata_malloc(told(arguments, 1));
    void *above = strata_malloc(told(arguments, 1));
    pthread_barrier_init(&freed, NULL, 2);
    pthread_barrier_init(&leave, NULL, 2);
    if (pthread_create(&thread, NULL, free_and_stay, mem) != 0) return 3;
    pthread_barrier_wait(&freed);
    require_kept(told(arguments, 1));
    expect(DOUBLE_FREE, mem);
    strata_free(mem);
    told_by_now();
    pthread_barrier_wait(&leave);
    pthread_join(thread, NULL);
    strata_free(above);
    return went_on();
}
