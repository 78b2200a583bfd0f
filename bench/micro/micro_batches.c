/* SPDX-License-Identifier: MIT-0
 *
 * Batches: many blocks of one size are allocated, then all are freed, in one of three orders.
 * It measures how an allocator fills and empties: caches that are too small for the batch, and
 * free lists that remember an order.
 */
#include "micro.h"

/* Blocks of a batch: 1,000, or as many as make 32 MiB. */
enum { batches_block_max = 1000, batches_block_min = 8, batches_live_max = 32 << 20 };

typedef enum batches_order { batches_lifo, batches_fifo, batches_shuffled } batches_order;

static size_t batches_block_count(size_t size)
{
    const size_t fit = batches_live_max / size;
    if (fit < batches_block_min) return batches_block_min;
    return fit < batches_block_max ? fit : batches_block_max;
}

/* Which block is freed when. */
static void batches_make_order(micro_worker *worker, uint32_t *order, size_t count,
                               batches_order which)
{
    for (size_t i = 0; i < count; i++) {
        order[i] = (uint32_t)(which == batches_lifo ? count - 1 - i : i);
    }
    for (size_t i = count - 1; which == batches_shuffled && i > 0; i--) {
        const size_t other = micro_random(worker, i + 1);
        const uint32_t kept = order[i];
        order[i] = order[other];
        order[other] = kept;
    }
}

static void batches_run(micro_run *run, batches_order which)
{
    static void *blocks[batches_block_max];
    static uint32_t order[batches_block_max];
    const size_t block_count = batches_block_count(run->size);
    const size_t round_count = (run->count + block_count - 1) / block_count;
    micro_worker worker;
    micro_worker_make(&worker, run, 0);
    batches_make_order(&worker, order, block_count, which);
    micro_begin(run);
    for (size_t round = 0; round < round_count; round++) {
        for (size_t i = 0; i < block_count; i++) blocks[i] = micro_allocate(&worker, run->size);
        for (size_t i = 0; i < block_count; i++) {
            micro_release(&worker, blocks[order[i]], run->size);
        }
    }
    micro_end(run);
    run->done_count = round_count * block_count;
    run->live_size = block_count * run->size;
    micro_worker_end(&worker, run);
}

void micro_batch_lifo(micro_run *run) { batches_run(run, batches_lifo); }

void micro_batch_fifo(micro_run *run) { batches_run(run, batches_fifo); }

void micro_batch_random(micro_run *run) { batches_run(run, batches_shuffled); }

/* The first blocks of a process, all allocated, then all freed in the same order: the price of
 * fresh memory, page faults included. Once; so its noise is that of the kernel. */
void micro_cold(micro_run *run)
{
    if (run->count > micro_slot_max) micro_fail("so many blocks have no room");
    micro_worker worker;
    micro_worker_make(&worker, run, 0);
    micro_begin(run);
    for (size_t i = 0; i < run->count; i++) {
        run->slots[i].block = micro_allocate(&worker, run->size);
    }
    for (size_t i = 0; i < run->count; i++) {
        micro_release(&worker, run->slots[i].block, run->size);
    }
    micro_end(run);
    run->done_count = run->count;
    run->live_size = run->count * run->size;
    micro_worker_end(&worker, run);
}
