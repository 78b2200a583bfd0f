/* SPDX-License-Identifier: MIT-0
 *
 * A block freed by the thread that made it and by another one.
 */
#include "misuse/misuse.h"

#include <pthread.h>

static void *free_it(void *mem)
{
    strata_free(mem);
    return NULL;
}

int main(void)
{
    pthread_t thread;
    void *mem = strata_malloc(40);
    expect(DOUBLE_FREE, mem);
    strata_free(mem);
    if (pthread_create(&thread, NULL, free_it, mem) != 0) return 3;
    pthread_join(thread, NULL);
    return went_on();
}
