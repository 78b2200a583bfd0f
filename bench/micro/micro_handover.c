/* SPDX-License-Identifier: MIT-0
 *
 * Blocks that one thread allocates and another frees: a producer and a consumer, and a ring of
 * four threads of which each frees what the one before it has allocated. Blocks pass by the
 * thousand, so that the passing itself costs little; who has nothing to do sleeps.
 */
#define _GNU_SOURCE
#include "micro.h"

#include <pthread.h>

enum {
    handover_block_count = 1000, /* of a batch */
    handover_depth = 4,          /* batches in a queue */
    handover_thread_max = 4
};

typedef struct handover_batch {
    void *blocks[handover_block_count];
} handover_batch;

/* Batches on their way from one thread to the next; `lock` guards the counts. A batch is written
 * and read by whoever has put or taken it last, without the lock. */
typedef struct handover_queue {
    pthread_mutex_t lock;
    pthread_cond_t has_changed;
    size_t filled_count; /* batches ever put */
    size_t emptied_count;
    handover_batch batches[handover_depth];
} handover_queue;

typedef struct handover_job {
    micro_run *run;
    micro_worker worker;
    handover_queue *to;   /* NULL: allocates nothing */
    handover_queue *from; /* NULL: frees nothing */
    size_t batch_count;
    unsigned number;
} handover_job;

static handover_queue handover_queues[handover_thread_max];

static void handover_prepare(handover_queue *queue)
{
    pthread_mutex_init(&queue->lock, NULL);
    pthread_cond_init(&queue->has_changed, NULL);
    queue->filled_count = queue->emptied_count = 0;
}

/* Waits until `*count` is other than `unwanted`; the lock is free before and after. */
static void handover_wait(handover_queue *queue, const size_t *count, size_t unwanted)
{
    pthread_mutex_lock(&queue->lock);
    while (*count == unwanted) pthread_cond_wait(&queue->has_changed, &queue->lock);
    pthread_mutex_unlock(&queue->lock);
}

static void handover_advance(handover_queue *queue, size_t *count)
{
    pthread_mutex_lock(&queue->lock);
    ++*count;
    pthread_cond_signal(&queue->has_changed); /* at most one thread waits */
    pthread_mutex_unlock(&queue->lock);
}

/* Fills the batch of this number. A queue is full while that of `handover_depth` before it has
 * not been emptied. */
static void handover_put(handover_queue *queue, micro_worker *worker, size_t number,
                         size_t size)
{
    if (number >= handover_depth) {
        handover_wait(queue, &queue->emptied_count, number - handover_depth);
    }
    handover_batch *batch = &queue->batches[number % handover_depth];
    for (size_t i = 0; i < handover_block_count; i++) {
        batch->blocks[i] = micro_allocate(worker, size);
    }
    handover_advance(queue, &queue->filled_count);
}

static void handover_take(handover_queue *queue, micro_worker *worker, size_t number,
                          size_t size)
{
    handover_wait(queue, &queue->filled_count, number);
    handover_batch *batch = &queue->batches[number % handover_depth];
    for (size_t i = 0; i < handover_block_count; i++) {
        micro_release(worker, batch->blocks[i], size);
    }
    handover_advance(queue, &queue->emptied_count);
}

static void *handover_body(void *argument)
{
    handover_job *job = argument;
    const size_t size = job->run->size;
    micro_worker worker;
    micro_worker_make(&worker, job->run, job->number);
    for (size_t i = 0; i < job->batch_count; i++) {
        if (job->to != NULL) handover_put(job->to, &worker, i, size);
        if (job->from != NULL) handover_take(job->from, &worker, i, size);
    }
    job->worker = worker;
    return NULL;
}

/* Starts the jobs that are prepared, and waits for them. */
static void handover_run(micro_run *run, handover_job *jobs, unsigned job_count)
{
    pthread_t threads[handover_thread_max];
    for (unsigned i = 0; i < job_count; i++) handover_prepare(&handover_queues[i]);
    micro_begin(run);
    for (unsigned i = 0; i < job_count; i++) {
        jobs[i].run = run;
        jobs[i].number = i;
        if (pthread_create(&threads[i], NULL, handover_body, &jobs[i]) != 0) {
            micro_fail("no thread can be started");
        }
    }
    for (unsigned i = 0; i < job_count; i++) pthread_join(threads[i], NULL);
    micro_end(run);
    for (unsigned i = 0; i < job_count; i++) micro_worker_end(&jobs[i].worker, run);
}

static size_t handover_batch_count(const micro_run *run, size_t producer_count)
{
    const size_t round_size = producer_count * handover_block_count;
    return (run->count + round_size - 1) / round_size;
}

void micro_handover(micro_run *run)
{
    const size_t batch_count = handover_batch_count(run, 1);
    handover_job jobs[2] = {{.to = &handover_queues[0], .batch_count = batch_count},
                            {.from = &handover_queues[0], .batch_count = batch_count}};
    handover_run(run, jobs, 2);
    run->done_count = batch_count * handover_block_count;
}

void micro_ring(micro_run *run)
{
    handover_job jobs[handover_thread_max];
    const size_t batch_count = handover_batch_count(run, handover_thread_max);
    for (unsigned i = 0; i < handover_thread_max; i++) {
        jobs[i] = (handover_job){.to = &handover_queues[i],
                                 .from = &handover_queues[(i + 1) % handover_thread_max],
                                 .batch_count = batch_count};
    }
    handover_run(run, jobs, handover_thread_max);
    run->done_count = batch_count * handover_block_count * handover_thread_max;
}
