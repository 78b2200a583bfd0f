/* SPDX-License-Identifier: MIT-0
 *
 * Producers allocate, consumers free: no block is ever freed by the thread that made it. The
 * memory held must stay bounded by what is in flight, however much goes through.
 */
#include "stress/stress.h"

enum { pair_count = 3, queue_size = 256 };

typedef struct queue {
    pthread_mutex_t lock;
    pthread_cond_t changed;
    stress_block blocks[queue_size];
    size_t put, taken;
    size_t amount;
} queue;

static queue queues[pair_count];

static void *produce(void *argument)
{
    queue *to = argument;
    stress_random random = {(uint64_t)(to - queues) + 99};
    for (size_t n = 0; n < to->amount; n++) {
        stress_block block = {0};
        block_fill(&block, &random);
        pthread_mutex_lock(&to->lock);
        while (to->put - to->taken == queue_size) pthread_cond_wait(&to->changed, &to->lock);
        to->blocks[to->put++ % queue_size] = block;
        pthread_cond_signal(&to->changed);
        pthread_mutex_unlock(&to->lock);
    }
    return NULL;
}

static void *consume(void *argument)
{
    queue *from = argument;
    for (size_t n = 0; n < from->amount; n++) {
        pthread_mutex_lock(&from->lock);
        while (from->put == from->taken) pthread_cond_wait(&from->changed, &from->lock);
        stress_block block = from->blocks[from->taken++ % queue_size];
        pthread_cond_signal(&from->changed);
        pthread_mutex_unlock(&from->lock);
        block_free(&block);
    }
    return NULL;
}

static void run(size_t amount)
{
    pthread_t threads[2 * pair_count];
    for (size_t n = 0; n < pair_count; n++) {
        queues[n] = (queue){.lock = PTHREAD_MUTEX_INITIALIZER,
                            .changed = PTHREAD_COND_INITIALIZER,
                            .amount = amount};
        threads[2 * n] = thread_start(produce, &queues[n]);
        threads[2 * n + 1] = thread_start(consume, &queues[n]);
    }
    for (size_t n = 0; n < 2 * pair_count; n++) thread_join(threads[n]);
}

int main(void)
{
    if (!STRATA_THREADS) return 0;
    run(stress_amount(20000));
    require_sound();
    size_t peak = strata_footprint_peak();
    for (int round = 0; round < 4; round++) run(stress_amount(20000));
    /* Twice: which spaces the threads meet in, and so how full each gets, is up to chance. */
    require(strata_footprint_peak() <= 2 * peak + (64u << 20), "memory in use stays bounded");
    require_sound();
    return 0;
}
