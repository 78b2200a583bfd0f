/* SPDX-License-Identifier: MIT-0
 *
 * An allocator that gives a block to another thread at the worst of times: inside the call that
 * frees it. To be preloaded behind the recorder, for `program_threads handover`.
 *
 * There is one block of 5001 bytes. free and realloc of it return only when another thread has
 * got it by malloc(5001), and has said so by malloc(5002). All else is like safe_allocator.c, but
 * simpler.
 */
#define _GNU_SOURCE
#include <sched.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

enum { handover_size = 5001, handover_said = 5002, handover_bytes = 1 << 24 };

static struct {
    _Atomic(char *) memory;
    atomic_size_t used;
    atomic_int is_taken; /* the block; -1: it is being given away */
    atomic_int sayings;
    _Alignas(16) char block[handover_size];
} handover_state;

static char *handover_take(size_t size)
{
    char *memory = atomic_load(&handover_state.memory);
    if (memory == NULL) {
        /* The first call is made by one thread. */
        memory = mmap(NULL, handover_bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS,
                      -1, 0);
        atomic_store(&handover_state.memory, memory);
    }
    size = (size + 31) / 16 * 16;
    const size_t used = atomic_fetch_add(&handover_state.used, size);
    return used + size > handover_bytes ? NULL : memory + used;
}

static void handover_give(void)
{
    const int sayings = atomic_load(&handover_state.sayings);
    atomic_store(&handover_state.is_taken, 0);
    while (atomic_load(&handover_state.sayings) == sayings) sched_yield();
}

void *malloc(size_t size)
{
    int expected = 0;
    if (size == handover_said) atomic_fetch_add(&handover_state.sayings, 1);
    if (size != handover_size) return handover_take(size);
    while (!atomic_compare_exchange_weak(&handover_state.is_taken, &expected, 1)) {
        expected = 0;
        sched_yield();
    }
    return handover_state.block;
}

void *calloc(size_t count, size_t size) { return handover_take(count * size); }

void *realloc(void *mem, size_t size)
{
    char *now = handover_take(size);
    if (mem == handover_state.block) handover_give();
    return now;
}

void free(void *mem)
{
    if (mem == handover_state.block) handover_give();
}
