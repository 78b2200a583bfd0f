/* SPDX-License-Identifier: MIT-0
 *
 * Threads with thread-local data of their own, in a program whose malloc is strata. Where such data is
 * emulated, the first touch of any in a thread calls malloc: the program's here, and strata's, had it any.
 */
#include "start/start.h"

#include <pthread.h>
#include <sys/wait.h>

enum { thread_count = 8 };

static _Thread_local struct {
    char bytes[3000];
    size_t count;
} mine;
static _Thread_local char *last;

static void *body(void *unused)
{
    for (size_t round = 0; round < 200; round++) {
        mine.bytes[round] = 1;
        mine.count++;
        free(last);
        last = use_malloc(1 + round * 31 % 4000);
    }
    require(mine.count == 200, "each thread has its own");
    free(last);
    return unused;
}

static void run_threads(void)
{
    pthread_t threads[thread_count];
    for (int n = 0; n < thread_count; n++)
        require(pthread_create(&threads[n], NULL, body, NULL) == 0, "a thread starts");
    for (int n = 0; n < thread_count; n++) pthread_join(threads[n], NULL);
}

int main(void)
{
    int status = 1;
    run_threads();
    pid_t id = fork();
    require(id >= 0, "fork works");
    if (id == 0) {
        alarm(30);
        run_threads();
        _exit(0);
    }
    require(waitpid(id, &status, 0) == id && status == 0, "the child ends well");
    return 0;
}
