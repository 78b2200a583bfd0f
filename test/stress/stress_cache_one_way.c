/* SPDX-License-Identifier: MIT-0
 *
 * Blocks that go one way only: from one thread to several that allocate nothing, and from several
 * to one. All are freed by others than made them, so each goes back through a lock of its maker's;
 * what the makers hold must not grow for that, and in the end nothing is lost.
 */
#include "stress/stress.h"

enum { thread_count = 3, queue_size = 600 };

/* Few sizes, so that slabs of each fill and empty. */
static const size_t sizes[] = {1000, 1024, 700, 40};

typedef struct queue {
    pthread_mutex_t lock;
    pthread_cond_t changed;
    stress_block blocks[queue_size];
    size_t put, taken;
    size_t makers; /* that have not come to their end */
} queue;

static queue way = {.lock = PTHREAD_MUTEX_INITIALIZER, .changed = PTHREAD_COND_INITIALIZER};

static void queue_put(const stress_block *block)
{
    pthread_mutex_lock(&way.lock);
    while (way.put - way.taken == queue_size) pthread_cond_wait(&way.changed, &way.lock);
    way.blocks[way.put++ % queue_size] = *block;
    pthread_cond_broadcast(&way.changed);
    pthread_mutex_unlock(&way.lock);
}

/* False if there is none, and will be none. */
static bool queue_take(stress_block *block)
{
    pthread_mutex_lock(&way.lock);
    while (way.put == way.taken && way.makers > 0) pthread_cond_wait(&way.changed, &way.lock);
    bool is_there = way.put != way.taken;
    if (is_there) *block = way.blocks[way.taken++ % queue_size];
    pthread_cond_broadcast(&way.changed);
    pthread_mutex_unlock(&way.lock);
    return is_there;
}

static void *make(void *argument)
{
    stress_random random = {(uint64_t)(uintptr_t)argument + 41};
    for (size_t n = stress_amount(60000); n > 0; n--) {
        stress_block block = {.size = sizes[random_below(&random, 4)]};
        block.mem = strata_malloc(block.size);
        require(block.mem != NULL, "there is memory");
        block_mark_all(&block, (unsigned char)n);
        queue_put(&block);
    }
    pthread_mutex_lock(&way.lock);
    way.makers--;
    pthread_cond_broadcast(&way.changed);
    pthread_mutex_unlock(&way.lock);
    return NULL;
}

static void *unmake(void *argument)
{
    stress_block block;
    (void)argument;
    while (queue_take(&block)) {
        block_verify_all(&block);
        strata_free(block.mem);
    }
    return NULL;
}

static void run(size_t maker_count, size_t unmaker_count)
{
    pthread_t makers[thread_count], unmakers[thread_count];
    way.makers = maker_count;
    for (size_t n = 0; n < unmaker_count; n++) unmakers[n] = thread_start(unmake, NULL);
    for (size_t n = 0; n < maker_count; n++)
        makers[n] = thread_start(make, (void *)(uintptr_t)n);
    for (size_t n = 0; n < maker_count; n++) thread_join(makers[n]);
    for (size_t n = 0; n < unmaker_count; n++) thread_join(unmakers[n]);
}

int main(void)
{
    if (!STRATA_THREADS) return 0;
    stress_live start = live_at_start();
    run(1, thread_count);
    run(thread_count, 1);
    size_t peak = strata_footprint_peak();
    for (int round = 0; round < 3; round++) {
        run(1, thread_count);
        run(thread_count, 1);
    }
    require(strata_footprint_peak() <= peak + (16u << 20), "memory in use stays bounded");
    require_all_back(start);
    return 0;
}
