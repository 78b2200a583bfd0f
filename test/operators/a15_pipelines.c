/* SPDX-License-Identifier: MIT-0
 *
 * blocks that one thread allocates and another frees. a15_pipelines SHAPE, where SHAPE is 1-1, 8-1,
 * 1-8 or ring, and `1-8 allocating` for consumers that allocate, too. What is live is bounded: then so is
 * what is resident, to 1.3 times that and 4 MiB; and it does not grow from the second quarter of the work
 * to the last one.
 */
#include "operators/process.h"

enum { queue_size = 24000, threads_max = 16, messages = 800000, quarters = 4 };

typedef struct queue {
    pthread_mutex_t lock;
    pthread_cond_t changed;
    void *slot[queue_size];
    size_t put, taken, size;
    size_t producers; /* that have not come to their end */
    bool is_draining; /* from full to a quarter; so what is live goes up and down */
} queue;

static queue queues[threads_max];
static struct {
    size_t producers, consumers;
    bool is_ring, consumers_allocate;
    size_t base;
    atomic_size_t live, live_most, done;
    atomic_size_t most[quarters]; /* resident */
} state;

static void note_most(atomic_size_t *most, size_t value)
{
    size_t old = atomic_load(most);
    while (old < value && !atomic_compare_exchange_weak(most, &old, value)) continue;
}

static size_t message_size(uint64_t *random)
{
    size_t kind = random_below(random, 64);
    if (kind == 0) return 20000 + random_below(random, 20000);
    return kind < 8 ? 1000 + random_below(random, 4000) : 16 + random_below(random, 900);
}

static void queue_put(queue *way, size_t size)
{
    size_t *message = malloc(size + 16);
    require(message != NULL, "there is memory");
    memset(message, 'm', size + 16);
    *message = size;
    note_most(&state.live_most, atomic_fetch_add(&state.live, size) + size);
    pthread_mutex_lock(&way->lock);
    while (way->put - way->taken == way->size || (way->is_draining && !state.is_ring))
        pthread_cond_wait(&way->changed, &way->lock);
    way->slot[way->put++ % way->size] = message;
    if (way->put - way->taken == way->size) way->is_draining = true;
    pthread_cond_broadcast(&way->changed);
    pthread_mutex_unlock(&way->lock);
}

/* NULL: there will be no more. */
static size_t *queue_take(queue *way)
{
    size_t *message = NULL;
    pthread_mutex_lock(&way->lock);
    while (way->producers > 0 &&
           (way->put == way->taken || (!way->is_draining && !state.is_ring)))
        pthread_cond_wait(&way->changed, &way->lock);
    if (way->put != way->taken) message = way->slot[way->taken++ % way->size];
    if (way->put - way->taken <= way->size / 4) way->is_draining = false;
    pthread_cond_broadcast(&way->changed);
    pthread_mutex_unlock(&way->lock);
    return message;
}

static void message_free(size_t *message)
{
    atomic_fetch_sub(&state.live, *message);
    free(message);
    size_t done = atomic_fetch_add(&state.done, 1);
    if (done % 500 == 0) {
        size_t quarter = done * quarters / messages;
        note_most(&state.most[quarter < quarters ? quarter : quarters - 1],
                  resident_now() - state.base);
    }
}

static void queue_leave(queue *way)
{
    pthread_mutex_lock(&way->lock);
    way->producers--;
    pthread_cond_broadcast(&way->changed);
    pthread_mutex_unlock(&way->lock);
}

static void *produce(void *argument)
{
    uint64_t random = (uintptr_t)argument + 1;
    for (size_t n = 0; n < messages / state.producers; n++)
        queue_put(&queues[0], message_size(&random));
    queue_leave(&queues[0]);
    return NULL;
}

static void *consume(void *argument)
{
    void *own = state.consumers_allocate ? malloc(100) : NULL;
    size_t *message;
    (void)argument;
    while ((message = queue_take(&queues[0])) != NULL) message_free(message);
    free(own);
    return NULL;
}

/* Frees what comes from the left, and gives a new one of the same size to the right. */
static void *pass(void *argument)
{
    size_t number = (uintptr_t)argument;
    queue *right = &queues[(number + 1) % threads_max];
    for (size_t n = 0; n < messages / threads_max; n++) {
        size_t *message = queue_take(&queues[number]);
        size_t size = *message;
        message_free(message);
        queue_put(right, size);
    }
    return NULL;
}

static void run(void)
{
    pthread_t threads[2 * threads_max];
    size_t count = 0;
    uint64_t random = 77;
    for (size_t n = 0; n < threads_max; n++) {
        queues[n] =
            (queue){.lock = PTHREAD_MUTEX_INITIALIZER, .changed = PTHREAD_COND_INITIALIZER};
        queues[n].size = queue_size;
        queues[n].producers = state.is_ring ? 1 : state.producers;
        for (size_t at = 0; state.is_ring && at < queue_size / threads_max; at++)
            queue_put(&queues[n], message_size(&random));
    }
    if (state.is_ring) {
        for (size_t n = 0; n < threads_max; n++)
            threads[count++] = thread_start(pass, (void *)n);
    } else {
        for (size_t n = 0; n < state.producers; n++)
            threads[count++] = thread_start(produce, (void *)n);
        for (size_t n = 0; n < state.consumers; n++)
            threads[count++] = thread_start(consume, NULL);
    }
    for (size_t n = 0; n < count; n++) thread_join(threads[n]);
}

int main(int argc, char **argv)
{
    require(argc >= 2, "usage: a15_pipelines SHAPE");
    require_ours();
    state.is_ring = strcmp(argv[1], "ring") == 0;
    state.producers = (size_t)(argv[1][0] - '0');
    state.consumers = (size_t)(argv[1][2] - '0');
    state.consumers_allocate = argc > 2;
    memset(queues, 1, sizeof queues); /* so that they are resident */
    state.base = resident_now();
    run();
    size_t live = state.live_most;
    size_t most = 0;
    for (size_t n = 0; n < quarters; n++) most = state.most[n] > most ? state.most[n] : most;
    printf("%s: live %zu, resident %zu: %.3f\n", argv[1], live, most,
           (double)most / (double)live);
    require_at_most("resident at most", most, live + live * 3 / 10 + 4 * MIB);
    require_at_most("resident in the last quarter", state.most[3],
                    state.most[1] + state.most[1] / 50 + MIB);
    return 0;
}
