/* SPDX-License-Identifier: MIT-0
 *
 * threads whose destructors allocate and free after strata was told of their end, for as many rounds
 * as there are; joined and detached in turns, with strata used before, or only there. After the first
 * thousand, nothing is added to what is live, kept, resident. In the end main leaves by pthread_exit, and
 * its own destructors, and threads that go on without it, still allocate.
 */
#include "operators/process.h"

#include <limits.h>
#include <sched.h>

enum { key_count = 6, thread_count = 12000, at_first = 1000, at_once = 8, after_main = 4 };

static pthread_key_t keys[key_count];
static atomic_size_t ended;

/* What one key of one thread stands for: a block of each kind, and in how many rounds it comes back. */
typedef struct estate {
    int rounds;
    pthread_key_t key;
    void *blocks[4];
} estate;

static void estate_fill(estate *own)
{
    static const size_t sizes[] = {24, 700, 5000, 90000};
    for (size_t n = 0; n < 4; n++) {
        free(own->blocks[n]);
        own->blocks[n] = malloc(sizes[n]);
        require(own->blocks[n] != NULL, "there is memory at the end of a thread");
        memset(own->blocks[n], 1, sizes[n] / 4);
    }
}

static void estate_end(void *value)
{
    estate *own = value;
    estate_fill(own);
    if (--own->rounds > 0) {
        pthread_setspecific(own->key, own); /* once more, in the next round */
        return;
    }
    for (size_t n = 0; n < 4; n++) free(own->blocks[n]);
    free(own);
    atomic_fetch_add(&ended, 1);
}

static void estate_begin(size_t n, bool is_early)
{
    estate *own = calloc(1, sizeof *own);
    own->rounds = 1 + (int)n % PTHREAD_DESTRUCTOR_ITERATIONS;
    own->key = keys[n];
    if (is_early) estate_fill(own);
    require(pthread_setspecific(keys[n], own) == 0, "a key has a value");
}

static void *body(void *argument)
{
    size_t number = (uintptr_t)argument;
    /* Every order: which key is set first, and whether strata served the thread before that. */
    if (number % 3 == 0) free(malloc(50));
    for (size_t n = 0; n < key_count; n++)
        estate_begin((n + number) % key_count, number % 2 == 0);
    return NULL;
}

static void run_threads(size_t count)
{
    pthread_t threads[at_once];
    for (size_t n = 0; n < count; n += at_once) {
        size_t before = ended;
        for (size_t i = 0; i < at_once; i++) {
            threads[i] = thread_start(body, (void *)(n + i));
            if (i % 2 == 0) pthread_detach(threads[i]);
        }
        for (size_t i = 1; i < at_once; i += 2) thread_join(threads[i]);
        while (ended < before + at_once * key_count) sched_yield();
    }
}

/* The threads that are still there when main has left; the last of them ends the process. */
static pthread_t main_thread;
static atomic_size_t left = after_main;
static pthread_barrier_t main_has_left;
static void *go_on(void *argument)
{
    if (argument == NULL) thread_join(main_thread); /* one alone may wait for it */
    pthread_barrier_wait(&main_has_left);
    body(argument);
    uint64_t random = (uintptr_t)argument;
    for (size_t n = 0; n < 20000; n++) free(malloc(random_below(&random, 20000)));
    require_sound();
    if (atomic_fetch_sub(&left, 1) == 1) exit(0);
    return NULL;
}

int main(void)
{
    require_ours();
    for (size_t n = 0; n < key_count; n++)
        require(pthread_key_create(&keys[n], estate_end) == 0, "there are keys");
    run_threads(at_first);
    strata_stats before = stats_now();
    size_t resident = resident_now();
    run_threads(thread_count - at_first);
    strata_stats after = stats_now();
    printf("live %zu and %zu, kept %zu and %zu\n", before.live, after.live, before.kept,
           after.kept);
    require_at_most("resident", resident_now(), resident + 4 * MIB);
    require_at_most("live", after.live,
                    before.live + 128 * KIB); /* detached threads may be about to end */
    require_sound();
    main_thread = pthread_self();
    pthread_barrier_init(&main_has_left, NULL, after_main);
    for (size_t n = 0; n < after_main; n++) thread_start(go_on, (void *)n);
    body((void *)2);
    pthread_exit(NULL);
}
