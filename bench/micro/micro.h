/* SPDX-License-Identifier: MIT-0
 *
 * What the patterns of the micro benchmark share. One pattern is one function that allocates and
 * frees in one way, `run->count` times; one process runs one pattern once:
 *
 *   micro_main     arguments, the list of patterns, memory figures, output
 *   micro_worker   the allocator's functions, or ones that do nothing; touching; failing
 *   micro_pairs    a block and its free at once      micro_batches  many, then their frees
 *   micro_replace  a working set, random parts of it replaced      micro_resize  growing blocks
 *   micro_threads  pairs in several threads, and threads that come and go
 *   micro_handover blocks allocated by one thread and freed by another
 *
 * A pattern calls the allocator through pointers and runs twice: first on functions that do
 * nothing, which costs what the loop itself costs, then on malloc and free. It touches a block as
 * lightly as a program that uses it at all: a stamp goes into its first and last word, and is
 * compared before the block is freed. Proved by test/bench/test_micro.py.
 */
#ifndef MICRO_H
#define MICRO_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { micro_size_min = 16 };

/* The allocator under test, or the one that does nothing. */
typedef struct micro_calls {
    void *(*allocate)(size_t size);
    void *(*allocate_zeroed)(size_t count, size_t size);
    void *(*allocate_aligned)(size_t alignment, size_t size);
    void *(*resize)(void *block, size_t size);
    void (*release)(void *block);
} micro_calls;

/* What one thread works with. A word of a block lies at (block & keep) + base + (offset & mask),
 * which is the word itself for a real block, and one in a small area of the thread's own for the
 * blocks of the allocator that does nothing: so both runs execute the same instructions. */
typedef struct micro_worker {
    const micro_calls *calls;
    uintptr_t keep, base, mask;
    uint64_t random;
    uint64_t damaged; /* stamps that were not found again */
} micro_worker;

typedef struct micro_slot {
    void *block;
    size_t size;
} micro_slot;

typedef struct micro_run {
    bool is_null;      /* on the functions that do nothing */
    size_t size;       /* of the blocks, or the largest of them */
    size_t count;      /* operations to do; */
    size_t done_count; /* and those done, a few more or less */
    size_t live_size;  /* bytes asked for when they were most; 0 if not measured */
    uint64_t cpu_ns;   /* of the process, from micro_begin to micro_end */
    uint64_t damaged;
    micro_slot *slots; /* room for micro_slot_max, never touched by the allocator */
} micro_run;

enum { micro_slot_max = 1 << 20 };

/* ---- patterns: each does run->count operations between micro_begin and micro_end ---- */

void micro_pair(micro_run *run);
void micro_pair_zeroed(micro_run *run);
void micro_pair_aligned_64(micro_run *run);
void micro_pair_aligned_4096(micro_run *run);

void micro_batch_lifo(micro_run *run);
void micro_batch_fifo(micro_run *run);
void micro_batch_random(micro_run *run);
void micro_cold(micro_run *run);

void micro_replace_1k(micro_run *run);
void micro_replace_100k(micro_run *run);
void micro_replace_1m(micro_run *run);
void micro_mixed_1k(micro_run *run);
void micro_mixed_100k(micro_run *run);
void micro_mixed_1m(micro_run *run);
void micro_phases(micro_run *run);

void micro_grow_double(micro_run *run);
void micro_grow_step(micro_run *run);
void micro_grow_two(micro_run *run);

void micro_threads_1(micro_run *run);
void micro_threads_2(micro_run *run);
void micro_threads_4(micro_run *run);
void micro_churn(micro_run *run);
void micro_orphans(micro_run *run);
void micro_handover(micro_run *run);
void micro_ring(micro_run *run);

/* ---- time ---- */

void micro_begin(micro_run *run);
void micro_end(micro_run *run);

/* ---- work ---- */

/* Writes a sentence and ends the process. */
_Noreturn void micro_fail(const char *sentence);

/* For the thread that calls it; `number` makes its random numbers its own. */
void micro_worker_make(micro_worker *worker, const micro_run *run, unsigned number);

/* Adds up what it found. Not at the same time as another thread. */
static inline void micro_worker_end(const micro_worker *worker, micro_run *run)
{
    run->damaged += worker->damaged;
}

/* xorshift64*: from 0 to below `limit`, which is below 2^32. */
static inline size_t micro_random(micro_worker *worker, size_t limit)
{
    worker->random ^= worker->random >> 12;
    worker->random ^= worker->random << 25;
    worker->random ^= worker->random >> 27;
    const uint64_t high = (worker->random * UINT64_C(0x2545F4914F6CDD1D)) >> 32;
    return (size_t)((high * limit) >> 32);
}

static inline uint64_t *micro_word(const micro_worker *worker, void *block, size_t offset)
{
    return (uint64_t *)(((uintptr_t)block & worker->keep) + worker->base +
                        (offset & worker->mask));
}

static inline uint64_t micro_stamp_of(const void *block, size_t size)
{
    return (uint64_t)(uintptr_t)block ^ (size * UINT64_C(0x9E3779B97F4A7C15));
}

/* Stamps a block that the allocator has just given. */
static inline void *micro_stamp(const micro_worker *worker, void *block, size_t size)
{
    if (block == NULL) micro_fail("the allocator has no memory");
    const uint64_t stamp = micro_stamp_of(block, size);
    *micro_word(worker, block, 0) = stamp;
    *micro_word(worker, block, size - sizeof stamp) = stamp;
    return block;
}

static inline void micro_compare(micro_worker *worker, void *block, size_t size)
{
    const uint64_t stamp = micro_stamp_of(block, size);
    worker->damaged += *micro_word(worker, block, 0) != stamp;
    worker->damaged += *micro_word(worker, block, size - sizeof stamp) != stamp;
}

static inline void *micro_allocate(const micro_worker *worker, size_t size)
{
    return micro_stamp(worker, worker->calls->allocate(size), size);
}

static inline void micro_release(micro_worker *worker, void *block, size_t size)
{
    micro_compare(worker, block, size);
    worker->calls->release(block);
}

#endif
