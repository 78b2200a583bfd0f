/* SPDX-License-Identifier: MIT-0
 *
 * What the programs of this directory share. Not cmocka: its assertions jump out of the test,
 * which only its own thread could do. Amounts of work are counted, never timed, so that a run
 * is the same on any machine; sanitized builds do a tenth.
 */
#ifndef TEST_STRESS_H
#define TEST_STRESS_H

#ifndef _GNU_SOURCE
#define _GNU_SOURCE 1
#endif
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "strata.h"

#ifndef STRATA_TINY
#define STRATA_TINY 0
#endif
#ifndef STRATA_THREADS
#define STRATA_THREADS (!STRATA_TINY)
#endif
#ifndef STRATA_CHECK
#define STRATA_CHECK 1
#endif

#if defined(__SANITIZE_THREAD__) || defined(__SANITIZE_ADDRESS__)
#define STRESS_SANITIZED 1
#elif defined(__has_feature)
#if __has_feature(thread_sanitizer) || __has_feature(address_sanitizer)
#define STRESS_SANITIZED 1
#endif
#endif
#ifndef STRESS_SANITIZED
#define STRESS_SANITIZED 0
#endif

/* The whole amount of work in a plain build, a tenth of it where each step is watched. */
static inline size_t stress_amount(size_t whole)
{
    return STRESS_SANITIZED || STRATA_CHECK >= 3 ? whole / 10 : whole;
}

#define require(cond, sentence) stress_require((cond), (sentence), __FILE__, __LINE__)

static inline void stress_require(bool holds, const char *sentence, const char *file, int line)
{
    if (holds) return;
    fprintf(stderr, "%s:%d: does not hold: %s\n", file, line, sentence);
    fflush(NULL);
    _exit(1);
}

static inline void require_sound(void)
{
    const char *first = NULL;
    int broken = strata_check(&first);
    if (broken != 0) fprintf(stderr, "first broken: %s\n", first != NULL ? first : "unnamed");
    require(broken == 0, "every structure is whole");
}

/* ---- random numbers: the same in every run ---- */

typedef struct stress_random {
    uint64_t state;
} stress_random;

static inline uint32_t random_next(stress_random *random)
{
    random->state =
        random->state * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
    return (uint32_t)(random->state >> 33);
}

static inline size_t random_below(stress_random *random, size_t limit)
{
    return random_next(random) % limit;
}

/* Sizes as programs ask for them: mostly small, some pages, seldom a mapping. */
static inline size_t random_size(stress_random *random)
{
    uint32_t which = random_next(random) % 1000;
    if (which < 700) return random_below(random, 256);
    if (which < 940) return random_below(random, 4096);
    if (which < 997) return random_below(random, 100000);
    return random_below(random, 6000000);
}

/* From 1 byte to 64 KiB, each doubling as likely as any other. */
static inline size_t random_size_to_64k(stress_random *random)
{
    size_t below = (size_t)1 << random_below(random, 17);
    return below + random_below(random, below == 65536 ? 1 : below);
}

/* ---- blocks that know what they hold ---- */

typedef struct stress_block {
    unsigned char *mem;
    size_t size;
    unsigned char byte; /* at both ends and in the middle */
} stress_block;

static inline void block_mark(stress_block *block, unsigned char byte)
{
    block->byte = byte;
    if (block->size == 0) return;
    block->mem[0] = byte;
    block->mem[block->size / 2] = byte;
    block->mem[block->size - 1] = byte;
}

static inline void block_verify(const stress_block *block)
{
    if (block->size == 0) return;
    require(block->mem[0] == block->byte, "the first byte is what was written");
    require(block->mem[block->size / 2] == block->byte, "the middle byte is what was written");
    require(block->mem[block->size - 1] == block->byte, "the last byte is what was written");
}

/* The same of the whole block: each word says where it is, and the bytes behind the last one
 * are `byte`. */
static inline void block_mark_all(stress_block *block, unsigned char byte)
{
    size_t *words = (size_t *)(void *)block->mem;
    size_t count = block->size / sizeof(size_t);
    block->byte = byte;
    for (size_t idx = 0; idx < count; idx++) words[idx] = idx * 0x10001 + byte;
    memset(words + count, byte, block->size % sizeof(size_t));
}

static inline void block_verify_all(const stress_block *block)
{
    const size_t *words = (const size_t *)(const void *)block->mem;
    size_t count = block->size / sizeof(size_t);
    for (size_t idx = 0; idx < count; idx++)
        require(words[idx] == idx * 0x10001 + block->byte, "each word is what was written");
    for (size_t at = count * sizeof(size_t); at < block->size; at++)
        require(block->mem[at] == block->byte, "each byte behind them is");
}

static inline void block_free(stress_block *block)
{
    if (block->mem == NULL) return;
    block_verify(block);
    strata_free(block->mem);
    block->mem = NULL;
    block->size = 0;
}

