/* SPDX-License-Identifier: MIT-0
 *
 * Threads that share nothing but the allocator: pairs in one, two or four threads at once, and
 * threads that live for a thousand blocks only. `threads_1` differs from `pair` in that there is a
 * second thread, which sleeps: many allocators take a shorter way as long as there is none.
 */
#define _GNU_SOURCE
#include "micro.h"

#include <pthread.h>

enum { threads_max = 4, threads_block_count = 1000, threads_churn_width = 2 };

typedef struct threads_job {
    micro_run *run;
    micro_worker worker;
    size_t count;      /* pairs to do */
    micro_slot *slots; /* where blocks are left for others; NULL: none are */
    unsigned number;
} threads_job;

static void threads_start(pthread_t *thread, void *(*body)(void *), threads_job *job)
{
    if (pthread_create(thread, NULL, body, job) != 0) micro_fail("no thread can be started");
}

static void threads_join(pthread_t thread, const threads_job *job)
{
    pthread_join(thread, NULL);
    micro_worker_end(&job->worker, job->run);
}

/* ---- pairs in several threads ---- */

static void *threads_pairs(void *argument)
{
    threads_job *job = argument;
    const size_t size = job->run->size;
    micro_worker worker; /* on our own stack: two jobs may share a cache line */
    micro_worker_make(&worker, job->run, job->number);
    for (size_t i = 0; i < job->count; i++) {
        micro_release(&worker, micro_allocate(&worker, size), size);
    }
    job->worker = worker;
    return NULL;
}

static void threads_run(micro_run *run, unsigned thread_count)
{
    pthread_t threads[threads_max];
    threads_job jobs[threads_max];
    micro_begin(run);
    for (unsigned i = 0; i < thread_count; i++) {
        jobs[i] = (threads_job){.run = run, .count = run->count / thread_count, .number = i};
        threads_start(&threads[i], threads_pairs, &jobs[i]);
    }
    for (unsigned i = 0; i < thread_count; i++) threads_join(threads[i], &jobs[i]);
    micro_end(run);
    run->done_count = run->count / thread_count * thread_count;
}

void micro_threads_1(micro_run *run) { threads_run(run, 1); }

void micro_threads_2(micro_run *run) { threads_run(run, 2); }

void micro_threads_4(micro_run *run) { threads_run(run, 4); }

/* ---- threads that come and go ---- */

/* Allocates a thousand blocks; frees them, or leaves them in job->slots. */
static void *threads_short_life(void *argument)
{
    threads_job *job = argument;
    const size_t size = job->run->size;
    void *blocks[threads_block_count];
    micro_worker_make(&job->worker, job->run, job->number);
    for (size_t i = 0; i < threads_block_count; i++) {
        blocks[i] = micro_allocate(&job->worker, size);
    }
    for (size_t i = 0; i < threads_block_count; i++) {
        if (job->slots != NULL) {
            job->slots[i].block = blocks[i];
        } else {
            micro_release(&job->worker, blocks[i], size);
        }
    }
    return NULL;
}

static void threads_churn(micro_run *run, bool leaves_blocks)
{
    micro_worker worker;
    micro_worker_make(&worker, run, threads_churn_width);
    micro_begin(run);
    while (run->done_count < run->count) {
        pthread_t threads[threads_churn_width];
        threads_job jobs[threads_churn_width];
        for (unsigned i = 0; i < threads_churn_width; i++) {
            micro_slot *slots = run->slots + i * threads_block_count;
            jobs[i] =
                (threads_job){.run = run, .slots = leaves_blocks ? slots : NULL, .number = i};
            threads_start(&threads[i], threads_short_life, &jobs[i]);
        }
        for (unsigned i = 0; i < threads_churn_width; i++) threads_join(threads[i], &jobs[i]);
        const size_t left_count = threads_churn_width * threads_block_count;
        for (size_t i = 0; leaves_blocks && i < left_count; i++) {
            micro_release(&worker, run->slots[i].block, run->size);
        }
        run->done_count += left_count;
    }
    micro_end(run);
    micro_worker_end(&worker, run);
}

void micro_churn(micro_run *run) { threads_churn(run, false); }

void micro_orphans(micro_run *run) { threads_churn(run, true); }
