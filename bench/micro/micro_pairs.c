/* SPDX-License-Identifier: MIT-0
 *
 * Pairs: a block is allocated and freed at once, again and again. What it measures is the length
 * of the shortest way through the allocator, everything in the processor's nearest cache.
 */
#include "micro.h"

typedef void *pairs_function(const micro_worker *worker, size_t size);

/* Inline, so that each pattern is a loop of its own with nothing indirect in it. */
static inline void pairs_run(micro_run *run, pairs_function *allocate)
{
    micro_worker worker;
    micro_worker_make(&worker, run, 0);
    micro_begin(run);
    for (size_t i = 0; i < run->count; i++) {
        void *block = micro_stamp(&worker, allocate(&worker, run->size), run->size);
        micro_release(&worker, block, run->size);
    }
    micro_end(run);
    run->done_count = run->count;
    micro_worker_end(&worker, run);
}

static inline void *pairs_plain(const micro_worker *worker, size_t size)
{
    return worker->calls->allocate(size);
}

static inline void *pairs_zeroed(const micro_worker *worker, size_t size)
{
    return worker->calls->allocate_zeroed(1, size);
}

static inline void *pairs_aligned_64(const micro_worker *worker, size_t size)
{
    return worker->calls->allocate_aligned(64, size);
}

static inline void *pairs_aligned_4096(const micro_worker *worker, size_t size)
{
    return worker->calls->allocate_aligned(4096, size);
}

void micro_pair(micro_run *run) { pairs_run(run, pairs_plain); }

void micro_pair_zeroed(micro_run *run) { pairs_run(run, pairs_zeroed); }

void micro_pair_aligned_64(micro_run *run) { pairs_run(run, pairs_aligned_64); }

void micro_pair_aligned_4096(micro_run *run) { pairs_run(run, pairs_aligned_4096); }
