/* SPDX-License-Identifier: MIT-0
 *
 * What a thread of the micro benchmark works with: malloc and its kin, or functions that do
 * nothing, and the CPU clock of the process.
 */
#define _GNU_SOURCE
#include "micro.h"

#include <malloc.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

/* ---- the allocator that does nothing ---- */

/* Never touched: see micro_worker in micro.h. */
#define MICRO_NULL_BLOCK ((void *)(uintptr_t)4096)

static void *worker_null_allocate(size_t size)
{
    (void)size;
    return MICRO_NULL_BLOCK;
}

static void *worker_null_allocate_pair(size_t first, size_t second)
{
    (void)first;
    (void)second;
    return MICRO_NULL_BLOCK;
}

static void *worker_null_resize(void *block, size_t size)
{
    (void)size;
    return block;
}

static void worker_null_release(void *block) { (void)block; }

static const micro_calls worker_null_calls = {
    .allocate = worker_null_allocate,
    .allocate_zeroed = worker_null_allocate_pair,
    .allocate_aligned = worker_null_allocate_pair,
    .resize = worker_null_resize,
    .release = worker_null_release,
};

static const micro_calls worker_real_calls = {
    .allocate = malloc,
    .allocate_zeroed = calloc,
    .allocate_aligned = memalign,
    .resize = realloc,
    .release = free,
};

/* The words of its blocks. Each thread has its own, or threads would fight for them. */
enum { worker_area_size = 4096 };
static _Thread_local _Alignas(4096) uint64_t worker_area[worker_area_size / sizeof(uint64_t)];

/* ---- workers ---- */

void micro_worker_make(micro_worker *worker, const micro_run *run, unsigned number)
{
    const uintptr_t word_mask = ~(uintptr_t)(sizeof(uint64_t) - 1);
    *worker = (micro_worker){.calls = &worker_real_calls,
                             .keep = ~(uintptr_t)0,
                             .mask = word_mask,
                             .random = UINT64_C(88172645463325252) + number};
    if (run->is_null) {
        worker->calls = &worker_null_calls;
        worker->keep = 0;
        worker->base = (uintptr_t)worker_area;
        worker->mask = word_mask & (worker_area_size - 1);
    }
    for (int i = 0; i < 16; i++) micro_random(worker, 1); /* a small seed begins with zeros */
}

void micro_fail(const char *sentence)
{
    /* No stdio: it would ask the allocator for a buffer. */
    const char *parts[] = {"micro: ", sentence, ".\n"};
    for (int i = 0; i < 3; i++) {
        if (write(STDERR_FILENO, parts[i], strlen(parts[i])) < 0) break;
    }
    _exit(1);
}

/* ---- time ---- */

static uint64_t worker_cpu_ns(void)
{
    struct timespec now;
    if (clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now) != 0) micro_fail("there is no CPU clock");
    return (uint64_t)now.tv_sec * 1000000000 + (uint64_t)now.tv_nsec;
}

void micro_begin(micro_run *run) { run->cpu_ns = worker_cpu_ns(); }

void micro_end(micro_run *run) { run->cpu_ns = worker_cpu_ns() - run->cpu_ns; }
