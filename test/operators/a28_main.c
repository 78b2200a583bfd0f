/* SPDX-License-Identifier: MIT-0
 *
 * Allocation from the first moment to the last: before all constructors, in threads that still run while
 * main returns, in atexit handlers registered before and after, in the last destructor, which comes behind
 * strata's own. Behind the mark (a write to a descriptor that is not open) nobody frees anything:
 * strata must not, either.
 */
#include "start/start.h"

#include <pthread.h>
#include <stdatomic.h>

enum { thread_count = 3, mark_begin = -11 };

static char *from_the_start;
static atomic_uint rounds;
static atomic_bool is_quiet, are_quiet[thread_count];

static void mark(int descriptor)
{
    if (write(descriptor, "", 0) >= 0) _exit(3);
}

static void before_all(int count, char **arguments, char **environment)
{
    (void)count;
    (void)arguments;
    (void)environment;
    from_the_start = use_malloc(3000);
}
__attribute__((section(".preinit_array"),
               used)) static void (*const preinit)(int, char **, char **) = before_all;

static void *never_end(void *number)
{
    unsigned size = 1;
    while (!atomic_load(&is_quiet)) {
        free(use_malloc(size));
        size = size * 5 % 4093 + 1;
        atomic_fetch_add(&rounds, 1);
    }
    atomic_store(&are_quiet[(uintptr_t)number], true);
    for (;;) pause();
    return NULL;
}

static void wait_for_rounds(void)
{
    unsigned until = atomic_load(&rounds) + 100;
    while (atomic_load(&rounds) < until) free(use_malloc(100));
}

/* Runs last but for the one below. */
static void after_main(void)
{
    wait_for_rounds();
    for (size_t at = 0; at < 3000; at++) require(from_the_start[at] == 'p', "unharmed");
    free(from_the_start);
    from_the_start = use_malloc(70000);
}

/* Strata's own destructor has this priority, too, and has run if it is in a library; the smaller number
 * is later. */
__attribute__((destructor(101))) static void last_of_all(void)
{
    wait_for_rounds();
    free(from_the_start);
    free(use_malloc(2000));
    atomic_store(&is_quiet, true);
    for (unsigned n = 0; n < thread_count; n++) {
        while (!atomic_load(&are_quiet[n])) usleep(100);
    }
    mark(mark_begin);
}

int main(void)
{
    pthread_t thread;
    require(atexit(after_main) == 0, "a handler can be set");
    for (uintptr_t n = 0; n < thread_count; n++) {
        require(pthread_create(&thread, NULL, never_end, (void *)n) == 0, "a thread starts");
        pthread_detach(thread);
    }
    wait_for_rounds();
    return 0;
}
