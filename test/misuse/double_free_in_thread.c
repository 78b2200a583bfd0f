/* SPDX-License-Identifier: MIT-0
 *
 * A block of the size told freed by the thread that made it and by another one.
 */
#include "misuse/misuse.h"

#include <pthread.h>

static void *free_it(void *mem)
{
    strata_free(mem);
    return NULL;
}

int main(int count, char **arguments)
{
    (void)count;
    pthread_t thread;
    void *mem = strata_malloc(told(arguments, 1));
    expect(DOUBLE_FREE, mem);
    strata_free(mem);
    if (pthread_create(&thread, NULL, free_it, mem) != 0) return 3;
    pthread_join(thread, NULL);
    told_by_now();
    return went_on();
}
