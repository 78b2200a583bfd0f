/* SPDX-License-Identifier: MIT-0
 *
 * Growing blocks, as arrays and strings grow: a block begins small, is made larger by realloc
 * until it has run->size bytes, is freed, and the next begins. One operation is one call that
 * makes or grows a block. It measures growing in place, and the copying where that fails.
 */
#include "micro.h"

typedef struct resize_block {
    void *block;
    size_t size; /* 0: there is none */
} resize_block;

/* Allocates the block, or grows it to `size`. */
static void resize_to(micro_worker *worker, resize_block *grown, size_t size)
{
    if (grown->size == 0) {
        grown->block = micro_allocate(worker, size);
    } else {
        micro_compare(worker, grown->block, grown->size);
        const uint64_t first = *micro_word(worker, grown->block, 0);
        void *moved = worker->calls->resize(grown->block, size);
        if (moved == NULL) micro_fail("the allocator has no memory");
        worker->damaged += *micro_word(worker, moved, 0) != first;
        grown->block = micro_stamp(worker, moved, size);
    }
    grown->size = size;
}

static void resize_end(micro_worker *worker, resize_block *grown)
{
    if (grown->size == 0) return;
    micro_release(worker, grown->block, grown->size);
    grown->size = 0;
}

typedef size_t resize_rule(size_t size);

static size_t resize_double(size_t size) { return size == 0 ? micro_size_min : 2 * size; }

static size_t resize_step(size_t size) { return size + 4096; }

static size_t resize_half(size_t size)
{
    return size == 0 ? 64 : (size + size / 2) & ~(size_t)7;
}

/* Grows `block_count` blocks in turn. */
static void resize_run(micro_run *run, resize_rule *rule, size_t block_count)
{
    resize_block grown[2] = {{NULL, 0}, {NULL, 0}};
    micro_worker worker;
    micro_worker_make(&worker, run, 0);
    micro_begin(run);
    for (size_t i = 0; i < run->count; i++) {
        resize_block *next = &grown[i % block_count];
        size_t size = rule(next->size);
        if (size > run->size) {
            resize_end(&worker, next);
            size = rule(0);
        }
        resize_to(&worker, next, size);
    }
    for (size_t i = 0; i < block_count; i++) resize_end(&worker, &grown[i]);
    micro_end(run);
    run->done_count = run->count;
    micro_worker_end(&worker, run);
}

void micro_grow_double(micro_run *run) { resize_run(run, resize_double, 1); }

void micro_grow_step(micro_run *run) { resize_run(run, resize_step, 1); }

void micro_grow_two(micro_run *run) { resize_run(run, resize_half, 2); }
