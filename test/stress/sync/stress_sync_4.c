/* SPDX-License-Identifier: MIT-0
 *
 * SYNC-4, magazines: whoever loads where one ends sees the slots below that, and all that was
 * written before they were stored. One thread fills slots with records that it has just written;
 * the others read what lies below the end they see.
 */
#include "stress/stress.h"

#include "base/atomic.h"

enum { reader_count = 3, slot_count = 20000 };

typedef struct record {
    size_t number, turned; /* plain, so that a race is one */
} record;

static record records[slot_count];
static record *slots[slot_count]; /* these two as in a magazine */
static record **top = slots;

static void look_at(size_t idx)
{
    const record *found = st_load_shared(&slots[idx]);
    require(found != NULL, "a slot below the end has been stored");
    require(found->number == idx && found->turned == ~idx, "so has what it leads to");
}

static void *read_slots(void *argument)
{
    stress_random random = {(uint64_t)(uintptr_t)argument};
    for (size_t count = 0; count < slot_count - 1;) {
        count = (size_t)(st_load_shared_acquire(&top) - slots);
        if (count == 0) continue;
        look_at(count);
        look_at(1 + random_below(&random, count));
    }
    return NULL;
}

int main(void)
{
    pthread_t readers[reader_count];
    for (size_t n = 0; n < reader_count; n++)
        readers[n] = thread_start(read_slots, (void *)(uintptr_t)n);
    for (size_t idx = 1; idx < slot_count; idx++) {
        records[idx] = (record){idx, ~idx};
        st_store_shared(&slots[idx], &records[idx]);
        st_store_shared_release(&top, &slots[idx]);
        if (idx % 500 == 0) sched_yield();
    }
    for (size_t n = 0; n < reader_count; n++) thread_join(readers[n]);
    return 0;
}
