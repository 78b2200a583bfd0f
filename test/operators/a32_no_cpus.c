/* SPDX-License-Identifier: MIT-0
 *
 * the processors that the process may use change while its threads are busy: all work is right, and
 * no more is resident than if they had not.
 */
#include "operators/process.h"

#include <sched.h>

enum { thread_count = 8, steps = 60000, slot_count = 512 };

static _Atomic(unsigned char *) slots[slot_count];
static atomic_bool is_over;

static void *churn(void *argument)
{
    uint64_t random = (uintptr_t)argument + 1;
    for (size_t step = 0; step < steps; step++) {
        size_t size = 1 + random_below(&random, step % 32 == 0 ? 60000 : 900);
        unsigned char *mem = malloc(size);
        require(mem != NULL, "there is memory");
        mem[0] = mem[size - 1] = 7;
        unsigned char *old = atomic_exchange(&slots[random_below(&random, slot_count)], mem);
        require(old == NULL || old[0] == 7, "blocks don't overlap");
        free(old);
    }
    return NULL;
}

static void *move(void *threads)
{
    cpu_set_t all;
    require(sched_getaffinity(0, sizeof all, &all) == 0, "the kernel tells");
    for (size_t round = 0; !is_over; round++) {
        for (size_t n = 0; n < thread_count; n++) {
            cpu_set_t one;
            CPU_ZERO(&one);
            size_t cpu = (round + n) % (size_t)CPU_SETSIZE;
            while (!CPU_ISSET(cpu, &all)) cpu = (cpu + 1) % (size_t)CPU_SETSIZE;
            CPU_SET(cpu, &one);
            pthread_setaffinity_np(((pthread_t *)threads)[n], sizeof one, &one);
        }
        sched_yield();
    }
    return NULL;
}

static size_t run(bool moves)
{
    pthread_t threads[thread_count];
    pthread_t mover = 0;
    is_over = false;
    for (size_t n = 0; n < thread_count; n++) threads[n] = thread_start(churn, (void *)n);
    if (moves) mover = thread_start(move, threads);
    for (size_t n = 0; n < thread_count; n++) {
        if (moves && n == thread_count - 1) is_over = true;
        if (moves && n == thread_count - 1) thread_join(mover);
        thread_join(threads[n]);
    }
    for (size_t n = 0; n < slot_count; n++) free(atomic_exchange(&slots[n], NULL));
    return kernel_value("/proc/self/status", "\nVmHWM:");
}

int main(void)
{
    require_ours();
    run(false);
    size_t before = run(false);
    require_at_most("peak, moved about", run(true), 2 * before + 4 * MIB);
    require_sound();
    return 0;
}
