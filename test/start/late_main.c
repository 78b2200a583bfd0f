/* SPDX-License-Identifier: MIT-0
 *
 * Allocation when things end: in destructors of threads' keys (again and again, as a destructor
 * that sets its key anew is called again), in exit handlers, in destructors of the program.
 */
#include "start/ours.h"

#include <pthread.h>
#include <stdatomic.h>

enum { thread_count = 50 };

static pthread_key_t key;
static atomic_int destructions;
static char *kept_for_the_end;

static void destroy(void *block)
{
    free(block);
    char *another = use_malloc(200);
    int so_far = atomic_fetch_add(&destructions, 1);
    if (so_far % 3 == 2) {
        free(another);
    } else {
        require(pthread_setspecific(key, another) == 0, "the key can be set");
    }
}

static void *body(void *argument)
{
    (void)argument;
    require(pthread_setspecific(key, use_malloc(100)) == 0, "the key can be set");
    return use_malloc(60);
}

static void at_exit(void)
{
    free(kept_for_the_end);
    kept_for_the_end = use_malloc(700);
    require_ours();
}

__attribute__((destructor)) static void after_all(void)
{
    for (size_t at = 0; at < 700; at++) require(kept_for_the_end[at] == 'p', "unharmed");
    free(kept_for_the_end);
    free(use_malloc(4000));
}

int main(void)
{
    require(pthread_key_create(&key, destroy) == 0, "a key can be made");
    require(atexit(at_exit) == 0, "a handler can be set");
    kept_for_the_end = use_malloc(500);
    for (int n = 0; n < thread_count; n++) {
        pthread_t thread;
        void *left = NULL;
        require(pthread_create(&thread, NULL, body, NULL) == 0, "a thread can be started");
        require(pthread_join(thread, &left) == 0, "a thread can be joined");
        free(left);
    }
    require(atomic_load(&destructions) >= thread_count, "destructors ran");
    /* stdio's buffers are flushed, and freed, after main. */
    printf("the end\n");
    return 0;
}