/* Fills an empty block by one of the functions that allocate. */
static inline void block_fill(stress_block *block, stress_random *random)
{
    block->size = random_size(random);
    switch (random_below(random, 8)) {
    case 0:
        block->mem = strata_calloc(1, block->size);
        require(block->mem != NULL, "calloc gives a block");
        for (size_t at = 0; at < block->size; at += 97) {
            require(block->mem[at] == 0, "calloc's block is zero");
        }
        break;
    case 1: {
        size_t alignment = (size_t)16 << random_below(random, 9);
        block->mem = strata_aligned_alloc(alignment, block->size);
        require((uintptr_t)block->mem % alignment == 0, "the block is aligned");
        break;
    }
    default: block->mem = strata_malloc(block->size);
    }
    require(block->mem != NULL, "there is memory");
    block_mark(block, (unsigned char)random_next(random));
}

static inline void block_resize(stress_block *block, stress_random *random)
{
    size_t size = random_size(random);
    unsigned char *mem = strata_realloc(block->mem, size);
    require(mem != NULL, "realloc gives a block");
    if (block->mem != NULL && block->size > 0 && size > 0) {
        require(mem[0] == block->byte, "realloc keeps the first byte");
        if (size > block->size / 2) {
            require(mem[block->size / 2] == block->byte, "realloc keeps the middle byte");
        }
    }
    block->mem = mem;
    block->size = size;
    block_mark(block, (unsigned char)random_next(random));
}

/* One step of a program on one of `count` blocks. */
static inline void blocks_step(stress_block *blocks, size_t count, stress_random *random)
{
    stress_block *block = &blocks[random_below(random, count)];
    if (block->mem == NULL) {
        block_fill(block, random);
    } else if (random_below(random, 4) == 0) {
        block_verify(block);
        block_resize(block, random);
    } else {
        block_free(block);
    }
}

static inline void blocks_free(stress_block *blocks, size_t count)
{
    for (size_t idx = 0; idx < count; idx++) block_free(&blocks[idx]);
}

/* ---- threads ---- */

/* So small that the C library keeps those of ended threads for the next ones: it keeps 40 MiB. */
enum { thread_stack_size = 1 << 20 };

static inline pthread_t thread_start(void *(*body)(void *), void *argument)
{
    pthread_t thread;
    pthread_attr_t attributes;
    require(pthread_attr_init(&attributes) == 0, "a thread can have attributes");
    require(pthread_attr_setstacksize(&attributes, thread_stack_size) == 0,
            "a stack is as asked");
    require(pthread_create(&thread, &attributes, body, argument) == 0,
            "a thread can be started");
    pthread_attr_destroy(&attributes);
    return thread;
}

static inline void thread_join(pthread_t thread)
{
    require(pthread_join(thread, NULL) == 0, "a thread can be joined");
}

/* ---- nothing is lost ---- */

/* Bytes in blocks in use, and how many these are. No other thread may run. */
typedef struct stress_live {
    size_t bytes, count;
} stress_live;

static inline stress_live live_now(void)
{
    strata_stats stats;
    strata_stats_get(&stats);
    return (stress_live){stats.live, stats.allocations - stats.frees};
}

static inline void *live_wait(void *barrier)
{
    pthread_barrier_wait(barrier);
    return NULL;
}

enum { live_threads_max = 16 };

/* The same, to be compared with at the end of a test that has up to live_threads_max threads at
 * once: where strata is the C library's malloc, what that keeps of each thread is live, too, and
 * is there from now on. */
static inline stress_live live_at_start(void)
{
    pthread_t threads[live_threads_max];
    pthread_barrier_t barrier;
    pthread_barrier_init(&barrier, NULL, live_threads_max);
    for (size_t n = 0; n < live_threads_max; n++)
        threads[n] = thread_start(live_wait, &barrier);
    for (size_t n = 0; n < live_threads_max; n++) thread_join(threads[n]);
    pthread_barrier_destroy(&barrier);
    return live_now();
}

static inline int live_count_region(void *context, const strata_region *region)
{
    bool is_used = region->kind == strata_region_used || region->kind == strata_region_direct;
    *(size_t *)context += is_used;
    return 0;
}

/* All threads have ended and all is freed: exactly as much is live as at the start, the walk
 * finds as many blocks as the counters say, and everything is whole. */
static inline void require_all_back(stress_live start)
{
    stress_live now = live_now();
    size_t walked = 0;
    if (now.bytes != start.bytes || now.count != start.count) {
        fprintf(stderr, "live: %zu bytes in %zu blocks at the start, %zu in %zu now\n",
                start.bytes, start.count, now.bytes, now.count);
    }
    require(now.bytes == start.bytes, "as many bytes are live as at the start");
    require(now.count == start.count, "as many blocks are live as at the start");
    strata_walk(live_count_region, &walked);
    require(walked == now.count, "the walk finds every block that is counted");
    strata_stats stats;
    strata_trim(0);
    strata_stats_get(&stats);
    require(stats.kept == 0, "nobody is left to keep anything");
    require(stats.slabs == 0 || stats.live > 0, "without blocks there are no slabs");
    require_sound();
}

#endif
