/* SPDX-License-Identifier: MIT-0
 *
 * Threads that allocate and free while they end: in destructors of keys older than strata's own,
 * which run before it puts back what the thread keeps, and of younger ones, which run after that,
 * for as many rounds as the host allows. Some threads use strata for the first time there, and
 * free a few blocks that others allocated. In the end nothing is lost, and statistics meet no
 * thread that is gone.
 */
#include "stress/stress.h"

#include <limits.h>

enum { at_once = 8, block_count = 14, size_max = 3000 };

/* What a thread has for its destructors. */
typedef struct estate {
    stress_random random;
    int rounds;     /* destructors still to run */
    bool allocates; /* not only frees */
    bool waits;     /* and that in the last one alone */
    void *blocks[block_count];
} estate;

static struct {
    pthread_key_t older, younger;
} keys;

/* A constructor, and one that is linked before strata's: its key comes first. */
__attribute__((constructor(101))) static void make_older_key(void);

static void estate_step(estate *has)
{
    for (size_t n = 0; n < block_count; n++) {
        if (random_below(&has->random, 2) == 0) continue;
        strata_free(has->blocks[n]);
        has->blocks[n] = NULL;
        if (has->allocates)
            has->blocks[n] = strata_malloc(random_below(&has->random, size_max));
    }
}

static void estate_end(estate *has)
{
    for (size_t n = 0; n < block_count; n++) strata_free(has->blocks[n]);
    strata_free(has);
}

static void dissolve(estate *has, pthread_key_t key)
{
    if (!has->waits) estate_step(has);
    if (--has->rounds > 0) {
        require(pthread_setspecific(key, has) == 0, "a destructor can ask for another round");
    } else {
        estate_end(has);
    }
}

static void dissolve_older(void *has) { dissolve(has, keys.older); }
static void dissolve_younger(void *has) { dissolve(has, keys.younger); }

static void make_older_key(void)
{
    require(pthread_key_create(&keys.older, dissolve_older) == 0, "there is a key");
}

/* Made by main: the thread that gets it may never have used strata. */
static estate *estate_make(size_t seed)
{
    estate *has = strata_calloc(1, sizeof *has);
    require(has != NULL, "there is memory");
    has->random.state = seed;
    has->rounds = 1 + (int)(seed % PTHREAD_DESTRUCTOR_ITERATIONS);
    has->allocates = seed % 3 == 0;
    has->waits = seed % 3 == 1;
    for (size_t n = 0; n < block_count; n++)
        has->blocks[n] = strata_malloc(random_below(&has->random, size_max));
    return has;
}

/* Each thread has both estates, or only the younger one; who allocates at all has begun to before its
 * end. */
static void *inherit(void *argument)
{
    estate **both = argument;
    if (both[1]->allocates) strata_free(strata_malloc(10));
    if (both[0] != NULL)
        require(pthread_setspecific(keys.older, both[0]) == 0, "a key takes a value");
    require(pthread_setspecific(keys.younger, both[1]) == 0, "a key takes a value");
    return NULL;
}

static void run(size_t seed)
{
    stress_random random = {seed};
    pthread_t threads[at_once];
    estate *estates[at_once][2];
    for (size_t n = 0; n < at_once; n++) {
        estates[n][0] = random_below(&random, 2) == 0 ? estate_make(seed + n) : NULL;
        estates[n][1] = estate_make(seed + n);
        threads[n] = thread_start(inherit, estates[n]);
    }
    for (size_t n = 0; n < at_once; n++) thread_join(threads[n]);
}

int main(void)
{
    if (!STRATA_THREADS) return 0;
    require(pthread_key_create(&keys.younger, dissolve_younger) == 0, "there is a key");
    stress_live start = live_at_start();
    for (size_t round = 0; round < 60; round++) run(round * at_once);
    require_all_back(start);
    return 0;
}
