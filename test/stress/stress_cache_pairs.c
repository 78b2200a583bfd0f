/* SPDX-License-Identifier: MIT-0
 *
 * Blocks of 1 byte to 64 KiB that go from thread to thread, in a ring or to whomever chance says,
 * and are freed by whoever has them last: by then their owner may sleep, or have ended. Each byte
 * is looked at, and in the end nothing is lost.
 */
#include "stress/stress.h"

enum { thread_count = 6, slot_count = 24 };

/* A block on its way, with its description in a block of its own. */
typedef struct parcel {
    stress_block block;
} parcel;

static _Atomic(parcel *) slots[thread_count][slot_count];

static parcel *parcel_make(stress_random *random)
{
    parcel *made = strata_malloc(sizeof *made);
    require(made != NULL, "there is memory for a description");
    made->block.size = random_size_to_64k(random);
    made->block.mem = strata_malloc(made->block.size);
    require(made->block.mem != NULL, "there is memory for a block");
    block_mark_all(&made->block, (unsigned char)random_next(random));
    return made;
}

static void parcel_open(parcel *got)
{
    if (got == NULL) return;
    block_verify_all(&got->block);
    strata_free(got->block.mem);
    strata_free(got);
}

/* Whoever is to have the next one. */
static size_t receiver(size_t sender, stress_random *random)
{
    if (random_below(random, 2) == 0) return (sender + 1) % thread_count;
    return random_below(random, thread_count);
}

static void *exchange(void *argument)
{
    size_t number = (size_t)(uintptr_t)argument;
    stress_random random = {number * 104729 + 7};
    size_t steps = stress_amount(30000);
    for (size_t step = 0; step < steps; step++) {
        parcel *sent = parcel_make(&random);
        size_t to = receiver(number, &random);
        size_t slot = random_below(&random, slot_count);
        parcel_open(atomic_exchange_explicit(&slots[to][slot], sent, memory_order_acq_rel));
        slot = random_below(&random, slot_count);
        parcel_open(atomic_exchange_explicit(&slots[number][slot], NULL, memory_order_acq_rel));
    }
    return NULL;
}

static void empty_slots(void)
{
    for (size_t n = 0; n < thread_count; n++) {
        for (size_t slot = 0; slot < slot_count; slot++)
            parcel_open(atomic_exchange_explicit(&slots[n][slot], NULL, memory_order_acq_rel));
    }
}

int main(void)
{
    if (!STRATA_THREADS) return 0;
    stress_live start = live_at_start();
    for (int round = 0; round < 2; round++) {
        pthread_t threads[thread_count];
        for (size_t n = 0; n < thread_count; n++)
            threads[n] = thread_start(exchange, (void *)(uintptr_t)n);
        for (size_t n = 0; n < thread_count; n++) thread_join(threads[n]);
        /* What is in the slots outlives all of its owners: the second round frees most of it. */
        if (round == 1) empty_slots();
    }
    require_all_back(start);
    return 0;
}
