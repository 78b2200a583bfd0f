/* SPDX-License-Identifier: MIT-0
 *
 * Threads in a ring: each allocates, resizes and frees at random, and hands some of its blocks
 * to the next one, which verifies and frees them.
 */
#include "stress/stress.h"

enum { thread_count = 6, own_count = 64, slot_count = 16 };

/* Blocks on their way to this thread; each slot is empty or holds a block in flight. */
typedef struct inbox {
    _Atomic(stress_block *) slot[slot_count];
} inbox;

static inbox inboxes[thread_count];

/* Puts a block (in a heap record of its own) into the inbox, or frees what was there before. */
static void hand_over(inbox *to, const stress_block *block, stress_random *random)
{
    stress_block *record = strata_malloc(sizeof *record);
    require(record != NULL, "there is memory for a record");
    *record = *block;
    size_t slot = random_below(random, slot_count);
    stress_block *old = atomic_exchange_explicit(&to->slot[slot], record, memory_order_acq_rel);
    if (old == NULL) return;
    block_free(old);
    strata_free(old);
}

static void empty_slot(inbox *box, size_t slot)
{
    stress_block *record =
        atomic_exchange_explicit(&box->slot[slot], NULL, memory_order_acq_rel);
    if (record == NULL) return;
    block_free(record);
    strata_free(record);
}

static void *ring_thread(void *argument)
{
    size_t number = (size_t)(uintptr_t)argument;
    stress_random random = {number * 7919 + 1};
    stress_block own[own_count] = {{0}};
    size_t steps = stress_amount(60000);
    for (size_t step = 0; step < steps; step++) {
        blocks_step(own, own_count, &random);
        if (step % 5 == 0) {
            stress_block *block = &own[random_below(&random, own_count)];
            if (block->mem == NULL) continue;
            hand_over(&inboxes[(number + 1) % thread_count], block, &random);
            block->mem = NULL;
            block->size = 0;
        }
        if (step % 7 == 0) empty_slot(&inboxes[number], random_below(&random, slot_count));
    }
    blocks_free(own, own_count);
    return NULL;
}

int main(void)
{
    if (!STRATA_THREADS) return 0;
    pthread_t threads[thread_count];
    for (size_t n = 0; n < thread_count; n++) {
        threads[n] = thread_start(ring_thread, (void *)(uintptr_t)n);
    }
    for (size_t n = 0; n < thread_count; n++) thread_join(threads[n]);
    for (size_t n = 0; n < thread_count; n++) {
        for (size_t slot = 0; slot < slot_count; slot++) empty_slot(&inboxes[n], slot);
    }
    require_sound();
    return 0;
}
