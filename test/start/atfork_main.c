/* SPDX-License-Identifier: MIT-0
 *
 * Forks beside threads that allocate, with atfork_lib.c's handlers around each fork.
 */
#include "start.h"

#include <pthread.h>
#include <stdatomic.h>
#include <sys/wait.h>

static atomic_bool is_over;

static void *churn(void *unused)
{
    (void)unused;
    while (!is_over) free(malloc(500));
    return NULL;
}

int main(void)
{
    pthread_t threads[3];
    for (int n = 0; n < 3; n++)
        require(pthread_create(&threads[n], NULL, churn, NULL) == 0, "a thread starts");
    for (int n = 0; n < 100; n++) {
        int status = 0;
        pid_t child = fork();
        require(child >= 0, "fork works");
        if (child == 0) {
            alarm(20);
            free(malloc(700));
            _exit(0);
        }
        require(waitpid(child, &status, 0) == child && status == 0, "the child ends well");
    }
    is_over = true;
    for (int n = 0; n < 3; n++) require(pthread_join(threads[n], NULL) == 0, "a thread ends");
    return 0;
}
