/* SPDX-License-Identifier: MIT-0
 *
 * The program ends while threads begin, allocate and end: strata is no longer told of their ends
 * then, and reports what there was.
 */
#include "stress/stress.h"

enum { at_once = 6 };

static atomic_size_t begun;

static void begin_next(void *argument);

/* Its last act is to begin the thread after it. Nobody waits for any of them. */
static void *live_shortly(void *argument)
{
    stress_random random = {(uint64_t)(uintptr_t)argument};
    for (size_t n = 0; n < 20; n++) strata_free(strata_malloc(random_below(&random, 5000)));
    atomic_fetch_add_explicit(&begun, 1, memory_order_relaxed);
    begin_next((void *)((uintptr_t)argument + at_once));
    return NULL;
}

static void begin_next(void *argument)
{
    pthread_t thread;
    pthread_attr_t attributes;
    pthread_attr_init(&attributes);
    pthread_attr_setdetachstate(&attributes, PTHREAD_CREATE_DETACHED);
    require(pthread_create(&thread, &attributes, live_shortly, argument) == 0,
            "a thread can be started");
    pthread_attr_destroy(&attributes);
}

int main(void)
{
    if (!STRATA_THREADS) return 0;
    for (size_t n = 0; n < at_once; n++) begin_next((void *)(uintptr_t)n);
    require(strata_options_parse("report=1", NULL) == 0, "the option is known");
    while (atomic_load_explicit(&begun, memory_order_relaxed) < 300) usleep(1000);
    return 0;
}
